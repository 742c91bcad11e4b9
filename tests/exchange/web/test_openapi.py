"""The OpenAPI holds: schemathesis asks every route what it takes, and what it says it does not; no answer is a 5xx or undocumented."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from tests.exchange.axis.field import DEPARTMENT, PROVINCE, Doc, at, send
from tests.exchange.web.conftest import Served
from tests.exchange.web.host import OPERATOR
from tests.exchange.web.test_matrix import ROUTES
from tests.judges import needs_schemathesis


@pytest.fixture(scope="module")
def token(served: Served) -> str:
    """The operator's, with every scope, over an axis in which something happened."""
    send(served.axis, PROVINCE, Doc(PROVINCE, (DEPARTMENT,), "15").package(), 0)
    served.axis.settle(at(600))
    served.axis.seal(at(600))
    return served.token(OPERATOR)


@pytest.fixture(scope="module")
def described(served: Served) -> Any:
    """The service's own description, as schemathesis reads it."""
    import schemathesis

    return schemathesis.openapi.from_url(f"{served.url}/openapi.json")


TAKES, DOES_NOT = "what it takes", "what it does not"
WITHOUT_PARAMETERS = {("GET", path) for path in ("/healthz", "/readyz", "/metrics", "/v1/ledger/checkpoint", "/v1/operate/standing")}
"""Nothing can be asked of them that they do not take."""
CASES = [(route, kind) for route in sorted(ROUTES) for kind in (TAKES, DOES_NOT) if kind == TAKES or route not in WITHOUT_PARAMETERS]


@needs_schemathesis
@pytest.mark.parametrize(("route", "kind"), CASES, ids=[f"{' '.join(route)} {kind}" for route, kind in CASES])
def test_every_route_answers_as_it_says(described: Any, token: str, route: tuple[str, str], kind: str) -> None:
    from schemathesis import GenerationMode
    from schemathesis.checks import not_a_server_error
    from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance, status_code_conformance

    checks = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
    mode = GenerationMode.POSITIVE if kind == TAKES else GenerationMode.NEGATIVE
    cases = described[route[1]][route[0]].as_strategy(generation_mode=mode)

    @given(case=cases)
    @settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True, database=None)
    def ask(case: Any) -> None:
        if isinstance((case.query or {}).get("wait"), int | float):
            case.query["wait"] = min(case.query["wait"], 0.01)  # waiting has its own tests
        if isinstance(case.body, dict) and isinstance(case.body.get("wait"), int | float):
            case.body["wait"] = min(case.body["wait"], 0.01)
        case.headers = {**(case.headers or {}), "Authorization": f"Bearer {token}"}
        case.call_and_validate(checks=checks)

    ask()


def test_what_the_description_names_is_there(served: Served) -> None:
    """Every reference resolves, every guarded route names its scope, every answer has words."""
    document = served.http.get("/openapi.json").json()
    schemas = document["components"]["schemas"]

    def references(part: Any) -> set[str]:
        if isinstance(part, dict):
            own = {part["$ref"].rsplit("/", 1)[1]} if "$ref" in part else set()
            return own.union(*(references(value) for value in part.values()))
        return set().union(*(references(value) for value in part)) if isinstance(part, list) else set()

    assert references(document) == set(schemas)
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            route = ROUTES[method.upper(), path]
            assert operation["summary"]
            assert operation["description"]
            assert all(answer["description"] for answer in operation["responses"].values())
            if path.startswith("/v1/"):
                assert operation["security"] == [{"oauth2": [] if route.needs == "any scope" else [route.needs]}]
                assert {"401", "403", "429", "503"} <= set(operation["responses"])
