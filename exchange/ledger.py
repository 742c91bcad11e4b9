"""The ledger: an append-only Merkle log (RFC 6962, RFC 9162) over everything the axis says happened. Here: its leaves, and its proofs.

Facts are entered by :mod:`exchange.stages.seal`, some time after they happened and never while they do. Receipts stay as they were signed;
where a package stands in the ledger is told beside its receipt.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from typing import Any

from sqlalchemy import bindparam, select

from exchange.api import Checkpoint, Consistency, Inclusion
from exchange.checkpoints import read_statement
from exchange.domain.merkle import consistency_proof, inclusion_proof, leaf_hash
from exchange.errors import UnknownLedgerSize
from exchange.store import entries, former
from exchange.store.facts import Fact, FactKind, Sealed, one
from exchange.store.payloads import utf8
from exchange.store.tables import ledger_entry, package
from exchange.store.work import Store, Work

_ADMISSIONS = (
    select(package.c.package_id, ledger_entry.c.id, ledger_entry.c.fact)
    .join(package, package.c.id == ledger_entry.c.fact)
    .where(ledger_entry.c.kind == FactKind.ADMISSION.value, package.c.package_id.in_(bindparam("ids", expanding=True)))
)


def leaf(kind: FactKind, fact: Fact, agency: str, sequence: int) -> bytes:
    """The bytes of a leaf: one line of canonical JSON as in receipts (:func:`exchange.receipts.canonical`).

    None of the values can hold what JSON would escape: codes of organisations, hexadecimal digits, numbers.
    """
    return _line(f'"agency":"{agency}"', kind, fact, fact.payload, sequence)


def _line(begins: str, kind: FactKind, fact: Fact, payload: bytes, sequence: int) -> bytes:
    return utf8(
        f'{{{begins},"kind":"{kind}","package_id":"{fact.package_id}","package_sha256":"{fact.package_sha256}",'
        f'"payload_sha256":"{sha256(payload).hexdigest()}","sequence":"{sequence}"}}'
    )


def stated(kind: FactKind, row: Any, fact: Fact, sealed: Sealed) -> tuple[bytes, bytes]:
    """Leaf and payload of an entry as they follow from its fact: in the form of its time when it is of before schema 0007.

    ``row`` as :func:`exchange.store.facts.page` gives it. That the entry was made of them is the caller's to ask (:func:`made_of`).
    """
    now = leaf(kind, fact, sealed.agency, sealed.sequence)
    if leaf_hash(now) != sealed.leaf:
        payload = former.payload(kind, row, fact)
        then = _line(f'"agency":"{sealed.agency}","fact":"{fact.id}"', kind, fact, payload, sealed.sequence)
        if leaf_hash(then) == sealed.leaf:
            return then, payload
    return now, fact.payload


def made_of(kind: FactKind, row: Any, fact: Fact, sealed: Sealed) -> bool:
    """Whether an entry says what its fact says now."""
    return leaf_hash(stated(kind, row, fact, sealed)[0]) == sealed.leaf


class Ledger:
    """Reads the ledger; changes nothing."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def checkpoint(self) -> Checkpoint | None:
        """The newest checkpoint."""
        with self._store.reading() as work:
            row = entries.newest_checkpoint(work)
        return None if row is None else _checkpoint(row)

    def checkpoints(self) -> tuple[Checkpoint, ...]:
        """Every checkpoint, oldest first."""
        found: list[Any] = []
        with self._store.reading() as work:
            while rows := entries.checkpoints(work, found[-1].id if found else 0):
                found += rows
        return tuple(map(_checkpoint, found))

    def checkpoints_after(self, number: int, limit: int = 1000) -> tuple[Checkpoint, ...]:
        """The next checkpoints, oldest first."""
        with self._store.reading() as work:
            return tuple(_checkpoint(row) for row in entries.checkpoints(work, number, limit))

    def inclusion(self, package_ids: Sequence[str]) -> tuple[Inclusion | None, ...]:
        """See :meth:`exchange.api.Audit.inclusion`."""
        with self._store.reading() as work:
            newest = entries.newest_checkpoint(work)
            size = 0 if newest is None else newest.size
            rows = {row.package_id: row for row in work.all_of(_ADMISSIONS, "ids", list(dict.fromkeys(package_ids))) if row.id < size}
            tiles = entries.Tiles(work)
            found = {name: _inclusion(work, tiles, row, size) for name, row in rows.items()}
        return tuple(found.get(name) for name in package_ids)

    def consistency(self, first: int, second: int) -> Consistency:
        """See :meth:`exchange.api.Audit.consistency`."""
        with self._store.reading() as work:
            size = entries.size(work)
            if not 0 <= first <= second <= size:
                raise UnknownLedgerSize(first, second, size)
            return Consistency(first, second, consistency_proof(first, second, entries.Tiles(work).subtree))


def _checkpoint(row: Any) -> Checkpoint:
    return read_statement(row.statement, row.signature)


def _inclusion(work: Work, tiles: entries.Tiles, row: Any, size: int) -> Inclusion:
    found, fact, sealed = one(work, FactKind.ADMISSION, row.fact)
    if sealed is None:
        raise LookupError(f"the admission of {row.package_id} is entered and not there")
    proof = inclusion_proof(row.id, size, tiles.subtree)
    return Inclusion(row.package_id, row.id, size, stated(FactKind.ADMISSION, found, fact, sealed)[0], proof)
