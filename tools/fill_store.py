"""Fills a store with as many documents as it is told, in minutes: a real archive, copied row by row inside the database.

The archive is that of :mod:`tools.fill_archive`: some hundred documents taken through the real axis, with reports, refusals, recalls
and mail nobody fetched, sealed. Every copy of it has row ids, package ids, digests, document numbers, instants and places
in the ledger of its own, so each table and each index has what it would have if all of it had been sent. Two things are not as they would
be: copies keep the receipts, skeletons and signatures of their originals, so such a store is measured and never audited; and they share
their originals' letters, as the store shares equal bytes. A row for each copy's letter stands in the table of blobs all the same, with 64
bytes and used by nobody, so that the table is as long as it would be. The ledger's tree is real: its nodes are computed over all leaves,
and its next checkpoint goes on from there. Until it does, the newest one speaks of the archive alone: the first sealing looks through all
that was copied, as it would where one was killed before its checkpoint (of 60,000 documents for 1.8 s, and every later one of any process
for 0.3 s, with stragglers). Seal once before measuring.

On PostgreSQL constraints and indexes are taken off while rows are written, and made again from its own catalogue; making them checks every
row against them, foreign keys too.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, event, func, select, text

from exchange.domain.merkle import Frontier
from exchange.store.engine import open_engine
from exchange.store.entries import STEP
from exchange.store.facts import KEYS, FactKind
from exchange.store.tables import metadata

PERIOD = 8 * 3600
"""Seconds of business time between one copy and the next: a thousand of them are a working year and a half."""
_COPIES = 250
"""Of one statement."""
_HEAD = 64
_PAGE = 50_000
_WITH_IDS = ("package", "blob", "document", "delivery", "delivery_event", "verdict", "negotiation", "mailbox")
_OF_THE_AXIS = {FactKind.EVIDENCE, FactKind.TRUST}
"""What does not become more with documents."""
_REFERS = {
    ("skeleton", "package"): "package", ("attachment", "package"): "package",
    ("receipt", "package"): "package", ("document", "package"): "package", ("delivery", "document"): "document",
    ("delivery", "package"): "package", ("delivery_event", "delivery"): "delivery", ("delivery_event", "cause"): "package",
    ("status", "package"): "package", ("verdict", "package"): "package", ("letter_stamp", "package"): "package",
    ("refusal", "package"): "package", ("refusal", "about"): "package", ("negotiation", "delivery"): "delivery",
    ("negotiation", "asked_by"): "package", ("negotiation", "answered_by"): "package", ("mailbox", "package"): "package",
}  # fmt: skip
"""(table, column) → the table whose ids it holds."""
_INSTANTS = {
    ("package", "admitted_at"), ("delivery", "since"), ("delivery", "available_at"), ("delivery", "transport_at"), ("delivery_event", "at"),
    ("verdict", "at"), ("letter_stamp", "stamped_at"), ("negotiation", "asked_at"), ("negotiation", "answered_at"),
    ("mailbox", "available_at"), ("mailbox", "closed_at"),
}  # fmt: skip
_NUMBER = "CAST(CAST(number AS BIGINT) + copy.k * :documents AS TEXT)"
_OWN = {
    ("package", "package_id"): "fill_name(package_id, copy.k)", ("package", "sha256"): "fill_digest(package_id, copy.k)",
    ("blob", "sha256"): "fill_digest(CAST(id AS TEXT), copy.k)", ("blob", "data"): f"substr(data, 1, {_HEAD})",
    ("document", "number"): _NUMBER,
    ("document", "document_id"): "document_id || copy.k", ("status", "number"): _NUMBER,
}  # fmt: skip
"""What a copy has of its own, besides ids and instants."""
TABLES = (
    "package", "skeleton", "blob", "attachment", "receipt", "document", "delivery", "delivery_event", "status", "verdict", "letter_stamp",
    "refusal", "negotiation", "mailbox",
)  # fmt: skip
_LEDGER = """
INSERT INTO ledger_entry (id, kind, fact, agency, sequence, leaf)
SELECT :size + (copy.k - 1) * n + place, kind, fact + copy.k * width, agency, last + (copy.k - 1) * share + turn,
       fill_digest(kind || fact, copy.k)
