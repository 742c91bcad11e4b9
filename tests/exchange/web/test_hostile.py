"""The service under attack by somebody who has its source: bombs, slowness, smuggled lines, and looking for secrets in what it writes."""

from __future__ import annotations

import gzip
import io
import json
import logging
import socket
import threading
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import httpx
import pytest

from exchange.axis import Axis
from exchange.domain.identifiers import OrganId
from exchange.edxml.model import Contact
from exchange.logs import JsonLines
from exchange.web import bodies
from exchange.web.limits import WebSettings
from tests.exchange.axis.field import DEPARTMENT, PROVINCE, Doc, caller, file_url, open_field
from tests.exchange.web.conftest import INSTANT, Served
from tests.exchange.web.host import hosting

EDXML = {"Content-Type": "application/edxml+xml"}
HASTY = replace(
    WebSettings(driven=True), chunk_seconds=0.6, slowest=50_000, header_seconds=0.6, header_bytes=16 << 10, body_memory=64 << 10,
    bodies_memory=256 << 10, bodies_disk=4 << 20,
)  # fmt: skip


@pytest.fixture(scope="module")
def hasty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A service with little patience and little room."""
    axis = open_field(file_url(tmp_path_factory.mktemp("axis") / "axis.db"), max_package_bytes=3 << 20)
    with hosting(axis, HASTY) as url, httpx.Client(base_url=url, timeout=20) as http:
        yield Served(axis, http, url)
    axis.close()


def headers(served: Served) -> dict[str, str]:
    return {**served.headers(caller(PROVINCE)), **EDXML}


@contextmanager
def connected(served: Served) -> Iterator[socket.socket]:
    """A bare connection."""
    address = httpx.URL(served.url)
    with socket.create_connection((address.host, address.port or 80), timeout=10) as wire:
        yield wire


def rest_of(wire: socket.socket) -> bytes:
    """What comes until the other side closes."""
    said = b""
    try:
        while data := wire.recv(65_536):
            said += data
    except ConnectionResetError:
        pass
    return said


def head(served: Served, *lines: str) -> bytes:
    words = [f"{name}: {value}" for name, value in headers(served).items()]
    return "\r\n".join(["POST /v1/packages HTTP/1.1", "Host: axis", *words, *lines, "", ""]).encode()


def alive(served: Served) -> None:
    """The service serves, holds no body any more, and nothing was stored."""
    assert served.http.get("/v1/mailbox", headers=served.headers(caller(PROVINCE))).status_code == 200


# --- bombs ---

BILLION = '<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "' + "x" * 1000 + '">' + "".join(
    f'<!ENTITY a{n} "{"&a;" if n == 0 else f"&a{n - 1};" * 10}">' for n in range(10)
) + "]><edXML>&a9;</edXML>"  # fmt: skip
EXTERNAL = '<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a SYSTEM "file:///etc/passwd">]><edXML>&a;</edXML>'
DEEP = "<edXML>" + "<a>" * 100_000
WIDE = "<edXML " + " ".join(f'a{n}="b"' for n in range(100_000)) + "/>"
LONG_NAME = "<" + "a" * 2_000_000


@pytest.mark.parametrize("bomb", [BILLION, EXTERNAL, DEEP, WIDE, LONG_NAME], ids=["entities", "external", "deep", "wide", "name"])
def test_an_xml_bomb_is_refused_in_no_time(hasty: Served, bomb: str) -> None:
    began = time.monotonic()
    answer = hasty.http.post("/v1/packages", content=bomb.encode(), headers=headers(hasty))
    assert answer.status_code in (413, 422), answer.text
    assert answer.json()["type"] == "/problems/package-rejected"
    assert "root:" not in answer.text
    assert time.monotonic() - began < 5
    assert hasty.axis.receipts() == 0


def test_a_compressed_body_is_not_opened(hasty: Served) -> None:
    bomb = gzip.compress(bytes(50_000_000))
    answer = hasty.http.post("/v1/packages", content=bomb, headers={**headers(hasty), "Content-Encoding": "gzip"})
    assert answer.status_code == 415
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x", bytes(50_000_000))
    answer = hasty.http.post("/v1/packages", content=packed.getvalue(), headers=headers(hasty))
    assert answer.json()["rule"] == "not-well-formed"


def test_a_multipart_bomb_is_not_read_for_its_parts(hasty: Served) -> None:
    parts = b"".join(b'--x\r\nContent-Disposition: form-data; name="a%d"\r\n\r\nb\r\n' % number for number in range(20_000))
    for path in ("/v1/packages", "/oauth2/token", "/v1/mailbox/confirmations", "/v1/operate/hops/national/outages"):
        kind = {**hasty.headers(caller(PROVINCE)), "Content-Type": "multipart/form-data; boundary=x"}
        answer = hasty.http.post(path, content=parts + b"--x--\r\n", headers=kind)
        assert answer.status_code in (401, 403, 413, 415, 422), answer.text


BODIES = (b"[" * 200_000, b'{"outcomes":' * 80_000, b"\xff", b"", b"null", b"1e999999", b'{"outcomes":[{"a":NaN}]}', b"9" * 100_000)


@pytest.mark.parametrize("body", BODIES, ids=range(len(BODIES)))
def test_a_json_bomb_is_refused(hasty: Served, body: bytes) -> None:
    kind = {**hasty.headers(caller(PROVINCE)), "Content-Type": "application/json"}
    answer = hasty.http.post("/v1/mailbox/confirmations", content=body, headers=kind)
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/malformed"), answer.text


def test_a_json_body_is_bounded_too(hasty: Served) -> None:
    kind = {**hasty.headers(caller(PROVINCE)), "Content-Type": "application/json"}
    answer = hasty.http.post("/v1/mailbox/confirmations", content=b" " * (3 << 20), headers=kind)
    assert (answer.status_code, answer.json()["type"]) == (413, "/problems/too-large")


# --- size and room ---


def test_a_body_beyond_the_limit_is_refused_by_its_announcement_and_by_its_bytes(hasty: Served) -> None:
    with connected(hasty) as wire:
        wire.sendall(head(hasty, f"Content-Length: {10 << 40}"))
        assert wire.recv(65_536).startswith(b"HTTP/1.1 413")
    answer = hasty.http.post("/v1/packages", content=(b"x" * 65_536 for _ in range(60)), headers=headers(hasty))
    assert (answer.status_code, answer.json()["type"]) == (413, "/problems/too-large")
    alive(hasty)


def test_bodies_of_all_together_have_a_limit_and_give_their_room_back(hasty: Served) -> None:
    """Six clients send 1 MB each and stop short of the end; there is room for four."""
    with_room: list[socket.socket] = []
    answers: list[bytes] = []
    size = 1 << 20
    for _ in range(6):
        address = httpx.URL(hasty.url)
        wire = socket.create_connection((address.host, address.port or 80), timeout=10)
        wire.sendall(head(hasty, f"Content-Length: {size + 1}") + b"x" * size)
        with_room.append(wire)
    for wire in with_room:
        answers.append(rest_of(wire))
        wire.close()
    codes = sorted(answer[9:12] for answer in answers)
    assert codes == [b"408"] * 4 + [b"429"] * 2 or codes == [b"408"] * 3 + [b"429"] * 3, codes
    package = Doc(PROVINCE, (DEPARTMENT,), "31", annexes=(b"x" * 300_000,)).package()
    assert hasty.http.post("/v1/packages", content=package, headers=headers(hasty)).status_code in (200, 201)


def test_a_body_goes_to_a_file_when_there_is_little_memory(hasty: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    files: list[Any] = []
    real = bodies.tempfile.TemporaryFile
    monkeypatch.setattr(bodies.tempfile, "TemporaryFile", lambda **options: files.append(real(**options)) or files[-1])
    small, large = (Doc(PROVINCE, (DEPARTMENT,), number, letter=b"x" * size).package() for number, size in (("32", 9_000), ("33", 400_000)))
    for package, expected in ((small, 0), (large, 1)):
        assert hasty.http.post("/v1/packages", content=package, headers=headers(hasty)).status_code == 201
        assert len(files) == expected
    assert files[0].closed


def test_a_full_disk_is_told_as_no_room(hasty: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    class Full(io.BytesIO):
        def write(self, _: object) -> int:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(bodies.tempfile, "TemporaryFile", lambda **_: Full())
    answer = hasty.http.post("/v1/packages", content=b"x" * 400_000, headers=headers(hasty))
    assert (answer.status_code, answer.json()["rule"]) == (429, "no-room")


# --- slowness ---


def test_a_body_that_stands_still_is_given_up(hasty: Served) -> None:
    with connected(hasty) as wire:
        wire.sendall(head(hasty, "Content-Length: 1000") + b"<edXML>")
        began = time.monotonic()
        assert rest_of(wire).startswith(b"HTTP/1.1 408")
        assert time.monotonic() - began < 5


def test_a_body_that_drips_is_given_up(hasty: Served) -> None:
    with connected(hasty) as wire:
        wire.sendall(head(hasty, "Content-Length: 100000"))
        began, said = time.monotonic(), b""
        wire.settimeout(0.1)
        while not said and time.monotonic() - began < 10:
            wire.sendall(b"x")
            try:
                said = wire.recv(65_536)
            except TimeoutError:
                continue
        assert said.startswith(b"HTTP/1.1 408")


@pytest.mark.parametrize("start", [b"", b"POST /v1/packages HT", b"POST /v1/packages HTTP/1.1\r\nHost: axis\r\nX-A: b\r\n"])
def test_a_head_that_does_not_come_to_its_end_is_given_up(hasty: Served, start: bytes) -> None:
    with connected(hasty) as wire:
        wire.sendall(start)
        began = time.monotonic()
        assert rest_of(wire) == b""
        assert time.monotonic() - began < 5


def test_a_body_that_goes_on_after_an_early_answer_is_not_listened_to_for_ever(hasty: Served) -> None:
    with connected(hasty) as wire:
        wire.sendall(b"POST /v1/packages HTTP/1.1\r\nHost: axis\r\nContent-Length: 100000000\r\n\r\n")
        assert wire.recv(65_536).startswith(b"HTTP/1.1 401")
        began = time.monotonic()
        with pytest.raises(OSError, match=r"Broken pipe|reset|aborted"):
            drip(wire)
        assert time.monotonic() - began < 5


def drip(wire: socket.socket) -> None:
    """Send a little for ten seconds, as long as anybody takes it."""
    for _ in range(500):
        wire.sendall(b"x" * 100)
        time.sleep(0.02)


# --- heads ---


@pytest.mark.parametrize(
    "flood",
    [b"X-A: " + b"b" * 5_000_000, b"".join(b"X-%d: b\r\n" % number for number in range(200_000)), b"X" * 5_000_000],
    ids=["value", "many", "name"],
)
def test_a_head_without_end_is_cut_off(hasty: Served, flood: bytes) -> None:
    with connected(hasty) as wire:
        said = b""
        try:
            wire.sendall(b"GET /healthz HTTP/1.1\r\nHost: axis\r\n" + flood)
            said = rest_of(wire)
        except (BrokenPipeError, ConnectionResetError):  # it hung up on us while we were sending
            pass
        assert not said or said[9:12] in (b"400", b"431")
    alive(hasty)


@pytest.mark.parametrize(
    "request_",
    [
        b"GET / HTTP/1.1\r\nHost: axis\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET / HTTP/1.1\r\n\r\n",
        b"POST /v1/packages HTTP/1.1\r\nHost: axis\r\nContent-Length: 5\r\nContent-Length: 50\r\n\r\nhello",
        b"POST /v1/packages HTTP/1.1\r\nHost: axis\r\nTransfer-Encoding: xchunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: axis\r\nX: a\nAuthorization: Bearer x\r\n\r\n",
        b"GET  /healthz  HTTP/9.9\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(100),
    ],
)  # fmt: skip
def test_a_request_that_can_be_read_in_two_ways_is_not_read(hasty: Served, request_: bytes) -> None:
    with connected(hasty) as wire:
        wire.sendall(request_)
        said = rest_of(wire)
        assert said.count(b"HTTP/1.1 ") <= 1
        assert not said or said[9:12] in (b"400", b"401"), said


INJECTED = "H28\r\nSet-Cookie: a=b"


def test_nothing_a_caller_writes_begins_a_line_of_an_answers_head(hasty: Served) -> None:
    good = hasty.headers(caller(PROVINCE))
    tries: list[httpx.Response] = [
        hasty.http.get("/v1/mailbox/" + "%0d%0aSet-Cookie:%20a=b", headers=good),
        hasty.http.get("/problems/%0d%0aSet-Cookie:%20a=b"),
        hasty.http.get("/v1/directory", params={"after": INJECTED}, headers=good),
        hasty.http.post("/oauth2/token", data={"grant_type": INJECTED, "scope": INJECTED}, auth=(INJECTED, INJECTED)),
        hasty.http.get("/%0d%0aSet-Cookie:%20a=b"),
        hasty.http.post("/v1/operate/hops/%0d%0aSet-Cookie:%20a=b/outages", headers=good),
    ]
    with connected(hasty) as wire:  # a client library would not send it
        wire.sendall(b"GET /v1/mailbox HTTP/1.1\r\nHost: axis\r\nTruc-Instant: 2021-09-27\x00T\r\nAuthorization: Bearer a\x7fb\r\n\r\n")
        assert b"et-Cookie" not in wire.recv(65_536)
    assert all("set-cookie" not in answer.headers and answer.status_code < 500 for answer in tries)


def test_a_package_id_or_a_code_cannot_become_sql(hasty: Served) -> None:
    good = hasty.headers(caller(PROVINCE))
    for word in ("' OR 1=1 --", "1; DROP TABLE member", "%00", "x' UNION SELECT digest FROM member --"):
        for path, name in (("/v1/deliveries", "package"), ("/v1/ledger/inclusion", "package"), ("/v1/directory", "after"),
                           ("/v1/deliveries/count", "state"), ("/v1/statistics", "since")):  # fmt: skip
            assert hasty.http.get(path, params={name: word}, headers=good).status_code == 422
    organ = OrganId("H28.30")
    doc = replace(
        Doc(PROVINCE, (DEPARTMENT,), "41"), others={"subject": "'); DROP TABLE member; --", "recipients": (Contact(organ, "a'b"),)}
    )
    assert hasty.http.post("/v1/packages", content=doc.package(), headers=headers(hasty)).status_code == 201
    alive(hasty)


# --- secrets ---


class _Kept(logging.Handler):
    """Every record any logger makes, as it would be written."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.name.startswith(("httpx", "httpcore")):  # the test's own client, not the axis
            return
        self.lines += [JsonLines("axis").format(record), logging.Formatter().format(record), str(record.args)]


