"""What somebody does who writes in an archive behind the axis' back, by SQL with the triggers dropped: for :mod:`tools.tamper_drill`.

Bytes in anything kept, deletions (the newest package with its end of the ledger among them), rows out of order, instants moved back, a
ledger written anew and signed again with the axis' own key, and a table without its keys in which a row stands twice.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from random import Random

from exchange.checkpoints import checkpoint_statement
from exchange.domain.calendar import VN
from exchange.domain.identifiers import OrganId
from exchange.domain.merkle import Frontier, leaf_hash
from exchange.ledger import leaf
from exchange.receipts import receipt_statement
from exchange.store import entries
from exchange.store.engine import open_engine
from exchange.store.facts import FactKind, page
from exchange.store.work import Store
from signing import CadesSigner, Purpose


@dataclass(frozen=True, slots=True)
class Change:
    """One change made: in words, and where an auditor must be pointed to (any of these rows, or the package)."""

    kind: str
    what: str
    rows: frozenset[tuple[str, str]]
    package_id: str = ""


@dataclass(slots=True)
class Hand:
    """The one who changes things: a connection, chance, the axis' key, and what was touched before (one change to a package)."""

    db: sqlite3.Connection
    rng: Random
    signer: CadesSigner
    entries: dict[tuple[str, str], int]
    """Ledger entries by the row they speak of, before anything was changed."""
    touched: set[str] = field(default_factory=set)
    rows: set[tuple[str, object]] = field(default_factory=set)

    def one(self, query: str, *arguments: object) -> tuple[object, ...] | None:
        row: tuple[object, ...] | None = self.db.execute(query, arguments).fetchone()
        return row

    def pick(self, table: str, where: str = "1", *, order: str = "random") -> int | None:
        """The rowid of a row of a table that was not touched, by chance or the newest."""
        found = [row[0] for row in self.db.execute(f"SELECT rowid FROM {table} WHERE {where} ORDER BY rowid")]  # noqa: S608
        candidates = [row for row in found if (table, row) not in self.rows]
        if not candidates:
            return None
        chosen = candidates[-1] if order == "newest" else self.rng.choice(candidates)
        self.rows.add((table, chosen))
        return int(chosen)


COLUMNS = {
    "blob": ("sha256", "size", "template", "data"), "chunk": ("data",), "skeleton": ("data",),
    "package": ("package_id", "sender", "sha256", "kind", "size", "admitted_at", "priority", "operation"),
    "receipt": ("statement", "signature"), "status": ("about", "number", "notation", "year", "code", "description"),
    "verdict": ("at", "accepted", "rule", "sub_indication", "detail", "verifies"),
    "delivery_event": ("at", "state", "reason", "cause", "delivery"),
    "delivery": (
        "recipient", "organ", "state", "since", "reason", "available_at", "transport_at", "transport", "route", "document", "package",
    ),
    "refusal": ("recipient", "rule", "sub_indication", "statement", "signature", "about"),
    "document": ("sender", "number", "notation", "year", "document_id", "package"),
    "negotiation": ("kind", "asked_at", "reason", "step", "answered_at", "delivery", "asked_by"),
    "ledger_entry": ("kind", "fact", "agency", "sequence", "leaf"), "ledger_node": ("hash", "position"),
    "checkpoint": ("size", "root", "at", "statement", "signature"), "evidence": ("kind", "sha256", "data"), "trust": ("after", "statement"),
    "attachment": ("ordinal", "blob"), "mailbox": ("organ", "package", "rank", "open"),
}  # fmt: skip
"""What is changed a byte at a time, by table."""
DELETED = (
    "blob", "chunk", "skeleton", "package", "receipt", "status", "verdict", "delivery_event", "delivery", "refusal", "document",
    "negotiation", "ledger_entry", "ledger_node", "checkpoint", "evidence", "attachment", "mailbox",
)  # fmt: skip
_OF_PACKAGE = ("package", "receipt", "skeleton", "status", "attachment", "refusal")
_KEYS = {"receipt": "package", "skeleton": "package", "status": "package", "refusal": "package", "attachment": "package"}
_NOTHING = frozenset[tuple[str, str]]()


