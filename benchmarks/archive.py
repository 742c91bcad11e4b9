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
from signing import CadesSigner, HolderKind, KeyKind, Purpose, parse_cms
from tools.drill_archive import Field, build_archive

DOCUMENTS = 300
DOES = (
    "every blob, skeleton and package hashed, every header read again and held against the rows",
    "every receipt, refusal and checkpoint verified under the axis' certificate",
    "every letter read strictly, both signatures verified, the verdict made again and compared",
    "every delivery's steps by the table of transitions",
    "every ledger leaf made again from its row; the tree, its nodes, the checkpoints, one checkpoint from outside",
)


def rows(slice_seconds: float) -> Iterator[Row]:
    """Archives built through the real axis in a temporary folder: letters that nobody answers, and letters with all their statuses."""
    for name, answered in (("letters, one package a document", False), ("documents with their status packages", True)):
        with TemporaryDirectory() as folder:
            yield _row(name, Path(folder) / "axis.db", slice_seconds, answered=answered)


def _row(name: str, path: Path, slice_seconds: float, *, answered: bool) -> Row:
    outside = read_checkpoint(build_archive(path, Field("benchmark"), DOCUMENTS, "1", answered=answered))
    report = audit_archive(path, outside=[outside])
    assert report.holds, report.findings[:3]

    def ours() -> None:
        assert audit_archive(path, outside=[outside]).holds

    who = holder(HolderKind.ORGANISATION, KeyKind.P256)
    message = parse_cms(CadesSigner(who, purpose=Purpose.LETTER).sign(sha256(CONTENT).digest()))
    rates = interleave([Contender("raw", repeated(raw_verify(who, message))), Contender("ours", repeated(ours))], slice_seconds)
    packages, raw = report.checked["packages"], rates["raw"].median
    each = rates["ours"]
    return Row(
        name=f"a whole archive audited: {name}",
        unit="packages",
        limit=raw * packages / report.checked["signatures"],
        limit_is=f"{report.checked['signatures']:,} raw verifies for {packages:,} packages (cryptography's P-256)",
        ours=Rate("ours", each.median * packages, each.low * packages, each.high * packages, each.count * packages),
        checks=DOES,
        must_rate=2_000 * raw / REFERENCE_P256["verify"],
        must_rate_is=f"2,000 where the raw verify does {REFERENCE_P256['verify']:,}/s",
        remarks=(_contents(report), f"{_size(path) / packages:,.0f} bytes a package on disk"),
    )


def _contents(report: ArchiveReport) -> str:
    counted = ("documents", "statuses", "verdicts", "refusals", "deliveries", "events", "ledger entries", "checkpoints")
    return "it holds " + ", ".join(f"{report.checked.get(what, 0):,} {what}" for what in counted)


def _size(path: Path) -> int:
    with sqlite3.connect(path) as db:
        pages, size = (db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "page_size"))
    db.close()
    return int(pages * size)
