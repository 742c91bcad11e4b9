"""What happened to every delivery, step by step against the table of transitions, and what the rows say about where it stands."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256
from types import MappingProxyType
from typing import Any

from sqlalchemy import Select, and_, bindparam, select

from exchange.api import PackageKind
from exchange.audit.evidence import Epochs
from exchange.audit.findings import Book, Place
from exchange.domain.identifiers import OrganId
from exchange.domain.lifecycle import TRANSITIONS, DeliveryState, Operation, StatusCode
from exchange.domain.negotiation import Kind, Step
from exchange.domain.routing import hops_for
from exchange.receipts import Refusal, package_id_of, read_refusal, refusal_statement, write_refusal
from exchange.stages.batch import ROUTE_SEPARATOR, TWICE
from exchange.stages.expire import RULE as EXPIRED
from exchange.stages.mail import instant
from exchange.store.tables import delivery, delivery_event, document, mailbox, negotiation, package, refusal, status
from exchange.store.work import Store
from signing import Purpose

STATES = "exchange/domain/lifecycle.py, table of transitions (Decree 30/2020 Art. 21-24; Decision 28/2018 Art. 9)"
SIGNED = "the signed statement"
_TOGETHER = 100
"""Deliveries with their events: so few that they stay in the processor's cache."""
_PAGE = 500
_DELIVERIES = (
    select(
        delivery, package.c.package_id, package.c.sender, package.c.admitted_at, mailbox.c.available_at.label("box_at"), mailbox.c.outcome,
        mailbox.c.closed_at, mailbox.c.reason.label("box_reason"), document.c.sender.label("owner"),
    )
    .join(package, package.c.id == delivery.c.package)
    .join(document, document.c.id == delivery.c.document)
    .outerjoin(mailbox, and_(mailbox.c.package == delivery.c.package, mailbox.c.organ == delivery.c.organ))
    .where(delivery.c.id > bindparam("after"))
    .order_by(delivery.c.id)
    .limit(_TOGETHER)
)  # fmt: skip
_EVENTS = (
    select(delivery_event, package.c.admitted_at, status.c.code)
    .join(package, package.c.id == delivery_event.c.cause)
    .outerjoin(status, status.c.package == delivery_event.c.cause)
    .where(delivery_event.c.delivery.between(bindparam("first"), bindparam("last")))
    .order_by(delivery_event.c.delivery, delivery_event.c.id)
)
_asked, _answered, _answer = package.alias("asked"), package.alias("answered"), status.alias("answer")
_NEGOTIATIONS = (
    select(
        negotiation, _asked.c.package_id, _asked.c.admitted_at.label("asked_admitted"), _asked.c.operation, status.c.code,
        _answered.c.admitted_at.label("answer_admitted"), _answer.c.code.label("answer_code"),
    )
    .join(_asked, _asked.c.id == negotiation.c.asked_by)
    .outerjoin(status, status.c.package == negotiation.c.asked_by)
    .outerjoin(_answered, _answered.c.id == negotiation.c.answered_by)
    .outerjoin(_answer, _answer.c.package == negotiation.c.answered_by)
    .where(negotiation.c.id > bindparam("after"))
    .order_by(negotiation.c.id)
    .limit(_PAGE)
)  # fmt: skip
_about = package.alias("about")
_REFUSALS = (
    select(refusal, package.c.package_id, package.c.sender, package.c.sha256, package.c.size, package.c.admitted_at, package.c.kind,
           _about.c.package_id.label("about_id"), _about.c.admitted_at.label("about_at"))
    .join(package, package.c.id == refusal.c.package)
    .join(_about, _about.c.id == refusal.c.about)
    .where(refusal.c.package > bindparam("after"))
    .order_by(refusal.c.package)
    .limit(_PAGE)
)  # fmt: skip
_STEPS = frozenset((row.state, row.target) for row in TRANSITIONS if row.state is not row.target)
_AT_ONCE = (DeliveryState.RECEIVED, DeliveryState.WAITING)
"""A step for those alone between whom there is no hop."""
_RECEIVED, _WAITING = DeliveryState.RECEIVED.value, DeliveryState.WAITING.value
_BY_SOFTWARE = frozenset({DeliveryState.WAITING, DeliveryState.FETCHED, DeliveryState.FAILED, DeliveryState.EXPIRED})
"""Entered at an instant of their own: arrival, fetching, a transport that failed, expiry; all others at the admission of their cause."""
_CODES = MappingProxyType({state.value: standing.code.value for state in DeliveryState if (standing := state.standing).code is not None})
_OPERATIONS = MappingProxyType({Kind.RECALL: Operation.RECALL, Kind.UPDATE: Operation.UPDATE, Kind.REPLACE: Operation.REPLACE})
_ANSWERS = MappingProxyType({Step.AGREED: StatusCode.AGREED, Step.REFUSED: StatusCode.REFUSED})
_STATES = MappingProxyType({state.value: state for state in DeliveryState})
_BY_FETCHING = ("fetched", "failed", EXPIRED)
_OUTCOMES = ("", *_BY_FETCHING)


