"""The ledger against the rows it speaks of, against itself, and against a checkpoint kept outside."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from sqlalchemy import bindparam, func, select

from exchange.api import Checkpoint
from exchange.audit.evidence import Epochs
from exchange.audit.findings import Book, Place
from exchange.checkpoints import CheckpointFile, read_statement
from exchange.domain.merkle import Frontier, leaf_hash
from exchange.errors import CheckpointUnreadable
from exchange.ledger import leaf
from exchange.store import entries
from exchange.store.facts import KEYS, Fact, FactKind, Sealed, orphans, page
from exchange.store.tables import ledger_entry, ledger_node
from exchange.store.work import Store
from signing import Purpose

LOG = "RFC 9162 §2.1"
_PAGE = 1000
_ENTRIES = (
    select(ledger_entry.c.id, ledger_entry.c.agency, ledger_entry.c.sequence, ledger_entry.c.leaf, ledger_entry.c.kind, ledger_entry.c.fact)
    .where(ledger_entry.c.id > bindparam("after"))
    .order_by(ledger_entry.c.id)
    .limit(_PAGE)
)
_NODES = (
    select(ledger_node.c.position, ledger_node.c.hash)
    .where(ledger_node.c.level == bindparam("level"), ledger_node.c.position >= bindparam("first"))
    .order_by(ledger_node.c.position)
    .limit(_PAGE)
)
_LEVELS = select(ledger_node.c.level).distinct()
_KINDS = select(ledger_entry.c.id, ledger_entry.c.kind).where(ledger_entry.c.kind.not_in([kind.value for kind in FactKind])).limit(1000)


@dataclass(slots=True)
class Leaves:
    """Checks one entry after the other against its fact."""

    book: Book
    epochs: Epochs
    last: Mapping[FactKind, int]
    """The highest fact sealed, by kind."""

    def check(self, kind: FactKind, fact: Fact, sealed: Sealed | None) -> None:
        """The entry of a fact says what the fact says now; a fact without one is newer than the newest of its kind that has one."""
        if sealed is None:
            if kind is not FactKind.ANSWER and fact.id < self.last.get(kind, -1):
                detail = f"the ledger has no entry for this {kind}, though it has for later ones"
                self.book.find(place_of(kind, fact.id, fact.package_id), "entry-missing", LOG, detail)
            else:
                self.book.skip(f"{kind} facts", "they are not sealed yet: nothing protects them")
            return
        self.book.checked["ledger leaves"] += 1
        if leaf_hash(leaf(kind, fact, sealed.agency, sealed.sequence)) != sealed.leaf:
            detail = f"this {kind} is not what entry {sealed.id} of the ledger was made of, or the entry was changed"
            self.book.find(place_of(kind, fact.id, fact.package_id), "leaf-differs", LOG, detail)
            self.book.find(
                Place("ledger_entry", str(sealed.id), fact.package_id), "leaf-differs", LOG, f"the entry is not of the {kind} it names"
            )
        if sealed.agency != fact.agency and (fact.agency or sealed.agency not in self.epochs.operators):
            detail = f"the entry stands in the sequence of {sealed.agency}, the {kind} is of {fact.agency or 'the axis'}"
            self.book.find(Place("ledger_entry", str(sealed.id), fact.package_id), "agency-differs", LOG, detail)


def place_of(kind: FactKind, fact: int, package_id: str = "") -> Place:
    """Where a fact stands."""
    return Place(KEYS[kind][0].name, str(fact), package_id)


def sealed_last(store: Store) -> dict[FactKind, int]:
    """The highest fact sealed, by kind."""
    with store.reading() as work:
        query = select(func.max(ledger_entry.c.fact)).where(ledger_entry.c.kind == bindparam("kind"))
        found = {kind: work.value(query, {"kind": kind.value}) for kind in FactKind}
    return {kind: last for kind, last in found.items() if last is not None}


def audit_facts(store: Store, leaves: Leaves, kinds: tuple[FactKind, ...]) -> None:
    """Entries of these kinds against their facts, in both directions."""
    for kind in kinds:
        after = -1
        while True:
            with store.reading() as work:
                rows = page(work, kind, after, _PAGE)
            if not rows:
                break
            after = rows[-1][1].id
            for _, fact, sealed in rows:
                leaves.check(kind, fact, sealed)
            leaves.book.advance("facts", len(rows))
    audit_orphans(store, leaves.book)


def audit_orphans(store: Store, book: Book) -> None:
    """Entries whose fact is gone."""
    for kind in FactKind:
        with store.reading() as work:
            rows = orphans(work, kind)
        for number, fact in rows:
            table = KEYS[kind][0].name
            detail = f"entry {number} of the ledger is about {table} {fact}, which is not there, or not with all that belongs to it"
            book.find(place_of(kind, fact), "fact-missing", LOG, detail)
            book.find(Place("ledger_entry", str(number)), "fact-missing", LOG, detail)
    with store.reading() as work:
        unknown = work.all(_KINDS)
    for number, kind_name in unknown:
        book.find(Place("ledger_entry", str(number)), "entry-kind", LOG, f"{kind_name!r} is nothing the ledger speaks of")


@dataclass(slots=True)
class Tree:
    """What walking through all entries told."""

    size: int
    roots: dict[int, bytes]
    """Root at each size asked for."""
    gaps: int
    sequences: dict[str, int] = field(default_factory=dict)


def audit_tree(store: Store, book: Book, sizes: set[int]) -> Tree:
    """Walk through the entries: indexes and sequences without a gap, kept nodes, roots at the sizes wanted."""
    edge, found = Frontier(), Tree(0, {}, 0)
    if 0 in sizes:
        found.roots[0] = edge.root()
    for number, agency, sequence, digest, _, _ in _entries(store, book):
        while edge.size < number:  # a hash that nobody knows stands in for what is missing, and the tree differs from here on
            book.find(Place("ledger_entry", str(edge.size)), "entry-missing", LOG, f"the ledger has no entry {edge.size}")
            found.gaps += 1
            _grow(store, book, edge, bytes(32), sizes, found)
        expected = found.sequences.get(agency, 0) + 1
        if sequence != expected:
            detail = f"entry {number} is number {sequence} of {agency}, where {expected} must follow"
            book.find(Place("ledger_entry", str(number)), "sequence-gap", "gap-free sequence per agency", detail)
        found.sequences[agency] = sequence if isinstance(sequence, int) else expected
        _grow(store, book, edge, digest if isinstance(digest, bytes) else bytes(32), sizes, found)
        book.checked["ledger entries"] += 1
    found.size = edge.size
    _audit_extra_nodes(store, book, edge.size)
    return found


def _entries(store: Store, book: Book) -> Iterator[Any]:
    after = -1
    while True:
        with store.reading() as work:
            rows = work.rows(_ENTRIES, {"after": after})
        if not rows:
            return
        after = rows[-1][0]
        yield from rows
        book.advance("ledger", len(rows))


def _grow(store: Store, book: Book, edge: Frontier, digest: bytes, sizes: set[int], found: Tree) -> None:
    completed = edge.append(digest)
    if edge.size in sizes:
        found.roots[edge.size] = edge.root()
    for level in range(entries.STEP, len(completed), entries.STEP):
        position = (edge.size >> level) - 1
        with store.reading() as work:
            kept = work.first(_NODES, {"level": level, "first": position})
        book.checked["ledger nodes"] += 1
        if kept is None or kept.position != position:
            book.find(_node(level, position), "node-missing", LOG, f"the ledger keeps no node at level {level}, position {position}")
        elif kept.hash != completed[level]:
            first, end = position << level, (position + 1) << level
            detail = f"the node kept over the entries {first} to {end - 1} is not theirs: it was changed, or one of them was"
            book.find(_node(level, position), "node-differs", LOG, detail)


def _node(level: int, position: int) -> Place:
    return Place("ledger_node", f"{level}/{position}")


def _audit_extra_nodes(store: Store, book: Book, size: int) -> None:
    with store.reading() as work:
        levels = [row[0] for row in work.rows(_LEVELS)]
    for level in levels:
        known = isinstance(level, int) and level > 0 and level % entries.STEP == 0
        with store.reading() as work:
            rows = work.all(_NODES, {"level": level, "first": size >> level if known else -1})
        for row in rows:
            book.find(_node(level, row.position), "node-extra", LOG, "the ledger keeps a node over entries it does not have")


@dataclass(frozen=True, slots=True)
class Kept:
    """One row of the checkpoint table, read."""

    id: int
    checkpoint: Checkpoint


def read_checkpoints(store: Store, book: Book, epochs: Epochs) -> list[Kept]:
    """Every checkpoint: its row says what was signed, the axis signed it, sizes and instants run forward, none is missing between."""
    found: list[Kept] = []
    after = 0
    while True:
        with store.reading() as work:
            rows = entries.checkpoints(work, after)
        if not rows:
            return found
        for row in rows:
            place = Place("checkpoint", str(row.id))
            for number in range(after + 1, row.id):
                book.find(Place("checkpoint", str(number)), "checkpoint-missing", LOG, f"there is no checkpoint {number}")
            after = row.id
            book.checked["checkpoints"] += 1
            try:
                one = read_statement(row.statement, row.signature)
            except (CheckpointUnreadable, TypeError, AttributeError) as error:
                book.find(place, "checkpoint-unreadable", LOG, f"the statement of checkpoint {row.id} cannot be read: {error}")
                continue
            _check_row(book, place, row, one, found[-1].checkpoint if found else None, epochs)
            fault = _signature_fault(one, epochs)
            if fault is None:
                book.skip("checkpoints' signatures", "no terms of this archive can be used")
            elif fault:
                book.find(place, "checkpoint-signature", "EN 319 102-1 §5.3", f"checkpoint {row.id} is not the axis' word: {fault}")
            found.append(Kept(row.id, one))


def _check_row(book: Book, place: Place, row: Any, one: Checkpoint, before: Checkpoint | None, epochs: Epochs) -> None:
    same = (row.size, row.root, row.at) == (one.size, one.root, round(one.at.timestamp()))
    book.check(place, (
        (same, "checkpoint-differs", LOG, f"the row of checkpoint {row.id} says something else than what was signed"),
        (one.origin in epochs.origins, "checkpoint-origin", LOG, f"it is a checkpoint of the ledger {one.origin}"),
        (before is None or one.size > before.size, "checkpoint-order", LOG, "its ledger is not longer than that of the one before"),
        (before is None or one.at >= before.at, "checkpoint-order", LOG, "it was sealed before the one before it"),
    ))  # fmt: skip


def _signature_fault(one: Checkpoint, epochs: Epochs) -> str | None:
    report, fault = epochs.axis_signature(one.signature, sha256(one.statement).digest(), one.at, Purpose.CHECKPOINT)
    return None if report is None else fault


def compare_roots(book: Book, tree: Tree, kept: list[Kept], outside: CheckpointFile | None, epochs: Epochs) -> None:
    """Roots signed inside and outside against those of the entries as they stand."""
    differing = [one for one in kept if tree.roots.get(one.checkpoint.size) != one.checkpoint.root]
    if differing:
        first = differing[0].checkpoint.size
        more = f", nor are the roots of {len(differing) - 1} other checkpoints" if len(differing) > 1 else ""
        detail = f"the root over the first {first} entries as they stand is not the one signed{more}"
        book.find(Place("checkpoint", str(differing[0].id)), "root-differs", LOG, detail)
    last = kept[-1].checkpoint.size if kept else 0
    book.skip("ledger entries", "no checkpoint speaks of them yet", max(0, tree.size - last))
    if outside is None:
        book.skip(
            "the ledger as a whole", "no checkpoint from outside was brought along: a ledger rewritten or cut short as a whole would pass"
        )
        return
    _compare_outside(book, tree, kept, outside, epochs, consistent=not differing)


def _compare_outside(book: Book, tree: Tree, kept: list[Kept], outside: CheckpointFile, epochs: Epochs, *, consistent: bool) -> None:
    one = outside.checkpoint
    fault = _signature_fault(one, epochs)
    ours = outside.certificate in epochs.axis_certificates
    book.check(Place("outside checkpoint", str(one.size)), (
        (not fault, "outside-signature", "EN 319 102-1 §5.3", f"the checkpoint brought along is not this axis' word: {fault}"),
        (ours, "outside-signer", "EN 319 102-1 §5.2.3", "the certificate brought along with the checkpoint is not the axis' of this archive"),
        (one.origin in epochs.origins, "outside-origin", LOG, f"the checkpoint brought along is of the ledger {one.origin}"),
    ))  # fmt: skip
    book.checked["outside checkpoint"] += 1
    for number in range(tree.size, one.size):
        detail = f"entry {number} is gone: the checkpoint brought along speaks of {one.size} entries, the archive has {tree.size}"
        book.find(Place("ledger_entry", str(number)), "entry-missing", LOG, detail)
    if one.size > tree.size:
        book.find(Place("checkpoint", ""), "ledger-shrunk", LOG, f"the ledger had {one.size} entries and has {tree.size}")
    elif tree.roots.get(one.size) != one.root:
        forked = consistent and not tree.gaps
        detail = f"the first {one.size} entries are not those of the checkpoint brought along"
        if forked:
            detail += "; the archive's own checkpoints fit them, so the ledger was written anew and signed again"
        book.find(Place("ledger_entry", ""), "ledger-forked" if forked else "outside-root", LOG, detail)
    newest = kept[-1].checkpoint if kept else None
    if newest is None or newest.size < one.size or all(other.checkpoint.statement != one.statement for other in kept):
        detail = f"the archive has no checkpoint of {one.size} entries as the one brought along"
        book.find(Place("checkpoint", ""), "checkpoint-missing", LOG, detail)
    book.skip("ledger entries", "they are newer than the checkpoint brought along", max(0, tree.size - one.size))
