"""Trace against axis, record by record: every fact about a delivery that the trace holds must stand in the axis' own rows, and back.

The trace's facts are noted in the offices' database as they pass, so that nothing grows in memory; at the end the axis' export is laid
beside them and both are walked in the order of (document, recipient).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from exchange.domain.lifecycle import DeliveryState, StatusCode
from exchange.domain.negotiation import Kind, Step
from exchange.observe import DrivenAxis
from scenarios.kernel import Kernel
from scenarios.office.registers import AXIS_ROWS, FACTS, Registers
from scenarios.trace import (
    AXIS,
    Arrived,
    Channel,
    CheckpointSealed,
    CheckpointWitnessed,
    Dispatched,
    Judged,
    NegotiationMoved,
    Record,
    RefusalSigned,
    StampChecked,
    StatusSent,
    Submitted,
    Timestamped,
)

LIMIT = 100
"""So many disagreements are spelt out; one is already too many."""
_STATES = {
    StatusCode.ARRIVED.value: DeliveryState.ARRIVED,
    StatusCode.RETURNED.value: DeliveryState.RETURNED,
    StatusCode.REGISTERED.value: DeliveryState.REGISTERED,
    StatusCode.ASSIGNED.value: DeliveryState.ASSIGNED,
    StatusCode.IN_PROCESS.value: DeliveryState.IN_PROCESS,
    StatusCode.DONE.value: DeliveryState.DONE,
    f"{Kind.TAKE_BACK}:{Step.AGREED}": DeliveryState.TAKEN_BACK,
    f"{Kind.RECALL}:{Step.AGREED}": DeliveryState.RECALLED,
    f"{Kind.REPLACE}:{Step.AGREED}": DeliveryState.REPLACED,
}
_BEFORE_FETCH = frozenset({DeliveryState.RECEIVED, DeliveryState.IN_TRANSIT, DeliveryState.WAITING})
_VERDICT = ("accepted", "refused")
_STAMPED, _SEEN, _UNPROVEN = "stamped", "stamp-seen", "stamp-unproven"
_WITHDRAWAL = f"{Kind.TAKE_BACK}:{Step.ASKED}"
_Told = tuple[str, str, str, int, str, int]
"""One negotiation: document, recipient, kind, asked at, how far it got, answered at (-1: not yet)."""


@dataclass(slots=True)
class Facts:
    """What the trace says about the axis' deliveries."""

    registers: Registers
    moves: list[NegotiationMoved] = field(default_factory=list)
    refused: set[tuple[str, str]] = field(default_factory=set)
    """Package and recipient of each refusal the axis signed."""
    sealed: list[CheckpointSealed] = field(default_factory=list)
    unwitnessed: list[CheckpointWitnessed] = field(default_factory=list)
    """Checkpoints that a witness refused."""

    def note(self, record: Record) -> None:
        """Keep what concerns a delivery by the axis."""
        if isinstance(record, Dispatched):
            if record.channel is Channel.AXIS:
                self._add(record.document, record.recipient, "dispatched", record.at)
        elif isinstance(record, Submitted):
            if record.kind == "edoc":
                self._add(record.document, "", "submitted" if record.receipt else "rejected", record.at, record.package)
        elif isinstance(record, Judged):
            self._add(record.document, "", _VERDICT[not record.accepted], record.at, record.package)
        elif isinstance(record, Timestamped | StampChecked):
            self._note_stamp(record)
        elif isinstance(record, Arrived):
            self._add(record.document, record.agency, "arrived", record.at, record.package)
        elif isinstance(record, StatusSent):
            if record.code in _STATES:
                self._add(record.document, record.agency, record.code, record.at)
        elif isinstance(record, NegotiationMoved):
            self.moves.append(record)
            self._add(record.document, _recipient(record), f"{record.kind}:{record.step}", record.at, record.package)
        elif isinstance(record, RefusalSigned):
            self.refused.add((record.package, record.recipient))
            if record.document:
                self._add(record.document, record.recipient, "refused", record.at, record.package)
        elif isinstance(record, CheckpointSealed):
            self.sealed.append(record)
        elif isinstance(record, CheckpointWitnessed) and not record.accepted:
            self.unwitnessed.append(record)

    def _note_stamp(self, record: Timestamped | StampChecked) -> None:
        """What a sender got before it sent, and what the axis found."""
        if isinstance(record, Timestamped):
            if record.accepted and record.kind == "document":
                self._add(record.document, "", _STAMPED, record.signed_at)
        elif record.agency == AXIS:
            self._add(record.document, "", _SEEN if record.accepted else _UNPROVEN, record.signed_at, record.package)

    def _add(self, document: str, recipient: str, kind: str, at: int, package: str = "") -> None:
        self.registers.add(FACTS, {"document": document, "recipient": recipient, "kind": kind, "at": at, "package": package})


