"""Documents that come in while parts die, and the agencies that take them out: what they hold is one side of the reckoning.

Senders hand in bursts of packages, in an order the seed shuffles, a part of them twice; every call is repeated until it is answered. What
they were answered, and what the recipients took out of their mailboxes, is kept here and nowhere in the service.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from random import Random

from exchange.api import Caller, Fetched, PackageKind, Receipt, Rejection, Submission
from exchange.client import HttpAxis
from exchange.domain.identifiers import OrganId
from exchange.errors import ExchangeError

_WINDOW = 40
"""A package may come so many places earlier or later than it was written."""
_TWICE = 0.2
_PAUSE = 0.5
_PAGE = 50


@dataclass(frozen=True, slots=True)
class Document:
    """One package to be handed in."""

    sender: Caller
    recipients: tuple[OrganId, ...]
    package: bytes


def order(count: int, seed: str) -> list[int]:
    """In which order so many documents are handed in: near the order in which they were written, one in five a second time."""
    chance = Random(f"{seed}/order")
    places = [(index + chance.uniform(0, _WINDOW), index) for index in range(count)]
    places += [(index + chance.uniform(_WINDOW, 4 * _WINDOW), index) for index in range(count) if chance.random() < _TWICE]
    return [index for _, index in sorted(places)]


@dataclass(slots=True)
class Held:
    """What senders and recipients hold."""

    receipts: dict[int, Receipt] = field(default_factory=dict)
    """Document → its first receipt."""
    handed_in: int = 0
    rejected: list[str] = field(default_factory=list)
    other_receipts: int = 0
    """Answers that were another receipt than the first one."""
    taken: dict[tuple[str, str], bytes] = field(default_factory=dict)
    """(package, recipient) → SHA-256 of what came out."""
    again: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Pairs that came out of a mailbox again after they were confirmed."""
    unanswered: int = 0


class Feed:
    """Senders and recipients of a field of documents, over HTTP."""

    def __init__(self, axes: Sequence[HttpAxis], documents: Sequence[Document], members: Mapping[OrganId, Caller], seed: str) -> None:
        self._axes, self._documents, self._members = axes, documents, members
        self._order = iter(order(len(documents), seed))
        self._turn = threading.Lock()
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []
        self.held = Held()

    def start(self, burst: int, every: float) -> None:
        """Begin: so many packages every so many seconds, and all mailboxes in turn."""
        self._threads = [
            threading.Thread(target=self._send, args=(burst, every), name="senders", daemon=True),
            threading.Thread(target=self._receive, name="recipients", daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """No more comes in; what was handed in is waited for."""
        self._stop.set()
        for thread in self._threads:
            thread.join()

    @property
    def exhausted(self) -> bool:
        """Whether there is nothing more to hand in."""
        return bool(self._threads) and not self._threads[0].is_alive()

    def probe(self) -> Receipt | None:
        """Hand in one more document now, and wait for its receipt; ``None`` when there are no more, or nobody answers."""
        with self._turn:
            index = next(self._order, None)
        if index is None:
            return None
        pool = ThreadPoolExecutor(len(self._axes), "probe")  # at every API process, as a sender would that knows them all
        try:
            answers = as_completed([pool.submit(self._hand_in, index, axis) for axis in self._axes])
            return next((found for answer in answers if (found := answer.result()) is not None), None)
        finally:
            pool.shutdown(wait=False)

    def take_all(self) -> None:
        """Every mailbox once, to its end."""
        for organ, caller in self._members.items():
            while self._take(self._axes[0], organ, caller):
                pass

    def _send(self, burst: int, every: float) -> None:
        with ThreadPoolExecutor(burst, "sender") as pool:
            while not self._stop.is_set():
                began = time.monotonic()
                with self._turn:
                    batch = [index for _, index in zip(range(burst), self._order, strict=False)]
                if not batch:
                    return
                list(pool.map(self._hand_in, batch))
                self._stop.wait(max(every - (time.monotonic() - began), 0))

    def _hand_in(self, index: int, axis: HttpAxis | None = None) -> Receipt | None:
        document = self._documents[index]
        axis = axis or self._axes[index % len(self._axes)]
        try:
            (answer,) = axis.submit(document.sender, [Submission(document.package)], _NEVER)
        except ExchangeError:
            with self._turn:
                self.held.unanswered += 1
            return None
        with self._turn:
            self.held.handed_in += 1
            if isinstance(answer, Rejection):
                self.held.rejected.append(f"{answer.rule}: {answer.detail}")
                return None
            if self.held.receipts.setdefault(index, answer) != answer:
                self.held.other_receipts += 1
        return answer

    def _receive(self) -> None:
        while not self._stop.is_set():
            found = 0
            for number, (organ, caller) in enumerate(self._members.items()):
                with suppress(ExchangeError):  # asked again in the next round
                    found += self._take(self._axes[number % len(self._axes)], organ, caller)
            if not found:
                self._stop.wait(_PAUSE)

    def _take(self, axis: HttpAxis, organ: OrganId, caller: Caller) -> int:
        lines = axis.waiting(caller, _NEVER, _PAGE)
        digests: dict[str, bytes] = {}
        for one in axis.fetch(caller, [line.package_id for line in lines], _NEVER):
            digests[one.envelope.package_id] = sha256(one.read()).digest()
            if one.envelope.kind is PackageKind.REFUSAL:
                self.held.rejected.append(f"{organ} got a refusal")
        axis.confirm(caller, [Fetched(name, ok=True) for name in digests], _NEVER)
        for name, digest in digests.items():
            if (name, str(organ)) in self.held.taken:
                self.held.again[name, str(organ)] += 1
            self.held.taken[name, str(organ)] = digest
        return len(lines)


_NEVER = datetime.fromisoformat("2000-01-01T00:00:00+07:00")
"""The axis follows its own clock; what a client says of the time is not sent."""


@dataclass(frozen=True, slots=True)
class Reckoning:
    """accepted × recipients = taken; each once, each byte for byte."""

    accepted: int
    pairs: int
    taken: int
    lost: int
    doubled: int
    changed: int


def reckon(documents: Sequence[Document], held: Held) -> Reckoning:
    """What senders were promised against what recipients have."""
    wanted = dict(_wanted(documents, held))
    lost = sum(pair not in held.taken for pair in wanted)
    extra = sum(pair not in wanted for pair in held.taken)
    changed = sum(held.taken[pair] != digest for pair, digest in wanted.items() if pair in held.taken)
    return Reckoning(
        len(held.receipts), len(wanted), len(held.taken), lost, extra + sum(held.again.values()) + held.other_receipts, changed
    )


def _wanted(documents: Sequence[Document], held: Held) -> Iterator[tuple[tuple[str, str], bytes]]:
    for index, receipt in held.receipts.items():
        document = documents[index]
        digest = sha256(document.package).digest()
        for organ in document.recipients:
            yield (receipt.package_id, str(organ)), digest
