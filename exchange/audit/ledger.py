"""The ledger against the rows it speaks of, against itself, and against a checkpoint kept outside."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from sqlalchemy import bindparam, func, select

from exchange.api import Checkpoint
from exchange.audit.evidence import AxisAnswer, Epochs
from exchange.audit.findings import Book, Place
from exchange.checkpoints import CheckpointFile, read_statement
from exchange.domain.merkle import Frontier, leaf_hash
from exchange.errors import CheckpointUnreadable
from exchange.ledger import leaf, made_of
from exchange.store import entries
from exchange.store.facts import KEYS, Fact, FactKind, Sealed, last_sealed, orphans, page
from exchange.store.ids import late_ids
from exchange.store.tables import ledger_entry, ledger_node
from exchange.store.work import Store
from signing import Purpose, SubIndication

LOG = "RFC 9162 §2.1"
_FACTS = 100
_PAGE = 300
"""Rows at once: of facts, which are made into several objects each, so few that they stay in the processor's cache; of entries."""
_MOST_NODES = 1000
_MOST_LISTED = 100_000
"""Longest gap whose every number is listed: a changed row can claim any number."""
_ENTRIES = (
    select(ledger_entry.c.id, ledger_entry.c.agency, ledger_entry.c.sequence, ledger_entry.c.leaf)
    .where(ledger_entry.c.id > bindparam("after"))
    .order_by(ledger_entry.c.id)
    .limit(_PAGE)
)
_NODES = (
    select(ledger_node.c.position, ledger_node.c.hash)
    .where(ledger_node.c.level == bindparam("level"), ledger_node.c.position >= bindparam("first"))
    .order_by(ledger_node.c.position)
    .limit(_MOST_NODES)
)
_UNSIGNED = frozenset({
    SubIndication.FORMAT_FAILURE, SubIndication.HASH_FAILURE, SubIndication.SIG_CRYPTO_FAILURE, SubIndication.NO_SIGNING_CERTIFICATE_FOUND,
})  # fmt: skip
"""What says that the key of no certificate at hand signed these bytes."""
_LEVELS = select(ledger_node.c.level).distinct()
_OF_KIND = select(func.count()).select_from(ledger_entry).where(ledger_entry.c.kind == bindparam("kind"))
_KINDS = select(ledger_entry.c.id, ledger_entry.c.kind).where(ledger_entry.c.kind.not_in([kind.value for kind in FactKind])).limit(1000)


@dataclass(slots=True)
class Leaves:
    """Checks one entry after the other against its fact."""

    book: Book
    epochs: Epochs
    last: Mapping[FactKind, int]
    """Up to which fact of a kind all must have entries."""
    shortened: bool = False
    """Whether a checkpoint from outside speaks of more entries than there are: then a fact without one may have lost it."""

    def hold(self, kind: FactKind, fact: Fact, sealed: Sealed | None) -> bool:
        """Whether the entry of a fact is there, is of its agency, and says what the fact says now."""
        if sealed is None or sealed.agency != fact.agency:
            return False
        return leaf_hash(leaf(kind, fact, sealed.agency, sealed.sequence)) == sealed.leaf

    def check(self, kind: FactKind, row: Any, fact: Fact, sealed: Sealed | None) -> None:
        """The entry of a fact says what the fact says now; a fact without one is newer than the newest of its kind that was signed."""
        if sealed is None:
            late = kind is not FactKind.ANSWER and fact.id < self.last.get(kind, -1)
            if late or self.shortened:
                why = "it has for later ones" if late else "by the checkpoint brought along it had more entries than it has"
                detail = f"the ledger has no entry for this {kind}, though {why}"
                self.book.find(place_of(kind, fact.id, fact.package_id), "entry-missing", LOG, detail)
            else:
                self.book.skip(f"{kind} facts", "they are not sealed yet: nothing protects them")
            return
        self.book.checked["ledger leaves"] += 1
        if not made_of(kind, row, fact, sealed):
            detail = f"this {kind} is not what entry {sealed.id} of the ledger was made of, or the entry was changed"
            self.book.find(place_of(kind, fact.id, fact.package_id), "leaf-differs", LOG, detail)
            self.book.find(
                Place("ledger_entry", str(sealed.id), fact.package_id), "leaf-differs", LOG, f"the entry is not of the {kind} it names"
            )
        own = not fact.agency and (sealed.agency in self.epochs.operators or not self.epochs.operators)
        if sealed.agency != fact.agency and not own:
            detail = f"the entry stands in the sequence of {sealed.agency}, the {kind} is of {fact.agency or 'the axis'}"
            self.book.find(Place("ledger_entry", str(sealed.id), fact.package_id), "agency-differs", LOG, detail)