_MOST_ROADS = 65_536


def _place(row: Any) -> Place:
    return Place("delivery", str(row.id), row.package_id)


def _state(name: str) -> DeliveryState:
    """Raises ``ValueError`` for a state there is not."""
    return _STATES.get(name) or DeliveryState(name)


class Deliveries:
    """Audits deliveries with their events, negotiations and refusals."""

    def __init__(self, store: Store, book: Book, epochs: Epochs) -> None:
        self._store, self._book, self._epochs = store, book, epochs
        self._roads: dict[tuple[str, str], tuple[frozenset[str], frozenset[str]]] = {}

    def audit(self) -> None:
        """All of them, a page at a time."""
        for rows, events in self._pages():
            self._book.checked["deliveries"] += len(rows)
            for row in rows:
                history = events.get(row.id, [])
                try:
                    self._events(row, history)
                    self._mailbox(row, history)
                    self._standing(row)
                except Exception as error:  # a changed row may break any comparison
                    self._book.find(_place(row), "unreadable", STATES, f"the delivery cannot be read: {type(error).__name__}: {error}")
            self._book.advance("deliveries", sum(map(len, events.values())))

    def _pages(self) -> Iterator[tuple[list[Any], dict[int, list[Any]]]]:
        after = -1
        while True:
            with self._store.reading() as work:
                rows = work.all(_DELIVERIES, {"after": after})
                found = work.all(_EVENTS, {"first": rows[0].id, "last": rows[-1].id}) if rows else []
            if not rows:
                return
            after = rows[-1].id
            events: dict[int, list[Any]] = {}
            for one in found:
                events.setdefault(one.delivery, []).append(one)
            yield rows, events

    def _events(self, row: Any, events: Sequence[Any]) -> None:
        """Each step is one of the table, at the instant and by the package that may cause it; the last is where the delivery stands."""
        name = row.package_id
        if not events:
            self._book.find(Place("delivery", str(row.id), name), "no-events", STATES, "nothing says how it came into its state")
            return
        first, last = events[0], events[-1]
        if (first.state, first.at, first.cause) != (_RECEIVED, row.admitted_at, row.package):
            begins = "a delivery begins as received, with the package that carries it"
            self._book.find(Place("delivery_event", str(first.id), name), "first-event", STATES, begins)
        before = _state(first.state)
        for event in events[1:]:
            state = _state(event.state)
            if (before, state) not in _STEPS or ((before, state) == _AT_ONCE and row.route):
                road = f" on the road {row.route}" if row.route else ""
                step = f"from {before.value} to {state.value} is no step of the table{road}"
                self._book.find(Place("delivery_event", str(event.id), name), "illegal-transition", STATES, step)
            self._cause(row, event, state)
            before = state
        self._book.checked["events"] += len(events)
        if row.state != last.state:
            detail = f"it is said to be {row.state}, and the last thing that happened made it {last.state}"
            self._book.find(_place(row), "state-differs", STATES, detail)
        elif (row.since, row.reason) != (last.at, last.reason):
            detail = f"since when it is {row.state}, or why, is not what the last thing that happened says"
            self._book.find(_place(row), "state-differs", STATES, detail)

    def _cause(self, row: Any, event: Any, state: DeliveryState) -> None:
        fault = ""
        if event.cause != row.package or state not in _BY_SOFTWARE:
            if event.at != event.admitted_at:
                fault = "it happened at another instant than what caused it was taken in"
        elif event.at < row.admitted_at:
            fault = "it happened before the package was taken in"
        if fault:
            self._book.find(Place("delivery_event", str(event.id), row.package_id), "event-instant", STATES, fault)
        code = _CODES.get(event.state)
        if code is not None and event.code != code:
            detail = f"only a status {code} makes a delivery {event.state}, not {event.code or 'this'}"
            self._book.find(Place("delivery_event", str(event.id), row.package_id), "event-cause", STATES, detail)

    def _mailbox(self, row: Any, events: Sequence[Any]) -> None:
        """What waited for its recipient lies in the mailbox since then and is told there as here, and as the step it made; what never did
        lies in none, and nobody fetched it."""
        came = next((place for place, event in enumerate(events) if event.state == _WAITING), None)
        if came is None:
            twice = bool(events) and events[-1].reason == TWICE and row.box_at is not None
            fetched = (row.outcome, row.closed_at) if twice and row.outcome != EXPIRED else ("", None)
            line = row.box_at if twice else None  # that of the same organisation's other delivery, under its other code
            holds = (row.available_at, row.box_at, row.transport, row.transport_at) == (None, line, *fetched)
        else:
            told = (events[came].at, row.transport, row.transport_at)
            holds = row.available_at == told[0] and (row.box_at, row.outcome, row.closed_at) == told and self._fetching(row, events[came:])
        if not holds:
            detail = "its mailbox says something else about when it came and was fetched"
            self._book.find(_place(row), "mailbox-differs", STATES, detail)

    def _fetching(self, row: Any, events: Sequence[Any]) -> bool:
        """Whether what the software said of a document that came is the step it made, if it made one. ``events``: from its coming on."""
        made = next((event for event in events if event.state in _BY_FETCHING and event.cause == row.package), None)
        if made is not None:
            reason = made.reason if made.state != EXPIRED else ""
            return (row.transport, row.transport_at, row.box_reason) == (made.state, made.at, reason)
        if len(events) == 1:
            return (row.transport, row.transport_at) == ("", None)
        self._book.skip(
            "documents fetched without a step", "they had moved on before: nothing signed says whether and when they were fetched"
        )
        return True

    def _standing(self, row: Any) -> None:
        """Columns that follow from others: road, transport report."""
        book = self._book
        if (row.transport == "") != (row.transport_at is None) or row.transport not in _OUTCOMES:
            detail = "outcome and instant of its transport do not belong together"
            book.find(_place(row), "transport-differs", STATES, detail)
        epoch = self._epochs.newest
        if epoch is None or epoch.directory is None:
            book.skip("roads", "the archive holds no register that can be read")
            return
        organs, roads = self._ways(row.recipient, row.owner)
        if row.organ not in organs:
            detail = f"it goes to the mailbox of {row.organ}, and is for {row.recipient}"
            book.find(_place(row), "organ-differs", STATES, detail)
        if row.route not in roads:
            book.find(_place(row), "road-differs", STATES, f"no road {row.route} leads from {row.owner} to {row.recipient}")

    def _ways(self, recipient: str, owner: str) -> tuple[frozenset[str], frozenset[str]]:
        """To whose mailboxes a recipient's deliveries may go, and by which roads, by any register of the archive."""
        found = self._roads.get((recipient, owner))
        if found is not None:
            return found
        known = [(one.directory.lookup(OrganId.parse(recipient)), one.directory.lookup(OrganId.parse(owner)))
                 for one in self._epochs.all if one.directory is not None]  # fmt: skip
        organs = {recipient} | {str(organ.id) for organ, _ in known if organ is not None}
        roads = {""} | {
            ROUTE_SEPARATOR.join(hops_for(sender, organ)) for organ, sender in known if organ is not None and sender is not None
        }
        if len(self._roads) >= _MOST_ROADS:
            self._roads.clear()
        self._roads[recipient, owner] = frozenset(organs), frozenset(roads)
        return self._roads[recipient, owner]

    # --- negotiations ---

    def negotiations(self) -> None:
        """Each request by the package that may ask it, each answer by the one that may give it."""
        self._each("negotiation", _NEGOTIATIONS, "id", lambda place, row: self._book.check(place, _negotiation(row)))

    # --- refusals ---

    def refusals(self) -> None:
        """Each refusal: what was signed is what the rows say, and the axis signed it."""
        self._each("refusal", _REFUSALS, "package", self._refusal)

    def _each(self, table: str, query: Select[Any], key: str, look: Callable[[Place, Any], None]) -> None:
        """Look at every row of a table, a page at a time in the order of ``key``; one that cannot be read is a finding."""
        after = -1
        while True:
            with self._store.reading() as work:
                rows = work.all(query, {"after": after})
            if not rows:
                return
            for row in rows:
                after = getattr(row, key)
                place = Place(table, str(after), row.package_id)
                self._book.checked[f"{table}s"] += 1
                try:
                    look(place, row)
                except Exception as error:  # a changed row may break any comparison
                    self._book.find(place, "unreadable", STATES, f"the {table} cannot be read: {type(error).__name__}: {error}")

    def _refusal(self, place: Place, row: Any) -> None:
        wire = write_refusal(row.statement, row.signature)
        digest = sha256(wire).digest()
        said = read_refusal(wire).refusal
        # a refusal is as of the admission of what it refuses; that something expired is known later
        at = row.admitted_at if row.rule == EXPIRED and row.admitted_at > row.about_at else row.about_at
        rows_say = Refusal(row.about_id, row.recipient, row.rule, row.sub_indication, said.detail, instant(at))
        named = (digest, len(wire), PackageKind.REFUSAL.value, package_id_of(row.sender, digest), at)
        self._book.check(place, (
            (refusal_statement(rows_say) == row.statement, "refusal-differs", SIGNED, "the rows say something else than was signed"),
            ((row.sha256, row.size, row.kind, row.package_id, row.admitted_at) == named, "refusal-package", SIGNED,
             "the package row of the refusal is not of these bytes"),
        ))  # fmt: skip
        report, fault = self._epochs.axis_signature(row.signature, sha256(row.statement).digest(), instant(at), Purpose.REFUSAL)
        if report is None:
            self._book.skip("refusals' signatures", fault)
            return
        self._book.checked["signatures"] += 1
        if fault:
            self._book.find(place, "refusal-signature", "EN 319 102-1 §5.3", f"the refusal is not the axis' word: {fault}")


def _negotiation(row: Any) -> Iterator[tuple[bool, str, str, str]]:
    kind, step = Kind(row.kind), Step(row.step)
    asks = row.code == StatusCode.TAKE_BACK.value if kind is Kind.TAKE_BACK else row.operation == _OPERATIONS[kind]
    yield asks, "request-cause", STATES, f"the package that asked is no {kind.value}"
    yield row.asked_at == row.asked_admitted, "request-instant", STATES, "it was asked at another instant than its package was taken in"
    answered = row.answered_by is not None
    whole = answered == (step is not Step.ASKED) and answered == (row.answered_at is not None)
    yield whole, "answer-differs", STATES, "how far it got does not fit who answered it and when"
    if answered and kind is not Kind.REPLACE and step in _ANSWERS:  # a replacement is answered by what becomes of the new document
        fits = (row.answer_code, row.answered_at) == (_ANSWERS[step].value, row.answer_admitted)
        yield fits, "answer-cause", STATES, f"only a status {_ANSWERS[step].value} at its own admission can make it {step.value}"
