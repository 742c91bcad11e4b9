"""The row: our service over HTTP and PostgreSQL beside django-pyas2's, the two in turn, each with a PostgreSQL of its own."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import datetime
from http.client import HTTPConnection
from itertools import cycle
from pathlib import Path
from typing import Any, Protocol, TypeVar

from sqlalchemy.engine import make_url

from benchmarks.measure import Rate
from benchmarks.peers import started
from benchmarks.peers.environments import EnvironmentMissing, environment
from benchmarks.peers.limit import raw_rate
from benchmarks.peers.spent import THIS, Spent, number_of, spent
from benchmarks.peers.world import agencies
from benchmarks.rows import Peer, Row
from exchange.api import Fetched, Receipt, Submission
from exchange.client import HttpAxis
from exchange.domain.calendar import VN
from exchange.domain.identifiers import OrganId
from scenarios.load.field import Party
from tests.servers import free_port, postgres_server, valkey_server

NAME = "django-pyas2"
VERSIONS = ("django-pyas2==1.2.3", "Django==5.2.19", "gunicorn==27.0.1", "psycopg2-binary==2.9.13")
THREADS = 8
"""Senders at once, on both sides."""
_WORKERS = 2
"""The peer's processes, as many as cores."""
_PATIENCE = 300.0
_HERE = Path(__file__).parent
CHECKS = (
    "CAdES-B over the file, RSA-2048, as edXML", "agency authenticated by token",
    "header parsed against bounds", "duplicates refused, stored",
    "receipt signed by the axis (P-256), verified by the sender with its chain and held against the bytes sent",
    "signature, chain and revocation judged by a worker", "mailbox of a third party: waited for, collected, confirmed over HTTP",
    "signature, chain and revocation judged again by the recipient", "history and Merkle ledger",
)  # fmt: skip
PEER_DOES = (
    "S/MIME multipart/signed, RSA-2048, SHA-256", "posted to its recipient's own server, which stores a row and files",
    "signature verified against the partner's pinned certificate", "MDN signed with RSA-2048, stored",
    "MDN verified by the sender, digest compared",
    "no third party, no chain, no revocation, no second judgement, no confirmation, no ledger",
)  # fmt: skip


class OurService:
    """Our API, a worker and a broker, and the two agencies in this process: eight threads send, one receives."""

    def __init__(self, stack: ExitStack, *, fsync: str = "on") -> None:
        postgres = stack.enter_context(postgres_server(fsync=fsync))
        broker = stack.enter_context(valkey_server())
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="truc-peers-")))
        database = stack.enter_context(postgres.database())
        api, address = stack.enter_context(started.axis(folder, database, broker.url))
        worker = stack.enter_context(started.worker(folder, database, broker.url, 1))
        self._servers, self._api, self._worker = (postgres, broker), api.pid, worker.pid
        self._agencies = agencies()
        self._recipient = self._agencies.recipients[0]
        operator = self._agencies.caller(OrganId("G22"))
        self._axis = stack.enter_context(HttpAxis(address, operator, driven=False))
        self._pool = stack.enter_context(ThreadPoolExecutor(THREADS))
        self._own = threading.local()
        self._numbers = threading.Lock()
        self._judge = self._agencies.validator()
        self.send(4)  # tokens, connections and paths are there

    @property
    def parts(self) -> dict[str, int]:
        """Whose time counts."""
        postgres, broker = (number_of(one) for one in self._servers)
        return {"agencies": THIS, "API": self._api, "worker": self._worker, "PostgreSQL": postgres, "broker": broker}

    def send(self, documents: int) -> None:
        """So many there, receipts verified, fetched by their recipient, judged, confirmed."""
        senders = cycle(self._agencies.senders)
        sending = [self._pool.submit(self._trip, next(senders)) for _ in range(documents)]
        came = self._receive(documents)
        sent = [one.result() for one in sending]
        assert sorted(came) == sorted(sent), "what came is not what was sent"

    def again(self, documents: int, times: int) -> list[int]:
        """Each posted so many times at once: how often each was taken as a new one."""
        taken = []
        for _ in range(documents):
            sender, package = self._agencies.senders[0], self._write(self._agencies.senders[0])
            answers = list(self._pool.map(lambda one, who=sender: self._submit(who, one), [package] * times))
            assert len({(one.statement, one.signature) for one in answers}) == 1
            taken.append(sum(not one.stored for one in answers))
        self._receive(documents)
        return taken

    def _write(self, sender: Party) -> bytes:
        with self._numbers:
            number = self._agencies.next_number()
        return self._agencies.write(sender, [self._recipient], number)

    def _submit(self, sender: Party, package: bytes) -> Receipt:
        (answer,) = self._axis.submit(self._agencies.caller(sender.organ), [Submission(package)], _now())
        assert isinstance(answer, Receipt), answer
        return answer

    def _trip(self, sender: Party) -> str:
        if not hasattr(self._own, "validator"):
            self._own.validator = self._agencies.validator()
        package = self._write(sender)
        receipt = self._submit(sender, package)
        self._agencies.check_receipt(self._own.validator, receipt, package, sender.organ)
        return receipt.package_id

    def _receive(self, documents: int) -> list[str]:
        caller, came, patience = self._agencies.caller(self._recipient), list[str](), time.monotonic() + _PATIENCE
        outcomes: list[Fetched] = []
        while len(came) < documents:
            assert time.monotonic() < patience, f"{len(came)} of {documents} came in {_PATIENCE:.0f} seconds"
            packages = self._axis.collect(caller, outcomes, _now(), wait=1)
            for package in packages:
                self._agencies.check_document(self._judge, package.read(), package.envelope.available_at)
            outcomes = [Fetched(one.envelope.package_id, True) for one in packages]
            came += [one.package_id for one in outcomes]
        self._axis.confirm(caller, outcomes, _now())
        return came