def place_of(kind: FactKind, fact: int, package_id: str = "") -> Place:
    """Where a fact stands."""
    return Place(KEYS[kind][0].name, str(fact), package_id)


def sealed_last(store: Store) -> dict[FactKind, int]:
    """Up to which fact of a kind all must have entries: what a checkpoint speaks of, less what may have been committed late.

    What a killed sealing left behind the last checkpoint need not be all there was.
    """
    with store.reading() as work:
        newest = entries.newest_checkpoint(work)
        size = newest.size if newest is not None and isinstance(newest.size, int) else 0
        found = {kind: last_sealed(work, kind, size) for kind in FactKind}
        late = late_ids(work.dialect)
    return {kind: last - late for kind, last in found.items() if last is not None}


def audit_facts(store: Store, leaves: Leaves, kinds: tuple[FactKind, ...]) -> None:
    """Entries of these kinds against their facts, in both directions."""
    entered, twice = dict.fromkeys(kinds, 0), set[FactKind]()
    for kind in kinds:
        after = -1
        while True:
            with store.reading() as work:
                rows = page(work, kind, after, _FACTS)
            if not rows:
                break
            after = rows[-1][1].id
            if len({fact.id for _, fact, _ in rows}) < len(rows):
                twice.add(kind)
            sound = 0
            for row, fact, sealed in rows:
                if leaves.hold(kind, fact, sealed):
                    sound += 1
                else:
                    leaves.check(kind, row, fact, sealed)
                    entered[kind] += sealed is not None
            entered[kind] += sound
            leaves.book.checked["ledger leaves"] += sound
            leaves.book.advance("facts", len(rows))
    audit_orphans(store, leaves.book, {kind: number for kind, number in entered.items() if kind not in twice})


def audit_orphans(store: Store, book: Book, entered: Mapping[FactKind, int]) -> None:
    """Entries whose fact is gone. ``entered``: how many facts of a kind have an entry, where it is known and no fact stands there twice."""
    for kind in FactKind:
        with store.reading() as work:
            rows = [] if work.value(_OF_KIND, {"kind": kind.value}) == entered.get(kind) else orphans(work, kind)
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
    sequences, left_out = found.sequences, 0
    for rows in _entries(store, book):
        for number, agency, sequence, digest in rows:
            if number != edge.size + left_out:
                left_out = _gap(store, book, edge, number, left_out, sizes, found)
            expected = sequences.get(agency, 0) + 1
            if sequence != expected:
                detail = f"entry {number} is number {sequence} of {agency}, where {expected} must follow"
                book.find(Place("ledger_entry", str(number)), "sequence-gap", "gap-free sequence per agency", detail)
            sequences[agency] = sequence if isinstance(sequence, int) else expected
            completed = edge.append(digest if isinstance(digest, bytes) else bytes(32))
            if len(completed) > entries.STEP or edge.size in sizes:
                _grown(store, book, edge, completed, sizes, found)
        book.checked["ledger entries"] += len(rows)
    found.size = edge.size
    _audit_extra_nodes(store, book, edge.size)
    return found


def _entries(store: Store, book: Book) -> Iterator[list[Any]]:
    after = -1
    while True:
        with store.reading() as work:
            rows = work.rows(_ENTRIES, {"after": after})
        if not rows:
            return
        after = rows[-1][0]
        yield rows
        book.advance("ledger", len(rows))


