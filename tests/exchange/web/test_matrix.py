"""Who gets in where: every route of the OpenAPI × every scope × the owner and another agency. A route that is not in the table fails."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from exchange.api import Scope
from exchange.domain.identifiers import OrganId
from tests.exchange.axis.field import DEPARTMENT, NEIGHBOUR, PROVINCE, Doc, at, caller, send
from tests.exchange.web.conftest import INSTANT, Served
from tests.exchange.web.host import OPERATOR

ANYBODY, TOKEN = "anybody", "any scope"
PERIOD = {"since": "2021-09-27T00:00:00+07:00", "until": "2021-09-28T00:00:00+07:00"}
OWN, OTHERS = "its owner", "another agency"


@dataclass(frozen=True)
class Route:
    """How a route is asked about a package, and what its owner and another agency are answered with the right scope."""

    needs: Scope | str
    owner: OrganId = PROVINCE
    own: int = 200
    others: int = 200
    query: dict[str, Any] = field(default_factory=dict)
    names: bool = False
    """Whether the package is named in the query."""
    json: Any = None


ROUTES: dict[tuple[str, str], Route] = {
    ("POST", "/v1/packages"): Route(Scope.SUBMIT, own=200, others=403),
    ("GET", "/v1/mailbox"): Route(Scope.RECEIVE, DEPARTMENT),
    ("GET", "/v1/mailbox/{package_id}"): Route(Scope.RECEIVE, DEPARTMENT, others=404),
    ("POST", "/v1/mailbox/confirmations"): Route(
        Scope.RECEIVE, DEPARTMENT, 204, 404, json={"outcomes": [{"package_id": "{package_id}", "ok": False, "reason": "x"}]}
    ),
    ("POST", "/v1/mailbox/collection"): Route(
        Scope.RECEIVE, DEPARTMENT, 204, 404, json={"outcomes": [{"package_id": "{package_id}", "ok": False, "reason": "x"}]}
    ),
    ("GET", "/v1/deliveries"): Route(Scope.AUDIT, others=404, names=True),
    ("GET", "/v1/deliveries/count"): Route(Scope.AUDIT, OPERATOR.organ, others=403, query={"state": "waiting"}),
    ("GET", "/v1/receipts"): Route(Scope.AUDIT, others=404, names=True),
    ("GET", "/v1/receipts/{package_id}"): Route(Scope.AUDIT, others=404),
    ("GET", "/v1/statistics"): Route(Scope.AUDIT, query=PERIOD),
    ("GET", "/v1/ledger/checkpoint"): Route(Scope.AUDIT),
    ("GET", "/v1/ledger/inclusion"): Route(Scope.AUDIT, names=True),
    ("GET", "/v1/ledger/consistency"): Route(Scope.AUDIT, query={"first": 0, "second": 0}),
    ("GET", "/v1/directory"): Route(TOKEN),
    ("POST", "/v1/operate/settle"): Route(Scope.OPERATE, OPERATOR.organ, others=400),
    ("POST", "/v1/operate/seal"): Route(Scope.OPERATE, OPERATOR.organ, others=400),
    ("POST", "/v1/operate/hops/{hop}/outages"): Route(Scope.OPERATE, OPERATOR.organ, 204, 400, json=PERIOD),
    **{
        ("GET", f"/v1/operate/{name}"): Route(Scope.OPERATE, OPERATOR.organ, others=400)
        for name in (
            "judgements",
            "letter-stamps",
            "refusals",
            "path-steps",
            "deliveries",
            "negotiations",
            "checkpoints",
            "standing",
        )
    },
    ("POST", "/oauth2/token"): Route(ANYBODY, own=401, others=401),
    ("GET", "/healthz"): Route(ANYBODY),
    ("GET", "/metrics"): Route(ANYBODY),
    ("GET", "/readyz"): Route(ANYBODY),
    ("GET", "/problems/{slug}"): Route(ANYBODY),
}

GUARDED = [key for key, route in ROUTES.items() if route.needs is not ANYBODY]


@pytest.fixture(scope="module")
def package(served: Served) -> tuple[str, bytes]:
    """A document of the province, in the department's mailbox."""
    data = Doc(PROVINCE, (DEPARTMENT,), "15").package()
    receipt = send(served.axis, PROVINCE, data, 0)
    served.axis.settle(at(600))
    return receipt.package_id, data