def places(hand: Hand, table: str, rowid: int) -> tuple[frozenset[tuple[str, str]], str]:
    """The rows an auditor may name for a row of this table, and its package."""
    rows, package = _places(hand, table, rowid)
    rows |= {("ledger_entry", str(hand.entries[row])) for row in rows if row in hand.entries}
    name = hand.one("SELECT package_id FROM package WHERE id = ?", package) if package is not None else None
    if package is not None and name is None:
        rows.add(("package", str(package)))  # its row was deleted by an earlier change, which this one falls on
    return frozenset(rows), str(name[0]) if name else ""


def _places(hand: Hand, table: str, rowid: int) -> tuple[set[tuple[str, str]], object]:
    def value(query: str, *arguments: object) -> object:
        row = hand.one(query, *arguments)
        return row[0] if row else None

    if table in ("package", *_KEYS):
        key = rowid if table == "package" else value(f"SELECT {_KEYS[table]} FROM {table} WHERE rowid = ?", rowid)  # noqa: S608
        return {(each, str(key)) for each in (*_OF_PACKAGE, table)}, key
    if table in ("blob", "chunk"):
        upload = value("SELECT upload FROM chunk WHERE rowid = ?", rowid) if table == "chunk" else None
        number = value("SELECT id FROM blob WHERE upload = ?", upload) if table == "chunk" else rowid
        return {("blob", str(number))}, value("SELECT package FROM attachment WHERE blob = ?", number)
    if table == "ledger_node":
        level, position = hand.one("SELECT level, position FROM ledger_node WHERE rowid = ?", rowid) or ("", "")
        return {(table, f"{level}/{position}")}, None
    if table == "ledger_entry":
        kind, fact = hand.one("SELECT kind, fact FROM ledger_entry WHERE id = ?", rowid) or ("", "")
        tables = {"admission": "package", "event": "delivery_event", "request": "negotiation", "answer": "negotiation"}
        return {(table, str(rowid)), (tables.get(str(kind), str(kind)), str(fact))}, None
    if table == "delivery_event":
        about = value("SELECT delivery FROM delivery_event WHERE id = ?", rowid)
        return {(table, str(rowid)), ("delivery", str(about))}, None
    owners = {"verdict": "package", "document": "package", "mailbox": "package", "delivery": "package", "negotiation": "asked_by"}
    owner = value(f"SELECT {owners[table]} FROM {table} WHERE id = ?", rowid) if table in owners else None  # noqa: S608
    return {(table, str(rowid))}, owner


def flip(value: object, rng: Random) -> object:
    """The value with one byte changed, of the same type; a number moved; what is NULL or empty, no longer so; now and then NULL."""
    if value is not None and rng.randrange(8) == 0:
        return None
    if isinstance(value, int):
        return value + rng.choice((-86_400, -1, 1, 7))
    if value is None or value in ("", b""):
        return "x" if value == "" else 1
    data = bytearray(value.encode() if isinstance(value, str) else value)  # type: ignore[attr-defined]
    data[rng.randrange(len(data))] ^= rng.randrange(1, 256)
    return bytes(data)


def change_byte(hand: Hand) -> Change | None:
    """One byte, or one number, of one column of one row."""
    table = hand.rng.choice([name for name, columns in COLUMNS.items() for _ in columns])
    column = hand.rng.choice(COLUMNS[table])
    where = f"{column} IS NOT NULL" if column in ("template", "data") else "1"
    rowid = hand.pick(table, where)
    if rowid is None:
        return None
    before = hand.one(f"SELECT {column}, typeof({column}) FROM {table} WHERE rowid = ?", rowid)  # noqa: S608
    assert before is not None
    rows, name = places(hand, table, rowid)
    after = flip(before[0], hand.rng)
    as_text = before[1] == "text" and isinstance(after, bytes)
    try:
        hand.db.execute(f"UPDATE {table} SET {column} = {'CAST(? AS TEXT)' if as_text else '?'} WHERE rowid = ?", (after, rowid))  # noqa: S608
    except sqlite3.IntegrityError:
        return None  # the new value is taken
    return Change("byte", f"{table}.{column} of row {rowid}: {_short(before[0])} -> {_short(after)}", rows, name)