@dataclass(slots=True)
class _Comparison:
    """Disagreements found so far."""

    settled_at: int
    """Instant of the axis' last settling: what was handed over then has not moved yet."""
    found: list[str] = field(default_factory=list)
    compared: int = 0

    def check(self, holds: bool, sentence: str) -> None:
        """One comparison."""
        self.compared += 1
        if not holds and len(self.found) < LIMIT:
            self.found.append(sentence)

    def document(self, name: str, facts: list[Any], rows: list[Any]) -> None:
        """Everything both sides say about one document."""
        own = [fact for fact in facts if not fact.recipient]
        of_pairs = (fact for fact in facts if fact.recipient)
        pairs = {recipient: list(group) for recipient, group in groupby(of_pairs, lambda fact: str(fact.recipient))}
        verdicts = [row for row in rows if not row.recipient]
        deliveries = {row.recipient: row for row in rows if row.recipient}
        submitted = {fact.package: fact.at for fact in own if fact.kind == "submitted"}
        if not submitted:
            self.check(not rows, f"{name}: the axis has rows of a document that was never submitted")
            return
        self._verdict(name, own, verdicts)
        self._stamps(name, own)
        dispatched = {recipient for recipient, group in pairs.items() if any(fact.kind == "dispatched" for fact in group)}
        for recipient in sorted(dispatched ^ set(deliveries)):
            self.check(False, f"{name} to {recipient}: only {'the trace' if recipient in dispatched else 'the axis'} knows of it")
        for recipient in sorted(dispatched & set(deliveries)):
            row = deliveries[recipient]
            refused = any(fact.kind == "refused" and fact.package == row.package for fact in pairs[recipient])
            self._pair(f"{name} to {recipient}", submitted, refused, pairs[recipient], row)

    def _verdict(self, name: str, own: list[Any], verdicts: list[Any]) -> None:
        said = [(fact.kind, fact.package, fact.at) for fact in own if fact.kind in _VERDICT]
        noted = [(row.state, row.package, row.at) for row in verdicts]
        self.check(said == noted, f"{name}: the trace has the verdicts {said}, the axis {noted}")

    def _stamps(self, name: str, own: list[Any]) -> None:
        """Every judged package of a letter that was time-stamped was found so by the axis, and no other; what it says is what was got."""
        got = {fact.at for fact in own if fact.kind == _STAMPED}
        seen = [fact for fact in own if fact.kind in (_SEEN, _UNPROVEN)]
        if not got and not seen:
            return
        judged = sorted(fact.package for fact in own if fact.kind in _VERDICT)
        found = sorted(fact.package for fact in seen)
        self.check(
            bool(got) and found == judged, f"{name}: of {judged}, time-stamped at {sorted(got)}, the axis found {found} time-stamped"
        )
        strange = [fact.at for fact in seen if fact.kind == _SEEN and fact.at not in got]
        self.check(not strange, f"{name}: the axis read a time-stamp of {strange[:1]} that nobody got")

    def _pair(self, name: str, submitted: dict[str, int], refused: bool, facts: list[Any], row: Any) -> None:
        sent_at = submitted.get(row.package)
        self.check(sent_at is not None, f"{name}: submitted as {', '.join(submitted)}, delivered as {row.package}")
        self.check(sent_at == row.at, f"{name}: submitted at {sent_at}, admitted at {row.at}")
        arrived = [(fact.at, fact.package) for fact in facts if fact.kind == "arrived"]
        fetched = [(row.transport_at, row.package)] if row.transport == "fetched" else []
        self.check(arrived == fetched, f"{name}: the trace has the arrivals {arrived}, the axis {fetched}")
        state = DeliveryState(row.state)
        codes = [fact.kind for fact in facts if fact.kind in _STATES and fact.at < self.settled_at]
        late = [fact.kind for fact in facts if fact.kind in _STATES and fact.at >= self.settled_at]
        expected = {_STATES[code] for code in (codes[-1:] + late)}
        if not codes:
            expected |= {DeliveryState.FAILED} if refused else {DeliveryState.FETCHED} if arrived else _BEFORE_FETCH
            if not arrived and any(fact.kind == _WITHDRAWAL for fact in facts):
                expected |= {DeliveryState.TAKEN_BACK}  # before it left the axis: nobody had to agree
        self.check(state in expected, f"{name}: the axis says {state}, the trace {sorted(expected)}")


