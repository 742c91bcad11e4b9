"""``truc witness`` against real axes on real sockets: what it keeps, what it refuses, and what it leaves alone."""

from __future__ import annotations

import json
import os
import re
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from exchange import wary
from exchange.api import Checkpoint
from exchange.axis import Axis
from exchange.checkpoints import checkpoint_statement, read_checkpoint, write_checkpoint
from exchange.web.wire import CheckpointBody
from signing import CadesSigner, Holder, Purpose
from tests.console.test_service import running, truc, wait_for
from tests.exchange.axis.field import DEPARTMENT, PROVINCE, Doc, at, axis_signer, file_url, offices, open_field, pki, secret, send
from tests.exchange.web.host import hosting
from tests.servers import free_port

CERTIFICATE = axis_signer().holder.certificate_der


@pytest.fixture
def axis(tmp_path: Path) -> Iterator[Axis]:
    """An axis that sealed one document."""
    made = open_field(file_url(tmp_path / "axis.db"))
    grow(made, "1", 10)
    yield made
    made.close()


def grow(axis: Axis, number: str, seconds: int) -> Checkpoint:
    """One more document, and a checkpoint over it."""
    send(axis, PROVINCE, Doc(PROVINCE, (DEPARTMENT,), number).package(), seconds)
    axis.settle(at(seconds + 1))
    return axis.seal(at(seconds + 2))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What a witness has at hand: roots and lists, the axis' certificate, and a member's secret."""
    kept = {"anchors": [pki().root.certificate_der], "authorities": list(pki().trust_store().authorities), "crls": list(pki().crls(at(0)))}
    for name, artefacts in kept.items():
        (tmp_path / "trust" / name).mkdir(parents=True)
        for number, der in enumerate(artefacts):
            (tmp_path / "trust" / name / f"{number}.{'crl' if name == 'crls' else 'der'}").write_bytes(der)
    (tmp_path / "axis.der").write_bytes(CERTIFICATE)
    (tmp_path / "secret").write_text(secret(PROVINCE) + "\n")
    return tmp_path


def look(url: str, folder: Path, *more: str) -> tuple[int, str]:
    given = ("--trust", str(folder / "trust"), "--certificate", str(folder / "axis.der"), "--agency", str(PROVINCE))
    return truc("witness", "--axis", url, "--keep", str(folder / "kept.json"), *given, "--secret", str(folder / "secret"), *more)


def kept(folder: Path) -> Checkpoint:
    return read_checkpoint((folder / "kept.json").read_bytes()).checkpoint


def test_it_keeps_what_grows_and_an_audit_reads_it(axis: Axis, folder: Path) -> None:
    with hosting(axis) as url:
        code, said = look(url, folder)
        assert (code, "at this first look the ledger is believed as it is" in said) == (0, True)
        first = kept(folder)
        assert first == axis.checkpoint()
        inode = (folder / "kept.json").stat().st_ino
        code, said = look(url, folder)
        assert (code, said.startswith("Nothing new: ")) == (0, True)
        assert (folder / "kept.json").stat().st_ino == inode
        second = grow(axis, "2", 100)
        grow(axis, "3", 200)
        code, said = look(url, folder)
        assert (code, "first look" in said, f"{axis.checkpoint().size} entries" in said) == (0, False, True)  # type: ignore[union-attr]
        assert kept(folder) == axis.checkpoint() != second
    assert {one.name for one in folder.glob("*kept*")} == {"kept.json"}
    root = sha256(pki().root.certificate_der).hexdigest()
    code, said = truc("audit", str(folder / "axis.db"), "--checkpoint", str(folder / "kept.json"), "--anchor", root)
    assert code == 0
    assert re.search(r"checkpoints brought along that the ledger contains +1\n", said), said


def test_with_what_is_kept_the_axis_certificate_need_not_be_named_again(axis: Axis, folder: Path) -> None:
    given = ("--trust", str(folder / "trust"), "--agency", str(PROVINCE), "--secret", str(folder / "secret"))
    with hosting(axis) as url:
        words = ("witness", "--axis", url, "--keep", str(folder / "kept.json"), *given)
        code, said = truc(*words)
        assert (code, "name it with --certificate" in said) == (2, True)
        assert look(url, folder)[0] == 0
        grow(axis, "2", 100)
        assert truc(*words)[0] == 0
    assert kept(folder) == axis.checkpoint()


def test_another_past_under_the_same_key_is_refused_and_kept_as_evidence(axis: Axis, folder: Path) -> None:
    """A second archive of the same name under the same key: longer (forked), and then of the same length."""
    with hosting(axis) as url:
        assert look(url, folder)[0] == 0
    was = (folder / "kept.json").read_bytes()
    other = open_field(file_url(folder / "other.db"))
    grow(other, "77", 20)
    with hosting(other) as url:
        same = look(url, folder)
        grow(other, "78", 100)
        longer = look(url, folder)
    other.close()
    assert same[0] == longer[0] == 1
    assert "REFUSED (forked)" in same[1]
    assert "REFUSED (forked)" in longer[1]
    assert (folder / "kept.json").read_bytes() == was
    refused = read_checkpoint((folder / "kept.json.refused.json").read_bytes())
    assert (refused.checkpoint.number, refused.certificate) == (1, CERTIFICATE)  # the first one refused; the second is only told
    assert "holds another checkpoint refused earlier" in longer[1]


def test_a_ledger_cut_short_is_refused(axis: Axis, folder: Path) -> None:
    short = axis.checkpoint()
    grow(axis, "2", 100)
    with hosting(axis) as url:
        assert look(url, folder)[0] == 0
    other = open_field(file_url(folder / "other.db"))
    with hosting(other) as url:
        empty = look(url, folder)
        grow(other, "1", 10)
        code, said = look(url, folder)
    other.close()
    assert (empty[0], "says that nothing is sealed" in empty[1]) == (1, True)
    assert (code, "REFUSED (shrunk)" in said) == (1, True)
    assert kept(folder) == axis.checkpoint()
    assert read_checkpoint((folder / "kept.json.refused.json").read_bytes()).checkpoint.size == short.size  # type: ignore[union-attr]


def test_a_slower_witness_of_the_same_file_holds_what_it_saw_against_what_a_faster_one_kept(axis: Axis, folder: Path) -> None:
    """As cron makes them where an answer takes longer than the pause: an axis of two pasts might have the second one put over the first."""
    other = open_field(file_url(folder / "other.db"))
    grow(other, "77", 20)
    faster = grow(other, "78", 100)
    asked, answer = threading.Event(), threading.Event()
    newest = axis.checkpoint()
    assert newest is not None

    def late(liar: Liar) -> None:
        asked.set()
        assert answer.wait(60)
        liar._say_all(body(newest))

    said: list[tuple[int, str]] = []
    with lying(late) as slow, hosting(other) as fast:
        slower = threading.Thread(target=lambda: said.append(look(slow, folder)))
        slower.start()
        assert asked.wait(60)
        assert look(fast, folder)[0] == 0
        answer.set()
        slower.join()
    other.close()
    assert kept(folder) == faster
    ((code, words),) = said
    assert (code, "REFUSED (shrunk)" in words, "first look" in words) == (1, True, False)
    assert read_checkpoint((folder / "kept.json.refused.json").read_bytes()).checkpoint == newest


def test_what_it_says_is_kept_is_on_the_disk(axis: Axis, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file before it has its name, and the name before anybody is told: a machine that stops must not come back with less."""
    done: list[str] = []
    sync, replace = os.fsync, Path.replace

    def synced(descriptor: int) -> None:
        done.append(f"sync {Path(os.readlink(f'/proc/self/fd/{descriptor}')).name}")
        sync(descriptor)

    def renamed(path: Path, target: Path) -> Path:
        done.append(f"rename {path.name} {target.name}")
        return replace(path, target)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(Path, "replace", renamed)
    with hosting(axis) as url:
        code, _ = look(url, folder)
    making = f".{os.getpid()}-kept.json"
    assert (code, done[-3:]) == (0, [f"sync {making}", f"rename {making} kept.json", f"sync {folder.name}"])