def _gap(store: Store, book: Book, edge: Frontier, number: int, left_out: int, sizes: set[int], found: Tree) -> int:
    """The entries missing before one: each is told, or where they are too many how many; gives how many the tree leaves out by now."""
    if number - left_out - edge.size > _MOST_LISTED:
        first = edge.size + left_out
        book.find(Place("ledger_entry", str(first)), "entry-missing", LOG, f"the ledger has no entries {first} to {number - 1}")
        found.gaps, left_out = found.gaps + number - first, number - edge.size
    while edge.size + left_out < number:  # a hash that nobody knows stands in for what is missing: the tree differs from here on
        missing = edge.size + left_out
        book.find(Place("ledger_entry", str(missing)), "entry-missing", LOG, f"the ledger has no entry {missing}")
        found.gaps += 1
        _grown(store, book, edge, edge.append(bytes(32)), sizes, found)
    return left_out


def _grown(store: Store, book: Book, edge: Frontier, completed: list[bytes], sizes: set[int], found: Tree) -> None:
    """The edge as it is behind an entry that completed some subtrees: its root where it is asked for, and the nodes kept."""
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
    """One row of the checkpoint table, read; ``signed``: whether it is the axis' word."""

    id: int
    checkpoint: Checkpoint
    signed: bool


@dataclass(frozen=True, slots=True)
class Witnessed:
    """A checkpoint from outside that the ledger is held against; ``signed``: whether it is the axis' word."""

    checkpoint: Checkpoint
    signed: bool


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
            _missing_checkpoints(book, after + 1, row.id)
            after = row.id
            book.checked["checkpoints"] += 1
            try:
                if not isinstance(row.signature, bytes):  # SQLite keeps any type in any column
                    raise TypeError("its signature is no bytes")
                one = read_statement(row.statement, row.signature)
            except (CheckpointUnreadable, TypeError, AttributeError) as error:
                book.find(place, "checkpoint-unreadable", LOG, f"the statement of checkpoint {row.id} cannot be read: {error}")
                continue
            _check_row(book, place, row, one, found[-1].checkpoint if found else None, epochs)
            report, fault = _signature(one, epochs)
            if report is None:
                book.skip("checkpoints' signatures", "no terms of this archive can be used")
            elif fault:
                book.find(place, "checkpoint-signature", "EN 319 102-1 §5.3", f"checkpoint {row.id} is not the axis' word: {fault}")
            found.append(Kept(row.id, one, report is not None and not fault))


def _missing_checkpoints(book: Book, first: int, end: int) -> None:
    if end - first > _MOST_LISTED:
        book.find(Place("checkpoint", str(first)), "checkpoint-missing", LOG, f"there are no checkpoints {first} to {end - 1}")
        return
    for number in range(first, end):
        book.find(Place("checkpoint", str(number)), "checkpoint-missing", LOG, f"there is no checkpoint {number}")


def _check_row(book: Book, place: Place, row: Any, one: Checkpoint, before: Checkpoint | None, epochs: Epochs) -> None:
    same = (row.id, row.size, row.root, row.at) == (one.number, one.size, one.root, round(one.at.timestamp()))
    book.check(place, (
        (same, "checkpoint-differs", LOG, f"the row of checkpoint {row.id} says something else than what was signed"),
        (_known_origin(one, epochs), "checkpoint-origin", LOG, f"it is a checkpoint of the ledger {one.origin}"),
        (before is None or one.size > before.size, "checkpoint-order", LOG, "its ledger is not longer than that of the one before"),
        (before is None or one.at >= before.at, "checkpoint-order", LOG, "it was sealed before the one before it"),
    ))  # fmt: skip


def read_outside(book: Book, outside: Sequence[CheckpointFile], kept: Sequence[Kept], epochs: Epochs) -> list[Witnessed]:
    """The checkpoints brought along, without those that nobody, or somebody else, signed: they say nothing about this ledger.

    One is held against the ledger all the same where only its chain or its lists do not hold, or where none of the archive's own is the
    axis' word either: then it is the archive's evidence that was touched.
    """
    can_be_told = any(one.signed for one in kept)
    found: list[Witnessed] = []
    for file in outside:
        signed, elsewhere = _outside_word(book, file, epochs)
        if elsewhere and can_be_told:
            book.skip("the ledger against a checkpoint brought along", "what is not this axis' word says nothing about its ledger")
        else:
            found.append(Witnessed(file.checkpoint, signed))
    return found