FROM (
    SELECT kind, fact, agency, row_number() OVER (ORDER BY id) - 1 AS place, count(*) OVER () AS n,
           row_number() OVER (PARTITION BY agency ORDER BY id) AS turn, count(*) OVER (PARTITION BY agency) AS share,
           last, CASE kind {widths} END AS width
    FROM (SELECT *, max(sequence) OVER (PARTITION BY agency) AS last FROM ledger_entry WHERE id < :size) AS base
    WHERE kind NOT IN ('evidence', 'trust')
) AS entry, {series} ORDER BY copy.k, place
"""
_LEAVES = "SELECT id, leaf FROM ledger_entry WHERE id > :last ORDER BY id LIMIT :limit"
_FUNCTIONS = (
    "CREATE OR REPLACE FUNCTION fill_name(text, bigint) RETURNS text IMMUTABLE LANGUAGE sql AS "
    "$$ SELECT substr(encode(sha256(convert_to($1 || '/' || $2, 'UTF8')), 'hex'), 1, 24) $$",
    "CREATE OR REPLACE FUNCTION fill_digest(text, bigint) RETURNS bytea IMMUTABLE LANGUAGE sql AS "
    "$$ SELECT sha256(convert_to($1 || '/' || $2, 'UTF8')) $$",
)
_CONSTRAINTS = """
SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
WHERE contype = ANY(ARRAY['p', 'u', 'f']::"char"[]) AND connamespace = 'public'::regnamespace AND conrelid::regclass::text = ANY(:tables)
ORDER BY array_position(ARRAY['p', 'u', 'f']::"char"[], contype), 1, 2
"""
_INDEXES = """
SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename = ANY(:tables)
AND NOT EXISTS (SELECT FROM pg_constraint WHERE conname = indexname)
"""


def fill(url: str, documents: int) -> int:
    """Copy the archive at this address until it has about so many documents; gives how many it has. Nobody else may use it meanwhile."""
    engine = open_engine(url)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _equip)
    try:
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            base = int(connection.execute(text("SELECT count(*) FROM document")).scalar_one())
            copies = max(round(documents / base) - 1, 0)
            if copies:
                _prepare(connection)
                size = _number(connection, "SELECT max(id) + 1 FROM ledger_entry")
                with _bare(connection):
                    _copy(connection, copies, size)
                _grow_tree(connection, size)
                _settle(connection)
            return base * (copies + 1)
    finally:
        engine.dispose()


def _equip(connection: Any, _record: object) -> None:
    def digest(word: str, copy: int) -> bytes:
        return sha256(f"{word}/{copy}".encode()).digest()

    connection.create_function("fill_digest", 2, digest, deterministic=True)
    connection.create_function("fill_name", 2, lambda word, copy: digest(word, copy).hex()[:24], deterministic=True)


def _prepare(connection: Connection) -> None:
    for one in (
        ()
        if connection.dialect.name == "sqlite"
        else (*_FUNCTIONS, "SET synchronous_commit = off", "SET maintenance_work_mem = '512MB'", "SET work_mem = '128MB'")
    ):
        connection.execute(text(one))


@contextmanager
def _bare(connection: Connection) -> Iterator[None]:
    """Without constraints and indexes while rows are written."""
    if connection.dialect.name != "postgresql":
        yield
        return
    tables = {"tables": [*TABLES, "ledger_entry", "ledger_node"]}
    constraints = list(connection.execute(text(_CONSTRAINTS), {"tables": [table.name for table in metadata.sorted_tables]}))
    constraints = [one for one in constraints if one[0] in tables["tables"] or one[2].startswith("FOREIGN")]
    indexes = list(connection.execute(text(_INDEXES), tables))
    for name, _ in indexes:
        connection.execute(text(f"DROP INDEX {name}"))
    for table, name, _ in reversed(constraints):
        connection.execute(text(f"ALTER TABLE {table} DROP CONSTRAINT {name}"))
    yield
    for _, definition in indexes:
        connection.execute(text(definition))
    for table, name, definition in constraints:
        connection.execute(text(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}"))


def _copy(connection: Connection, copies: int, size: int) -> None:
    widths = {f"w_{name}": _last_id(connection, name) for name in _WITH_IDS}
    said = {**widths, "size": size, "documents": _number(connection, "SELECT max(CAST(number AS BIGINT)) FROM document")}
    statements = [*(_statement(name, _series(connection)) for name in TABLES), _entries(_series(connection))]
    for first in range(1, copies + 1, _COPIES):
        span = {**said, "first": first, "last": min(first + _COPIES - 1, copies)}
        for statement in statements:
            connection.execute(text(statement), {name: value for name, value in span.items() if f":{name}" in statement})


def _number(connection: Connection, query: str) -> int:
    return int(connection.execute(text(query)).scalar_one())


def _last_id(connection: Connection, name: str) -> int:
    return int(connection.execute(select(func.coalesce(func.max(metadata.tables[name].c.id), 0))).scalar_one())


def _series(connection: Connection) -> str:
    if connection.dialect.name == "postgresql":
        return "generate_series(CAST(:first AS bigint), CAST(:last AS bigint)) AS copy(k)"
    return "(WITH RECURSIVE n(k) AS (SELECT :first UNION ALL SELECT k + 1 FROM n WHERE k < :last) SELECT k FROM n) AS copy"


def _statement(name: str, series: str) -> str:
    """Every row of the archive once for each copy."""
    values = []
    for column in metadata.tables[name].c:
        place = (name, column.name)
        if place in _OWN:
            values.append(_OWN[place])
        elif column.name == "id" or place in _REFERS:
            values.append(f"{column.name} + copy.k * :w_{_REFERS.get(place, name)}")
        else:
            values.append(f"{column.name} + copy.k * {PERIOD}" if place in _INSTANTS else column.name)
    columns = ", ".join(column.name for column in metadata.tables[name].c)
    key, limit = ("id", name) if name in _WITH_IDS else ("package", "package")
    chosen = f"SELECT {', '.join(values)} FROM {name}, {series} WHERE {name}.{key} <= :w_{limit} ORDER BY copy.k, {name}.{key}"  # noqa: S608
    return f"INSERT INTO {name} ({columns}) {chosen}"


def _entries(series: str) -> str:
    """The ledger's entries of these rows, in their order behind those there are."""
    kinds = " ".join(f"WHEN '{kind}' THEN :w_{_holder(kind)}" for kind in FactKind if kind not in _OF_THE_AXIS)
    return _LEDGER.format(widths=kinds, series=series)


