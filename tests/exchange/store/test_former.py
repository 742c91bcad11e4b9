"""Entries sealed before schema 0007 name row ids: they stay as they are, and are proved and audited as what they are."""

from __future__ import annotations

import gzip
import json
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import select

from exchange.audit import audit_archive
from exchange.audit.bundle_check import check_bundle
from exchange.audit.bundle_read import read_bundle
from exchange.audit.bundle_write import write_bundle
from exchange.audit.bundle_zip import open_bundle
from exchange.audit.dossier import open_dossier
from exchange.audit.entered import entry_of
from exchange.audit.holdings import Holdings
from exchange.checkpoints import read_checkpoint
from exchange.domain.merkle import leaf_hash, verify_consistency, verify_inclusion
from exchange.store.engine import open_engine
from exchange.store.facts import FactKind
from exchange.store.schema import upgrade
from exchange.store.tables import package, receipt
from signing import load_policy, policy_bytes
from tests.exchange.axis.field import DEPARTMENT, PROVINCE, Doc, at, file_url, open_field, send

DATA = Path(__file__).parent / "data"
OUTSIDE = read_checkpoint((DATA / "checkpoint-0004.json").read_bytes())
"""The last checkpoint that the release with schema 0004 signed over ``axis-0004.sql.gz``, an archive with facts of every kind."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """The archive as the former release left it, brought up to date."""
    found = tmp_path / "axis.db"
    with sqlite3.connect(found) as raw:
        raw.executescript(gzip.decompress((DATA / "axis-0004.sql.gz").read_bytes()).decode())
    raw.close()
    engine = open_engine(file_url(found))
    upgrade(engine)
    engine.dispose()
    return found


def test_an_archive_of_the_former_release_is_whole_and_goes_on(path: Path) -> None:
    with sqlite3.connect(path) as raw:
        kinds = {row[0] for row in raw.execute("SELECT DISTINCT kind FROM ledger_entry")}
    raw.close()
    assert kinds == {kind.value for kind in FactKind}
    report = audit_archive(path, outside=[OUTSIDE])
    assert report.findings == ()
    assert report.checked["ledger leaves"] == OUTSIDE.checkpoint.size
    axis = open_field(file_url(path))
    with axis._store.reading() as work:
        rows = work.all(select(package.c.id, package.c.package_id).join(receipt, receipt.c.package == package.c.id))
    for proof in axis.inclusion([row.package_id for row in rows]):
        assert proof is not None
        assert b'"fact":"' in proof.leaf
        assert verify_inclusion(leaf_hash(proof.leaf), proof.index, proof.size, proof.proof, OUTSIDE.checkpoint.root)
    for row in rows:
        entered = entry_of(axis._store, row.id)
        assert entered is not None
        assert verify_inclusion(leaf_hash(entered.leaf), entered.index, entered.checkpoint.size, entered.inclusion, entered.checkpoint.root)
    send(axis, PROVINCE, Doc(PROVINCE, (DEPARTMENT,), "99").package(), 1000)
    axis.settle(at(1060))
    newest = axis.seal(at(1060))
    proof = axis.consistency(OUTSIDE.checkpoint.size, newest.size).proof
    assert verify_consistency(OUTSIDE.checkpoint.size, newest.size, OUTSIDE.checkpoint.root, newest.root, proof)
    axis.close()
    report = audit_archive(path, outside=[OUTSIDE])
    assert report.findings == ()
    assert report.entries == newest.size


CHANGES = (
    "UPDATE evidence SET kind = 'authority' WHERE id = (SELECT min(id) FROM evidence WHERE kind = 'anchor')",
    "UPDATE trust SET after = after + 1",
    "UPDATE package SET priority = priority + 1 WHERE id = 1",
    "UPDATE verdict SET verifies = verifies + 1 WHERE id = 1",
    "UPDATE refusal SET sub_indication = 'x' WHERE package = (SELECT min(package) FROM refusal)",
    "UPDATE delivery_event SET cause = cause + 1 WHERE id = 1",
    "UPDATE negotiation SET reason = 'x'",
    "UPDATE negotiation SET answered_at = answered_at - 1 WHERE answered_at IS NOT NULL",
)


@pytest.mark.parametrize("statement", CHANGES)
def test_what_was_sealed_then_cannot_be_changed_now(path: Path, statement: str) -> None:
    with sqlite3.connect(path) as raw:
        for (name,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            raw.execute(f"DROP TRIGGER {name}")
        assert raw.execute(statement).rowcount >= 1
    raw.close()
    assert "leaf-differs" in {finding.rule for finding in audit_archive(path, outside=[OUTSIDE]).findings}


def test_bundles_out_of_it_hold_and_say_what_its_entries_do_not(path: Path, tmp_path: Path) -> None:
    """By the rows they name nobody can tell who moved a document; everything else of a step is proven, and nothing is accused."""
    with Holdings(path) as holdings:
        for found in holdings.documents():
            entries = open_bundle(write_bundle(open_dossier(holdings, found, load_policy()), policy_bytes()))
            report = check_bundle(read_bundle(entries))
            assert report.findings == ()
            assert report.answers.included
            moved = [step for one in json.loads(entries["hops.json"])["deliveries"] for step in one["steps"]]
            assert len([one for one in report.unproven if one.startswith("hops.json")]) >= len(moved)
            folder = tmp_path / found.package_id
            for name, data in entries.items():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                (folder / name).write_bytes(data)
            done = subprocess.run([sys.executable, "-I", "-S", "check.py"], cwd=folder, capture_output=True, text=True, check=False)
            assert (done.returncode, done.stderr) == (0, "")
            forged = entries | {"hops.json": entries["hops.json"].replace(b'"state": "received"', b'"state": "waiting"', 1)}
            assert not moved or check_bundle(read_bundle(forged)).findings