@pytest.mark.parametrize("there", ["a pipe", "a device without end", "a file without end"])
def test_what_lies_in_the_place_of_the_refused_is_not_read_without_end(there: str, axis: Axis, folder: Path) -> None:
    place = folder / "kept.json.refused.json"
    if there == "a pipe":
        os.mkfifo(place)
    elif there == "a device without end":
        place.symlink_to("/dev/zero")
    else:
        with place.open("wb") as file:
            file.truncate(1 << 36)
    (folder / "kept.json").write_bytes(write_checkpoint(axis.checkpoint(), CERTIFICATE))  # type: ignore[arg-type]
    last = kept(folder)
    with lying(body(signed(axis_signer().holder, last.size, last.number))) as url:
        code, said = look(url, folder)
    assert (code, "REFUSED (" in said, str(place) in said.splitlines()[-1]) == (1, True, True), said
    assert kept(folder) == last


def test_an_axis_that_sealed_nothing_leaves_no_file(folder: Path) -> None:
    other = open_field(file_url(folder / "other.db"))
    with hosting(other) as url:
        code, said = look(url, folder)
    other.close()
    assert (code, "has sealed nothing yet" in said, (folder / "kept.json").exists()) == (3, True, False)


# --- a machine that says what it likes ---

TOKEN = {"access_token": "t", "token_type": "Bearer", "expires_in": 600, "scope": "audit"}


