"""The audit of a whole archive: an untouched one holds, what cannot be checked is said, and the archive is not touched."""

from __future__ import annotations

import shutil
import sqlite3
from base64 import b64encode
from collections import Counter
from contextlib import closing, suppress
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from random import Random

import pytest

from console.locale import catalogue
from exchange.api import Checkpoint
from exchange.audit import ArchiveReport, Finding, Place, Progress, SignedArtefact, audit_archive, read_trust_folder
from exchange.audit.archive import UNSIGNED, WORKING
from exchange.bootstrap import open_axis
from exchange.domain.organization import Directory
from exchange.errors import ArchiveUnreadable
from exchange.settings import AxisSettings
from exchange.store.tables import metadata
from exchange.trust import read_register, write_register
from signing import METER, Pki, PkiSpec, Purpose
from tests.exchange.audit.conftest import Archive
from tests.exchange.axis.field import (
    DEPARTMENT,
    HOPS,
    LOCKED,
    PROVINCE,
    Doc,
    at,
    axis_signer,
    directory,
    file_url,
    open_field,
    pki,
    send,
    take,
)
from tests.exchange.store.test_schema import old_database
from tools.tamper_changes import COLUMNS, DELETED

UNTOLD = {"who may enter", "what waits or is on its way", "what is on its way", "lines of mailboxes"}
"""What no signature speaks of, and this archive has."""


def changed(archive: Archive, tmp_path: Path, *statements: str) -> Path:
    """A copy with its triggers dropped and these statements done to it."""
    path = tmp_path / "changed.db"
    shutil.copy(archive.path, path)
    with sqlite3.connect(path) as db:
        for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            db.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            db.execute(statement)
    db.close()
    return path


COUNTED = {
    "receipts": "receipt", "verdicts": "verdict", "refusals": "refusal", "deliveries": "delivery", "events": "delivery_event",
    "negotiations": "negotiation", "statuses": "status", "checkpoints": "checkpoint", "evidence": "evidence", "attachments": "attachment",
}  # fmt: skip


def rules(report: ArchiveReport) -> Counter[str]:
    return Counter(finding.rule for finding in report.findings)


def test_an_untouched_archive_holds_and_everything_in_it_was_looked_at(archive: Archive) -> None:
    """Counts are those of the tables, and every signature was really verified."""
    before, content = METER.snapshot()["verifies"], archive.path.read_bytes()
    report = audit_archive(archive.path, outside=[archive.outside])
    after = METER.snapshot()["verifies"]
    assert report.findings == ()
    assert report.holds
    with sqlite3.connect(archive.path) as db:
        rows = {
            table: db.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in (*COUNTED.values(), "ledger_entry", "ledger_node")
        }
        annexes = db.execute("SELECT count(*) FROM verdict WHERE verifies > 2").fetchone()[0]
    db.close()
    assert {name: report.checked[name] for name in COUNTED} == {name: rows[table] for name, table in COUNTED.items()}
    assert report.checked["ledger leaves"] == report.checked["ledger entries"] == report.entries == rows["ledger_entry"]
    assert report.checked["ledger nodes"] == rows["ledger_node"]
    done = {purpose: after[purpose] - before[purpose] for purpose in after}
    assert done["receipt"] == rows["receipt"]
    assert done["refusal"] == rows["refusal"]
    assert done["checkpoint"] == rows["checkpoint"] + 1
    assert done["letter"] == 2 * rows["verdict"]
    assert done["annex"] == annexes > 0
    assert archive.path.read_bytes() == content


def test_the_anchors_must_be_confirmed_from_outside(archive: Archive, tmp_path: Path) -> None:
    root = archive.field.pki.root.certificate_der
    assert audit_archive(archive.path).anchors == (sha256(root).digest(),)
    (unconfirmed,) = [one for one in audit_archive(archive.path, outside=[archive.outside]).unchecked if one.what == "anchors"]
    assert sha256(root).hexdigest() in unconfirmed.why
    confirmed = audit_archive(archive.path, outside=[archive.outside], fingerprints=[sha256(root).digest()])
    assert confirmed.holds
    assert {one.what for one in confirmed.unchecked} == UNTOLD
    (tmp_path / "root.der").write_bytes(root)
    brought = audit_archive(archive.path, outside=[archive.outside], trust=read_trust_folder(tmp_path))
    assert brought.holds
    assert {one.what for one in brought.unchecked} == UNTOLD


