"""Mail nobody fetched in time: the delivery ends as expired, its line is closed, and its sender gets a signed notice.

Business time alone decides: a document expires so many days after it came into the mailbox, at that very instant, whenever it is looked at.
Only documents expire. Reports, refusals and requests wait on, for nobody else would learn of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, and_, bindparam, select, update

from exchange.domain.lifecycle import DeliveryState, Event
from exchange.stages.batch import Batch, load_admitted
from exchange.stages.desk import Desk
from exchange.stages.mail import Mail, instant
from exchange.stages.moves import Held, Moves
from exchange.stages.negotiations import end_replacements
from exchange.store.tables import delivery, mailbox
from exchange.store.work import Work

RULE = "expired"
"""The notice's rule, and the outcome of the mailbox's line."""
DAY = 86_400
PAGE = 200
# a delivery waits from the instant on at which its line came into the mailbox; of the lines alone most are reports, which do not expire
_UNFETCHED = (
    select(mailbox.c.id, mailbox.c.package, mailbox.c.organ, mailbox.c.available_at)
    .select_from(delivery)
    .join(mailbox, and_(mailbox.c.package == delivery.c.package, mailbox.c.organ == delivery.c.organ))
    .where(mailbox.c.open == 1, delivery.c.state == DeliveryState.WAITING.value)
)
_NEXT: Select[Any] = _UNFETCHED.order_by(delivery.c.available_at).limit(1)
_DUE = _UNFETCHED.where(delivery.c.available_at <= bindparam("before")).order_by(delivery.c.available_at, mailbox.c.id).limit(PAGE)
# locked in the order of ids, as a confirmation does, and looked at again: it may have been confirmed meanwhile
_STILL_OPEN = (
    select(mailbox.c.id)
    .where(mailbox.c.id.in_(bindparam("ids", expanding=True)), mailbox.c.open == 1)
    .order_by(mailbox.c.id)
    .with_for_update(of=mailbox)
)
_CLOSE = (
    update(mailbox)
    .where(mailbox.c.id == bindparam("b_id"))
    .values(open=0, outcome=RULE, closed_at=bindparam("b_at"))
)  # fmt: skip
_TRANSPORT = update(delivery).where(delivery.c.id == bindparam("b_id")).values(transport=RULE, transport_at=bindparam("b_at"))


def next_expiry(work: Work, days: int | None) -> int | None:
    """The instant (epoch seconds) at which the next document expires, ``None`` when none can."""
    row = None if days is None else work.first(_NEXT)
    return None if row is None else int(row.available_at) + (days or 0) * DAY


def expire(work: Work, desk: Desk, until: int) -> tuple[list[Mail], bool]:
    """A page of what expires up to ``until`` (epoch seconds); gives the notices posted, and whether there may be more."""
    days = desk.settings.expire_days
    if days is None:
        return [], False
    rows = work.all(_DUE, {"before": until - days * DAY})
    if not rows:
        return [], False
    still = {row[0] for row in work.rows(_STILL_OPEN, {"ids": sorted(row.id for row in rows)})}
    lines = [row for row in rows if row.id in still]
    return _expire(work, desk, lines, days), len(rows) == PAGE


def _expire(work: Work, desk: Desk, lines: Sequence[Any], days: int) -> list[Mail]:
    batch = Batch(work, desk, Moves(work))
    packages = load_admitted(work, sorted({row.package for row in lines}))
    carried: dict[tuple[int, str], Held] = {
        (held.package, held.organ): held for held in batch.moves.of_packages(list(packages)) if held.state is DeliveryState.WAITING
    }
    closed, facts = [], []
    for row in lines:
        held = carried.get((row.package, row.organ))
        if held is None:
            continue
        at = row.available_at + days * DAY
        batch.moves.move(held, Event.EXPIRED, at, cause=held.package, reason=RULE)
        detail = f"{held.recipient} did not fetch it within {days} days, from {instant(row.available_at).isoformat()} on"
        batch.refuse(packages[row.package], held.recipient, RULE, detail, at=at)
        closed.append({"b_id": row.id, "b_at": at})
        facts.append({"b_id": held.id, "b_at": at})
        end_replacements(work, batch.moves, held, by=held.package, at=at)
    work.many(_CLOSE, closed)
    notices = batch.flush()
    work.many(_TRANSPORT, facts)
    return notices