class Liar(BaseHTTPRequestHandler):
    """Answers the two questions with what a test gave it."""

    newest: Any = None
    proof: Any = None

    def do_POST(self) -> None:
        self._say(TOKEN)

    def do_GET(self) -> None:
        self._say(type(self).newest if "checkpoint" in self.path else type(self).proof)

    def log_message(self, *_: object) -> None:
        """Nothing."""

    def _say(self, said: Any) -> None:
        with suppress(ConnectionError):  # who has read enough hangs up
            self._say_all(said)

    def _say_all(self, said: Any) -> None:
        if callable(said):
            said(self)
            return
        data = said if isinstance(said, bytes) else json.dumps(said).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


@contextmanager
def lying(newest: Any, proof: Any = None) -> Iterator[str]:
    Liar.newest, Liar.proof = newest, proof
    with ThreadingHTTPServer(("127.0.0.1", 0), Liar) as server:
        server.daemon_threads, server.block_on_close = True, False
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def body(one: Checkpoint) -> dict[str, Any]:
    return {"checkpoint": json.loads(CheckpointBody.of(one).model_dump_json())}


def signed(holder: Holder, size: int = 90, number: int = 9, seconds: int = 900) -> Checkpoint:
    """A checkpoint of this ledger's name by somebody's key."""
    statement = checkpoint_statement("truc", number, size, bytes(32), at(seconds))
    signer = CadesSigner(holder, embed_certificates=holder != axis_signer().holder, purpose=Purpose.CHECKPOINT)
    return Checkpoint("truc", number, size, bytes(32), at(seconds), statement, signer.sign(sha256(statement).digest()))


def test_anothers_signature_is_refused_at_the_first_look_too(folder: Path) -> None:
    """An agency's, of the same hierarchy."""
    with lying(body(signed(offices()[PROVINCE].seal))) as url:
        code, said = look(url, folder)
    assert (code, "REFUSED (signature)" in said, "Nothing is kept in" in said) == (1, True, True)
    assert not (folder / "kept.json").exists()
    assert (folder / "kept.json.refused.json").exists()


def test_a_signature_that_lists_at_hand_cannot_judge_is_neither_kept_nor_refused(axis: Axis, folder: Path) -> None:
    with hosting(axis) as url:
        for one in (folder / "trust" / "crls").iterdir():
            one.unlink()
        code, said = look(url, folder)
    assert (code, "put those into the folder" in said) == (3, True)
    assert not (folder / "kept.json").exists()


def test_a_fork_is_refused_also_where_the_lists_cannot_judge_its_signature(axis: Axis, folder: Path) -> None:
    with hosting(axis) as url:
        assert look(url, folder)[0] == 0
        for one in (folder / "trust" / "crls").iterdir():
            one.unlink()
        assert look(url, folder)[1].startswith("Nothing new: ")  # what is kept was judged when it came
    last = kept(folder)
    fork = signed(axis_signer().holder, last.size, last.number)
    with lying(body(fork)) as url:
        code, said = look(url, folder)
    assert (code, "REFUSED (" in said) == (1, True)