def _short(value: object) -> str:
    text = value.hex() if isinstance(value, bytes) else str(value)
    return text if len(text) < 24 else f"{text[:20]}…"


def delete_row(hand: Hand) -> Change | None:
    """One row of one table, alone."""
    table = hand.rng.choice(DELETED)
    rowid = hand.pick(table)
    if rowid is None:
        return None
    rows, name = places(hand, table, rowid)
    if table in ("blob", "chunk") and not name:
        return None  # an earlier change took away what names it: nothing says that it was ever there
    hand.db.execute(f"DELETE FROM {table} WHERE rowid = ?", (rowid,))  # noqa: S608
    return Change("delete", f"{table} row {rowid}", rows, name)


def delete_package(hand: Hand) -> Change | None:
    """One package with every row that speaks of it, its entries in the ledger included: as if it had never been."""
    rowid = hand.pick("package", "kind != 'refusal'")
    return None if rowid is None else _delete_whole(hand, rowid, "delete-package")


def _delete_whole(hand: Hand, number: int, kind: str) -> Change:
    rows, name = places(hand, "package", number)
    gone = set(rows)
    deliveries = [row[0] for row in hand.db.execute("SELECT id FROM delivery WHERE package = ?", (number,))]
    events = [row[0] for row in hand.db.execute("SELECT id FROM delivery_event WHERE cause = ?", (number,))]
    for delivery in deliveries:
        events += [row[0] for row in hand.db.execute("SELECT id FROM delivery_event WHERE delivery = ?", (delivery,))]
    verdicts = [row[0] for row in hand.db.execute("SELECT id FROM verdict WHERE package = ?", (number,))]
    for table, facts in (("admission", [number]), ("event", events), ("verdict", verdicts)):
        for fact in facts:
            found = hand.one("SELECT id FROM ledger_entry WHERE kind = ? AND fact = ?", table, fact)
            if found is not None:
                gone.add(("ledger_entry", str(found[0])))
                hand.db.execute("DELETE FROM ledger_entry WHERE id = ?", found)
    hand.db.executemany("DELETE FROM delivery_event WHERE id = ?", [(event,) for event in events])
    for table in ("receipt", "skeleton", "status", "attachment", "verdict", "document", "mailbox", "delivery"):
        hand.db.execute(f"DELETE FROM {table} WHERE package = ?", (number,))  # noqa: S608
    hand.db.execute("DELETE FROM package WHERE id = ?", (number,))
    return Change(kind, f"package {number} ({name}) and all its rows", frozenset(gone), name)


def delete_newest(hand: Hand) -> Change | None:
    """The newest package, and the ledger cut back to the checkpoint before it: what is left fits together by itself."""
    newest = hand.one("SELECT max(package) FROM receipt")
    last = hand.one("SELECT size, id FROM checkpoint ORDER BY id DESC LIMIT 1 OFFSET 1")
    if newest is None or last is None or ("newest", 0) in hand.rows:
        return None
    hand.rows.add(("newest", 0))
    size = int(str(last[0]))
    end = hand.one("SELECT max(id) FROM ledger_entry")
    assert end is not None
    change = _delete_whole(hand, int(str(newest[0])), "delete-newest")
    hand.db.execute("DELETE FROM ledger_entry WHERE id >= ?", (size,))
    hand.db.execute("DELETE FROM ledger_node WHERE (position + 1) << level > ?", (size,))
    hand.db.execute("DELETE FROM checkpoint WHERE id > ?", (last[1],))
    return Change(change.kind, change.what, frozenset({("ledger_entry", str(end[0]))}))


