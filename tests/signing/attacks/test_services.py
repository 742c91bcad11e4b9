"""Requests meant to crash a service, keep it busy, or make it say more than it should."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from random import Random
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signing.formats.timestamp import make_request
from signing.services.app import MOMENT_HEADER, TrustServices
from signing.services.http import Message
from tests.pace import at_most
from tests.signing.lab import AT, DIGEST, person, pki
from tests.signing.pki.test_ocsp import request_for
from tests.signing.rfc5280.test_hostile import mutated
from tests.signing.services.asgi import call

QUERY, OCSP = {"content-type": "application/timestamp-query"}, {"content-type": "application/ocsp-request"}
QUERIES = (make_request(DIGEST, nonce=1 << 255), make_request(DIGEST, policy="2.999.1.1"))


def app() -> TrustServices:
    return TrustServices(pki(), lambda: AT, moment_from_header=True)


@given(st.integers(0, 2**32))
def test_changed_requests_get_an_answer_of_the_protocol(seed: int) -> None:
    """A few octets changed, taken away or doubled, by POST and by GET: an answer, never a 500, soon (RFC 3161 §2.4.2, RFC 6960 §2.3)."""
    chance, server = Random(seed), app()
    query, request = mutated(chance.choice(QUERIES), chance), mutated(request_for(person(), nonce=b"n" * 32), chance)
    with at_most():
        encoded = quote(b64encode(request), safe=chance.choice(("", "/+=")))
        for reply in (
            call(server, "POST", "/tsa", query, QUERY, chunk=chance.choice((1, 7, 4096))),
            call(server, "POST", "/ocsp", request, OCSP),
            call(server, "GET", f"/ocsp/{encoded}"),
        ):
            assert reply.status == 200
            assert reply.body[0] == 0x30


@pytest.mark.parametrize(
    "path",
    [
        "/crl/..%2f..%2fetc%2fpasswd.crl",
        "/crl/../../etc/passwd.crl",
        "//crl/state.crl",
        "/crl/STATE.crl",
        "/crl/%00.crl",
        "/crl/state.crl%00",
        "/crl/.crl",
        "/ca/İ.crt",
        "/ca/g1-state.crt",
        "/" + "a" * 1_000_000,
        "*",
        "",
    ],
)
def test_paths_that_lead_elsewhere(path: str) -> None:
    """Authorities are known by name, never by file: nothing is opened, nothing of the request is repeated."""
    reply = call(app(), "GET", path)
    assert reply.status == 404
    assert len(reply.body) < 100


@pytest.mark.parametrize(
    ("moment", "status"),
    [
        ("2100-12-31T23:59:59-23:59", 200),
        ("1990-01-01T00:00:00+23:59", 404),
        ("2021-09-27T09:00:00.123456+00:00:00.000001", 200),
        ("2021-W39-1T09:00:00Z", 200),
        ("9999-12-31T23:59:59-23:59", 400),
        ("0001-01-01T00:00:00+23:59", 400),
        ("2021-09-27T09:00:00", 400),
        ("２０２１-09-27T09:00:00Z", 400),
        ("9" * 100_000, 400),
    ],
)
def test_moments_at_the_ends(moment: str, status: int) -> None:
    """Instants whose UTC is in another year, of a microsecond's zone, in other digits, or endless."""
    headers = {MOMENT_HEADER: moment}
    assert call(app(), "GET", "/crl/state.crl", headers=headers).status == status
    for path, body, kind in (("/tsa", QUERIES[0], QUERY), ("/ocsp", request_for(person()), OCSP)):
        assert call(app(), "POST", path, body, {**kind, **headers}).status in (200, 400)


def test_a_body_of_nothing_that_never_ends() -> None:
    """Piece after piece without an octet in it passes no limit of size."""
    taken = 0

    async def receive() -> Message:
        nonlocal taken
        taken += 1
        return {"type": "http.request", "body": b"", "more_body": True} if taken < 100_000 else {"type": "http.disconnect"}

    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    scope: Message = {"type": "http", "method": "POST", "path": "/tsa", "headers": [(b"content-type", b"application/timestamp-query")]}
    asyncio.run(app()(scope, receive, send))
    assert sent[0]["status"] == 413
    assert taken < 5_000