def _long(liar: Liar) -> None:
    liar.send_response(200)
    liar.end_headers()
    with_room = b"[" * 4096
    for _ in range(64):
        liar.wfile.write(with_room)


def _packed(liar: Liar) -> None:
    liar.send_response(200)
    liar.send_header("Content-Encoding", "gzip")
    liar.end_headers()
    liar.wfile.write(b"\x1f\x8b")


def _problem(status: int, said: bytes, **headers: str) -> Callable[[Liar], None]:
    def say(liar: Liar) -> None:
        liar.send_response(status)
        liar.send_header("Content-Type", "application/problem+json")
        for name, value in headers.items():
            liar.send_header(name, value)
        liar.end_headers()
        liar.wfile.write(said)

    return say


@pytest.mark.parametrize(
    "answer",
    [
        b"", b"no JSON", b"[" * 60_000, b'{"checkpoint": {}}', b'{"checkpoint": "\\ud800"}', {"checkpoint": 5}, {},
        _long, _packed, _problem(302, b"", Location="http://127.0.0.1:1/"), _problem(400, b"[" * 60_000),
        _problem(418, b'{"type": "/problems/\\u001b[2J"}'), _problem(429, b"{}", **{"Retry-After": "soon"}),
        _problem(429, b'{"type": "/problems/too-many-requests", "seconds": [], "rule": []}', **{"Retry-After": "9999"}),
        _problem(422, b'{"type": "/problems/malformed", "detail": 7}'),
    ],
    ids=range(15),
)  # fmt: skip
def test_an_answer_that_is_none_is_one_sentence(answer: Any, axis: Axis, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wary, "_PATIENCE", 0.2)
    (folder / "kept.json").write_bytes(write_checkpoint(axis.checkpoint(), CERTIFICATE))  # type: ignore[arg-type]
    was = (folder / "kept.json").read_bytes()
    for newest, proof in ((answer, None), (body(signed(axis_signer().holder)), answer)):
        with lying(newest, proof) as url:
            code, said = look(url, folder)
        assert (code, said.count("\n"), "\x1b" in said) == (3, 1, False), said
    assert (folder / "kept.json").read_bytes() == was
    assert not (folder / "kept.json.refused.json").exists()


@pytest.mark.parametrize(("answer", "words"), [(_long, "more than 65536 bytes"), (_packed, "to be unpacked")])
def test_no_answer_is_read_beyond_its_bound_or_unpacked(answer: Any, words: str, folder: Path) -> None:
    with lying(answer) as url:
        assert words in look(url, folder)[1]


def test_a_proof_that_proves_nothing_is_a_fork(axis: Axis, folder: Path) -> None:
    (folder / "kept.json").write_bytes(write_checkpoint(axis.checkpoint(), CERTIFICATE))  # type: ignore[arg-type]
    newest = Checkpoint(**{**_fields(axis.checkpoint()), **_fields(_longer(axis.checkpoint()))})
    unknown = b'{"type": "/problems/unknown-ledger-size", "first": 1, "second": 2, "size": 0}'
    for proof in ({"first": 1, "second": 2, "proof": ["00" * 32] * 900}, {"first": 0, "second": 0, "proof": []}, _problem(422, unknown)):
        with lying(body(newest), proof) as url:
            code, said = look(url, folder)
        assert (code, "REFUSED (forked)" in said) == (1, True), said


def _fields(one: Any) -> dict[str, Any]:
    return {name: getattr(one, name) for name in ("origin", "number", "size", "root", "at", "statement", "signature")}


def _longer(one: Any) -> Checkpoint:
    """The axis' own key says that the ledger went on, from a root that nobody knows."""
    statement = checkpoint_statement(one.origin, one.number + 1, one.size + 5, bytes(32), at(500))
    signature = CadesSigner(axis_signer().holder, embed_certificates=False, purpose=Purpose.CHECKPOINT).sign(sha256(statement).digest())
    return Checkpoint(one.origin, one.number + 1, one.size + 5, bytes(32), at(500), statement, signature)