def reconcile(facts: Facts, axis: DrivenAxis, kernel: Kernel, settled_at: int) -> tuple[tuple[str, ...], int]:
    """Disagreements as sentences (none when all agrees), and how many comparisons were made."""
    registers = facts.registers
    withdrawn: set[tuple[str, str]] = set()
    for row in axis.export_deliveries():
        moved = -1 if row.transport_at is None else kernel.instant_of(row.transport_at)
        values = {"at": kernel.instant_of(row.admitted_at), "transport": row.transport, "transport_at": moved}
        registers.add(AXIS_ROWS, {"package": row.package_id, "recipient": str(row.recipient), "state": row.state.value, **values})
        if row.state is DeliveryState.TAKEN_BACK and not row.transport:
            withdrawn.add((registers.submitted(row.package_id)[1], str(row.recipient)))
    for verdict in axis.export_judgements():
        values = {"at": kernel.instant_of(verdict.at), "transport": "", "transport_at": -1}
        registers.add(AXIS_ROWS, {"package": verdict.package_id, "recipient": "", "state": _VERDICT[not verdict.accepted], **values})
    comparison = _Comparison(settled_at)
    for name, ours, theirs in _side_by_side(registers.sorted_facts(), registers.sorted_axis_rows()):
        comparison.document(name, ours, theirs)
    told, noted = _told(facts, withdrawn, settled_at), _noted(axis, registers, kernel)
    for one in sorted(told ^ noted):
        comparison.check(False, f"negotiation {one}: only {'the trace' if one in told else 'the axis'} knows of it")
    comparison.compared += len(told & noted)
    _ledger(comparison, facts, axis, kernel)
    return tuple(comparison.found), comparison.compared


def _ledger(comparison: _Comparison, facts: Facts, axis: DrivenAxis, kernel: Kernel) -> None:
    """Checkpoints one by one, and that no witness refused any."""
    told = [(record.size, record.root, record.at) for record in facts.sealed]
    noted = [(one.size, one.root.hex(), kernel.instant_of(one.at)) for one in axis.checkpoints()]
    for one in sorted(set(told) ^ set(noted)):
        comparison.check(False, f"checkpoint {one}: only {'the trace' if one in told else 'the axis'} knows of it")
    comparison.compared += len(set(told) & set(noted))
    for record in facts.unwitnessed:
        comparison.check(False, f"{record.agency} refused the checkpoint of {record.size} entries: {record.rule}")


def _recipient(move: NegotiationMoved) -> str:
    return move.other if move.step == Step.ASKED.value else move.agency


def _told(facts: Facts, withdrawn: set[tuple[str, str]], settled_at: int) -> set[_Told]:
    """Negotiations as the trace tells them, but for those the axis refused and for what was taken back before it left the axis."""
    running: dict[tuple[str, str, str], _Told] = {}
    ended: set[_Told] = set()
    for move in facts.moves:
        key = (move.document, _recipient(move), move.kind)
        if (move.package, move.other) in facts.refused or move.at >= settled_at:
            continue
        if move.step != Step.ASKED.value:
            asked = running.pop(key, (*key, -1, "", -1))
            ended.add((*key, asked[3], move.step, move.at))
        elif move.kind != Kind.TAKE_BACK.value or key[:2] not in withdrawn:
            running[key] = (*key, move.at, move.step, -1)
    return ended | set(running.values())


def _noted(axis: DrivenAxis, registers: Registers, kernel: Kernel) -> set[_Told]:
    """The same as the axis has them."""
    noted: set[_Told] = set()
    for one in axis.negotiations():
        answered = -1 if one.answered_at is None else kernel.instant_of(one.answered_at)
        document = registers.submitted(one.package_id)[1]
        noted.add((document, str(one.recipient), one.kind.value, kernel.instant_of(one.asked_at), one.step.value, answered))
    return noted


def _side_by_side(facts: Iterator[Any], rows: Iterator[Any]) -> Iterator[tuple[str, list[Any], list[Any]]]:
    """Walk two streams sorted by document together."""
    left, right = (groupby(stream, lambda row: str(row.document)) for stream in (facts, rows))
    ours, theirs = next(left, None), next(right, None)
    while ours is not None or theirs is not None:
        name = min(side[0] for side in (ours, theirs) if side is not None)
        mine: list[Any] = []
        other: list[Any] = []
        if ours is not None and ours[0] == name:
            mine, ours = list(ours[1]), next(left, None)
        if theirs is not None and theirs[0] == name:
            other, theirs = list(theirs[1]), next(right, None)
        yield name, mine, other