def test_what_nothing_signed_speaks_of_is_told(archive: Archive) -> None:
    """Every table is changed by the tamper drill, or stands among those of which an audit says that it cannot know."""
    told = {one.what: one.count for one in audit_archive(archive.path).unchecked}
    with closing(sqlite3.connect(archive.path)) as db:
        for what, tables in UNSIGNED.items():
            assert told.get(what, 0) == sum(db.execute(f"SELECT count(*) FROM {table.name}").fetchone()[0] for table in tables)
    drilled = {*COLUMNS, *DELETED, "letter_stamp"}  # which stands in the verdict's entry; this archive has none
    assert drilled | {table.name for table in WORKING} == {table.name for table in metadata.sorted_tables}
    assert drilled.isdisjoint(table.name for table in WORKING)


def test_whether_the_ledger_contains_a_checkpoint_is_asked_of_the_ledger(archive: Archive, tmp_path: Path) -> None:
    """Not of what else is wrong: a spoilt row beside it takes nothing away, a ledger that cannot be read confirms nothing."""
    for change, rule, count in (
        ("UPDATE checkpoint SET statement = '{' WHERE id = 1", "checkpoint-unreadable", 1),
        ("UPDATE ledger_entry SET leaf = x'00' WHERE id = 2", "outside-root", 0),
    ):
        report = audit_archive(changed(archive, tmp_path, change), outside=[archive.outside])
        assert rule in rules(report)
        assert (report.checked["outside checkpoints"], report.checked.get("outside checkpoints contained", 0)) == (1, count)


def test_under_another_root_nothing_in_the_archive_holds(archive: Archive, tmp_path: Path) -> None:
    """Everything an archive carries may be made up; what it says under an anchor of ours is not."""
    other = Pki.build(PkiSpec("somebody else"))
    (tmp_path / "root.pem").write_text(pem(other.root.certificate_der))
    report = audit_archive(archive.path, outside=[archive.outside], trust=read_trust_folder(tmp_path))
    found = rules(report)
    assert found["anchor-not-trusted"] == 1
    assert found["receipt-signature"] == report.checked["receipts"]
    assert found["verdict-differs"] > 60
    assert found["checkpoint-signature"] == report.checked["checkpoints"]
    assert found["outside-signature"] == 1
    assert rules(audit_archive(archive.path, fingerprints=[bytes(32)]))["anchor-not-trusted"] == 1


def pem(data: bytes) -> str:
    return f"-----BEGIN CERTIFICATE-----\n{b64encode(data).decode()}\n-----END CERTIFICATE-----\n"


@pytest.mark.parametrize("content", [None, b"no certificate", b"-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n"])
def test_a_trust_folder_that_is_none_is_refused(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "root.crt").write_bytes(content)
    with pytest.raises(ArchiveUnreadable):
        read_trust_folder(tmp_path)
    with pytest.raises(ArchiveUnreadable):
        read_trust_folder(tmp_path / "nowhere")


def test_without_a_checkpoint_from_outside_it_is_said_what_that_means(archive: Archive) -> None:
    assert "rewritten or cut short" in " ".join(one.why for one in audit_archive(archive.path).unchecked)


def test_checkpoints_of_another_axis_are_not_taken_for_this_ones(archive: Archive, tmp_path: Path) -> None:
    other = open_field(file_url(tmp_path / "other.db"))
    send(other, PROVINCE, Doc(PROVINCE, (DEPARTMENT,), "1").package(), 0)
    sealed = other.seal(at(60))
    other.close()
    report = audit_archive(archive.path, outside=[replace(archive.outside, checkpoint=sealed)])
    assert rules(report) == {"outside-signature": 1}
    assert {one.what for one in report.unchecked} >= {"the ledger as a whole", "the ledger against a checkpoint brought along"}
    longer = Checkpoint(sealed.origin, sealed.number, 10**6, sealed.root, sealed.at, sealed.statement, sealed.signature)
    report = audit_archive(archive.path, outside=[replace(archive.outside, checkpoint=longer)])
    assert rules(report) == {"outside-signature": 1}, "what is no word of this axis accuses it of nothing"


