"""Deliveries in hand during one batch: loaded once, moved by the table of :mod:`exchange.domain.lifecycle`, written at the end."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, insert, select, update

from exchange.domain.lifecycle import DeliveryState, Event, apply
from exchange.store.tables import delivery, delivery_event
from exchange.store.work import Work


@dataclass(slots=True)
class Held:
    """One (document, recipient), as it stands inside the batch. Instants are epoch seconds."""

    id: int
    document: int
    package: int
    recipient: str
    organ: str
    state: DeliveryState
    since: int
    reason: str
    route: str
    available_at: int | None
    transport: str
    transport_at: int | None


_COLUMNS = (
    delivery.c.id, delivery.c.document, delivery.c.package, delivery.c.recipient, delivery.c.organ, delivery.c.state, delivery.c.since,
    delivery.c.reason, delivery.c.route, delivery.c.available_at, delivery.c.transport, delivery.c.transport_at,
)  # fmt: skip
# what is read here may be moved: locked in the order of ids, for a verdict, a report, an arrival and a fetch may come to it at once
_HELD = select(*_COLUMNS).order_by(delivery.c.id).with_for_update()
_BY_PACKAGE = _HELD.where(delivery.c.package.in_(bindparam("packages", expanding=True)))
_BY_MAILBOX = _BY_PACKAGE.where(delivery.c.organ.in_(bindparam("organs", expanding=True)))
_BY_DOCUMENT = _HELD.where(delivery.c.document == bindparam("document"))
_ONE = _BY_DOCUMENT.where(delivery.c.recipient == bindparam("recipient"))
_ALL_BY_ORGAN = _BY_DOCUMENT.where(delivery.c.organ == bindparam("organ"))
_BY_ID = _HELD.where(delivery.c.id == bindparam("id"))
_UPDATE = (
    update(delivery)
    .where(delivery.c.id == bindparam("b_id"))
    .values(
        organ=bindparam("b_organ"),
        state=bindparam("b_state"),
        since=bindparam("b_since"),
        reason=bindparam("b_reason"),
        route=bindparam("b_route"),
        available_at=bindparam("b_available_at"),
        transport=bindparam("b_transport"),
        transport_at=bindparam("b_transport_at"),
    )
)
_EVENT = insert(delivery_event)


class Moves:
    """The deliveries of one transaction. Every row is one object, however often it is asked for."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._held: dict[int, Held] = {}
        self._touched: dict[int, Held] = {}
        self._events: list[dict[str, object]] = []

    def of_packages(self, packages: Sequence[int]) -> list[Held]:
        """Deliveries that these packages carry, in order of admission."""
        return self._take(self._work.all(_BY_PACKAGE, {"packages": list(packages)})) if packages else []

    def of_mailboxes(self, lines: Iterable[tuple[int, str]]) -> list[Held]:
        """The deliveries behind some lines, each a (package, organisation)."""
        wanted = frozenset(lines)
        if not wanted:
            return []
        packages, organs = sorted({package for package, _ in wanted}), sorted({organ for _, organ in wanted})
        rows = self._work.all_of(_BY_MAILBOX, "packages", packages, {"organs": organs})
        return [held for held in self._take(rows) if (held.package, held.organ) in wanted]

    def of_document(self, document: int) -> list[Held]:
        """Every delivery of one document."""
        return self._take(self._work.all(_BY_DOCUMENT, {"document": document}))

    def find(self, document: int, organ: str) -> Held | None:
        """The delivery of one document to one organisation, under its own code or the alias the sender wrote.

        Of several, one that did not fail: a sender may have written both codes, and only the first got there.
        """
        row = self._work.first(_ONE, {"document": document, "recipient": organ})
        held = None if row is None else self._hold(row)
        if held is None or held.state is DeliveryState.FAILED:
            others = self._take(self._work.all(_ALL_BY_ORGAN, {"document": document, "organ": organ}))
            held = next((one for one in others if one.state is not DeliveryState.FAILED), held or (others[0] if others else None))
        return held

    def by_id(self, number: int) -> Held:
        """The delivery of one row id."""
        held = self._held.get(number)
        return held if held is not None else self._hold(self._work.first(_BY_ID, {"id": number}))

    def move(self, held: Held, event: Event, at: int, *, cause: int, reason: str = "") -> None:
        """Apply one event at an instant, because of a package. Raises :class:`IllegalTransition`; then nothing has changed."""
        target = apply(held.state, event)
        if target is held.state:
            return
        held.state, held.since, held.reason = target, at, reason
        self.touch(held)
        self._events.append({"delivery": held.id, "at": at, "state": target.value, "cause": cause, "reason": reason})

    def touch(self, held: Held) -> None:
        """Something beside the state changed: write the row at the end."""
        self._touched[held.id] = held

    def flush(self) -> None:
        """Write what changed."""
        self._work.many(
            _UPDATE,
            [
                {
                    "b_id": held.id, "b_organ": held.organ, "b_state": held.state.value, "b_since": held.since, "b_reason": held.reason,
                    "b_route": held.route, "b_available_at": held.available_at, "b_transport": held.transport,
                    "b_transport_at": held.transport_at,
                }
                for held in self._touched.values()
            ],
        )  # fmt: skip
        self._work.many(_EVENT, self._events)
        self._touched, self._events = {}, []

    def _take(self, rows: Iterable[Any]) -> list[Held]:
        return [self._hold(row) for row in rows]

    def _hold(self, row: Any) -> Held:
        held = self._held.get(row[0])
        if held is None:
            number, document, package, recipient, organ, state, *rest = row
            held = self._held[number] = Held(number, document, package, recipient, organ, DeliveryState(state), *rest)
        return held