def compare_roots(book: Book, tree: Tree, kept: list[Kept], outside: Sequence[Witnessed]) -> None:
    """Roots signed inside and outside against those of the entries as they stand."""
    differing = [one for one in kept if tree.roots.get(one.checkpoint.size) != one.checkpoint.root]
    for one in differing:
        detail = f"the root hash over the first {one.checkpoint.size} entries as they stand is not the one signed"
        book.find(Place("checkpoint", str(one.id)), "root-differs", LOG, detail)
    last = kept[-1].checkpoint.size if kept else 0
    book.skip("ledger entries", "no checkpoint speaks of them yet", max(0, tree.size - last))
    if not outside:
        book.skip(
            "the ledger as a whole", "no checkpoint from outside was brought along: a ledger rewritten or cut short as a whole would pass"
        )
        return
    for witnessed in outside:
        contained = _outside_tree(book, tree, witnessed.checkpoint, rewritten=not differing and not tree.gaps)
        _outside_row(book, kept, witnessed.checkpoint)
        if witnessed.signed and contained:
            book.checked["outside checkpoints contained"] += 1
    newest = max(one.checkpoint.size for one in outside)
    for number in range(tree.size, newest):
        detail = f"entry {number} is gone: a checkpoint brought along speaks of {newest} entries, the archive has {tree.size}"
        book.find(Place("ledger_entry", str(number)), "entry-missing", LOG, detail)
    book.skip("ledger entries", "they are newer than any checkpoint brought along", max(0, tree.size - newest))


def _outside_word(book: Book, one: CheckpointFile, epochs: Epochs) -> tuple[bool, bool]:
    """Whether it is this axis' word; and whether, by its signature or its certificate, it is nobody's or another axis'."""
    report, fault = _signature(one.checkpoint, epochs)
    ours, known = one.certificate in epochs.axis_certificates, _known_origin(one.checkpoint, epochs)
    book.checked["outside checkpoints"] += 1
    book.check(Place("outside checkpoint", str(one.checkpoint.number)), (
        (not fault, "outside-signature", "EN 319 102-1 §5.3", f"the checkpoint brought along is not this axis' word: {fault}"),
        (ours, "outside-signer", "EN 319 102-1 §5.2.3", "the certificate beside it is not the axis' of this archive"),
        (known, "outside-origin", LOG, f"it is of the ledger {one.checkpoint.origin}"),
    ))  # fmt: skip
    unsigned = report is not None and report.sub_indication in _UNSIGNED
    return report is not None and not fault and ours and known, unsigned or not ours


def _known_origin(one: Checkpoint, epochs: Epochs) -> bool:
    return not epochs.origins or one.origin in epochs.origins


def _outside_tree(book: Book, tree: Tree, one: Checkpoint, *, rewritten: bool) -> bool:
    """Whether the ledger's entries begin with those it speaks of."""
    contained = tree.roots.get(one.size) == one.root
    if one.size <= tree.size and not contained:
        detail = f"the first {one.size} entries are not those of the checkpoint brought along"
        if rewritten:
            detail += "; the archive's own checkpoints fit them, so the ledger was written anew and signed again"
        book.find(Place("ledger_entry", ""), "ledger-forked" if rewritten else "outside-root", LOG, detail)
    return contained


def _outside_row(book: Book, kept: list[Kept], one: Checkpoint) -> None:
    """The archive has the very checkpoint, and those before it."""
    last = kept[-1].id if kept else 0
    for number in range(last + 1, one.number + 1):
        detail = f"checkpoint {number} is gone: one brought along has the number {one.number}, the archive's newest is {last}"
        book.find(Place("checkpoint", str(number)), "checkpoint-missing", LOG, detail)
    same = next((other.checkpoint for other in kept if other.id == one.number), None)
    if same is not None and same.statement != one.statement:
        detail = f"checkpoint {one.number} of the archive is not the one brought along"
        book.find(Place("checkpoint", str(one.number)), "checkpoint-differs", LOG, detail)


def _signature(one: Checkpoint, epochs: Epochs) -> AxisAnswer:
    return epochs.axis_signature(one.signature, sha256(one.statement).digest(), one.at, Purpose.CHECKPOINT)
