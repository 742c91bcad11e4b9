"""What operators do to a running axis by hand, and the record of it.

Everything works on the database alone, whatever else of the axis runs or stands still, and writes its line of the record in the
transaction that has the effect. The record says who (as they called themselves), what, why and when by the database's clock; triggers
keep it from being changed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import bindparam, delete, insert, select, update

from exchange import outbox
from exchange.domain.identifiers import OrganId
from exchange.errors import NotParked, NotResendable, UnknownMember
from exchange.members import keep_secrets
from exchange.outbox import Parked
from exchange.stages.expire import RULE as EXPIRED
from exchange.stages.mail import instant
from exchange.store.dialect import machine_now
from exchange.store.tables import intervention, lockout, mailbox, member, package
from exchange.store.texts import storable
from exchange.store.work import Store, Work, again


class Action(StrEnum):
    """What can be done by hand."""

    LOCK = "lock"
    UNLOCK = "unlock"
    ROTATE = "rotate-secret"
    REQUEUE = "requeue"
    RESEND = "resend"
    REPLAY = "replay"


@dataclass(frozen=True, slots=True)
class Deed:
    """Who acts, as they call themselves, and why."""

    operator: str
    reason: str


@dataclass(frozen=True, slots=True)
class Intervention:
    """One line of the record. ``organ`` and ``package_id`` are empty where none alone was concerned; ``rows``: how many it changed."""

    at: datetime
    operator: str
    action: Action
    organ: str
    package_id: str
    reason: str
    rows: int


@dataclass(frozen=True, slots=True)
class Member:
    """An enrolled organisation, and since when and why it is locked out (``None`` and empty: it is not)."""

    organ: OrganId
    locked_since: datetime | None
    reason: str


_Act = Callable[[Work], int]
_ENROLLED = select(member.c.organ).where(member.c.organ == bindparam("organ"))
_HELD = select(package.c.package_id).where(package.c.package_id.in_(bindparam("names", expanding=True)))
_MEMBERS = (
    select(member.c.organ, lockout.c.since, lockout.c.reason)
    .outerjoin(lockout, lockout.c.organ == member.c.organ)
    .order_by(member.c.organ)
)  # fmt: skip
_UNLOCK = delete(lockout).where(lockout.c.organ == bindparam("b_organ"))
_LOCK = {
    dialect: insert(lockout).values(organ=bindparam("b_organ"), since=machine_now(dialect), reason=bindparam("b_reason"))
    for dialect in ("sqlite", "postgresql")
}
_RECORD = {
    dialect: insert(intervention).values(
        at=machine_now(dialect), operator=bindparam("b_operator"), action=bindparam("b_action"), organ=bindparam("b_organ"),
        package_id=bindparam("b_package"), reason=bindparam("b_reason"), rows=bindparam("b_rows"),
    )
    for dialect in ("sqlite", "postgresql")
}  # fmt: skip
_RECORDED = (
    select(
        intervention.c.at, intervention.c.operator, intervention.c.action, intervention.c.organ, intervention.c.package_id,
        intervention.c.reason, intervention.c.rows,
    )
    .order_by(intervention.c.id.desc())
    .limit(bindparam("limit"))
)  # fmt: skip
_LINE = (
    select(mailbox.c.id, mailbox.c.open, mailbox.c.outcome)
    .join(package, package.c.id == mailbox.c.package)
    .where(package.c.package_id == bindparam("name"), mailbox.c.organ == bindparam("organ"))
    .with_for_update(of=mailbox)
)
_OPEN_LINE = update(mailbox).where(mailbox.c.id == bindparam("b_id")).values(open=1)
_OPEN_SINCE = (
    update(mailbox)
    .where(
        mailbox.c.organ == bindparam("b_organ"), mailbox.c.open == 0, mailbox.c.outcome == "fetched",
        mailbox.c.closed_at >= bindparam("b_since"), mailbox.c.closed_at <= bindparam("b_until"),
    )
    .values(open=1)
)  # fmt: skip


class Administration:
    """The operators' hands on one database."""

    def __init__(self, store: Store, on_members: Callable[[], None] = lambda: None) -> None:
        self._store, self._on_members = store, on_members
        """What this process has in mind of its members is to be forgotten when one of them was acted on."""

    def members(self) -> tuple[Member, ...]:
        """Every enrolled organisation, by its code."""
        with self._store.asking() as work:
            rows = work.rows(_MEMBERS)
        return tuple(Member(OrganId.parse(organ), None if at is None else instant(at), reason or "") for organ, at, reason in rows)

    def lock(self, organ: OrganId, deed: Deed) -> None:
        """Whatever its secret, an organisation is answered :class:`exchange.errors.LockedOut`: at once, with a token within two seconds.

        What it submitted before goes on its way; what others send it is put into its mailbox and waits there. Raises
        :class:`UnknownMember`. Locking one that is locked replaces the reason.
        """

        def act(work: Work) -> int:
            work.run(_UNLOCK, {"b_organ": str(organ)})
            return work.run(_LOCK[work.dialect], {"b_organ": str(organ), "b_reason": storable(deed.reason)})

        self._of_member(Action.LOCK, organ, deed, act)

    def unlock(self, organ: OrganId, deed: Deed) -> bool:
        """Let an organisation in again, under the secret it has; gives whether it was locked. Raises :class:`UnknownMember`."""
        return bool(self._of_member(Action.UNLOCK, organ, deed, lambda work: work.run(_UNLOCK, {"b_organ": str(organ)})))

    def rotate(self, organ: OrganId, secret: str, deed: Deed) -> None:
        """Replace a member's secret: the old one is worth nothing at once, its tokens after two seconds. Raises :class:`UnknownMember`."""

        def act(work: Work) -> int:
            keep_secrets(work, {str(organ): secret})
            return 1

        self._of_member(Action.ROTATE, organ, deed, act)

    def parked(self) -> tuple[Parked, ...]:
        """The dead letters: work that failed too often, each with the error of its last attempt, oldest first."""
        return outbox.parked(self._store)

    def requeue(self, package_ids: Sequence[str] | None, deed: Deed) -> int:
        """Put dead letters back to work (``None``: all), their attempts forgotten; gives how many.

        Raises :class:`NotParked` for one that is none; then nothing has changed.
        """

        def act(work: Work) -> int:
            if package_ids is None:
                count = outbox.release(work)
                _record(work, Action.REQUEUE, deed, rows=count)
                return count
            for name in package_ids:
                count = outbox.release(work, name)
                if not count:
                    raise NotParked(name)
                _record(work, Action.REQUEUE, deed, package_id=name, rows=count)
            return len(package_ids)

        return self._written(act)

    def resend(self, package_id: str, organ: OrganId, deed: Deed) -> None:
        """Put a package its recipient confirmed before into its mailbox again: the same bytes, under the same id.

        States, and what was said of the first fetch, stay. Raises :class:`NotResendable`.
        """

        def act(work: Work) -> int:
            line = work.first(_LINE, {"name": package_id, "organ": str(organ)})
            if line is None:
                raise NotResendable(package_id, str(organ), "it was never in that mailbox")
            if line.open:
                raise NotResendable(package_id, str(organ), "it lies in the mailbox and waits to be fetched")
            if line.outcome == EXPIRED:
                raise NotResendable(package_id, str(organ), "it was not fetched in time, and its sender was told")
            if line.outcome != "fetched":
                raise NotResendable(package_id, str(organ), "the recipient's software reported that it failed, and its sender was told")
            work.run(_OPEN_LINE, {"b_id": line.id})
            _record(work, Action.RESEND, deed, organ=str(organ), package_id=package_id, rows=1)
            return 1

        self._written(act)

    def replay(self, organ: OrganId, since: datetime, until: datetime, deed: Deed) -> int:
        """As :meth:`resend`, everything the organisation confirmed from one business instant to another; gives how many packages.

        For an agency that lost what it had fetched. Raises :class:`UnknownMember`.
        """
        said = {"b_organ": str(organ), "b_since": round(since.timestamp()), "b_until": round(until.timestamp())}
        return self._of_member(Action.REPLAY, organ, deed, lambda work: work.run(_OPEN_SINCE, said))

    def missing(self, package_ids: Sequence[str]) -> tuple[str, ...]:
        """Those of the packages that this database does not hold, in order: what was acknowledged after the backup it was restored from."""
        with self._store.reading() as work:
            held = {row[0] for row in work.all_of(_HELD, "names", package_ids)}
        return tuple(name for name in package_ids if name not in held)

    def record(self, limit: int = 100) -> tuple[Intervention, ...]:
        """What was done by hand, newest first."""
        with self._store.asking() as work:
            rows = work.rows(_RECORDED, {"limit": limit})
        return tuple(Intervention(instant(at), operator, Action(action), *rest) for at, operator, action, *rest in rows)

    def _of_member(self, action: Action, organ: OrganId, deed: Deed, act: _Act) -> int:
        def recorded(work: Work) -> int:
            if work.first(_ENROLLED, {"organ": str(organ)}) is None:
                raise UnknownMember(str(organ))
            count = act(work)
            _record(work, action, deed, organ=str(organ), rows=count)
            return count

        rows = self._written(recorded)
        self._on_members()
        return rows

    def _written(self, act: _Act) -> int:
        def written() -> int:
            with self._store.writing() as work:
                return act(work)

        return again(written)


def _record(work: Work, action: Action, deed: Deed, *, organ: str = "", package_id: str = "", rows: int) -> None:
    said = {
        "b_operator": storable(deed.operator), "b_action": action.value, "b_organ": organ, "b_package": storable(package_id),
        "b_reason": storable(deed.reason), "b_rows": rows,
    }  # fmt: skip
    work.run(_RECORD[work.dialect], said)
