"""The row: the axis' pipeline beside one Celery task for each document and step, the two in turn, each with servers of its own.

A document is handed in (in process: HTTP is not what is compared), verified, routed, delivered to three mailboxes, fetched and
confirmed by three recipients. Both workers have two children; the packages are signed before.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path

from benchmarks import machine
from benchmarks.peers import naive, started
from benchmarks.peers.limit import receipt_rate
from benchmarks.peers.service import in_turn, middle, rate_of
from benchmarks.peers.spent import THIS, number_of
from benchmarks.peers.world import Agencies, agencies
from benchmarks.rows import Peer, Row
from exchange.api import Caller, Fetched, Receipt, Submission
from exchange.bootstrap import open_axis
from exchange.domain.calendar import VN
from exchange.domain.identifiers import OrganId
from exchange.settings import AxisSettings
from scenarios import secrets
from scenarios.load.field import Party
from signing import CadesSigner, Purpose
from tests.servers import postgres_server, valkey_server
from workers.bell import celery_bell

NAME = "naive"
RECIPIENTS = 3
CHILDREN = 2
SITTING = 16
"""Documents in one call of ours; the API gathers as many under load (:mod:`exchange.gathering`)."""
_PAGE = 100
_LOOK_SECONDS = 1.0
_WARM = 24
_WORKER = "import sys; from benchmarks.peers.naive import work; work(*sys.argv[1:])"
_PATIENCE = 300.0
CHECKS = (
    "admitted in sittings of sixteen, each of its own receipt", "duplicates refused",
    "judged, routed and posted in batches of rows claimed under a lease",
    "the broker rings, no more", "order, priority, fairness", "Merkle ledger", "fetched and confirmed by three recipients in pages of 100",
)  # fmt: skip
PEER_DOES = (
    "admitted one by one, the same reading and the same receipt", "a task to verify, by the same judgement",
    "a task to route", "a task for each recipient to deliver",
    "each a transaction and a message", "an event row for each step, no ledger",
    "fetched and confirmed by three recipients in pages of 100",
)  # fmt: skip
Made = Sequence[tuple[Party, bytes]]


class Side:
    """What the two sides have in common: servers of their own, documents, recipients."""

    def __init__(self, stack: ExitStack, fsync: str) -> None:
        self.postgres = stack.enter_context(postgres_server(fsync=fsync))
        self.broker = stack.enter_context(valkey_server())
        self.folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="truc-pipeline-")))
        self.agencies: Agencies = agencies()
        self.recipients = self.agencies.recipients[:RECIPIENTS]
        self.made: list[tuple[Party, bytes]] = []
        self.worker = 0

    @property
    def parts(self) -> dict[str, int]:
        """Whose time counts."""
        return {"client": THIS, "worker": self.worker, "PostgreSQL": number_of(self.postgres), "broker": number_of(self.broker)}

    def write(self, documents: int) -> None:
        """So many documents signed, before the clock runs."""
        senders = self.agencies.senders
        numbers = [self.agencies.next_number() for _ in range(documents)]
        self.made = [
            (senders[number % len(senders)], self.agencies.write(senders[number % len(senders)], self.recipients, number))
            for number in numbers
        ]

    def send(self, documents: int) -> None:
        """All that were written: handed in, and taken by all their recipients."""
        assert len(self.made) == documents
        self.hand_in(self.made)
        came: Counter[bytes] = Counter()
        for recipient in self.recipients:
            came.update(self._all(recipient, documents))
        assert came == {package: RECIPIENTS for _, package in self.made}, "what came is not what was sent"

    def _all(self, recipient: OrganId, documents: int) -> list[bytes]:
        """What one recipient gets. It looks once a second while there is nothing: waiting must cost neither side much."""
        came: list[bytes] = []
        patience = time.monotonic() + _PATIENCE
        while len(came) < documents:
            page = self.page(recipient)
            came += page
            if not page:
                assert time.monotonic() < patience, f"{len(came)} of {documents} came to {recipient}"
                time.sleep(_LOOK_SECONDS)
        return came

    def hand_in(self, made: Made) -> None:
        """Submit them."""
        raise NotImplementedError

    def page(self, recipient: OrganId) -> list[bytes]:
        """What waits for one recipient, fetched and confirmed."""
        raise NotImplementedError


class Ours(Side):
    """The axis with a worker of two children."""

    def __init__(self, stack: ExitStack, fsync: str = "on") -> None:
        super().__init__(stack, fsync)
        database, issued = stack.enter_context(self.postgres.database()), self.agencies.issued
        settings = AxisSettings(database_url=database, accept_sealed_files=self.agencies.world.sealed_files)
        self._axis = open_axis(
            settings, directory=issued.directory, trust=self.agencies.trust, hops=(), doorbell=celery_bell(self.broker.url),
            signer=CadesSigner(issued.axis, embed_certificates=False, purpose=Purpose.RECEIPT), validator=self.agencies.validator(),
        )  # fmt: skip
        stack.callback(self._axis.close)
        self._axis.enrol_new(secrets.members(self.agencies.world, settings.organ))
        worker = stack.enter_context(started.worker(self.folder, database, self.broker.url, CHILDREN))
        self.worker = worker.pid

    def hand_in(self, made: Made) -> None:
        """In sittings, each sender's by itself."""
        for sender in self.agencies.senders:
            packages = [package for who, package in made if who is sender]
            for start in range(0, len(packages), SITTING):
                batch = [Submission(package) for package in packages[start : start + SITTING]]
                answers = self._axis.submit(self._caller(sender.organ), batch, _now())
                assert all(isinstance(one, Receipt) for one in answers), answers

    def page(self, recipient: OrganId) -> list[bytes]:
        """As an agency's software does it."""
        caller, at = self._caller(recipient), _now()
        names = [line.package_id for line in self._axis.waiting(caller, at, _PAGE)]
        if not names:
            return []
        packages = [one.read() for one in self._axis.fetch(caller, names, at)]
        self._axis.confirm(caller, [Fetched(name, True) for name in names], at)
        return packages

    def _caller(self, organ: OrganId) -> Caller:
        return self.agencies.caller(organ)