def test_a_file_that_is_no_archive_is_refused_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "text.db").write_bytes(b"not a database at all, but long enough to be looked at" * 100)
    old_database(tmp_path / "old.db")
    for kind, statements in (
        ("empty", ["VACUUM"]),
        ("other", ["CREATE TABLE outgoing_register (number)"]),
        ("later", ["CREATE TABLE alembic_version (version_num)", "INSERT INTO alembic_version VALUES ('9001')"]),
    ):
        with sqlite3.connect(tmp_path / f"{kind}.db") as db:
            for statement in statements:
                db.execute(statement)
        db.close()
    for name, sentence in (
        ("none.db", "there is no such file"), ("text.db", "cannot be read as an SQLite database"),
        ("old.db", "its schema is 0001, an audit needs"), ("empty.db", "it holds no tables"),
        ("other.db", "no archive of an axis"), ("later.db", "its schema is 9001, of a later release"),
    ):  # fmt: skip
        with pytest.raises(ArchiveUnreadable) as caught:
            audit_archive(tmp_path / name)
        assert sentence in str(caught.value)
        assert name in str(caught.value)


@pytest.mark.parametrize(
    ("statement", "missing"),
    [("DROP TABLE trust", "trust missing"), ("ALTER TABLE receipt RENAME COLUMN statement TO word", "receipt.statement missing")],
)
def test_an_archive_without_a_table_or_a_column_is_refused_by_its_name(
    archive: Archive, tmp_path: Path, statement: str, missing: str
) -> None:
    with pytest.raises(ArchiveUnreadable, match=missing):
        audit_archive(changed(archive, tmp_path, statement))


def test_a_verdict_of_the_same_rule_is_told_by_what_differs(archive: Archive, tmp_path: Path) -> None:
    statement = "UPDATE verdict SET verifies = verifies + 1 WHERE id = (SELECT min(id) FROM verdict WHERE accepted)"
    report = audit_archive(changed(archive, tmp_path, statement))
    (detail,) = (one.detail for one in report.findings if one.rule == "verdict-differs")
    assert detail.startswith("the verdict recorded has verifies ")


def test_a_trust_folder_laid_out_for_verify_trusts_its_anchors_alone(archive: Archive, tmp_path: Path) -> None:
    with sqlite3.connect(archive.path) as db:
        rows = db.execute("SELECT kind, data FROM evidence WHERE kind != 'register'").fetchall()
    db.close()
    for name in ("anchors", "authorities", "crls"):
        (tmp_path / name).mkdir()
    for number, (kind, data) in enumerate(rows):
        if kind == "anchor":
            (tmp_path / "anchors" / f"{number}.der").write_bytes(data)
            (tmp_path / "authorities" / "again.der").write_bytes(data)
    folder = read_trust_folder(tmp_path)
    assert folder.anchors
    assert len(folder.authorities) == 1  # self-issued, and not trusted for it


def test_what_is_not_sealed_yet_is_counted_and_checked_all_the_same(tmp_path: Path) -> None:
    path = tmp_path / "axis.db"
    axis = open_field(file_url(path))
    send(axis, PROVINCE, Doc(PROVINCE, (DEPARTMENT,), "1").package(), 0)
    axis.settle(at(60))
    axis.seal(at(60))
    send(axis, PROVINCE, Doc(PROVINCE, (DEPARTMENT, LOCKED), "2").package(), 70)
    axis.settle(at(100))
    take(axis, DEPARTMENT, 100)
    report = audit_archive(path)  # while the axis has it open
    axis.close()
    assert report.findings == ()
    assert report.checked["verdicts"] == 2
    waiting = {one.what: one.count for one in report.unchecked}
    assert (waiting["admission facts"], waiting["verdict facts"], waiting["refusal facts"]) == (1, 1, 1)
    assert waiting["event facts"] == 7


