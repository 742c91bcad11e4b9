"""Stage seal: enters what happened into the ledger, and signs what the ledger then is.

Facts are read and hashed in reading transactions; a writing one only inserts what is ready, some thousand rows at most, so an admission
never waits for a sealing. Killed between two of them, the entries stand without a checkpoint until the next sealing goes on behind them.
Two sealers at once exclude each other by the index of the entries: the later one looks again.

Within one sealing the order is a function of the facts: by kind, then by business instant, sender and sender's sequence. So the same facts
between the same sealings make the same ledger, whoever wrote the rows and in whatever order.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from sqlalchemy import bindparam, func, select

from exchange.api import Checkpoint
from exchange.checkpoints import checkpoint_statement, read_statement
from exchange.domain.merkle import Frontier, leaf_hash
from exchange.errors import SealedLater
from exchange.ledger import leaf
from exchange.stages.desk import Desk
from exchange.stages.mail import instant
from exchange.store import entries
from exchange.store.facts import Fact, FactKind, these, unsealed
from exchange.store.ids import late_ids
from exchange.store.tables import ledger_entry, package
from exchange.store.work import Conflict, Work
from exchange.trust import record_lists

_ATTEMPTS = 5
_SEALED = select(func.coalesce(func.max(ledger_entry.c.fact), 0)).where(ledger_entry.c.kind == FactKind.ADMISSION.value)
_MOMENTS = select(package.c.admitted_at).distinct().where(package.c.id > bindparam("after"))
Entry = tuple[str, int, str, int, bytes]


def seal(desk: Desk, at: datetime, *, stragglers: bool = True) -> Checkpoint:
    """See :meth:`exchange.api.Operate.seal`. Raises ``ValueError`` for an instant before the newest checkpoint's.

    ``stragglers``: look for facts of slow transactions, too. Whoever seals every few seconds leaves them to a later sealing.
    """
    for _ in range(_ATTEMPTS - 1):
        try:
            return _seal(desk, at, stragglers=stragglers)
        except Conflict:  # another sealer was there first: what it entered is entered
            continue
    return _seal(desk, at, stragglers=stragglers)


def _seal(desk: Desk, at: datetime, *, stragglers: bool) -> Checkpoint:
    late = late_ids(desk.store.dialect, all_of_them=stragglers)
    _keep_lists(desk, at, late)
    with desk.store.reading() as work:
        newest = entries.newest_checkpoint(work)
    size = 0 if newest is None else newest.size
    for kind in FactKind:
        with desk.store.reading() as work:
            facts = unsealed(work, kind, size, late)
        for start in range(0, len(facts), desk.settings.seal_size):
            with desk.store.reading() as work:
                edge, ready = _ready(work, desk, kind, facts[start : start + desk.settings.seal_size])
            with desk.store.writing() as work:
                entries.append(work, edge, ready)
    return _checkpoint(desk, at)


def _keep_lists(desk: Desk, at: datetime, late: int) -> None:
    """The revocation lists in force when what is sealed now was judged, and now, when the axis signs."""
    with desk.store.reading() as work:
        after = work.value(_SEALED) - late
        moments = [instant(row[0]) for row in work.all(_MOMENTS, {"after": after})]
    with desk.store.writing() as work:
        record_lists(work, desk.trust, [*moments, at])


def _ready(work: Work, desk: Desk, kind: FactKind, numbers: Sequence[int]) -> tuple[Frontier, list[Entry]]:
    """The edge of the ledger, and the entries of these facts to be written behind it."""
    facts = these(work, kind, numbers)
    operator = str(desk.settings.organ)
    last = entries.sequences(work, {fact.agency or operator for fact in facts})
    return entries.frontier(work), list(_numbered(kind, facts, operator, last))


def _numbered(kind: FactKind, facts: list[Fact], operator: str, last: dict[str, int]) -> Iterator[Entry]:
    for fact in facts:
        agency = fact.agency or operator
        last[agency] = sequence = last[agency] + 1
        yield kind.value, fact.id, agency, sequence, leaf_hash(leaf(kind, fact, agency, sequence))


def _checkpoint(desk: Desk, at: datetime) -> Checkpoint:
    """The newest checkpoint when it speaks of all entries, else a new one."""
    with desk.store.reading() as work:
        newest, edge = entries.newest_checkpoint(work), entries.frontier(work)
    if newest is not None and newest.size == edge.size:
        return read_statement(newest.statement, newest.signature)
    if newest is not None and round(at.timestamp()) < newest.at:
        raise SealedLater(instant(newest.at).isoformat(), at.isoformat())
    number, root = 1 if newest is None else newest.id + 1, edge.root()
    statement = checkpoint_statement(desk.settings.origin, number, edge.size, root, at)
    with desk.metering.settling(desk.store) as (work, _):
        signature = desk.notary.checkpoint(statement)
        row = {"id": number, "size": edge.size, "root": root, "at": round(at.timestamp()), "statement": statement, "signature": signature}
        entries.add_checkpoint(work, row)
    return Checkpoint(desk.settings.origin, number, edge.size, root, at, statement, signature)
