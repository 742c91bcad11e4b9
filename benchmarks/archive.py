"""The rows on the audit of a whole archive: how much of its time is the raw verification it could not do without."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.measure import Contender, Rate, interleave, repeated
from benchmarks.rows import Row
from benchmarks.subjects import CONTENT, REFERENCE_P256, holder, raw_verify
from exchange.audit import ArchiveReport, audit_archive
from exchange.checkpoints import read_checkpoint
from scenarios.memory import AUDITING, seldom
from signing import CadesSigner, HolderKind, KeyKind, Purpose, parse_cms
from tools.drill_archive import Field, build_archive

LETTERS, ANSWERED = 3_000, 1_000
DOES = (
    "every blob, skeleton and package hashed, every header read again and held against the rows",
    "every receipt, refusal and checkpoint verified under the axis' certificate",
    "every letter read strictly, both signatures verified, the verdict made again and compared",
    "every delivery's steps by the table of transitions",
    "every ledger leaf made again from its row; the tree, its nodes, the checkpoints, one checkpoint from outside",
)


def rows(slice_seconds: float) -> Iterator[Row]:
    """Archives built through the real axis in a temporary folder: letters that nobody answers, and documents with all their statuses."""
    for name, documents, recipients in (
        ("letters to one recipient, nobody answers", LETTERS, 1),
        ("letters to three recipients, nobody answers", LETTERS, 3),
        ("documents with their status packages", ANSWERED, 0),
    ):
        with TemporaryDirectory() as folder:
            yield _row(name, Path(folder) / "axis.db", slice_seconds, documents, recipients)


def _row(name: str, path: Path, slice_seconds: float, documents: int, recipients: int) -> Row:
    outside = read_checkpoint(build_archive(path, Field("benchmark"), documents, "1", recipients=recipients))
    report = audit_archive(path, outside=[outside])
    assert report.holds, report.findings[:3]

    def ours() -> None:
        with seldom(AUDITING):  # as the command does
            assert audit_archive(path, outside=[outside]).holds

    who = holder(HolderKind.ORGANISATION, KeyKind.P256)
    message = parse_cms(CadesSigner(who, purpose=Purpose.LETTER).sign(sha256(CONTENT).digest()))
    rates = interleave([Contender("raw", repeated(raw_verify(who, message))), Contender("ours", repeated(ours))], slice_seconds)
    raw, each, signatures = rates["raw"].median, rates["ours"], report.checked["signatures"]
    packages, each_document = report.checked["packages"], raw / each.median / documents
    return Row(
        name=f"a whole archive audited: {name}",
        unit="documents",
        limit=raw * documents / signatures,
        limit_is=f"{signatures:,} raw verifies for {documents:,} documents (cryptography's P-256)",
        ours=Rate("ours", each.median * documents, each.low * documents, each.high * documents, each.count * documents),
        checks=DOES,
        must_rate=2_000 * raw / REFERENCE_P256["verify"],
        must_rate_is=f"2,000 where the raw verify does {REFERENCE_P256['verify']:,}/s",
        remarks=(
            _contents(report),
            f"packages of all kinds: {each.median * packages:,.0f}/s; {_size(path) / packages:,.0f} bytes a package on disk",
            f"a document takes as long as {each_document:.1f} raw verifies, {signatures / documents:.1f} of which it needs",
        ),
    )


def _contents(report: ArchiveReport) -> str:
    counted = ("documents", "statuses", "verdicts", "refusals", "deliveries", "events", "ledger entries", "checkpoints")
    return "it holds " + ", ".join(f"{report.checked.get(what, 0):,} {what}" for what in counted)


def _size(path: Path) -> int:
    with sqlite3.connect(path) as db:
        pages, size = (db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "page_size"))
    db.close()
    return int(pages * size)