def _holder(kind: FactKind) -> str:
    """The table whose ids the facts of a kind are."""
    return "package" if kind in {FactKind.ADMISSION, FactKind.REFUSAL} else KEYS[kind][0].name


def _grow_tree(connection: Connection, size: int) -> None:
    """Nodes over the leaves that were added."""
    edge, nodes = Frontier(), list[dict[str, object]]()
    for leaf in _leaves(connection):
        completed = edge.append(leaf)
        if edge.size > size:
            kept = range(STEP, len(completed), STEP)
            nodes += [{"level": level, "position": (edge.size >> level) - 1, "hash": completed[level]} for level in kept]
    if nodes:
        connection.execute(metadata.tables["ledger_node"].insert(), nodes)


def _leaves(connection: Connection) -> Iterator[bytes]:
    last = -1
    while rows := connection.execute(text(_LEAVES), {"last": last, "limit": _PAGE}).all():
        yield from (bytes(leaf) for _, leaf in rows)
        last = rows[-1][0]


def _settle(connection: Connection) -> None:
    """As autovacuum leaves it, and ids go on behind the last."""
    if connection.dialect.name == "sqlite":
        connection.execute(text("ANALYZE"))
        return
    for name in _WITH_IDS:
        connection.execute(select(func.setval(func.pg_get_serial_sequence(name, "id"), max(_last_id(connection, name), 1))))
    connection.execute(text("VACUUM (ANALYZE)"))


def main() -> None:
    """Fill."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("url", help="the database of an archive made by tools.drill_archive, as SQLAlchemy writes it")
    options.add_argument("--documents", type=int, required=True)
    asked = options.parse_args()
    print(fill(asked.url, asked.documents))


if __name__ == "__main__":
    main()