def _dripping(liar: Liar) -> None:
    """The head of an answer, a byte at a time, for ever."""
    try:
        for letter in "HTTP/1.1 200 OK\r\nX: " + "x" * 4000:
            liar.wfile.write(letter.encode())
            time.sleep(0.05)
    except OSError:
        pass


def test_an_answer_that_never_ends_is_given_up(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wary, "MOST_SECONDS", 1.0)
    begun = time.monotonic()
    with lying(_dripping) as url:
        code, said = look(url, folder)
    assert (code, "no whole answer within 1 s" in said) == (3, True)
    assert time.monotonic() - begun < 10


def test_nobody_there_is_one_sentence(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wary, "_PATIENCE", 0.2)
    code, said = look(f"http://127.0.0.1:{free_port()}", folder)
    assert (code, "cannot be reached" in said, said.count("\n")) == (3, True, 1)


# --- what it is told ---


def test_a_file_that_is_no_checkpoint_is_never_replaced(axis: Axis, folder: Path) -> None:
    with hosting(axis) as url:
        for data in (b"", b"my notes", b"{}", b"x" * 100_000):
            (folder / "kept.json").write_bytes(data)
            code, _ = look(url, folder)
            assert (code, (folder / "kept.json").read_bytes()) == (2, data)


def test_wrong_usage_is_one_sentence(axis: Axis, folder: Path) -> None:
    (folder / "secret").write_text("another")
    with hosting(axis) as url:
        code, said = look(url, folder)
        assert (code, "does not let H28 in" in said) == (2, True)
    for more, words in (
        (("--axis", "ftp://x"), "no address of a service"),
        (("--keep", str(folder / "none" / "kept.json")), "there is no such folder"),
        (("--secret", str(folder / "nobody")), "there is no such file"),
        (("--agency", "?"), "?"),
        (("--certificate", str(folder / "secret")), "does not hold one certificate"),
        (("--trust", "no-such-world"), "no-such-world"),
        (("--trust", str(folder / "trust" / "crls")), "holds no root certificate"),
        (("--every", "0"), "--every"),
    ):
        code, said = look("http://127.0.0.1:1", folder, *more)
        assert (code, words in said, said.count("\n")) == (2, True, 1), said


def test_it_looks_again_until_it_is_told_to_stop(axis: Axis, folder: Path) -> None:
    given = ("--trust", str(folder / "trust"), "--certificate", str(folder / "axis.der"), "--agency", str(PROVINCE))
    words = ("witness", "--keep", str(folder / "kept.json"), *given, "--secret", str(folder / "secret"), "--every", "1")
    with hosting(axis) as url, running(folder / "log", *words, "--axis", url) as process:
        wait_for(folder / "log", "Nothing new", process)
        second = grow(axis, "2", 100)
        wait_for(folder / "log", f"{second.size} entries", process)
        lists = {path: path.read_bytes() for path in (folder / "trust" / "crls").iterdir()}
        for path in lists:
            path.unlink()
        third = grow(axis, "3", 200)
        wait_for(folder / "log", "put those into the folder", process)
        (folder / "trust" / "crls" / "half.crl").write_bytes(b"0")
        wait_for(folder / "log", "half.crl: ", process)
        (folder / "trust" / "crls" / "half.crl").unlink()
        for path, data in lists.items():
            path.write_bytes(data)
        wait_for(folder / "log", f"{third.size} entries", process)
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0, (folder / "log").read_text("utf-8")
    assert kept(folder) == third
    other = open_field(file_url(folder / "other.db"))
    grow(other, "77", 20)
    with hosting(other) as url, running(folder / "log", *words, "--axis", url) as process:
        assert process.wait(60) == 1, (folder / "log").read_text("utf-8")
    other.close()
    assert kept(folder) == third


def test_a_file_that_cannot_be_written_or_named_is_said(axis: Axis, folder: Path) -> None:
    """One whose name is so long that nothing can be made beside it, and one that no file can have."""
    with hosting(axis) as url:
        for name, words in (("k" * 250, "cannot be written"), ("k" * 300, "cannot be read")):
            code, said = look(url, folder, "--keep", str(folder / name))
            assert (code, words in said) == (2, True), said