EXCHANGED = (
    ("delivery_event", ("at", "state", "cause", "reason", "delivery")),
    ("ledger_entry", ("leaf",)),
    ("ledger_entry", ("kind", "fact", "leaf")),
    ("receipt", ("statement", "signature")),
    ("verdict", ("at", "accepted", "rule", "sub_indication", "detail", "verifies")),
    ("skeleton", ("data",)),
    ("status", ("about", "number", "notation", "year", "code", "description")),
    ("checkpoint", ("statement", "signature")),
    ("blob", ("size", "template", "data", "upload")),
)
"""Columns that two rows of a table exchange."""


def reorder(hand: Hand) -> Change | None:
    """Two rows change places: events, leaves, numbers of a sequence, receipts, attachments."""
    table, columns = hand.rng.choice(EXCHANGED)
    one, two = hand.pick(table), hand.pick(table)
    if one is None or two is None:
        return None
    listed = ", ".join(columns)
    values = [hand.one(f"SELECT {listed} FROM {table} WHERE rowid = ?", rowid) for rowid in (one, two)]  # noqa: S608
    if values[0] == values[1]:
        return None
    known = [places(hand, table, rowid) for rowid in (one, two)]
    rows = known[0][0] | known[1][0]
    assert all(values)
    if columns[0] == "kind":  # a pair that must be unique: out of the way first
        hand.db.execute("UPDATE ledger_entry SET fact = -fact - 1 WHERE rowid = ?", (one,))
    for rowid, taken in ((two, values[0]), (one, values[1])):
        hand.db.execute(f"UPDATE {table} SET ({listed}) = ({', '.join('?' * len(columns))}) WHERE rowid = ?", (*(taken or ()), rowid))  # noqa: S608
    return Change("reorder", f"{table} rows {one} and {two}: {listed}", rows, known[0][1])


def back_date(hand: Hand) -> Change | None:
    """An instant moved back, where the axis' own key is at hand with the signed word that goes with it."""
    table = hand.rng.choice(("package", "delivery_event", "verdict", "checkpoint"))
    rowid = hand.pick(table, "kind != 'refusal'" if table == "package" else "1")
    if rowid is None:
        return None
    rows, name = places(hand, table, rowid)
    column = "admitted_at" if table == "package" else "at"
    earlier = -hand.rng.randrange(1, 7 * 86_400)
    hand.db.execute(f"UPDATE {table} SET {column} = {column} + ? WHERE rowid = ?", (earlier, rowid))  # noqa: S608
    if table == "package":
        _receipt_anew(hand, rowid)
    elif table == "checkpoint":
        _checkpoint_anew(hand, rowid)
    return Change("back-date", f"{table} row {rowid} by {-earlier} s", rows, name)


def _receipt_anew(hand: Hand, number: int) -> None:
    row = hand.one("SELECT package_id, sha256, sender, kind, admitted_at FROM package WHERE id = ?", number)
    assert row is not None
    name, digest, sender, kind, at = row
    assert isinstance(digest, bytes)
    statement = receipt_statement(str(name), digest, OrganId.parse(str(sender)), str(kind), datetime.fromtimestamp(int(str(at)), VN))
    signature = _signed(hand.signer, statement, Purpose.RECEIPT)
    hand.db.execute("UPDATE receipt SET statement = ?, signature = ? WHERE package = ?", (statement, signature, number))


def _checkpoint_anew(hand: Hand, number: int) -> None:
    """With another root, too: a checkpoint whose instant alone was signed anew is the axis' word as much as the old one was."""
    row = hand.one("SELECT size, root, at FROM checkpoint WHERE id = ?", number)
    assert row is not None
    root = sha256(bytes(row[1])).digest()  # type: ignore[call-overload]
    statement = checkpoint_statement("axis.truc.test", number, int(str(row[0])), root, datetime.fromtimestamp(int(str(row[2])), VN))
    signature = _signed(hand.signer, statement, Purpose.CHECKPOINT)
    hand.db.execute("UPDATE checkpoint SET root = ?, statement = ?, signature = ? WHERE id = ?", (root, statement, signature, number))