def test_verdicts_are_judged_by_the_terms_of_their_time(tmp_path: Path) -> None:
    """A leader leaves between two documents: the register of each verdict is the one it was judged by, so both stand."""
    path = tmp_path / "axis.db"
    axis = open_field(file_url(path))
    send(axis, PROVINCE, Doc(PROVINCE, (DEPARTMENT,), "1").package(), 0)
    axis.settle(at(60))
    axis.close()
    without = Directory(directory().organizations(), {organ: one for organ, one in directory().entitled().items() if organ != PROVINCE})
    assert read_register(write_register(without)).signers(PROVINCE).persons == {}
    settings = AxisSettings(database_url=file_url(path))
    axis = open_axis(settings, directory=without, trust=pki().trust_store(), signer=axis_signer(), hops=HOPS)
    send(axis, PROVINCE, Doc(PROVINCE, (DEPARTMENT,), "2").package(), 70)
    axis.settle(at(100))
    axis.seal(at(100))
    axis.close()
    report = audit_archive(path)
    assert report.findings == ()
    assert report.checked["verdicts"] == 2
    with sqlite3.connect(path) as db:
        assert [row[0] for row in db.execute("SELECT rule FROM verdict ORDER BY id")] == ["accepted", "leader-not-of-sender"]
        for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            db.execute(f"DROP TRIGGER {name}")
        db.execute("UPDATE trust SET after = 0 WHERE id = 2")
    db.close()
    assert rules(audit_archive(path))["verdict-differs"] == 1


def test_every_signed_artefact_passes_the_seam_once_and_what_it_adds_is_listed(archive: Archive) -> None:
    met: Counter[Purpose] = Counter()

    def longer(one: SignedArtefact) -> list[Finding]:
        met[one.purpose] += 1
        assert one.reports
        assert all(report.indication for report in one.reports)
        if one.purpose is Purpose.LETTER:
            assert one.data.startswith(b"%PDF-")
            assert len(one.reports) == 2
        else:
            assert one.signature.startswith(b"\x30")
        added = Finding(one.place, "no-timestamp", "EN 319 102-1 §5.5", "it says nothing after 2040")
        return [added] if one.purpose is Purpose.ANNEX else []

    report = audit_archive(archive.path, longer=longer)
    assert met[Purpose.RECEIPT] == report.checked["receipts"]
    assert met[Purpose.LETTER] == report.checked["verdicts"]
    assert rules(report) == {"no-timestamp": met[Purpose.ANNEX]}
    assert met[Purpose.ANNEX] > 5


def test_progress_runs_on_to_its_end_and_findings_may_go_elsewhere(archive: Archive, tmp_path: Path) -> None:
    path = changed(archive, tmp_path, "UPDATE verdict SET detail = 'x' WHERE id = 3")
    seen: list[Progress] = []
    found: list[Finding] = []
    report = audit_archive(path, sink=found.append, progress=seen.append)
    assert report.findings == ()
    assert report.errors == len(found) > 0
    assert not report.holds
    assert [one.done for one in seen] == sorted(one.done for one in seen)
    assert seen[-1].done == seen[-1].total
    assert {one.step for one in seen} >= {"packages", "ledger", "deliveries"}


