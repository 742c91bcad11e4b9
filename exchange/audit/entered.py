"""Where one admission stands in the ledger of an archive, and since when the ledger proves that the archive's evidence existed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import select

from exchange.api import Checkpoint
from exchange.domain.merkle import consistency_proof, inclusion_proof
from exchange.ledger import Ledger, leaf
from exchange.store import entries
from exchange.store.facts import FactKind, page
from exchange.store.tables import evidence, ledger_entry
from exchange.store.work import Store

_EVIDENCE = (
    select(evidence.c.sha256, ledger_entry.c.id)
    .join(ledger_entry, (ledger_entry.c.kind == FactKind.EVIDENCE.value) & (ledger_entry.c.fact == evidence.c.id))
    .order_by(ledger_entry.c.id)
)


@dataclass(frozen=True, slots=True)
class Entered:
    """Where an admission stands: ``leaf`` at ``index``, made over ``payload``, and the path to the root of ``checkpoint``.

    ``checkpoint`` is the first over it; ``later`` another that continues it, with the consistency proof between them, where there is one.
    """

    index: int
    leaf: bytes
    payload: bytes
    checkpoint: Checkpoint
    inclusion: tuple[bytes, ...]
    later: Checkpoint | None
    consistency: tuple[bytes, ...]


def entry_of(store: Store, row: int, outside: Checkpoint | None = None) -> Entered | None:
    """The entry of an admission; ``None`` when no checkpoint speaks of it yet. ``later`` is ``outside`` if it is longer, else the newest.

    Raises :class:`exchange.store.entries.MissingHash` where rows of the ledger are gone.
    """
    checkpoints = Ledger(store).checkpoints()
    with store.reading() as work:
        found = page(work, FactKind.ADMISSION, row - 1, 1)
        if not found or found[0][1].id != row or found[0][2] is None:
            return None
        _, fact, sealed = found[0]
        first = next((one for one in checkpoints if one.size > sealed.id), None)
        if first is None:
            return None
        subtree, size = entries.Tiles(work).subtree, entries.size(work)
        later = _later(first, checkpoints[-1], outside, size)
        consistency = () if later is None else consistency_proof(first.size, later.size, subtree)
        stated = leaf(FactKind.ADMISSION, fact, sealed.agency, sealed.sequence)
        return Entered(sealed.id, stated, fact.payload, first, inclusion_proof(sealed.id, first.size, subtree), later, consistency)


def _later(first: Checkpoint, newest: Checkpoint, outside: Checkpoint | None, size: int) -> Checkpoint | None:
    """What the first checkpoint is held against: the one kept outside, if the ledger reaches that far, or the newest."""
    if outside is not None and first.size <= outside.size <= size and outside.statement != first.statement:
        return outside
    return newest if newest.size > first.size else None


def evidence_since(store: Store, checkpoints: Sequence[Checkpoint]) -> Iterator[tuple[bytes, Checkpoint]]:
    """Each artefact the archive judges by (SHA-256), and the first of these checkpoints that speaks of it."""
    with store.reading() as work:
        rows = work.rows(_EVIDENCE)
    places = iter(sorted(checkpoints, key=lambda one: one.size))
    current = next(places, None)
    for digest, index in rows:
        while current is not None and current.size <= index:
            current = next(places, None)
        if current is None:
            return
        yield digest, current
