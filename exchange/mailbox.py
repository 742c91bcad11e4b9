"""Use cases of an agency's mailbox: what waits, the packages themselves, and what the recipient's software says about fetching them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import bindparam, func, select, update

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
from exchange.store.recent import SMALL
from exchange.store.tables import mailbox, package, refusal
from exchange.store.texts import storable
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
    mailbox.c.organ,
).join(package, package.c.id == mailbox.c.package)
# refusals of one instant come in the order of what they refuse: which of two workers signed first must not show
_SEQUENCE = func.coalesce(select(refusal.c.about).where(refusal.c.package == package.c.id).scalar_subquery(), package.c.id)
_WAITING = (
    _LINE.where(mailbox.c.organ == bindparam("organ"), mailbox.c.open == 1, mailbox.c.available_at <= bindparam("at"))
    .order_by(mailbox.c.rank, mailbox.c.available_at, package.c.sender, _SEQUENCE, package.c.id)
    .limit(bindparam("limit"))
)
_FIRST = select(
    select(mailbox.c.rank)
    .where(mailbox.c.organ == bindparam("organ"), mailbox.c.open == 1, mailbox.c.available_at <= bindparam("at"))
    .order_by(mailbox.c.rank, mailbox.c.available_at)
    .limit(1)
    .scalar_subquery()
)
_NAMED = _LINE.where(mailbox.c.available_at <= bindparam("at"), package.c.package_id.in_(bindparam("ids", expanding=True)))
_FETCHABLE = _NAMED.where(mailbox.c.organ == bindparam("organ"), mailbox.c.outcome != EXPIRED)
# of several agencies at once: lines that one of them did not name are locked beside those that another did, for that moment
_CONFIRMED = _NAMED.where(mailbox.c.organ.in_(bindparam("organs", expanding=True))).order_by(mailbox.c.id).with_for_update(of=mailbox)
_OF_ONE = (mailbox.c.package == bindparam("b_package"), mailbox.c.organ == bindparam("b_organ"), mailbox.c.open == 1)
_CLOSE = (
    update(mailbox)
    .where(*_OF_ONE)
    .values(open=0, outcome=bindparam("b_outcome"), reason=bindparam("b_reason"), closed_at=bindparam("b_at"))
)
_CLOSE_AGAIN = update(mailbox).where(*_OF_ONE, mailbox.c.outcome != "").values(open=0)
PAGE_BYTES = 1 << 20
"""Bytes of the packages of one page; a longer one comes with a page and is read by itself."""
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

    def with_mail(self, organs: Sequence[OrganId], at: datetime) -> dict[OrganId, int]:
        """Those in whose mailboxes something waits at ``at``, and the rank of the first line of each: the lower, the more urgent."""
        seconds = round(at.timestamp())
        with self._store.reading() as work:
            first = work.each(_FIRST, [{"organ": str(organ), "at": seconds} for organ in organs])
        return {organ: rank for organ, (rank,) in zip(organs, first, strict=True) if rank is not None}

    def fetch(self, organ: OrganId, package_ids: Sequence[str], at: datetime) -> tuple[Package, ...]:
        """The packages in the order asked for. Raises :class:`UnknownPackage`, also for what expired: its sender was told so."""
        with self._store.reading() as work:
            rows = work.all_of(_FETCHABLE, "ids", list(package_ids), {"organ": str(organ), "at": round(at.timestamp())})
            lines = {row.package_id: row for row in rows}
            for name in package_ids:
                if name not in lines:
                    raise UnknownPackage(name, str(organ))
            whole = self._whole(work, list(lines.values()))
        return tuple(Package(_envelope(lines[name]), whole[lines[name].id]) for name in package_ids)

    def pages(self, asked: Sequence[tuple[OrganId, int]], at: datetime, most: int) -> list[tuple[Package, ...] | None]:
        """For each organisation its first lines with their packages, at most so many lines and :data:`PAGE_BYTES`.

        A package that is longer than a page comes too: its chunks are read when somebody asks for them. Whoever is reached after ``most``
        bytes of all of them together gets ``None``, and is to ask again.
        """
        seconds, chosen, left = round(at.timestamp()), list[list[Any]](), most
        with self._store.reading() as work:
            for organ, limit in asked:
                if left <= 0:
                    break
                chosen.append(_fitting(work.all(_WAITING, {"organ": str(organ), "at": seconds, "limit": limit})))
                left -= sum(row.size for row in chosen[-1] if row.size <= PAGE_BYTES)
            whole = self._whole(work, [row for rows in chosen for row in rows if row.size <= PAGE_BYTES])
        pages: list[tuple[Package, ...] | None] = [
            tuple(
                Package(_envelope(row), whole[row.id] if row.size <= PAGE_BYTES else partial(self._later, organ, row.package_id, at))
                for row in rows
            )
            for (organ, _), rows in zip(asked, chosen, strict=False)
        ]
        return pages + [None] * (len(asked) - len(pages))

    def _later(self, organ: OrganId, package_id: str, at: datetime) -> Iterator[bytes]:
        yield from self.fetch(organ, [package_id], at)[0].chunks()

    def _whole(self, work: Work, rows: Sequence[Any]) -> dict[int, Callable[[], Iterator[bytes]]]:
        """What gives the bytes of these packages, by row id."""
        lines = {row.id: row for row in rows}
        notices = [number for number, row in lines.items() if row.kind == PackageKind.REFUSAL.value]
        refusals = load_refusals(work, notices) if notices else {}
        recent = {number: found for number in lines if (found := self._store.recent.get(number)) is not None}
        stored = load_packages(work, [number for number in lines if number not in recent and number not in refusals])
        whole: dict[int, Callable[[], Iterator[bytes]]] = {number: partial(_bytes, data) for number, data in recent.items()}
        whole |= {number: partial(_bytes, write_refusal(*signed)) for number, signed in refusals.items()}
        for number, one in stored.items():
            small = lines[number].size <= SMALL
            whole[number] = partial(_small, self._store, number, one) if small else partial(one.chunks, self._store)
        return whole

    def confirm(self, organ: OrganId, outcomes: Sequence[Fetched], at: datetime) -> None:
        """Close lines. One that was closed before stays as it was first closed, also when operators opened it again.

        Raises :class:`UnknownPackage`; then nothing has changed.
        """
        (error,) = self.confirm_all([(organ, outcomes)], at)
        if error is not None:
            raise error

    def confirm_all(self, said: Sequence[tuple[OrganId, Sequence[Fetched]]], at: datetime) -> list[UnknownPackage | None]:
        """As :meth:`confirm`, for several organisations in one transaction: one that errs gets its error, the others are served."""
        return again(lambda: self._confirm(said, round(at.timestamp())))

    def _confirm(self, said: Sequence[tuple[OrganId, Sequence[Fetched]]], at: int) -> list[UnknownPackage | None]:
        names = list({one.package_id: None for _, outcomes in said for one in outcomes})
        with self._store.writing() as work:
            rows = work.all_of(_CONFIRMED, "ids", names, {"organs": sorted({str(organ) for organ, _ in said}), "at": at})
            lines = {(row.organ, row.package_id): row for row in rows}
            errors, first = list[UnknownPackage | None](), dict[tuple[int, str], tuple[Any, Fetched]]()
            for organ, outcomes in said:
                unknown = next((one for one in outcomes if (str(organ), one.package_id) not in lines), None)
                errors.append(None if unknown is None else UnknownPackage(unknown.package_id, str(organ)))
                for one in outcomes if unknown is None else ():
                    row = lines[str(organ), one.package_id]
                    if row.open:
                        first.setdefault((row.id, row.organ), (row, one))
            _close(work, first, at)
        return errors


def _close(work: Work, said: Mapping[tuple[int, str], tuple[Any, Fetched]], at: int) -> None:
    """Close open lines, by (package, organisation); what was said first of a line is what counts, also where it was opened again."""
    work.many(_CLOSE_AGAIN, [{"b_package": number, "b_organ": organ} for (number, organ), (row, _) in said.items() if row.outcome])
    new = {key: pair for key, pair in said.items() if not pair[0].outcome}
    work.many(
        _CLOSE,
        [
            {
                "b_package": number, "b_organ": organ, "b_outcome": _OUTCOMES[one.ok], "b_reason": storable(one.reason), "b_at": at,
            }
            for (number, organ), (_, one) in new.items()
        ],
    )  # fmt: skip
    documents = {key: one for key, (row, one) in new.items() if row.kind == PackageKind.EDOC.value}
    if documents:
        _record_transport(work, documents, at)


def _record_transport(work: Work, documents: Mapping[tuple[int, str], Fetched], at: int) -> None:
    """Transport facts of the deliveries behind these lines, and the move to fetched or failed where the table has one."""
    moves = Moves(work)
    for held in moves.of_mailboxes(documents):
        outcome = documents[held.package, held.organ]
        event = Event.FETCHED if outcome.ok else Event.TRANSPORT_FAILED
        if allowed(held.state, event):
            moves.move(held, event, at, cause=held.package, reason=storable(outcome.reason))
            end_replacements(work, moves, held, by=held.package, at=at)
        held.transport, held.transport_at = _OUTCOMES[outcome.ok], at
        moves.touch(held)
    moves.flush()


def _fitting(rows: Sequence[Any]) -> list[Any]:
    """The first lines whose packages are no longer than a page together, and long ones among them, which are not counted."""
    fitting, left = [], PAGE_BYTES
    for row in rows:
        left -= row.size if row.size <= PAGE_BYTES else 0
        if left < 0:
            break
        fitting.append(row)
    return fitting


def _envelope(row: Any) -> Envelope:
    _, package_id, kind, sender, available_at, priority, size, *_ = row
    return Envelope(package_id, PackageKind(kind), OrganId.parse(sender), instant(available_at), priority, size)


def _small(store: Store, number: int, package: StoredPackage) -> Iterator[bytes]:
    found = store.recent.get(number)  # another of the same page may have asked for it a moment ago
    if found is None:
        found = store.recent.keep(number, b"".join(package.chunks(store)))
        for blob in package.blobs:
            store.recent.drop(blob.sha256)
    yield found


def _bytes(data: bytes) -> Iterator[bytes]:
    yield data
