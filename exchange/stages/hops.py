"""Moves what is on the road and delivers what has passed its last hop.

Departures are computed event by event by :func:`exchange.domain.transit.advance` from the queues as stored, never in the order of claims.
A package that has left its last hop is put into the mailbox at once with its arrival instant, so that nobody need come back for it; until
then nobody can see it. One package crosses a road once, however many recipients live at its end.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, delete, func, insert, select, update

from exchange.domain.lifecycle import Event, allowed
from exchange.domain.transit import SECOND, Advance, HopSpec, Item, TransitState, advance
from exchange.stages.batch import ROUTE_SEPARATOR
from exchange.stages.desk import Desk
from exchange.stages.mail import Mail, instant, post_mail, ranks
from exchange.stages.moves import Moves
from exchange.store.tables import crossing, delivery, hop, negotiation, outage
from exchange.store.work import Work

_QUEUES = select(crossing.c.hop, func.min(crossing.c.ready)).group_by(crossing.c.hop)
_FREE = select(hop.c.id, hop.c.next_free)
_OUTAGES = select(outage.c.hop, outage.c.since, outage.c.until).order_by(outage.c.id)
_WAITING = select(crossing).where(crossing.c.hop.in_(bindparam("hops", expanding=True)))
_ONWARD = (
    update(crossing)
    .where(crossing.c.id == bindparam("b_id"))
    .values(step=bindparam("b_step"), hop=bindparam("b_hop"), ready=bindparam("b_ready"))
)
_ARRIVED = delete(crossing).where(crossing.c.id == bindparam("b_id"))
_SET_FREE = update(hop).where(hop.c.id == bindparam("b_id")).values(next_free=bindparam("b_free"))
_NEW_FREE = insert(hop)
_ASKED = (
    select(negotiation.c.asked_by, negotiation.c.route, delivery.c.organ)
    .join(delivery, delivery.c.id == negotiation.c.delivery)
    .where(negotiation.c.asked_by.in_(bindparam("packages", expanding=True)), negotiation.c.route != "")
    .order_by(negotiation.c.id)
)


@dataclass(frozen=True, slots=True)
class Road:
    """The hops as they stand: next instant (microseconds) at which each could send something, and since when each is free."""

    specs: Mapping[str, HopSpec]
    next_free: Mapping[str, int]
    next_send: Mapping[str, int]

    @property
    def next_event(self) -> int | None:
        """The earliest of them, ``None`` when nothing is on the road."""
        return min(self.next_send.values(), default=None)


def survey(work: Work, hops: Mapping[str, HopSpec]) -> Road:
    """Look at the queues without moving anything."""
    earliest = work.all(_QUEUES)
    if not earliest:
        return Road(hops, {}, {})
    specs = dict(hops)
    for name, since, until in work.all(_OUTAGES):
        if name in specs:
            specs[name] = specs[name].stopped(instant(since), instant(until))
    free = {row[0]: row[1] for row in work.all(_FREE)}
    return Road(specs, free, {name: _first_open(specs[name], max(ready, free.get(name, ready))) for name, ready in earliest})


def _first_open(spec: HopSpec, at: int) -> int:
    for since, until in sorted(spec.outages):
        if round(since.timestamp()) * SECOND <= at < round(until.timestamp()) * SECOND:
            at = round(until.timestamp()) * SECOND
    return at


def run_hops(work: Work, desk: Desk, until: int) -> list[Mail]:
    """Everything that can leave a hop by ``until`` (epoch seconds) leaves; gives the mail with its arrival instants.

    Hops that can send nothing by then (outage, nothing waiting) keep their queues unread.
    """
    limit = until * SECOND
    road = survey(work, desk.hops)
    active = [name for name, at in road.next_send.items() if at <= limit]
    if not active:
        return []
    rows = {str(row.id): row for row in work.all(_WAITING, {"hops": active})}
    state = TransitState(tuple(_item(name, row) for name, row in rows.items()), dict(road.next_free))
    result = advance(road.specs, state, limit)
    return _record(work, rows, road, result)


def _item(name: str, row: Any) -> Item:
    return Item(name, row.priority, row.sender, row.package, tuple(row.route.split(ROUTE_SEPARATOR)), row.ready, row.step)


def _record(work: Work, rows: Mapping[str, Any], road: Road, result: Advance) -> list[Mail]:
    arrived = {one.item: one.at for one in result.arrivals}
    onward = []
    for item in result.state.items:
        if item.position == len(item.road):
            arrived[item.id] = item.ready
        elif item.position != rows[item.id].step:
            onward.append({"b_id": rows[item.id].id, "b_step": item.position, "b_hop": item.road[item.position], "b_ready": item.ready})
    work.many(_ONWARD, onward)
    work.many(_ARRIVED, [{"b_id": rows[name].id} for name in arrived])
    free = [(name, at) for name, at in result.state.next_free.items() if road.next_free.get(name) != at]
    work.many(_SET_FREE, [{"b_id": name, "b_free": at} for name, at in free if name in road.next_free])
    work.many(_NEW_FREE, [{"id": name, "next_free": at} for name, at in free if name not in road.next_free])
    return deliver(work, [(rows[name], -(-at // SECOND)) for name, at in sorted(arrived.items(), key=lambda pair: (pair[1], int(pair[0])))])


def deliver(work: Work, arrivals: Sequence[tuple[Any, int]]) -> list[Mail]:
    """Put what arrived into its mailboxes: (crossing, arrival in epoch seconds)."""
    rank = ranks(work, sorted({row.package for row, _ in arrivals})) if arrivals else {}
    mail = [Mail(row.organ, row.package, at, rank[row.package]) for row, at in arrivals if row.organ]
    documents = {(row.package, row.route): at for row, at in arrivals if not row.organ}
    mail += _deliver_documents(work, documents, rank) if documents else []
    post_mail(work, mail)
    return mail


def _deliver_documents(work: Work, documents: Mapping[tuple[int, str], int], rank: Mapping[int, int]) -> Iterable[Mail]:
    packages = sorted({number for number, _ in documents})
    moves, mail = Moves(work), []
    for held in moves.of_packages(packages):
        at = documents.get((held.package, held.route))
        if at is not None and allowed(held.state, Event.DELIVERED):
            moves.move(held, Event.DELIVERED, at, cause=held.package)
            held.available_at = at
            mail.append(Mail(held.organ, held.package, at, rank[held.package]))
    moves.flush()
    for number, route, organ in work.all(_ASKED, {"packages": packages}):
        if (number, route) in documents:
            mail.append(Mail(organ, number, documents[number, route], rank[number]))
    return mail