def ask(served: Served, key: tuple[str, str], package: tuple[str, bytes], headers: dict[str, str]) -> Any:
    route = ROUTES[key]
    path = key[1].replace("{package_id}", package[0]).replace("{hop}", "national").replace("{slug}", "forbidden")
    query = {**route.query, **({"package": package[0]} if route.names else {})}
    body: dict[str, Any] = {}
    if key[1] == "/v1/packages":
        body, headers = {"content": package[1]}, {**headers, "Content-Type": "application/edxml+xml"}
    elif route.json is not None:
        body = {"content": str(route.json).replace("'", '"').replace("False", "false").replace("{package_id}", package[0])}
        headers = {**headers, "Content-Type": "application/json"}
    return served.http.request(key[0], path, params=query, headers=headers, **body)


def test_the_table_names_every_route_of_the_service_and_no_other(served: Served) -> None:
    paths = served.http.get("/openapi.json").json()["paths"]
    assert {(method.upper(), path) for path, operations in paths.items() for method in operations} == set(ROUTES)


@pytest.mark.parametrize("key", ROUTES, ids=" ".join)
def test_without_a_token_nobody_gets_in_where_one_is_needed(served: Served, package: tuple[str, bytes], key: tuple[str, str]) -> None:
    answer = ask(served, key, package, {"Truc-Instant": INSTANT})
    if ROUTES[key].needs is ANYBODY:
        assert answer.status_code == ROUTES[key].own
        return
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
    assert answer.json()["type"] == "/problems/unauthenticated"


@pytest.mark.parametrize("scope", Scope)
@pytest.mark.parametrize("key", GUARDED, ids=" ".join)
def test_each_scope_opens_its_own_routes(served: Served, package: tuple[str, bytes], key: tuple[str, str], scope: Scope) -> None:
    """The operator has every scope, so that nothing but the scope decides."""
    route = ROUTES[key]
    answer = ask(served, key, package, served.headers(OPERATOR, scope.value))
    if route.needs in (TOKEN, scope):
        expected = route.own if route.owner == OPERATOR.organ else route.others
        assert answer.status_code == expected, answer.text
        return
    assert answer.status_code == 403, answer.text
    assert answer.headers["www-authenticate"] == f'Bearer error="insufficient_scope", scope="{route.needs}"'
    said = answer.json()
    assert (said["type"], said["organ"], said["scope"]) == ("/problems/forbidden", "G22", route.needs)


@pytest.mark.parametrize("who", [OWN, OTHERS])
@pytest.mark.parametrize("key", GUARDED, ids=" ".join)
def test_an_agency_gets_its_own_alone(served: Served, package: tuple[str, bytes], key: tuple[str, str], who: str) -> None:
    """With all the scopes it has."""
    route, asking = ROUTES[key], caller(NEIGHBOUR)
    if who == OWN:
        asking = OPERATOR if route.owner == OPERATOR.organ else caller(route.owner)
    elif route.needs is Scope.OPERATE:
        form = {"grant_type": "client_credentials", "scope": "operate"}
        refused = served.http.post("/oauth2/token", data=form, auth=(str(asking.organ), asking.secret))
        assert (refused.status_code, refused.json()["error"]) == (route.others, "invalid_scope")
        return
    answer = ask(served, key, package, served.headers(asking))
    assert answer.status_code == (route.own if who == OWN else route.others), answer.text
    if who == OTHERS:
        assert "báo cáo tình hình" not in answer.text
        assert receipt_of(served, package[0]) not in answer.text


def receipt_of(served: Served, name: str) -> str:
    """What only the owner of a package may read: its receipt's signature."""
    found = served.http.get(f"/v1/receipts/{name}", headers=served.headers(caller(PROVINCE)))
    return str(found.json()["signature"])