class PeerService:
    """django-pyas2 behind gunicorn, and a sender in the peer's environment with eight threads."""

    def __init__(self, stack: ExitStack) -> None:
        python = environment(*VERSIONS)
        postgres = stack.enter_context(postgres_server(fsync="on"))
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="truc-peer-home-")))
        port, database = free_port(), postgres.create()
        surroundings = {**os.environ, "PEER_HOME": str(home), "PEER_DATABASE": _plain(database), "PYTHONPATH": str(_HERE)}
        subprocess.run([str(python), str(_HERE / "as2_service.py")], env=surroundings, check=True)
        served = [
            str(python), "-m", "gunicorn", "as2_service:application", "--workers", str(_WORKERS), "--bind", f"127.0.0.1:{port}",
            "--log-level", "error", "--timeout", str(int(_PATIENCE)), "--error-logfile", str(home / "gunicorn.log"), "--capture-output",
        ]  # fmt: skip
        gunicorn = stack.enter_context(started.program(served, surroundings, _HERE))
        _wait(port, gunicorn)
        sends = [str(python), str(_HERE / "as2_sender.py"), str(port), str(home), str(THREADS)]
        self._sender = stack.enter_context(started.program(sends, surroundings, _HERE))
        assert self._said() == "ready"
        self.parts = {"sender": self._sender.pid, "gunicorn": gunicorn.pid, "PostgreSQL": number_of(postgres)}

    def send(self, documents: int) -> None:
        """So many there, and their signed receipts back and verified."""
        self._ask("send", documents)

    def again(self, documents: int, times: int) -> list[int]:
        """Each posted so many times at once: how often each was taken as a new one."""
        taken = self._ask("again", documents, times)
        assert isinstance(taken, list)
        return taken

    def _ask(self, *words: object) -> Any:
        assert self._sender.stdin is not None
        self._sender.stdin.write(json.dumps(words) + "\n")
        self._sender.stdin.flush()
        return self._said()

    def _said(self) -> Any:
        assert self._sender.stdout is not None
        line = self._sender.stdout.readline()
        assert line, "the peer's sender ended"
        return json.loads(line)


def rows(rounds: int = 3, documents: int = 120, copies: tuple[int, int] = (40, 4)) -> Iterator[Row]:
    """In turn, ``rounds`` times ``documents`` each; then ``copies``: so many documents posted so many times at once."""
    with ExitStack() as stack:
        contenders: dict[str, OurService | PeerService] = {"ours": OurService(stack)}
        absent = ""
        try:
            contenders[NAME] = PeerService(stack)
        except EnvironmentMissing as error:
            absent = str(error)
        found = in_turn(contenders, rounds, documents)
        remarks = [f"{name}: {middle(all_of).per_document}" for name, all_of in found.items()]
        remarks += [f"{name}: {_words(one.again(*copies), copies)}" for name, one in contenders.items()]
    yield Row(
        name=f"10 KB signed with RSA-2048 → delivered → signed receipt verified, over HTTP and PostgreSQL, {THREADS} senders at once",
        unit="documents",
        limit=raw_rate(0.1),
        limit_is="two raw RSA-2048 signatures and three verifications, the fewest there can be",
        ours=rate_of("ours", found["ours"]),
        checks=CHECKS,
        peer=Peer(NAME, rate_of(NAME, found[NAME]) if NAME in found else None, PEER_DOES, absent),
        must_peer=5,
        remarks=("documents per second of the processor, over all processes of a side, its clients and database included", *remarks),
    )


class Contender(Protocol):
    """One side: its processes by name, and its work."""

    @property
    def parts(self) -> Mapping[str, int]: ...
    def send(self, documents: int) -> None: ...


C = TypeVar("C", bound=Contender)


def in_turn(
    contenders: Mapping[str, C], rounds: int, documents: int, before: Callable[[C], object] = lambda _: None
) -> dict[str, list[Spent]]:
    """Each does ``documents`` in its turn, ``rounds`` times; ``before`` each, what does not count."""
    found: dict[str, list[Spent]] = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, one in contenders.items():
            before(one)
            found[name].append(spent(one.parts, one.send, documents))
            print(f"{name}: {found[name][-1].per_document}", file=sys.stderr)
    return found


def middle(rounds: list[Spent]) -> Spent:
    """The round whose rate is the median."""
    return sorted(rounds, key=lambda one: one.rate)[len(rounds) // 2]


def rate_of(name: str, rounds: list[Spent]) -> Rate:
    """The rounds as a rate."""
    rates = [one.rate for one in rounds]
    return Rate(name, statistics.median_high(rates), min(rates), max(rates), sum(one.documents for one in rounds))


def _words(taken: list[int], copies: tuple[int, int]) -> str:
    documents, times = copies
    more = sum(count for number, count in Counter(taken).items() if number > 1)
    none = Counter(taken)[0]
    return f"of {documents} documents posted {times} times at once, {more} were accepted as new more than once and {none} not at all"


def _now() -> datetime:
    return datetime.now(VN).replace(microsecond=0)


def _plain(database: str) -> str:
    return make_url(database).set(drivername="postgresql").render_as_string(hide_password=False)


def _wait(port: int, process: subprocess.Popen[str]) -> None:
    patience = time.monotonic() + _PATIENCE
    while time.monotonic() < patience:
        assert process.poll() is None, "gunicorn ended"
        try:
            http = HTTPConnection("127.0.0.1", port, timeout=_PATIENCE)
            http.request("GET", "/pyas2/as2receive")
            assert http.getresponse().status == 200
            return
        except OSError:
            time.sleep(0.1)
    raise AssertionError("gunicorn does not answer")