def test_no_secret_and_no_token_is_ever_written_down(hasty: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """With every logger at its most talkative, through success, refusal, rubbish and a fault of our own."""
    kept, root = _Kept(), logging.getLogger()
    before = root.level
    root.addHandler(kept)
    root.setLevel(logging.DEBUG)
    try:
        secret, token = caller(PROVINCE).secret, hasty.token(caller(PROVINCE))
        good = {"Authorization": f"Bearer {token}", "Truc-Instant": INSTANT}
        answers = [
            hasty.http.get("/v1/mailbox", headers=good),
            hasty.http.get("/v1/mailbox", headers={**good, "Authorization": f"Bearer {token}x"}),
            hasty.http.get("/v1/mailbox", headers={**good, "Authorization": f"Basic {token}"}),
            hasty.http.get("/v1/mailbox", params={"limit": token}, headers=good),
            hasty.http.get(f"/v1/mailbox/{token}", headers=good),
            hasty.http.post("/oauth2/token", data={"grant_type": "client_credentials", "scope": secret}, auth=("H28", secret)),
            hasty.http.post("/oauth2/token", data={"grant_type": "client_credentials"}, auth=("H28", secret + "x")),
            hasty.http.post("/v1/packages", content=secret.encode(), headers={**good, **EDXML}),
        ]
        with monkeypatch.context() as patch:
            patch.setattr(Axis, "waiting", lambda *_: 1 / 0)
            answers.append(hasty.http.get("/v1/mailbox", headers=good))
        assert answers[-1].status_code == 500
        with connected(hasty) as wire:
            wire.sendall(f"GET /v1/mailbox HTTP/1.1\r\nAuthorization: Bearer {token}\r\nbroken\r\n\r\n".encode())
            rest_of(wire)
    finally:
        root.removeHandler(kept)
        root.setLevel(before)
    written = "\n".join(kept.lines)
    assert "ZeroDivisionError" in written
    for word in (secret, token, token[-43:]):
        assert word not in written
        assert all(word not in answer.text for answer in answers if not answer.url.path.endswith(token))


def test_many_guesses_leave_nothing_behind_and_lock_nobody_out(hasty: Served) -> None:
    codes = [
        hasty.http.post("/oauth2/token", data={"grant_type": "client_credentials"}, auth=("H28", f"guess {number}")).status_code
        for number in range(200)
    ]
    assert set(codes) == {401}
    assert hasty.token(caller(PROVINCE))


def test_the_service_stands_while_it_is_attacked_from_all_sides(hasty: Served) -> None:
    """Half-open connections by the dozen, and an honest caller between them."""
    held: list[socket.socket] = []
    address = httpx.URL(hasty.url)

    def hold() -> None:
        for _ in range(20):
            wire = socket.create_connection((address.host, address.port or 80), timeout=10)
            wire.sendall(b"POST /v1/packages HTTP/1.1\r\nHost: axis\r\nContent-Length: 1000000\r\n\r\nx")
            held.append(wire)

    threads = [threading.Thread(target=hold) for _ in range(5)]
    for thread in threads:
        thread.start()
    package = Doc(PROVINCE, (DEPARTMENT,), "51").package()
    assert hasty.http.post("/v1/packages", content=package, headers=headers(hasty)).status_code == 201
    for thread in threads:
        thread.join()
    for wire in held:
        wire.close()
    said = json.loads(hasty.http.get("/readyz").content)
    assert said == {"status": "ready"}
