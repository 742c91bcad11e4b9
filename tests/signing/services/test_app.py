"""The services over HTTP: media types, limits, moments and misbehaviour; OpenSSL as client."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import quote
from urllib.request import Request, urlopen

import pytest
from cryptography import x509
from cryptography.x509 import ocsp

from signing import Authority, Behaviour, InvalidBehaviour, KeyUnusable, Pki, PkiSpec, Service, Tree, Wrong
from signing.formats.timestamp import make_request
from signing.services.app import MOMENT_HEADER, TrustServices
from signing.services.http import Message
from tests.judges import needs_openssl
from tests.signing.lab import AT, CONTENT, DIGEST, VN, person, pki
from tests.signing.pki.judges import attime, issuer_of, openssl, pem
from tests.signing.pki.test_ocsp import request_for, revoked
from tests.signing.services.asgi import Reply, call, serving

QUERY, OCSP = {"content-type": "application/timestamp-query"}, {"content-type": "application/ocsp-request"}


def app(moment: datetime = AT, *, header: bool = False, **behaviours: Behaviour) -> TrustServices:
    chosen = {Service(name): behaviour for name, behaviour in behaviours.items()}
    return TrustServices(pki(), lambda: moment, behaviours=chosen, moment_from_header=header)


def test_each_service_gives_what_its_pure_function_gives() -> None:
    request = request_for(person(), nonce=b"n" * 16)
    for method, path, body, headers, media_type, expected in (
        ("POST", "/tsa", make_request(DIGEST), QUERY, "application/timestamp-reply", pki().timestamp(make_request(DIGEST), AT)),
        ("POST", "/ocsp", request, OCSP, "application/ocsp-response", pki().ocsp(request, AT)),
        ("GET", f"/ocsp/{quote(b64encode(request))}", b"", {}, "application/ocsp-response", pki().ocsp(request, AT)),
        ("GET", f"/ocsp/{quote(b64encode(request), safe='')}", b"", {}, "application/ocsp-response", pki().ocsp(request, AT)),
        ("GET", "/crl/state.crl", b"", {}, "application/pkix-crl", pki().crl(Authority.STATE, AT)),
        ("GET", "/ca/party.crt", b"", {}, "application/pkix-cert", pki().authority(Authority.PARTY).certificate_der),
    ):
        reply = call(app(), method, path, body, headers)
        assert (reply.status, reply.media_type, reply.body) == (200, media_type, expected), path
        assert reply.headers["cache-control"] == "no-store"
        assert reply.headers["content-length"] == str(len(reply.body))


def test_the_addresses_in_certificates_lead_to_lists_and_issuers() -> None:
    """CRL distribution point and AIA of every certificate, whatever host they name, are paths that are answered with the right thing."""
    certificate = x509.load_der_x509_certificate(person().certificate_der)
    (point,) = certificate.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    assert point.full_name is not None
    listed = call(app(), "GET", "/" + point.full_name[0].value.split("/", 3)[3])
    assert listed.body == pki().crl(Authority.STATE, AT)
    issuers = [
        access.access_location.value
        for access in certificate.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
        if access.access_method == x509.AuthorityInformationAccessOID.CA_ISSUERS
    ]
    assert call(app(), "GET", "/" + issuers[0].split("/", 3)[3]).body == issuer_of(person())


@pytest.mark.parametrize(
    ("method", "path", "headers", "body", "status", "word"),
    [
        ("GET", "/tsa", {}, b"", 405, "POST"),
        ("PUT", "/ocsp", OCSP, b"", 405, "POST"),
        ("DELETE", "/ocsp/AAAA", {}, b"", 405, "GET or HEAD"),
        ("POST", "/crl/state.crl", {}, b"", 405, "GET"),
        ("POST", "/", {}, b"", 405, "GET"),
        ("POST", "/tsa", OCSP, b"", 415, "application/timestamp-query"),
        ("POST", "/ocsp", {}, b"", 415, "application/ocsp-request"),
        ("POST", "/tsa", QUERY, bytes(4097), 413, "4096"),
        ("POST", "/ocsp", OCSP, bytes(16385), 413, "16384"),
        ("POST", "/tsa", {**QUERY, "content-length": "9" * 400}, b"", 413, "4096"),
        ("GET", "/ocsp/" + "A" * 4097, {}, b"", 414, "POST"),
        ("GET", "/ocsp/!!!", {}, b"", 400, "base64"),
        ("GET", "/ocsp/AAA", {}, b"", 400, "base64"),
        ("GET", "/ocsp/\u00e9", {}, b"", 400, "base64"),
        ("GET", "/nothing", {}, b"", 404, "GET /"),
        ("GET", "/ca/state.crl", {}, b"", 404, "GET /"),
        ("GET", "/crl/nobody.crl", {}, b"", 404, "authority"),
        ("GET", "/crl/g1-state.crl", {}, b"", 404, "authority"),
        ("GET", "/crl/../state.crl", {}, b"", 404, "GET /"),
        ("GET", "/crl/state.crl", {MOMENT_HEADER: AT.isoformat()}, b"", 403, "moment"),
    ],
)
def test_what_cannot_be_answered_gets_one_sentence(
    method: str, path: str, headers: Mapping[str, str], body: bytes, status: int, word: str
) -> None:
    reply = call(app(), method, path, body, headers)
    assert (reply.status, reply.media_type) == (status, "text/plain; charset=utf-8")
    assert word in reply.body.decode()
    assert reply.body.count(b"\n") == 1
    assert ("allow" in reply.headers) is (status == 405)


def test_a_long_body_is_not_read_to_its_end() -> None:
    """Without a Content-Length the limit holds as well: reading stops once it is passed."""
    taken = 0

    async def receive() -> Message:
        nonlocal taken
        taken += 1
        return {"type": "http.request", "body": bytes(1000), "more_body": True}

    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    scope: Message = {"type": "http", "method": "POST", "path": "/tsa", "headers": [(b"content-type", b"application/timestamp-query")]}
    asyncio.run(app()(scope, receive, send))
    assert (sent[0]["status"], taken) == (413, 5)


def test_a_client_that_hangs_up_in_the_middle_is_borne() -> None:
    scope: Message = {"type": "http", "method": "POST", "path": "/ocsp", "headers": [(b"content-type", b"application/ocsp-request")]}

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    async def send(_: Message) -> None:
        return

    asyncio.run(app()(scope, receive, send))


def test_head_has_the_headers_of_get_and_no_body() -> None:
    head, get = (call(app(), method, "/crl/root.crl") for method in ("HEAD", "GET"))
    assert (head.status, head.headers, head.body) == (200, get.headers, b"")


def test_the_index_says_test_the_moment_every_address_and_every_fault() -> None:
    late = Behaviour(delay_seconds=7, wrong=Wrong.NONCE, clock_error=timedelta(hours=7))
    page = call(app(ocsp=late, tsa=Behaviour(silent=True)), "GET", "/").body.decode()
    assert page.startswith("TEST")
    assert AT.isoformat() in page
    assert "GET /crl/party.crl" in page
    assert "fault: tsa: silent\nfault: ocsp: answers after 7 s, wrong: nonce, its clock is 25200 s ahead\n" in page
    assert "g1" not in page


def test_a_request_may_set_its_moment_where_that_is_admitted() -> None:
    """As it was on day X, for each service; before the PKI began there is nothing."""
    server = app(header=True)
    day = {MOMENT_HEADER: "2021-09-19T09:00:00+07:00"}
    request = request_for(revoked())
    now, then = (ocsp.load_der_ocsp_response(call(server, "POST", "/ocsp", request, {**OCSP, **moment}).body) for moment in ({}, day))
    assert (now.certificate_status, then.certificate_status) == (ocsp.OCSPCertStatus.REVOKED, ocsp.OCSPCertStatus.GOOD)
    assert call(server, "GET", "/crl/state.crl", headers=day).body == pki().crl(Authority.STATE, datetime(2021, 9, 19, 9, tzinfo=VN))
    assert call(server, "GET", "/crl/state.crl").body == pki().crl(Authority.STATE, AT)
    early = {MOMENT_HEADER: "2015-01-01T00:00:00+07:00"}
    assert [call(server, "GET", path, headers=early).status for path in ("/crl/state.crl", "/ca/state.crt")] == [404, 404]
    for wrong in ("yesterday", "2021-09-19", "2021-09-19T09:00:00", "9999-12-31T23:59:59+00:00", "0001-01-01T00:00:00+07:00"):
        assert call(server, "GET", "/", headers={MOMENT_HEADER: wrong}).status == 400, wrong


def test_a_silent_service_says_nothing_and_ends_when_the_client_does() -> None:
    server = app(tsa=Behaviour(silent=True))
    assert call(server, "POST", "/tsa", make_request(DIGEST), QUERY, chunk=10) == Reply(0, {}, b"")
    assert call(server, "GET", "/crl/state.crl").status == 200


def test_a_slow_service_waits_and_is_right() -> None:
    waited: list[float] = []

    async def pause(seconds: float) -> None:
        waited.append(seconds)

    behaviours = {Service.TSA: Behaviour(delay_seconds=131)}
    server = TrustServices(pki(), lambda: AT, behaviours=behaviours, pause=pause)
    assert call(server, "POST", "/tsa", make_request(DIGEST), QUERY).body == pki().timestamp(make_request(DIGEST), AT)
    call(server, "GET", "/crl/state.crl")
    assert waited == [131]


@pytest.mark.parametrize("wrong", [Wrong.STALE, Wrong.SIGNATURE, Wrong.UNAVAILABLE])
def test_lists_can_be_given_out_wrongly(wrong: Wrong) -> None:
    reply = call(app(crl=Behaviour(wrong=wrong)), "GET", "/crl/state.crl")
    if wrong is Wrong.UNAVAILABLE:
        assert reply.status == 503
        return
    crl = x509.load_der_x509_crl(reply.body)
    key = x509.load_der_x509_certificate(pki().authority(Authority.STATE).certificate_der).public_key()
    assert crl.is_signature_valid(key) is (wrong is not Wrong.SIGNATURE)  # type: ignore[arg-type]
    assert (crl.next_update_utc is not None and crl.next_update_utc < AT) is (wrong is Wrong.STALE)


def test_the_other_services_misbehave_as_told() -> None:
    query, request = make_request(DIGEST), request_for(person())
    behaviour = Behaviour(wrong=Wrong.STALE)
    assert call(app(tsa=behaviour), "POST", "/tsa", query, QUERY).body == pki().timestamp(query, AT, behaviour)
    assert call(app(ocsp=behaviour), "POST", "/ocsp", request, OCSP).body == pki().ocsp(request, AT, behaviour)


def test_a_service_behaves_as_its_plan_says_for_the_moment_of_each_request() -> None:
    later = AT + timedelta(hours=1)

    def plan(at: datetime) -> dict[Service, Behaviour]:
        return {Service.CRL: Behaviour(wrong=Wrong.UNAVAILABLE)} if at >= later else {}

    server = TrustServices(pki(), lambda: AT, behaviours=plan, moment_from_header=True)
    moment = {MOMENT_HEADER: later.isoformat()}
    assert [call(server, "GET", "/crl/state.crl", headers=headers).status for headers in ({}, moment)] == [200, 503]
    assert ["fault: crl" in call(server, "GET", "/", headers=headers).body.decode() for headers in ({}, moment)] == [False, True]


@pytest.mark.parametrize(
    "behaviour",
    [
        {"ca": Behaviour(wrong=Wrong.STALE)},
        {"crl": Behaviour(clock_error=timedelta(hours=7))},
        {"tsa": Behaviour(delay_seconds=-1)},
        {"tsa": Behaviour(wrong=Wrong.STALE, stale_by=timedelta(0))},
    ],
)
def test_what_cannot_be_is_refused_at_the_start(behaviour: dict[str, Behaviour]) -> None:
    with pytest.raises(InvalidBehaviour):
        app(**behaviour)


def test_a_key_that_cannot_be_made_is_heard_of_at_the_start() -> None:
    with pytest.raises(KeyUnusable):
        TrustServices(Pki.build(PkiSpec("x", trees=(Tree.G2, Tree.G1))), lambda: AT)


def test_the_server_may_start_and_stop_it() -> None:
    messages: list[Message] = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]
    sent: list[Message] = []

    async def receive() -> Message:
        return messages.pop(0)

    async def send(message: Message) -> None:
        sent.append(message)

    asyncio.run(app()({"type": "lifespan"}, receive, send))
    assert [message["type"] for message in sent] == ["lifespan.startup.complete", "lifespan.shutdown.complete"]


@needs_openssl
def test_openssl_asks_the_running_responder_by_http(tmp_path: Path) -> None:
    """``openssl ocsp -url`` with a nonce of its own, verified, good and revoked; another nonce is noticed."""
    pem(tmp_path, "root.pem", pki().root.certificate_der)
    pem(tmp_path, "issuer.pem", issuer_of(person()))
    pem(tmp_path, "good.pem", person().certificate_der)
    pem(tmp_path, "bad.pem", revoked().certificate_der)

    def ask(url: str) -> str:
        judge = ["-CAfile", "root.pem", "-issuer", "issuer.pem", "-cert", "good.pem", "-cert", "bad.pem", "-nonce", "-url", f"{url}/ocsp"]
        run = openssl(tmp_path, "ocsp", *judge, "-validity_period", "1000000000", *attime(AT))
        return run.stdout + run.stderr

    with serving(app()) as url:
        heard = ask(url)
    assert "Response verify OK" in heard
    assert "WARNING" not in heard
    assert "good.pem: good" in heard
    assert "bad.pem: revoked" in heard
    with serving(app(ocsp=Behaviour(wrong=Wrong.NONCE))) as url:
        assert "Nonce Verify error" in ask(url)


@needs_openssl
def test_a_client_stamps_a_file_and_fetches_what_checks_it(tmp_path: Path) -> None:
    """Query by OpenSSL, sent by HTTP; certificate and list fetched by HTTP; verified with nothing but what was fetched and the root."""
    (tmp_path / "letter").write_bytes(CONTENT)
    openssl(tmp_path, "ts", "-query", "-data", "letter", "-sha256", "-cert", "-out", "query")
    with serving(app()) as url:

        def fetch(path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None) -> bytes:
            with urlopen(Request(f"{url}{path}", body, dict(headers or {}))) as reply:
                return bytes(reply.read())

        (tmp_path / "answer").write_bytes(fetch("/tsa", (tmp_path / "query").read_bytes(), QUERY))
        pem(tmp_path, "root.pem", fetch("/ca/root.crt"))
        assert x509.load_der_x509_crl(fetch("/crl/root.crl")).last_update_utc == AT.replace(hour=0)
    run = openssl(tmp_path, "ts", "-verify", "-queryfile", "query", "-in", "answer", "-CAfile", "root.pem", *attime(AT))
    assert "Verification: OK" in run.stdout
