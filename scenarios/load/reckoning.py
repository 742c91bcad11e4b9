"""The reckoning after a load: what the driver wrote down against what the axis says, pair by pair, and every receipt against its bytes.

    accepted × recipients = delivered + refused + expired + in flight

One side is the journal, read again from the disk; the other the axis' own ``/v1/deliveries``. A receipt must be signed by the axis and
speak of exactly the bytes of the corpus. Nothing in the driver's memory counts but how many documents left.
"""

from __future__ import annotations

from base64 import b64decode
from binascii import Error as Base64Error
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from math import isnan
from pathlib import Path
from typing import Any

from exchange.api import Receipt
from exchange.domain.lifecycle import DeliveryState
from exchange.receipts import attests
from scenarios.load.book import Book
from scenarios.load.journal import read_journal
from scenarios.load.wire import Wire, WireProblem
from signing import Purpose, Validator

_PAGE = 50
_SAMPLE = 10
_TOLD = 500
"""Receipts between two words about how many are checked."""
_UNKNOWN = 404
_IN_FLIGHT = frozenset({DeliveryState.RECEIVED.value, DeliveryState.IN_TRANSIT.value})
_REFUSED = frozenset({DeliveryState.FAILED.value})
_EXPIRED = frozenset({DeliveryState.EXPIRED.value})
Told = Callable[[float], None]


@dataclass(slots=True)
class Noted:
    """The driver's side, from the journal."""

    receipts: dict[int, dict[str, Any]] = field(default_factory=dict)
    """Document → its receipt as it first came."""
    stored: set[int] = field(default_factory=set)
    rejected: Counter[str] = field(default_factory=Counter)
    rejections: set[int] = field(default_factory=set)
    unanswered: set[int] = field(default_factory=set)
    other_receipts: list[int] = field(default_factory=list)
    """Documents of which a later receipt was not the first one, byte for byte."""
    taken: dict[tuple[int, int], str] = field(default_factory=dict)
    """(document, place) → SHA-256 of what came out."""
    other_bytes: list[int] = field(default_factory=list)
    refused: dict[tuple[int, int], str] = field(default_factory=dict)
    confirmed: Counter[tuple[int, int]] = field(default_factory=Counter)
    """How often a pair was confirmed: whoever confirmed it once must not find it again."""


@dataclass(frozen=True, slots=True)
class Reckoning:
    """What came out. It holds when both sides agree and nothing was lost, doubled or changed."""

    submitted: int
    accepted: int
    already_there: int
    """Among the accepted: packages the axis had before this run."""
    rejected: Mapping[str, int]
    unanswered: int
    """Documents of which not even asking again told their fate."""
    pairs: int
    """accepted × recipients."""
    delivered: int
    refused: int
    expired: int
    in_flight: int
    states: Mapping[str, int]
    taken: int
    """Pairs whose package the driver took out of a mailbox."""
    lost: tuple[str, ...]
    doubled: tuple[str, ...]
    changed: tuple[str, ...]
    receipts_verified: int
    receipts_wrong: tuple[str, ...]
    counts: Mapping[str, int]
    """How many there are of each of the four lists, which name the first ones only."""

    @property
    def holds(self) -> bool:
        """Whether the sum closes and nothing is wrong."""
        closes = self.pairs == self.delivered + self.refused + self.expired + self.in_flight
        return closes and not any(self.counts.values()) and self.unanswered == 0


def note(path: Path) -> Noted:
    """Read the journal. Raises ``ValueError`` for a line that breaks off."""
    noted = Noted()
    for line in read_journal(path):
        what, number = line["what"], line.get("document", 0)
        if what == "receipt":
            _receipt(noted, number, line)
        elif what == "rejection":
            noted.rejected[line["problem"]] += 1
            noted.rejections.add(number)
        elif what == "unanswered":
            noted.unanswered.add(number)
        elif what == "taken":
            if noted.taken.setdefault((number, line["place"]), line["sha256"]) != line["sha256"]:
                noted.other_bytes.append(number)
        elif what == "confirmed":
            noted.confirmed.update((document, line["place"]) for document in line["documents"])
        elif what == "refused":
            noted.refused[number, line["place"]] = line["rule"]
    return noted