@pytest.mark.parametrize(
    ("statement", "place", "rule"),
    [
        ("UPDATE verdict SET rule = 'secret' WHERE id = 3", Place("verdict", "3"), "verdict-differs"),
        ("UPDATE delivery SET state = 'done', since = since + 1 WHERE id = 5", Place("delivery", "5"), "state-differs"),
        ("UPDATE delivery_event SET state = 'done' WHERE id = (SELECT max(id) FROM delivery_event WHERE delivery = 5)", None,
         "event-cause"),
        ("DELETE FROM delivery_event WHERE delivery = 5 AND state = 'in-transit'", None, "illegal-transition"),
        ("UPDATE receipt SET signature = (SELECT signature FROM receipt WHERE package = 9) WHERE package = 8", Place("receipt", "8"),
         "receipt-signature"),
        ("UPDATE document SET number = '999999' WHERE id = 4", Place("document", "4"), "document-differs"),
        ("DELETE FROM receipt WHERE package = 8", Place("package", "8"), "receipt-missing"),
        ("DELETE FROM verdict WHERE id = 3", Place("verdict", "3"), "fact-missing"),
        ("UPDATE ledger_entry SET sequence = sequence + 100000 WHERE id = 40", Place("ledger_entry", "40"), "sequence-gap"),
        ("DELETE FROM ledger_entry WHERE id = 40", Place("ledger_entry", "40"), "entry-missing"),
        ("UPDATE ledger_node SET hash = zeroblob(32) WHERE level = 8 AND position = 2", Place("ledger_node", "8/2"), "node-differs"),
        ("INSERT INTO ledger_node VALUES (16, 9, zeroblob(32))", Place("ledger_node", "16/9"), "node-extra"),
        ("DELETE FROM checkpoint WHERE id = 3", Place("checkpoint", "3"), "checkpoint-missing"),
        ("UPDATE evidence SET data = data || x'00' WHERE id = 7", Place("evidence", "7"), "evidence-changed"),
        ("UPDATE mailbox SET closed_at = closed_at - 5 WHERE package = 1 AND closed_at IS NOT NULL", None, "mailbox-differs"),
        ("UPDATE mailbox SET rank = 1 WHERE package = 1", None, "mailbox-differs"),
        ("UPDATE delivery SET available_at = NULL, transport = '', transport_at = NULL WHERE id = 1", Place("delivery", "1"),
         "mailbox-differs"),
        ("UPDATE delivery SET available_at = available_at + 9 WHERE id = 1", Place("delivery", "1"), "mailbox-differs"),
        ("UPDATE mailbox SET rank = 9 WHERE package IN (SELECT id FROM package WHERE kind = 'refusal')", None, "mailbox-differs"),
        ("INSERT INTO blob VALUES (99999, x'00', 1, NULL, x'00', NULL)", Place("blob", "99999"), "blob-extra"),
        ("UPDATE blob SET data = NULL, upload = (SELECT upload FROM blob WHERE upload IS NOT NULL) WHERE id = 3", Place("blob", "3"),
         "blob-damaged"),
        ("DELETE FROM receipt WHERE package = (SELECT package FROM attachment WHERE blob = 3); UPDATE blob SET size = 7 WHERE id = 3",
         Place("blob", "3"), "blob-damaged"),
        ("UPDATE package SET admitted_at = 'never' WHERE id = 8", Place("package", "8"), "unreadable"),
        ("UPDATE delivery SET state = 'lost' WHERE id = 5", Place("delivery", "5"), "state-differs"),
    ],
)  # fmt: skip
def test_a_change_is_found_where_it_was_made(archive: Archive, tmp_path: Path, statement: str, place: Place | None, rule: str) -> None:
    report = audit_archive(changed(archive, tmp_path, *statement.split("; ")), outside=[archive.outside])
    found = [finding for finding in report.findings if finding.rule == rule]
    assert found, report.findings[:5]
    assert place is None or (place.table, place.row) in {(finding.place.table, finding.place.row) for finding in found}
    assert all(finding.detail and finding.clause for finding in report.findings)
    assert report.errors < 40  # one change is not drowned in its own consequences


@pytest.mark.parametrize(
    ("statement", "rule", "said"),
    [
        (
            "UPDATE document SET number = '999999' WHERE id = 4",
            "document-differs",
            "the column number of the row holds '999999', its package says '",
        ),
        ("UPDATE status SET description = description || 'x'", "status-differs", "the column description of the row holds '"),
    ],
)
def test_what_the_row_and_its_package_say_is_told(archive: Archive, tmp_path: Path, statement: str, rule: str, said: str) -> None:
    report = audit_archive(changed(archive, tmp_path, statement), outside=[archive.outside])
    details = {finding.detail for finding in report.findings if finding.rule == rule}
    assert details
    assert all(detail.startswith(said) and len(detail) < 200 for detail in details)
    assert all(catalogue("vi").phrase(detail).startswith("cột ") for detail in details)


