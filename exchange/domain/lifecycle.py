"""Where a document stands: delivery states, the wire's status codes and operations, and the one table of transitions.

Three things are kept apart. *Transport* (verified, left a hop, delivered, fetched, failed) is what the axis and the software do. *Status
codes* 01–06 are what the recipient's people report. *Negotiations* (13, or a package of type 1 or 2, answered by 15 or 16) are records
of their own, see :mod:`exchange.domain.negotiation`, and move a delivery only on 15. A refusal by the axis is a failed transport with a
signed refusal, never code 02, which only a clerk may send.

Print the table: ``python -m exchange.domain.lifecycle``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from types import MappingProxyType

from exchange.errors import IllegalTransition


class Operation(IntEnum):
    """edXML BussinessDocType (domain of QCVN 102:2016, as the axis' samples use it)."""

    NEW = 0
    RECALL = 1
    UPDATE = 2
    REPLACE = 3

    @property
    def label(self) -> str:
        """Vietnamese name."""
        return ("văn bản mới", "thu hồi", "cập nhật", "thay thế")[self]


class StatusCode(StrEnum):
    """The nine codes of a status package. No others were ever seen on the wire."""

    ARRIVED = "01"
    RETURNED = "02"
    REGISTERED = "03"
    ASSIGNED = "04"
    IN_PROCESS = "05"
    DONE = "06"
    TAKE_BACK = "13"
    AGREED = "15"
    REFUSED = "16"

    @property
    def label(self) -> str:
        """Vietnamese name."""
        return _LABELS[self]

    @property
    def by_sender(self) -> bool:
        """Whether the document's sender sends it (13 alone); every other code comes from the recipient."""
        return self is StatusCode.TAKE_BACK


_LABELS = {
    StatusCode.ARRIVED: "đã đến",
    StatusCode.RETURNED: "từ chối tiếp nhận",
    StatusCode.REGISTERED: "đã tiếp nhận",
    StatusCode.ASSIGNED: "phân công",
    StatusCode.IN_PROCESS: "đang xử lý",
    StatusCode.DONE: "hoàn thành",
    StatusCode.TAKE_BACK: "lấy lại",
    StatusCode.AGREED: "đồng ý",
    StatusCode.REFUSED: "từ chối",
}


class Mover(StrEnum):
    """Whose move it is."""

    AXIS = "the axis"
    HOP = "a hop of the road"
    RECIPIENT_SOFTWARE = "recipient's software"
    RECIPIENT_CLERK = "recipient's clerk"
    RECIPIENT_LEADER = "recipient's leader"
    RECIPIENT_HANDLER = "recipient's handler"
    SENDER_CLERK = "sender's clerk"
    CARRIER = "the carrier"
    NOBODY = "nobody"


class DeliveryState(StrEnum):
    """Every (document, recipient) submitted to the axis is in exactly one of these."""

    RECEIVED = "received"
    IN_TRANSIT = "in-transit"
    WAITING = "waiting"
    FETCHED = "fetched"
    ARRIVED = "arrived"
    RETURNED = "returned"
    REGISTERED = "registered"
    ASSIGNED = "assigned"
    IN_PROCESS = "in-process"
    DONE = "done"
    FAILED = "failed"
    EXPIRED = "expired"
    TAKEN_BACK = "taken-back"
    RECALLED = "recalled"
    REPLACED = "replaced"

    @property
    def standing(self) -> Standing:
        """Whose move it is and what that move is."""
        return STANDINGS[self]


@dataclass(frozen=True, slots=True)
class Standing:
    """What one state means: the code that reports it, whose move it is, and the move."""

    code: StatusCode | None
    mover: Mover
    move: str

    @property
    def closed(self) -> bool:
        """Whether the delivery is over unless a negotiation reopens it."""
        return self.mover is Mover.NOBODY


_S, _M = DeliveryState, Mover
STANDINGS: Mapping[DeliveryState, Standing] = MappingProxyType({
    _S.RECEIVED: Standing(None, _M.AXIS, "verify the letter, find the road"),
    _S.IN_TRANSIT: Standing(None, _M.HOP, "carry it on"),
    _S.WAITING: Standing(None, _M.RECIPIENT_SOFTWARE, "fetch it from the mailbox"),
    _S.FETCHED: Standing(None, _M.RECIPIENT_SOFTWARE, "report 01"),
    _S.ARRIVED: Standing(StatusCode.ARRIVED, _M.RECIPIENT_CLERK, "check, then register or return"),
    _S.RETURNED: Standing(StatusCode.RETURNED, _M.SENDER_CLERK, "correct it or address it rightly, as a new document"),
    _S.REGISTERED: Standing(StatusCode.REGISTERED, _M.RECIPIENT_LEADER, "assign it"),
    _S.ASSIGNED: Standing(StatusCode.ASSIGNED, _M.RECIPIENT_HANDLER, "start"),
    _S.IN_PROCESS: Standing(StatusCode.IN_PROCESS, _M.RECIPIENT_HANDLER, "finish"),
    _S.DONE: Standing(StatusCode.DONE, _M.NOBODY, ""),
    _S.FAILED: Standing(None, _M.SENDER_CLERK, "read the signed refusal, send rightly or otherwise"),
    _S.EXPIRED: Standing(None, _M.SENDER_CLERK, "read the signed notice, send it otherwise"),
    _S.TAKEN_BACK: Standing(None, _M.NOBODY, ""),
    _S.RECALLED: Standing(None, _M.NOBODY, ""),
    _S.REPLACED: Standing(None, _M.NOBODY, ""),
})  # fmt: skip


class Event(StrEnum):
    """What may happen to a delivery."""

    ROUTED = "accepted and put on its road"
    DELIVERED = "put into the mailbox"
    REFUSED_BY_AXIS = "refused by the axis (signed)"
    FETCHED = "fetched and confirmed"
    TRANSPORT_FAILED = "transport failed"
    EXPIRED = "not fetched in time"
    ARRIVED = "01"
    RETURNED = "02"
    REGISTERED = "03"
    ASSIGNED = "04"
    IN_PROCESS = "05"
    DONE = "06"
    WITHDRAWN = "taken back before it left"
    TAKE_BACK_AGREED = "15 to a take-back (13)"
    RECALL_AGREED = "15 to a recall (type 1)"
    UPDATE_AGREED = "15 to an update (type 2)"
    REPLACEMENT_REGISTERED = "03 of its replacement (type 3)"


@dataclass(frozen=True, slots=True)
class Transition:
    """One row of the table: in ``state``, when ``mover`` makes ``event`` happen, the delivery goes to ``target``."""

    state: DeliveryState
    event: Event
    target: DeliveryState
    mover: Mover
    rule: str


_E = Event
_AT_RECIPIENT = (_S.FETCHED, _S.ARRIVED, _S.REGISTERED, _S.ASSIGNED, _S.IN_PROCESS, _S.DONE)
_LATE_CONFIRM = (_S.ARRIVED, _S.RETURNED, _S.REGISTERED, _S.ASSIGNED, _S.IN_PROCESS, _S.DONE, _S.TAKEN_BACK, _S.RECALLED, _S.REPLACED)


def _rows() -> Iterator[Transition]:
    yield Transition(_S.RECEIVED, _E.ROUTED, _S.IN_TRANSIT, _M.AXIS, "Decision 28 Art. 3")
    yield Transition(_S.RECEIVED, _E.DELIVERED, _S.WAITING, _M.AXIS, "no hop between sender and recipient")
    yield Transition(_S.RECEIVED, _E.REFUSED_BY_AXIS, _S.FAILED, _M.AXIS, "transport fail with a signed refusal, never 02")
    yield Transition(_S.IN_TRANSIT, _E.DELIVERED, _S.WAITING, _M.HOP, "last hop passed")
    yield Transition(_S.IN_TRANSIT, _E.REFUSED_BY_AXIS, _S.FAILED, _M.AXIS, "recipient locked or dissolved meanwhile")
    for state in (_S.RECEIVED, _S.IN_TRANSIT):
        yield Transition(state, _E.WITHDRAWN, _S.TAKEN_BACK, _M.SENDER_CLERK, "local take-back: nothing has reached the recipient")
    yield Transition(_S.WAITING, _E.FETCHED, _S.FETCHED, _M.RECIPIENT_SOFTWARE, "transport 'done'")
    yield Transition(_S.WAITING, _E.TRANSPORT_FAILED, _S.FAILED, _M.RECIPIENT_SOFTWARE, "transport 'fail'")
    yield Transition(_S.WAITING, _E.EXPIRED, _S.EXPIRED, _M.AXIS, "not fetched in time: a signed notice to the sender")
    for state in _LATE_CONFIRM:
        yield Transition(state, _E.FETCHED, state, _M.RECIPIENT_SOFTWARE, "the transport report came after the status")
    yield from _status_rows()
    yield from _outcome_rows()


def _status_rows() -> Iterator[Transition]:
    software, clerk, leader, handler = _M.RECIPIENT_SOFTWARE, _M.RECIPIENT_CLERK, _M.RECIPIENT_LEADER, _M.RECIPIENT_HANDLER
    for state in (_S.WAITING, _S.FETCHED):
        yield Transition(state, _E.ARRIVED, _S.ARRIVED, software, "sent by the software on import")
        yield Transition(state, _E.RETURNED, _S.RETURNED, clerk, "01 was left out (vendors)")
        yield Transition(state, _E.REGISTERED, _S.REGISTERED, clerk, "01 was left out (vendors)")
    yield Transition(_S.ARRIVED, _E.RETURNED, _S.RETURNED, clerk, "only before acceptance, reason mandatory (Decree 30 Art. 21)")
    yield Transition(_S.ARRIVED, _E.REGISTERED, _S.REGISTERED, clerk, "entered in the register (Decree 30 Art. 22)")
    yield Transition(_S.REGISTERED, _E.ASSIGNED, _S.ASSIGNED, leader, "Decree 30 Art. 23")
    for state in (_S.REGISTERED, _S.ASSIGNED):
        yield Transition(state, _E.IN_PROCESS, _S.IN_PROCESS, handler, "vendors send 03 then 05 at once")
    for state in (_S.REGISTERED, _S.ASSIGNED, _S.IN_PROCESS):
        yield Transition(state, _E.DONE, _S.DONE, handler, "many never send it")
    reporters = {
        _S.ARRIVED: software,
        _S.RETURNED: clerk,
        _S.REGISTERED: clerk,
        _S.ASSIGNED: leader,
        _S.IN_PROCESS: handler,
        _S.DONE: handler,
    }
    for state, reporter in reporters.items():
        yield Transition(state, Event[state.name], state, reporter, "a repeat changes nothing")


def _outcome_rows() -> Iterator[Transition]:
    clerk = _M.RECIPIENT_CLERK
    for state in _AT_RECIPIENT:
        yield Transition(state, _E.TAKE_BACK_AGREED, _S.TAKEN_BACK, clerk, "sent by mistake")
        yield Transition(state, _E.RECALL_AGREED, _S.RECALLED, clerk, "must cancel and report (Decision 28 Art. 9, Decree 30 Art. 18.4)")
        yield Transition(state, _E.UPDATE_AGREED, state, clerk, "metadata or recipients change, the standing does not")
    for state in (_S.WAITING, *_AT_RECIPIENT):
        yield Transition(state, _E.REPLACEMENT_REGISTERED, _S.REPLACED, clerk, "no 15/16: the new document's 03 replaces the old")


TRANSITIONS: tuple[Transition, ...] = tuple(_rows())
_INDEX: Mapping[tuple[DeliveryState, Event], Transition] = MappingProxyType({(row.state, row.event): row for row in TRANSITIONS})
_CODE_EVENTS: Mapping[StatusCode, Event] = MappingProxyType(
    {code: Event(code.value) for code in StatusCode if code not in {StatusCode.TAKE_BACK, StatusCode.AGREED, StatusCode.REFUSED}}
)


def event_of(code: StatusCode) -> Event | None:
    """The event a status code 01–06 is; ``None`` for 13, 15 and 16, which belong to negotiations."""
    return _CODE_EVENTS.get(code)


def allowed(state: DeliveryState, event: Event) -> bool:
    """Whether the table has a row for it."""
    return (state, event) in _INDEX


def apply(state: DeliveryState, event: Event) -> DeliveryState:
    """The state afterwards. Raises :class:`IllegalTransition` when the table has no row for it."""
    row = _INDEX.get((state, event))
    if row is None:
        raise IllegalTransition(state.value, event.value)
    return row.target


class MailState(StrEnum):
    """Every (document, recipient) sent by another road (e-mail, paper, courier, Party network) is in exactly one of these."""

    ON_THE_WAY = "on-the-way"
    ARRIVED = "mail-arrived"
    REGISTERED = "mail-registered"
    RETURNED = "mail-returned"

    @property
    def mover(self) -> Mover:
        """Whose move it is."""
        return MAIL_MOVERS[self]


MAIL_MOVERS: Mapping[MailState, Mover] = MappingProxyType({
    MailState.ON_THE_WAY: Mover.CARRIER,
    MailState.ARRIVED: Mover.RECIPIENT_CLERK,
    MailState.REGISTERED: Mover.NOBODY,
    MailState.RETURNED: Mover.SENDER_CLERK,
})  # fmt: skip
MAIL_TRANSITIONS: tuple[tuple[MailState, MailState, str], ...] = (
    (MailState.ON_THE_WAY, MailState.ARRIVED, "handed over or opened in the clerk's mailbox"),
    (MailState.ARRIVED, MailState.REGISTERED, "entered in the one incoming register (Decree 30 Art. 22)"),
    (MailState.ARRIVED, MailState.RETURNED, "wrong addressee or incomplete (Decree 30 Art. 21)"),
)
_MAIL_STEPS = frozenset((source, target) for source, target, _ in MAIL_TRANSITIONS)


def move_mail(state: MailState, target: MailState) -> MailState:
    """``target`` when the second table allows it. Raises :class:`IllegalTransition`."""
    if (state, target) not in _MAIL_STEPS:
        raise IllegalTransition(state.value, target.value)
    return target


def print_table() -> str:
    """Standings and transitions as text for people; states that share a rule share a line."""
    lines = ["STATES: whose move it is"]
    for state, standing in STANDINGS.items():
        lines.append(f"  {state.value:<11} {standing.code or '--'}  {standing.mover.value:<21} {standing.move}".rstrip())
    lines.append("TRANSITIONS: what happens -> state afterwards, by whom, rule, and in which states it is allowed")
    grouped: dict[tuple[str, str, str, str], list[str]] = {}
    for row in TRANSITIONS:
        target = "unchanged" if row.target is row.state else row.target.value
        grouped.setdefault((row.event.value, target, row.mover.value, row.rule), []).append(row.state.value)
    for (event, target, mover, rule), states in grouped.items():
        lines.append(f"  {event:<30} -> {target:<11} {mover:<21} {rule}")
        lines.append(f"      in {', '.join(states)}")
    lines.append("OTHER ROADS (e-mail, paper, courier, Party network)")
    for source, after, rule in MAIL_TRANSITIONS:
        lines.append(f"  {source.value:<15} -> {after.value:<16} {source.mover.value:<21} {rule}")
    return "\n".join(lines)


if __name__ == "__main__":
    print(print_table())