def _receipt(noted: Noted, number: int, line: dict[str, Any]) -> None:
    first = noted.receipts.setdefault(number, line["receipt"])
    if first != line["receipt"]:
        noted.other_receipts.append(number)
    elif line["stored"] and number not in noted.unanswered:
        noted.stored.add(number)


@dataclass(slots=True)
class _Findings:
    lists: dict[str, list[str]] = field(default_factory=lambda: {"lost": [], "doubled": [], "changed": [], "receipts": []})
    counts: Counter[str] = field(default_factory=Counter)

    def add(self, kind: str, sentence: str) -> None:
        self.counts[kind] += 1
        if len(self.lists[kind]) < _SAMPLE:
            self.lists[kind].append(sentence)

    def first(self, kind: str) -> tuple[str, ...]:
        return tuple(self.lists[kind])


async def reckon(book: Book, path: Path, wire: Wire, validator: Validator, axis_certificate: bytes, told: Told) -> Reckoning:
    """Compare both sides and check every receipt. ``told`` hears the share done. Raises what :class:`Wire` raises."""
    noted, findings = note(path), _Findings()
    states = await _ask(book, noted, wire, told)
    found = _compare(book, noted, states, findings)
    verified = _check_receipts(book, noted, validator, axis_certificate, findings, told)
    pairs = sum(len(book.shipments[number].entry.recipients) for number in noted.receipts)
    classes = Counter({kind: sum(found[state] for state in found if _kind(state) == kind) for kind in _KINDS})
    return Reckoning(
        submitted=sum(not isnan(sent) for sent in book.sent), accepted=len(noted.receipts), already_there=len(noted.stored),
        rejected=dict(noted.rejected), unanswered=len(noted.unanswered - noted.receipts.keys() - noted.rejections), pairs=pairs,
        delivered=classes["delivered"], refused=classes["refused"], expired=classes["expired"], in_flight=classes["in flight"],
        states=dict(sorted(found.items())), taken=len(noted.taken), lost=findings.first("lost"), doubled=findings.first("doubled"),
        changed=findings.first("changed"), receipts_verified=verified, receipts_wrong=findings.first("receipts"),
        counts={kind: findings.counts[kind] for kind in findings.lists},
    )  # fmt: skip


_KINDS = ("delivered", "refused", "expired", "in flight")


def _kind(state: str) -> str:
    if state in _IN_FLIGHT:
        return "in flight"
    if state in _REFUSED:
        return "refused"
    return "expired" if state in _EXPIRED else "delivered"


async def _ask(book: Book, noted: Noted, wire: Wire, told: Told) -> dict[int, list[tuple[str, str]]]:
    """Document → (recipient, state) as the axis tells its sender."""
    by_sender: dict[int, list[int]] = {}
    for number in sorted(noted.receipts):
        by_sender.setdefault(book.shipments[number].entry.sender, []).append(number)
    said: dict[int, list[tuple[str, str]]] = {number: [] for number in noted.receipts}
    done = 0
    for sender, numbers in by_sender.items():
        organ = str(book.field.parties[sender].organ)
        for start in range(0, len(numbers), _PAGE):
            page = numbers[start : start + _PAGE]
            for view in await _views(wire, organ, [book.shipments[number].package_id for number in page]):
                said[book.by_package[view["package_id"]]].append((view["recipient"], view["state"]))
            done += len(page)
            told(0.5 * done / len(noted.receipts))
    return said


async def _views(wire: Wire, organ: str, names: Sequence[str]) -> list[dict[str, Any]]:
    """What the axis says of a sender's packages. One it does not know makes it refuse the whole page: then they are asked one by one."""
    try:
        return await wire.deliveries(organ, names)
    except WireProblem as error:
        if error.status != _UNKNOWN:
            raise
    return [view for name in names for view in await _views(wire, organ, [name])] if len(names) > 1 else []


