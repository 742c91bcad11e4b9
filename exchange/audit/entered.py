"""Where one admission stands in the ledger of an archive, and since when the ledger proves that what it is judged by existed."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256

from sqlalchemy import and_, bindparam, select

from exchange.api import Checkpoint
from exchange.domain.merkle import Subtree, consistency_proof, inclusion_proof
from exchange.ledger import Ledger, stated
from exchange.store import entries
from exchange.store.facts import FactKind, page
from exchange.store.tables import evidence, ledger_entry
from exchange.store.work import Store, Work

_EVIDENCE = select(evidence.c.id, evidence.c.sha256).where(evidence.c.sha256.in_(bindparam("digests", expanding=True)))

_ALL_EVIDENCE = (
    select(evidence.c.sha256, ledger_entry.c.id)
    .join(ledger_entry, and_(ledger_entry.c.kind == FactKind.EVIDENCE.value, ledger_entry.c.fact == evidence.c.id))
    .order_by(ledger_entry.c.id)
)
_ADMITTED = (
    select(ledger_entry.c.fact, ledger_entry.c.id)
    .where(ledger_entry.c.kind == FactKind.ADMISSION.value, ledger_entry.c.fact > bindparam("after"))
    .order_by(ledger_entry.c.fact)
    .limit(bindparam("limit"))
)
_PAGE = 10_000


@dataclass(frozen=True, slots=True)
class Proven:
    """An artefact the archive judges by, as the ledger speaks of it: in the first checkpoint of an :class:`Entered`, or the later one."""

    artefact_sha256: bytes
    index: int
    leaf: bytes
    payload: bytes
    later: bool
    inclusion: tuple[bytes, ...]


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
    evidence: tuple[Proven, ...]


def entry_of(store: Store, row: int, outside: Checkpoint | None = None) -> Entered | None:
    """The entry of an admission; ``None`` when no checkpoint speaks of it yet. ``later`` is ``outside`` if it is longer, else the newest.

    Raises :class:`exchange.store.entries.MissingHash` where rows of the ledger are gone.
    """
    checkpoints = Ledger(store).checkpoints()
    with store.reading() as work:
        found = page(work, FactKind.ADMISSION, row - 1, 1)
        read, fact, sealed = found[0] if found else (None, None, None)
        if fact is None or sealed is None or fact.id != row:
            return None
        first = next((one for one in checkpoints if one.size > sealed.id), None)
        if first is None:
            return None
        subtree, size = entries.Tiles(work).subtree, entries.size(work)
        later = _later(first, checkpoints[-1], outside, size)
        consistency = () if later is None else consistency_proof(first.size, later.size, subtree)
        line, payload = stated(FactKind.ADMISSION, read, fact, sealed)
        proof = inclusion_proof(sealed.id, first.size, subtree)
        return Entered(sealed.id, line, payload, first, proof, later, consistency, ())


def with_evidence(store: Store, entered: Entered, artefacts: Iterable[bytes]) -> Entered:
    """The same, with what the ledger says of these artefacts (DER): that proves since when they exist."""
    digests = list(dict.fromkeys(sha256(one).digest() for one in artefacts))
    with store.reading() as work:
        found = tuple(_proven(work, digests, entered.checkpoint, entered.later, entries.Tiles(work).subtree))
    return replace(entered, evidence=found)


def _proven(work: Work, digests: list[bytes], first: Checkpoint, later: Checkpoint | None, subtree: Subtree) -> Iterator[Proven]:
    for row in sorted(work.all_of(_EVIDENCE, "digests", digests), key=lambda one: one.id):
        found = page(work, FactKind.EVIDENCE, row.id - 1, 1)
        read, fact, sealed = found[0] if found else (None, None, None)
        if fact is None or sealed is None or fact.id != row.id:
            continue
        within = next((one for one in (first, later) if one is not None and one.size > sealed.id), None)
        if within is not None:
            line, payload = stated(FactKind.EVIDENCE, read, fact, sealed)
            proof = inclusion_proof(sealed.id, within.size, subtree)
            yield Proven(row.sha256, sealed.id, line, payload, within is later, proof)


def _later(first: Checkpoint, newest: Checkpoint, outside: Checkpoint | None, size: int) -> Checkpoint | None:
    """What the first checkpoint is held against: the one kept outside, if the ledger reaches that far, or the newest."""
    if outside is not None and first.size <= outside.size <= size and outside.statement != first.statement:
        return outside
    return newest if newest.size > first.size else None


def proven_since(store: Store, checkpoints: Sequence[Checkpoint]) -> Iterator[tuple[bytes, Checkpoint]]:
    """Every artefact the archive judges by (SHA-256), with the first of these checkpoints, oldest first, that speaks of it."""
    with store.reading() as work:
        rows = work.rows(_ALL_EVIDENCE)
    for digest, index in rows:
        first = next((one for one in checkpoints if one.size > index), None)
        if first is not None:
            yield digest, first


def entered_at(store: Store) -> array[int]:
    """The index in the ledger of each package's admission, by the package's row; -1 for a row that has none."""
    found, after = array("q"), 0
    while True:
        with store.reading() as work:
            rows = work.rows(_ADMITTED, {"after": after, "limit": _PAGE})
        for row, index in rows:
            found.extend([-1] * (row + 1 - len(found)))
            found[row] = index
        if len(rows) < _PAGE:
            return found
        after = rows[-1][0]
