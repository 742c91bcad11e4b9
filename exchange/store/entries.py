"""The ledger as rows: entries, the nodes kept over them, checkpoints. Appending reads the right edge only, a proof a few hundred hashes.

Leaf hashes stand in the entries; of the nodes above them every eighth level is kept, once a node is complete. Whatever lies between is
computed from at most 256 of those: tiles, as the logs of Certificate Transparency came to store them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import bindparam, func, insert, select

from exchange.domain.merkle import Frontier, node_hash
from exchange.store.tables import checkpoint, ledger_entry, ledger_node
from exchange.store.work import Work

STEP = 8
"""Levels between two that are kept."""
WIDTH = 1 << STEP
"""Hashes of a tile."""
_SIZE = select(func.max(ledger_entry.c.id))
_LEAVES = (
    select(ledger_entry.c.leaf)
    .where(ledger_entry.c.id >= bindparam("first"), ledger_entry.c.id < bindparam("end"))
    .order_by(ledger_entry.c.id)
)
_NODES = (
    select(ledger_node.c.hash)
    .where(
        ledger_node.c.level == bindparam("level"), ledger_node.c.position >= bindparam("first"), ledger_node.c.position < bindparam("end")
    )
    .order_by(ledger_node.c.position)
)
_SEQUENCE = select(func.max(ledger_entry.c.sequence)).where(ledger_entry.c.agency == bindparam("agency"))
_CHECKPOINTS = select(checkpoint).where(checkpoint.c.id > bindparam("after")).order_by(checkpoint.c.id).limit(bindparam("limit"))
_NEWEST = select(checkpoint).order_by(checkpoint.c.id.desc()).limit(1)
_ENTRY = insert(ledger_entry)
_NODE = insert(ledger_node)
_CHECKPOINT = insert(checkpoint)


class MissingHash(Exception):
    """A hash that the ledger must have is not there: rows were removed."""

    def __init__(self, level: int, position: int) -> None:
        super().__init__(level, position)
        self.level, self.position = level, position

    def __str__(self) -> str:
        return f"the ledger has no hash at level {self.level}, position {self.position}"


class Tiles:
    """Hashes of complete subtrees, read a tile at a time; what was read is kept as long as this object lives."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._tiles: dict[tuple[int, int], list[bytes]] = {}

    def subtree(self, level: int, position: int) -> bytes:
        """The hash of a complete subtree (:data:`exchange.domain.merkle.Subtree`). Raises :class:`MissingHash`."""
        base, above = level - level % STEP, level % STEP
        first = position << above
        tile = self._tile(base, first // WIDTH)
        hashes = tile[first % WIDTH : first % WIDTH + (1 << above)]
        if len(hashes) != 1 << above:
            raise MissingHash(level, position)
        while len(hashes) > 1:
            hashes = [node_hash(hashes[index], hashes[index + 1]) for index in range(0, len(hashes), 2)]
        return hashes[0]

    def _tile(self, level: int, number: int) -> list[bytes]:
        found = self._tiles.get((level, number))
        if found is None:
            span = {"first": number * WIDTH, "end": (number + 1) * WIDTH}
            rows = self._work.all(_NODES, {"level": level, **span}) if level else self._work.all(_LEAVES, span)
            found = self._tiles[level, number] = [row[0] for row in rows]
        return found


def size(work: Work) -> int:
    """How many entries there are."""
    last = work.value(_SIZE)
    return 0 if last is None else int(last) + 1


def frontier(work: Work) -> Frontier:
    """The right edge of the tree over all entries. Raises :class:`MissingHash`."""
    return Frontier.of(size(work), Tiles(work).subtree)


def sequences(work: Work, agencies: Iterable[str]) -> dict[str, int]:
    """The last sequence number of each of these agencies, 0 for one without entries."""
    # each by itself a step into the index, while one grouped query would walk through all their entries
    asked = sorted(set(agencies))
    return {agency: last or 0 for agency, (last,) in zip(asked, work.each(_SEQUENCE, [{"agency": one} for one in asked]), strict=True)}


def append(work: Work, edge: Frontier, entries: Sequence[tuple[str, int, str, int, bytes]]) -> None:
    """Write entries (kind, fact, agency, sequence, leaf hash) behind the edge, which moves on, with the nodes they complete.

    Raises :class:`exchange.store.work.Conflict` when another sealer was there first.
    """
    rows, nodes = [], []
    for kind, fact, agency, sequence, leaf in entries:
        rows.append({"id": edge.size, "kind": kind, "fact": fact, "agency": agency, "sequence": sequence, "leaf": leaf})
        completed = edge.append(leaf)
        if len(completed) > STEP:
            kept = range(STEP, len(completed), STEP)
            nodes += [{"level": level, "position": (edge.size >> level) - 1, "hash": completed[level]} for level in kept]
    work.many(_ENTRY, rows)
    work.many(_NODE, nodes)


def checkpoints(work: Work, after: int = 0, limit: int = 1000) -> list[Any]:
    """Rows of checkpoints, oldest first."""
    return work.all(_CHECKPOINTS, {"after": after, "limit": limit})


def newest_checkpoint(work: Work) -> Any | None:
    """Row of the newest checkpoint."""
    return work.first(_NEWEST)


def add_checkpoint(work: Work, row: dict[str, object]) -> None:
    """Insert a checkpoint."""
    work.run(_CHECKPOINT, row)