class Naive(Side):
    """The other shape, with a worker of two children."""

    def __init__(self, stack: ExitStack, fsync: str = "on") -> None:
        super().__init__(stack, fsync)
        database = self.postgres.create()
        naive.connect(database, self.broker.url)
        naive.engine.cache_clear()
        naive.metadata.create_all(naive.engine())
        stack.callback(lambda: naive.engine().dispose())
        command = [sys.executable, "-c", _WORKER, database, self.broker.url, str(CHILDREN)]
        worker = stack.enter_context(started.program(command, {**os.environ, "PYTHONPATH": str(machine.ROOT)}, machine.ROOT))
        assert worker.stdout is not None
        assert any(line == "ready\n" for line in worker.stdout), "the naive worker did not start"  # after Celery's banner
        self.worker = worker.pid

    def hand_in(self, made: Made) -> None:
        """One by one."""
        for sender, package in made:
            naive.submit(package, sender.organ, _now())

    def page(self, recipient: OrganId) -> list[bytes]:
        """A page of its mailbox."""
        return naive.take(recipient, _PAGE)


def rows(rounds: int = 3, documents: int = 150) -> Iterator[Row]:
    """In turn, ``rounds`` times ``documents`` each."""
    with ExitStack() as stack:
        sides: dict[str, Side] = {"ours": Ours(stack), NAME: Naive(stack)}
        for side in sides.values():  # connections, paths and desks of every child are there before the clock runs
            side.write(_WARM)
            side.send(_WARM)
        found = in_turn(sides, rounds, documents, before=lambda side: side.write(documents))
    yield Row(
        name="10 KB handed in → verified → routed → delivered to three → fetched and confirmed, PostgreSQL, Celery and Valkey",
        unit="documents",
        limit=receipt_rate(0.1),
        limit_is="one raw P-256 signature (the receipt) and one RSA-2048 verification, the fewest there can be",
        ours=rate_of("ours", found["ours"]),
        checks=CHECKS,
        peer=Peer(NAME, rate_of(NAME, found[NAME]), PEER_DOES),
        must_peer=3,
        remarks=(
            "documents per second of the processor, over all processes of a side, client, database and broker included",
            *(f"{name}: {middle(all_of).per_document}" for name, all_of in found.items()),
        ),
    )


def _now() -> datetime:
    return datetime.now(VN).replace(microsecond=0)