def _signed(signer: CadesSigner, statement: bytes, purpose: Purpose) -> bytes:
    return CadesSigner(signer.holder, embed_certificates=False, purpose=purpose).sign(sha256(statement).digest())


def insert_event(hand: Hand) -> Change | None:
    """Something that never happened, written behind everything else."""
    row = hand.one(
        "SELECT id, since, package, state FROM delivery WHERE state IN ('registered', 'arrived', 'fetched') ORDER BY random() LIMIT 1"
    )
    if row is None or ("delivery", row[0]) in hand.rows:
        return None
    hand.rows.add(("delivery", row[0]))
    hand.db.execute(
        "INSERT INTO delivery_event (delivery, at, state, cause, reason) VALUES (?, ?, 'done', ?, '')", (row[0], row[1], row[2])
    )
    number = hand.one("SELECT last_insert_rowid()") or (0,)
    return Change("insert", f"delivery_event {number[0]}", frozenset({("delivery", str(row[0])), ("delivery_event", str(number[0]))}))


CHANGES: tuple[tuple[int, Callable[[Hand], Change | None]], ...] = (
    (50, change_byte), (22, delete_row), (3, delete_package), (12, reorder), (10, back_date), (3, insert_event),
)  # fmt: skip
"""Ways to change something, with how often each is taken."""


def fork(path: Path, rng: Random, signer: CadesSigner) -> Change:
    """Move a fact back in time and write the whole ledger anew over it, every checkpoint signed again: nothing inside contradicts it."""
    with sqlite3.connect(path) as db:
        _drop_triggers(db)
        events = db.execute("SELECT id FROM delivery_event WHERE state = 'fetched' ORDER BY id").fetchall()
        event = rng.choice(events)[0]
        (delivery,) = db.execute("SELECT delivery FROM delivery_event WHERE id = ?", (event,)).fetchone()
        db.execute("UPDATE delivery_event SET at = at - 1 WHERE id = ?", (event,))
        db.execute("UPDATE delivery SET since = since - 1 WHERE id = ? AND state = 'fetched'", (delivery,))
        rows = db.execute("SELECT id, size, at FROM checkpoint ORDER BY id").fetchall()
        order = db.execute("SELECT kind, fact, agency, sequence FROM ledger_entry ORDER BY id").fetchall()
        db.execute("DELETE FROM ledger_entry")
        db.execute("DELETE FROM ledger_node")
    db.close()
    store = Store(open_engine(f"sqlite:///{path}"))
    try:
        _write_anew(store, order, rows, signer)
    finally:
        store.close()
    return Change("fork", f"event {event} one second earlier, and the ledger written and signed anew", frozenset({("ledger_entry", "")}))


def _write_anew(
    store: Store, order: Sequence[tuple[str, int, str, int]], rows: Sequence[tuple[int, int, int]], signer: CadesSigner
) -> None:
    leaves: dict[tuple[str, int], bytes] = {}
    numbers = {(kind, fact): (agency, sequence) for kind, fact, agency, sequence in order}
    for kind in FactKind:
        after = -1
        while True:
            with store.reading() as work:
                found = page(work, kind, after, 1000)
            if not found:
                break
            for _, fact, _ in found:
                after = fact.id
                if (kind.value, fact.id) in numbers:
                    leaves[kind.value, fact.id] = leaf_hash(leaf(kind, fact, *numbers[kind.value, fact.id]))
    edge, roots, sizes = Frontier(), {}, {size for _, size, _ in rows}
    for start in range(0, len(order), 1000):
        with store.writing() as work:
            part = order[start : start + 1000]
            entries.append(work, edge, [(*one, leaves[one[0], one[1]]) for one in part])
    again = Frontier()
    for one in order:
        again.append(leaves[one[0], one[1]])
        if again.size in sizes:
            roots[again.size] = again.root()
    db = sqlite3.connect(str(store.engine.url.database))
    for number, size, at in rows:
        statement = checkpoint_statement("axis.truc.test", number, size, roots[size], datetime.fromtimestamp(at, VN))
        signature = _signed(signer, statement, Purpose.CHECKPOINT)
        db.execute("UPDATE checkpoint SET root = ?, statement = ?, signature = ? WHERE id = ?", (roots[size], statement, signature, number))
    db.commit()
    db.close()