def _compare(book: Book, noted: Noted, states: Mapping[int, list[tuple[str, str]]], findings: _Findings) -> Counter[str]:
    """Pair by pair; gives how many pairs of the run the axis has in each state."""
    found: Counter[str] = Counter()
    for number, views in states.items():
        shipment = book.shipments[number]
        recipients = {str(book.field.parties[place].organ): place for place in shipment.entry.recipients}
        by_recipient: dict[str, str] = {}
        for recipient, state in views:
            if recipient in by_recipient or recipient not in recipients:
                findings.add("doubled", f"{shipment.package_id} has a delivery too many to {recipient}")
                continue
            by_recipient[recipient] = state
            found[state] += 1
        for recipient, place in recipients.items():
            _compare_pair(shipment.package_id, recipient, by_recipient.get(recipient), noted.taken.get((number, place)), findings)
    wrong = [number for (number, _), digest in noted.taken.items() if digest != book.shipments[number].entry.sha256.hex()]
    for number in (*wrong, *noted.other_bytes):
        findings.add("changed", f"{book.shipments[number].package_id} came out of a mailbox with other bytes than went in")
    for (number, place), times in noted.confirmed.items():
        if times > 1:
            organ = book.field.parties[place].organ
            findings.add("doubled", f"{book.shipments[number].package_id} came out of the mailbox of {organ} {times} times")
    return found


def _compare_pair(package_id: str, recipient: str, state: str | None, taken: str | None, findings: _Findings) -> None:
    if state is None:
        findings.add("lost", f"{package_id} to {recipient}: there is a receipt, and the axis knows no delivery")
    elif taken is not None and _kind(state) != "delivered":
        findings.add("doubled", f"{package_id} to {recipient} was fetched and is {state} with the axis")
    elif taken is None and _kind(state) == "delivered" and state != DeliveryState.WAITING.value:
        findings.add("lost", f"{package_id} to {recipient} is {state} with the axis, and never came out of its mailbox")


def _check_receipts(
    book: Book, noted: Noted, validator: Validator, axis_certificate: bytes, findings: _Findings, told: Told
) -> int:  # fmt: skip
    """Every receipt: signed by the axis, and about the bytes of the corpus, which are put together again for it."""
    known, digest, verified = (axis_certificate,), sha256(axis_certificate).digest(), 0
    for number in noted.other_receipts:
        findings.add("receipts", f"document {number} got two receipts that differ")
    for done, (number, body) in enumerate(sorted(noted.receipts.items()), 1):
        shipment = book.shipments[number]
        wrong = _wrong(body, book, number, validator, known, digest)
        if wrong:
            findings.add("receipts", f"{shipment.package_id}: {wrong}")
        else:
            verified += 1
        if done % _TOLD == 0 or done == len(noted.receipts):
            told(0.5 + 0.5 * done / len(noted.receipts))
    return verified


def _wrong(body: Mapping[str, Any], book: Book, number: int, validator: Validator, known: tuple[bytes, ...], digest: bytes) -> str:
    """What is wrong with a receipt; nothing when it holds."""
    entry = book.shipments[number].entry
    try:
        receipt = Receipt(
            str(body["package_id"]), bytes.fromhex(body["package_sha256"]), datetime.fromisoformat(body["admitted_at"]),
            str(body["statement"]).encode(), b64decode(body["signature"], validate=True),
        )  # fmt: skip
    except (KeyError, TypeError, ValueError, Base64Error) as error:
        return f"the receipt cannot be read ({error!r})"
    report = validator.validate(receipt.signature, sha256(receipt.statement).digest(), receipt.admitted_at, Purpose.RECEIPT, known=known)
    if not report.passed or report.certificate_sha256 != digest:
        return f"the receipt is not signed by the axis: {report.reason or report.subject}"
    if entry.size > _LARGE:
        total = sha256()
        for piece in book.corpus.pieces(entry.index):
            total.update(piece)
        return "" if (receipt.package_sha256, receipt.package_id) == (total.digest(), book.shipments[number].package_id) else _OTHER
    sender = book.field.parties[entry.sender].organ
    return "" if attests(receipt, book.corpus.package(entry.index), sender, "edoc") else _OTHER


_LARGE = 8 << 20
_OTHER = "the receipt speaks of other bytes than were sent"


def lines(found: Reckoning) -> Iterator[tuple[str, int]]:
    """The sum, term by term."""
    yield from (("delivered", found.delivered), ("refused", found.refused), ("expired", found.expired), ("in-flight", found.in_flight))
