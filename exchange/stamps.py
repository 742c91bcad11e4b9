"""What the axis found of letters' time-stamps, as it stands beside its verdicts: a query for auditors and for the trace."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, select

from exchange.stages.mail import instant
from exchange.store.tables import letter_stamp, package, verdict
from exchange.store.work import Store

_STAMPS = (
    select(verdict.c.id, package.c.package_id, letter_stamp.c.stamped_at, letter_stamp.c.sub_indication, letter_stamp.c.verifies)
    .join(verdict, verdict.c.package == letter_stamp.c.package)
    .join(package, package.c.id == letter_stamp.c.package)
    .where(verdict.c.id > bindparam("after"))
    .order_by(verdict.c.id)
    .limit(bindparam("limit"))
)


@dataclass(frozen=True, slots=True)
class LetterStampRecord:
    """One letter's time-stamps as judged: the earliest time proven (``None`` for none), why the first failed (empty: none did)."""

    cursor: int
    package_id: str
    stamped_at: datetime | None
    sub_indication: str
    verifies: int
    """Raw verifications of time-stamps."""


def letter_stamps(store: Store, after: int, limit: int) -> tuple[LetterStampRecord, ...]:
    """Of each time-stamped letter judged after a verdict's cursor."""
    with store.reading() as work:
        rows = work.all(_STAMPS, {"after": after, "limit": limit})
    return tuple(
        LetterStampRecord(
            row.id, row.package_id, None if row.stamped_at is None else instant(row.stamped_at), row.sub_indication, row.verifies
        )
        for row in rows
    )