def _drop_triggers(db: sqlite3.Connection) -> None:
    for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        db.execute(f"DROP TRIGGER {name}")


_TABLES = {"admission": "package", "event": "delivery_event", "request": "negotiation"}


def _entries(db: sqlite3.Connection) -> dict[tuple[str, str], int]:
    rows = db.execute("SELECT kind, fact, id FROM ledger_entry WHERE kind != 'answer'")
    return {(_TABLES.get(kind, kind), str(fact)): number for kind, fact, number in rows}


KEYED = ("verdict", "mailbox", "delivery", "document", "receipt", "delivery_event", "ledger_entry")
"""Tables from which the keys are taken."""


def stand_twice(db: sqlite3.Connection, rng: Random) -> Change:
    """Take a table's keys and let one of its rows stand twice: whoever reads page after page passes over the second one.

    Plain indexes over the same columns stay, so that nothing becomes slow by it.
    """
    table = rng.choice(KEYED)
    columns = [name for _, name, *_ in db.execute(f"PRAGMA table_info({table})")]
    listed = [index for _, index, *_ in db.execute(f"PRAGMA index_list({table})")]
    indexes = [[name for _, _, name in db.execute(f"PRAGMA index_info({index})")] for index in listed]
    key = [name for _, name, _, _, _, place in db.execute(f"PRAGMA table_info({table})") if place]
    number = rng.choice([row for (row,) in db.execute(f"SELECT {key[0]} FROM {table}")])  # noqa: S608
    db.execute(f"CREATE TABLE keyless AS SELECT * FROM {table} UNION ALL SELECT * FROM {table} WHERE {key[0]} = ?", (number,))  # noqa: S608
    db.execute(f"DROP TABLE {table}")
    db.execute(f"ALTER TABLE keyless RENAME TO {table}")
    for place, names in enumerate([key, *indexes]):
        db.execute(f"CREATE INDEX {table}_plain_{place} ON {table} ({', '.join(names)})")
    return Change("twice", f"{table} {number}, without the keys of {', '.join(columns)}", frozenset({(table, "")}))


def tamper(path: Path, rng: Random, signer: CadesSigner, count: int, *, newest: bool, forked: bool, keyless: bool = False) -> list[Change]:
    """Make so many changes to an archive, of every kind by chance; the newest package, a forked ledger, a row twice where asked for."""
    made = [fork(path, rng, signer)] if forked else []
    db = sqlite3.connect(path, isolation_level=None)
    db.text_factory = lambda data: data.decode("utf-8", "surrogateescape")  # a text changed before need be none any more
    _drop_triggers(db)
    hand = Hand(db, rng, signer, _entries(db))
    ways = [way for weight, way in CHANGES for _ in range(weight)]
    cut = delete_newest(hand) if newest else None
    made += [cut] if cut is not None else []
    while len(made) < count - keyless:
        change = rng.choice(ways)(hand)
        if change is not None and not _touches(hand, change):
            made.append(change)
    if keyless:
        made.append(stand_twice(db, rng))  # last, for it numbers the rows of the table anew
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()
    return made


def _touches(hand: Hand, change: Change) -> bool:
    """Whether a change fell on what an earlier one had changed; it stands, and is not counted."""
    names = {change.package_id} - {""} | {"/".join(row) for row in change.rows}
    again = bool(names & hand.touched)
    hand.touched |= names
    return again
