"""Use cases of an agency's mailbox: what waits, the packages themselves, and what the recipient's software says about fetching them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import Select, bindparam, func, select, update

from exchange.api import Envelope, Fetched, Package, PackageKind
from exchange.domain.identifiers import OrganId
from exchange.domain.lifecycle import Event, allowed
from exchange.errors import UnknownPackage
from exchange.receipts import write_refusal
from exchange.stages.expire import RULE as EXPIRED
from exchange.stages.mail import instant
from exchange.stages.moves import Moves
from exchange.stages.negotiations import end_replacements
from exchange.store.contents import StoredPackage, load_packages, load_refusals
from exchange.store.engine import storable
from exchange.store.recent import SMALL
from exchange.store.tables import delivery, mailbox, package, refusal
from exchange.store.work import Store, Work, again

_LINE = select(
    package.c.id,
    package.c.package_id,
    package.c.kind,
    package.c.sender,
    mailbox.c.available_at,
    package.c.priority,
    package.c.size,
    mailbox.c.open,
    mailbox.c.outcome,
).join(package, package.c.id == mailbox.c.package)
# refusals of one instant come in the order of what they refuse: which of two workers signed first must not show
_SEQUENCE = func.coalesce(select(refusal.c.about).where(refusal.c.package == package.c.id).scalar_subquery(), package.c.id)
_WAITING = (
    _LINE.where(mailbox.c.organ == bindparam("organ"), mailbox.c.open == 1, mailbox.c.available_at <= bindparam("at"))
    .order_by(mailbox.c.available_at, package.c.priority.desc(), package.c.sender, _SEQUENCE, package.c.id)
    .limit(bindparam("limit"))
)
_WITH_MAIL = (
    select(mailbox.c.organ)
    .distinct()
    .where(mailbox.c.organ.in_(bindparam("organs", expanding=True)), mailbox.c.open == 1, mailbox.c.available_at <= bindparam("at"))
)
_NAMED = _LINE.where(
    mailbox.c.organ == bindparam("organ"),
    mailbox.c.available_at <= bindparam("at"),
    package.c.package_id.in_(bindparam("ids", expanding=True)),
)
_FETCHABLE = _NAMED.where(mailbox.c.outcome != EXPIRED)
_NAMED_LOCKED = _NAMED.order_by(mailbox.c.id).with_for_update(of=mailbox)
_OF_ONE = (mailbox.c.package == bindparam("b_package"), mailbox.c.organ == bindparam("b_organ"), mailbox.c.open == 1)
_CLOSE = (
    update(mailbox)
    .where(*_OF_ONE)
    .values(open=0, outcome=bindparam("b_outcome"), reason=bindparam("b_reason"), closed_at=bindparam("b_at"))
)
_CLOSE_AGAIN = update(mailbox).where(*_OF_ONE, mailbox.c.outcome != "").values(open=0)
_TRANSPORT = (
    update(delivery).where(delivery.c.id == bindparam("b_id")).values(transport=bindparam("b_outcome"), transport_at=bindparam("b_at"))
)
_OUTCOMES = {True: "fetched", False: "failed"}


class Mailboxes:
    """Every mailbox, one organisation's at a time."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def waiting(self, organ: OrganId, at: datetime, limit: int) -> tuple[Envelope, ...]:
        """Open lines available at ``at``, in mailbox order."""
        with self._store.asking() as work:
            rows = work.all(_WAITING, {"organ": str(organ), "at": round(at.timestamp()), "limit": limit})
        return tuple(_envelope(row) for row in rows)

    def with_mail(self, organs: Sequence[OrganId], at: datetime) -> frozenset[OrganId]:
        """Those in whose mailboxes something waits at ``at``. Meant for mailboxes found empty a moment ago: it walks their open lines."""
        names = {str(organ): organ for organ in organs}
        with self._store.reading() as work:
            rows = work.all_of(_WITH_MAIL, "organs", list(names), {"at": round(at.timestamp())})
        return frozenset(names[row.organ] for row in rows)

    def fetch(self, organ: OrganId, package_ids: Sequence[str], at: datetime) -> tuple[Package, ...]:
        """The packages in the order asked for. Raises :class:`UnknownPackage`, also for what expired: its sender was told so."""
        with self._store.reading() as work:
            lines = self._lines(work, organ, package_ids, at, _FETCHABLE)
            notices = [row[0] for row in lines.values() if row.kind == PackageKind.REFUSAL.value]
            refusals = load_refusals(work, notices) if notices else {}
            whole = {row[0]: found for row in lines.values() if (found := self._store.recent.get(row[0])) is not None}
            stored = load_packages(work, [row[0] for row in lines.values() if row[0] not in whole and row[0] not in refusals])
        packages = []
        for name in package_ids:
            row = lines[name]
            if row[0] in refusals:
                packages.append(Package(_envelope(row), partial(_whole, write_refusal(*refusals[row[0]]))))
            elif row[0] in whole:
                packages.append(Package(_envelope(row), partial(_whole, whole[row[0]])))
            elif row.size > SMALL:
                packages.append(Package(_envelope(row), partial(stored[row[0]].chunks, self._store)))
            else:
                packages.append(Package(_envelope(row), partial(_small, self._store, row[0], stored[row[0]])))
        return tuple(packages)

    def confirm(self, organ: OrganId, outcomes: Sequence[Fetched], at: datetime) -> None:
        """Close lines. One that was closed before stays as it was first closed, also when operators opened it again.

        Raises :class:`UnknownPackage`; then nothing has changed.
        """
        again(lambda: self._confirm(organ, outcomes, at))

    def _confirm(self, organ: OrganId, outcomes: Sequence[Fetched], at: datetime) -> None:
        seconds = round(at.timestamp())
        with self._store.writing() as work:
            lines = self._lines(work, organ, [one.package_id for one in outcomes], at, _NAMED_LOCKED)
            opened = {lines[one.package_id].id: one for one in reversed(outcomes) if lines[one.package_id].open}
            repeated = [number for number, one in opened.items() if lines[one.package_id].outcome]  # what was said first is what counts
            work.many(_CLOSE_AGAIN, [{"b_package": number, "b_organ": str(organ)} for number in repeated])
            said = {number: one for number, one in opened.items() if number not in repeated}
            work.many(
                _CLOSE,
                [
                    {
                        "b_package": number, "b_organ": str(organ), "b_outcome": _OUTCOMES[one.ok], "b_reason": storable(one.reason),
                        "b_at": seconds,
                    }
                    for number, one in said.items()
                ],
            )  # fmt: skip
            documents = {lines[one.package_id].id: one for one in said.values() if lines[one.package_id].kind == PackageKind.EDOC.value}
            if documents:
                _record_transport(work, organ, documents, seconds)

    def _lines(self, work: Work, organ: OrganId, package_ids: Sequence[str], at: datetime, query: Select[Any]) -> dict[str, Any]:
        rows = work.all_of(query, "ids", list(package_ids), {"organ": str(organ), "at": round(at.timestamp())})
        lines = {row.package_id: row for row in rows}
        for name in package_ids:
            if name not in lines:
                raise UnknownPackage(name, str(organ))
        return lines


def _record_transport(work: Work, organ: OrganId, documents: dict[int, Fetched], at: int) -> None:
    """Transport facts of the deliveries behind these packages, and the move to fetched or failed where the table has one."""
    moves, facts = Moves(work), []
    for held in moves.of_mailbox(list(documents), str(organ)):
        outcome = documents[held.package]
        event = Event.FETCHED if outcome.ok else Event.TRANSPORT_FAILED
        if allowed(held.state, event):
            moves.move(held, event, at, cause=held.package, reason=storable(outcome.reason))
            end_replacements(work, moves, held, by=held.package, at=at)
        facts.append({"b_id": held.id, "b_outcome": _OUTCOMES[outcome.ok], "b_at": at})
    moves.flush()
    work.many(_TRANSPORT, facts)


def _envelope(row: Any) -> Envelope:
    _, package_id, kind, sender, available_at, priority, size, _, _ = row
    return Envelope(package_id, PackageKind(kind), OrganId.parse(sender), instant(available_at), priority, size)


def _small(store: Store, number: int, package: StoredPackage) -> Iterator[bytes]:
    yield store.recent.keep(number, b"".join(package.chunks(store)))


def _whole(data: bytes) -> Iterator[bytes]:
    yield data
