"""Where one admission stands in the ledger of an archive, and what else of its document the ledger speaks of, each with its proof."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256

from sqlalchemy import and_, bindparam, select

from exchange.api import Checkpoint
from exchange.domain.merkle import Subtree, consistency_proof, inclusion_proof
from exchange.ledger import Ledger, stated
from exchange.store import entries
from exchange.store.facts import FactKind, one, page
from exchange.store.tables import evidence, ledger_entry, trust
from exchange.store.work import Store, Work

_EVIDENCE = select(evidence.c.id).where(evidence.c.sha256.in_(bindparam("digests", expanding=True))).order_by(evidence.c.id)
_TERMS = select(trust.c.id).where(trust.c.statement == bindparam("statement")).order_by(trust.c.id)
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


Fact = tuple[FactKind, int]
"""A fact of an archive: its kind, and the id of its row."""


@dataclass(frozen=True, slots=True)
class Proven:
    """A fact as the ledger speaks of it: in the first checkpoint of an :class:`Entered`, or in the later one."""

    kind: str
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
    facts: tuple[Proven, ...]
    """In the order of the ledger: what the document is judged by, the verdict, the steps of its deliveries, the packages that made them."""


class NotOfThisLedger(Exception):
    """A checkpoint brought along cannot be held against the document: the ledger, or the document's entry, does not reach it."""

    def __init__(self, rule: str) -> None:
        super().__init__(rule)
        self.rule = rule


def entry_of(store: Store, row: int, outside: Checkpoint | None = None) -> Entered | None:
    """The entry of an admission; ``None`` when no checkpoint speaks of it yet. ``later`` is ``outside`` if there is one, else the newest.

    Raises :class:`exchange.store.entries.MissingHash` where rows of the ledger are gone, :class:`NotOfThisLedger` for an ``outside`` that
    says nothing about the document.
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


class Prover:
    """Proves facts in the ledger of the checkpoints over one admission, and keeps what it proved."""

    def __init__(self, store: Store, entered: Entered | None) -> None:
        self._store, self._entered = store, entered
        self._found: dict[Fact, Proven] = {}

    def prove(self, facts: Iterable[Fact]) -> Mapping[Fact, Proven]:
        """Those of them that the checkpoints speak of."""
        if self._entered is None:
            return {}
        found = {}
        with self._store.reading() as work:
            subtree = entries.Tiles(work).subtree
            for fact in facts:
                proven = self._found.get(fact) or _proven(work, fact, self._entered, subtree)
                if proven is not None:
                    found[fact] = self._found[fact] = proven
        return found

    def proven(self) -> Entered | None:
        """The entry with everything that was proved beside it."""
        facts = sorted(self._found.values(), key=lambda one: one.index)
        return None if self._entered is None else replace(self._entered, facts=tuple(facts))


def artefacts(store: Store, data: Iterable[bytes]) -> list[Fact]:
    """The facts that these artefacts (DER, registers) are kept."""
    digests = list(dict.fromkeys(sha256(one).digest() for one in data))
    with store.reading() as work:
        return [(FactKind.EVIDENCE, row.id) for row in work.all_of(_EVIDENCE, "digests", digests)]


def terms(store: Store, statement: bytes) -> list[Fact]:
    """The facts that these terms came into force."""
    with store.reading() as work:
        return [(FactKind.TRUST, row[0]) for row in work.rows(_TERMS, {"statement": statement})]


def _proven(work: Work, fact: Fact, entered: Entered, subtree: Subtree) -> Proven | None:
    kind, number = fact
    try:
        read, found, sealed = one(work, kind, number)
    except LookupError:
        return None
    within = next((each for each in (entered.checkpoint, entered.later) if sealed and each is not None and each.size > sealed.id), None)
    if sealed is None or within is None:
        return None
    line, payload = stated(kind, read, found, sealed)
    return Proven(kind.value, sealed.id, line, payload, within is entered.later, inclusion_proof(sealed.id, within.size, subtree))


def _later(first: Checkpoint, newest: Checkpoint, outside: Checkpoint | None, size: int) -> Checkpoint | None:
    """What the first checkpoint is held against: the one kept outside, or the newest."""
    if outside is None:
        return newest if newest.size > first.size else None
    if outside.size > size:
        rule = f"the checkpoint brought along speaks of {outside.size} entries, the archive has {size}"
        raise NotOfThisLedger(f"{rule}: entries are gone, or it is of another axis")
    if outside.size < first.size:
        rule = f"the checkpoint brought along speaks of the first {outside.size} entries"
        raise NotOfThisLedger(f"{rule}, and is older than the first one over the document, which speaks of {first.size}")
    return None if outside.statement == first.statement else outside


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
