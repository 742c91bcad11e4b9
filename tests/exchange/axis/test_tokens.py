"""Who may do what, decided in the axis itself: scopes, access tokens, and what makes a token worthless. No HTTP in here."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import jwt
import pytest

from exchange.api import Bearer, Caller, Credential, Fetched, Scope, Submission
from exchange.axis import Axis
from exchange.domain.identifiers import OrganId
from exchange.domain.lifecycle import DeliveryState
from exchange.errors import Forbidden, TokenRefused, Unauthenticated, UnknownPackage
from exchange.members import Members
from tests.exchange.axis.field import DEPARTMENT, NEIGHBOUR, PROVINCE, START, Doc, at, axis_signer, caller, file_url, open_field, send, take

OPERATOR = Caller(OrganId("G22"), "secret of the operator")
EVER = (START - timedelta(days=1), START + timedelta(days=1))


@pytest.fixture
def axis() -> Iterator[Axis]:
    """In process, with its operator."""
    opened = open_field()
    opened.enrol(OPERATOR.organ, OPERATOR.secret)
    yield opened
    opened.close()


def bearer(axis: Axis, who: Caller, *scopes: Scope) -> Bearer:
    return Bearer(axis.token(who, frozenset(scopes)).value)


CALLS: dict[str, tuple[Scope, Callable[[Axis, Any], object]]] = {
    "submit": (Scope.SUBMIT, lambda axis, who: axis.submit(who, [Submission(b"<a")], at(0))),
    "waiting": (Scope.RECEIVE, lambda axis, who: axis.waiting(who, at(0))),
    "fetch": (Scope.RECEIVE, lambda axis, who: axis.fetch(who, [], at(0))),
    "confirm": (Scope.RECEIVE, lambda axis, who: axis.confirm(who, [], at(0))),
    "deliveries": (Scope.AUDIT, lambda axis, who: axis.deliveries(who, [])),
    "receipts_of": (Scope.AUDIT, lambda axis, who: axis.receipts_of(who, [])),
    "traffic": (Scope.AUDIT, lambda axis, who: axis.traffic(who, *EVER)),
    "authorize operate": (Scope.OPERATE, lambda axis, who: axis.authorize(who, Scope.OPERATE)),
}
"""Every call that names its caller, and the scope it needs."""


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("scope", Scope)
def test_a_token_opens_what_its_scope_names_and_nothing_else(axis: Axis, name: str, scope: Scope) -> None:
    needed, call = CALLS[name]
    token = bearer(axis, OPERATOR, scope)
    if scope is needed:
        call(axis, token)
    else:
        with pytest.raises(Forbidden, match=f"G22 may not {needed}"):
            call(axis, token)


def test_any_scope_reads_the_directory(axis: Axis) -> None:
    for scope in Scope:
        assert axis.organizations(bearer(axis, OPERATOR, scope))


def test_operating_is_for_the_operator(axis: Axis) -> None:
    for credential in (caller(PROVINCE), bearer(axis, caller(PROVINCE))):
        with pytest.raises(Forbidden):
            axis.authorize(credential, Scope.OPERATE)
        with pytest.raises(Forbidden):
            axis.overview(credential, DeliveryState.RECEIVED)
    with pytest.raises(Forbidden):
        axis.token(caller(PROVINCE), frozenset({Scope.OPERATE}))
    assert axis.token(caller(PROVINCE)).scopes == {Scope.SUBMIT, Scope.RECEIVE, Scope.AUDIT}
    assert axis.token(OPERATOR).scopes == set(Scope)
    assert axis.overview(bearer(axis, OPERATOR), DeliveryState.RECEIVED) == 0


@pytest.mark.parametrize("by_token", [False, True])
def test_an_agency_sees_its_own_alone_whatever_its_scopes(axis: Axis, by_token: bool) -> None:
    receipt = send(axis, PROVINCE, Doc(PROVINCE, (DEPARTMENT,), "15").package(), 0)
    axis.settle(at(60))

    def who(organ: OrganId) -> Credential:
        return bearer(axis, caller(organ)) if by_token else caller(organ)

    name = [receipt.package_id]
    for other in (NEIGHBOUR, PROVINCE):
        assert axis.waiting(who(other), at(60)) == ()
        for call in (lambda: axis.fetch(who(other), name, at(60)), lambda: axis.confirm(who(other), [Fetched(name[0], True)], at(60))):  # noqa: B023
            with pytest.raises(UnknownPackage):
                call()
    for other in (NEIGHBOUR, DEPARTMENT):
        for ask in (axis.deliveries, axis.receipts_of):
            with pytest.raises(UnknownPackage):
                ask(who(other), name)
    assert len(take(axis, DEPARTMENT, 60)) == 1


def test_a_replaced_secret_ends_its_tokens_here_at_once(axis: Axis) -> None:
    old = bearer(axis, caller(PROVINCE))
    axis.waiting(old, at(0))
    axis.enrol(PROVINCE, "another")
    for call in (lambda: axis.waiting(old, at(0)), lambda: axis.recall(old, None) or axis.authorize(old, None)):
        with pytest.raises(TokenRefused, match="replaced"):
            call()
    with pytest.raises(Unauthenticated):
        axis.token(caller(PROVINCE))
    axis.enrol(PROVINCE, caller(PROVINCE).secret)  # the same secret given anew is another one: what was got before stays worthless
    with pytest.raises(TokenRefused, match="replaced"):
        axis.waiting(old, at(0))
    axis.waiting(bearer(axis, caller(PROVINCE)), at(0))


def test_and_in_every_other_process_within_seconds(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    url = file_url(tmp_path_factory.mktemp("axis") / "axis.db")
    here, there = open_field(url), open_field(url)
    token = bearer(there, caller(PROVINCE))
    here.waiting(token, at(0))
    there.enrol(PROVINCE, "another")
    asked = time.monotonic()
    monkeypatch.setattr("exchange.members.time.monotonic", lambda: asked + 2.1)
    with pytest.raises(TokenRefused, match="replaced"):
        here.waiting(token, at(0))
    here.close()
    there.close()


def test_a_token_ends_with_its_time_kept_in_memory_or_not(axis: Axis, monkeypatch: pytest.MonkeyPatch) -> None:
    token, now = bearer(axis, caller(PROVINCE)), time.time()
    axis.waiting(token, at(0))
    monkeypatch.setattr("exchange.tokens.time.time", lambda: now + 599)
    axis.waiting(token, at(0))
    monkeypatch.setattr("exchange.tokens.time.time", lambda: now + 601)
    with pytest.raises(TokenRefused, match="expired"):
        axis.waiting(token, at(0))
    monkeypatch.setattr("exchange.tokens.time.time", lambda: now - 60)
    with pytest.raises(TokenRefused, match="not valid yet"):
        axis.waiting(token, at(0))


def test_a_token_of_another_axis_opens_nothing(axis: Axis) -> None:
    other = open_field(origin="another.truc.test")
    with pytest.raises(TokenRefused, match="another axis"):
        axis.waiting(bearer(other, caller(PROVINCE)), at(0))
    twin = open_field()  # same key, same name, another database: secrets are salted there anew
    with pytest.raises(TokenRefused, match="replaced"):
        axis.waiting(bearer(twin, caller(PROVINCE)), at(0))
    other.close()
    twin.close()


def _forged(token: str) -> dict[str, str]:
    """Tokens that are not the axis', made by somebody who has a genuine one and the source."""
    head, body, mac = token.split(".")
    said = json.loads(base64.urlsafe_b64decode(body + "=="))
    promoted = {**said, "scope": "submit receive audit operate", "sub": "G22"}
    certificate = axis_signer().holder.certificate_der

    def part(value: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    return {
        "nothing": "",
        "words": "not a token",
        "other-body": f"{head}.{part(promoted)}.{mac}",
        "no-algorithm": f"{part({'alg': 'none', 'typ': 'JWT'})}.{part(promoted)}.",
        "no-mac": f"{head}.{body}.",
        "guessed-key": jwt.encode(promoted, b"0" * 32, "HS256"),
        "public-certificate-as-key": jwt.encode(promoted, certificate[:32], "HS256"),
        "longer-mac": token + "A",
        "huge": token + "A" * 100_000,
        "surrogate": token + "\udc80",
        "deep": f"{head}.{'[' * 1000}.{mac}",
    }


@pytest.mark.parametrize("name", sorted(_forged(jwt.encode({"sub": "H28"}, b"1" * 32, "HS256"))))
def test_a_forged_token_opens_nothing_and_is_not_repeated_in_what_is_said(axis: Axis, name: str) -> None:
    token = _forged(axis.token(caller(PROVINCE)).value)[name]
    with pytest.raises(TokenRefused) as refused:
        axis.waiting(Bearer(token), at(0))
    assert not token or token not in str(refused.value)


def test_a_genuine_mac_over_claims_that_are_none_of_ours_opens_nothing(axis: Axis) -> None:
    key = axis_signer().holder.key.secret_for("access tokens")
    good = jwt.decode(axis.token(caller(PROVINCE)).value, key, ["HS256"], audience=axis.settings.origin)
    for change in ({"sub": "no code"}, {"scope": "everything"}, {"scope": 7}, {"iat": "soon"}, {"exp": None}, {"sub": None}):
        with pytest.raises(TokenRefused):
            axis.waiting(Bearer(jwt.encode({**good, **change}, key, "HS256")), at(0))
    for missing in ("sub", "aud", "iss", "sec", "exp"):
        with pytest.raises(TokenRefused):
            axis.waiting(Bearer(jwt.encode({name: value for name, value in good.items() if name != missing}, key, "HS256")), at(0))


def test_a_token_asks_the_database_once_in_two_seconds(axis: Axis, monkeypatch: pytest.MonkeyPatch) -> None:
    token, asked, read = bearer(axis, caller(PROVINCE)), [], Members._read
    assert axis.recall(token, Scope.RECEIVE) is None
    monkeypatch.setattr(Members, "_read", lambda members, organ: (asked.append(organ), read(members, organ))[1])
    for _ in range(50):
        axis.waiting(token, at(0))
    assert axis.recall(token, Scope.RECEIVE) == PROVINCE
    assert asked == [PROVINCE]


def test_no_secret_shows_in_what_objects_say_of_themselves(axis: Axis) -> None:
    token = axis.token(caller(PROVINCE))
    assert "secret of" not in repr(caller(PROVINCE))
    assert token.value not in repr(token)
    assert token.value not in repr(Bearer(token.value))