def test_a_damaged_file_is_read_as_far_as_it_goes(archive: Archive, tmp_path: Path) -> None:
    """Bytes of the file itself are overwritten: SQLite's own check says so, and the audit ends with findings, not with an error."""
    path = tmp_path / "changed.db"
    data = bytearray(archive.path.read_bytes())
    for at_byte in range(len(data) // 2 // 4096 * 4096, len(data), 4096 * 37):
        data[at_byte : at_byte + 64] = b"\xff" * 64
    path.write_bytes(data)
    report = audit_archive(path, outside=[archive.outside])
    assert rules(report)["file-damaged"] > 0


ODD = (b"\xff\x00", "chữ", 5.5, 1 << 62, -(1 << 63), b"", "", b"\x30\x00", -1, "1", float("inf"))


@pytest.mark.parametrize("seed", range(4))
def test_values_of_any_type_in_any_column_are_findings_and_never_an_error(archive: Archive, tmp_path: Path, seed: int) -> None:
    """SQLite keeps any type in any column; a row may claim any number, and the audit does not count up to it."""
    path, rng = changed(archive, tmp_path, "SELECT 1"), Random(f"odd/{seed}")
    with sqlite3.connect(path, isolation_level=None) as db:
        tables = [name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'alembic%'")]
        for _ in range(60):
            table = rng.choice(tables)
            column = rng.choice([row[1] for row in db.execute(f"PRAGMA table_info({table})")])
            where = f"rowid IN (SELECT rowid FROM {table} LIMIT 1 OFFSET {rng.randrange(200)})"
            with suppress(sqlite3.Error):
                db.execute(f"UPDATE {table} SET {column} = ? WHERE {where}", (rng.choice(ODD),))
        db.execute("UPDATE status SET description = CAST(x'ff41' AS TEXT) WHERE rowid = (SELECT max(rowid) FROM status)")
    db.close()
    report = audit_archive(path, outside=[archive.outside])
    assert report.errors == len(report.findings) > 10


def test_a_number_out_of_reach_is_one_finding(archive: Archive, tmp_path: Path) -> None:
    path = changed(archive, tmp_path, f"UPDATE checkpoint SET id = {1 << 62} WHERE id = (SELECT max(id) FROM checkpoint)")
    with sqlite3.connect(path) as db:
        db.execute(f"UPDATE ledger_entry SET id = {1 << 61} WHERE id = (SELECT max(id) FROM ledger_entry)")
    db.close()
    report = audit_archive(path)
    details = [one.detail for one in report.findings]
    assert any(detail.startswith("there are no checkpoints ") for detail in details)
    assert any(detail.startswith("the ledger has no entries ") for detail in details)
    assert report.errors < 40


def test_packages_looked_at_side_by_side_are_told_one_by_one(archive: Archive, tmp_path: Path) -> None:
    """What an early stage found of a later package does not come before what a late stage found of an earlier one."""
    path = changed(archive, tmp_path, "UPDATE verdict SET rule = 'x' WHERE package IN (SELECT package FROM verdict ORDER BY id LIMIT 9)")
    with sqlite3.connect(path) as db:
        db.execute("UPDATE receipt SET statement = statement || x'20' WHERE package % 3 = 0")
    db.close()
    found = [one for one in audit_archive(path).findings if one.rule in {"receipt-differs", "receipt-signature", "verdict-differs"}]
    with sqlite3.connect(path) as db:
        numbers = dict(db.execute("SELECT package_id, id FROM package"))
    db.close()
    order = [numbers[one.place.package_id] for one in found]
    assert order == sorted(order)
    assert {"receipt-differs", "verdict-differs"} <= {one.rule for one in found}
