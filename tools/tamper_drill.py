"""The tamper drill: change an archive behind the axis' back, audit it against a checkpoint kept outside, see that every change is listed.

    python -m tools.tamper_drill --documents 10000 --changes 2000 --per-audit 40

What is changed, and how, is in :mod:`tools.tamper_changes`. Exit code 1 when a change was not found.
"""

from __future__ import annotations

import argparse
import multiprocessing
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from random import Random
from time import perf_counter
from typing import Any

from exchange.audit import ArchiveReport, audit_archive
from exchange.checkpoints import CheckpointFile, read_checkpoint
from signing import CadesSigner
from tools.drill_archive import Field, build_archive
from tools.tamper_changes import Change, tamper


@dataclass(frozen=True, slots=True)
class Round:
    """One audit of one changed copy."""

    changes: tuple[Change, ...]
    missed: tuple[Change, ...]
    errors: int
    """Listed by the audit."""
    rules: frozenset[str]
    """Those they name."""
    seconds: float


def missed(changes: Sequence[Change], report: ArchiveReport) -> tuple[Change, ...]:
    """The changes that no finding points to."""
    rows = {(finding.place.table, finding.place.row) for finding in report.findings}
    names = {finding.place.package_id for finding in report.findings} - {""}
    return tuple(one for one in changes if not (one.rows & rows or one.package_id in names))


def drill(
    archive: Path, outside: CheckpointFile, signer: CadesSigner, changes: int, per_audit: int, seed: str, folder: Path
) -> Iterator[Round]:
    """Change copies of an archive and audit each, until so many changes were made."""
    for number, count in _numbered(changes, per_audit):
        yield one_round(archive, outside, signer, number, count, seed, folder)


def _numbered(changes: int, per_audit: int) -> Iterator[tuple[int, int]]:
    """Each round's number, and how many changes it makes."""
    for number, done in enumerate(range(0, changes, per_audit)):
        yield number, min(per_audit, changes - done)


def one_round(archive: Path, outside: CheckpointFile, signer: CadesSigner, number: int, count: int, seed: str, folder: Path) -> Round:
    """Change one copy and audit it; seed and number say what is changed, but for whose event is invented (SQLite's chance)."""
    copy = folder / f"changed-{number}.db"
    shutil.copy(archive, copy)
    kinds = {"newest": number % 3 == 1, "forked": number % 6 == 2, "keyless": number % 4 == 3}
    made = tamper(copy, Random(f"{seed}/round/{number}"), signer, count, **kinds)
    start = perf_counter()
    report = audit_archive(copy, outside=[outside])
    seconds = perf_counter() - start
    for old in folder.glob(f"{copy.name}*"):
        old.unlink()
    return Round(tuple(made), missed(made, report), report.errors, frozenset(one.rule for one in report.findings), seconds)


def _side_by_side(archive: Path, kept: bytes, options: argparse.Namespace, folder: Path) -> Iterator[Round]:
    """The same rounds in the same order, by as many processes as asked for."""
    given = (archive, kept, options.seed, folder)
    with multiprocessing.get_context("spawn").Pool(options.processes, _begin, given) as pool:
        yield from pool.imap(_in_process, _numbered(options.changes, options.per_audit))


_given: list[Any] = []
"""What a process of the pool works on: archive, checkpoint, signer, seed, folder."""


def _begin(archive: Path, kept: bytes, seed: str, folder: Path) -> None:
    _given[:] = [archive, read_checkpoint(kept), Field(seed).signer, seed, folder]


def _in_process(numbered: tuple[int, int]) -> Round:
    archive, outside, signer, seed, folder = _given
    return one_round(archive, outside, signer, *numbered, seed, folder)


def main() -> int:
    """Build, change, audit, print."""
    parser = argparse.ArgumentParser(prog="python -m tools.tamper_drill", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--documents", type=int, default=300)
    parser.add_argument("--changes", type=int, default=50)
    parser.add_argument("--per-audit", type=int, default=40)
    parser.add_argument("--seed", default="1")
    parser.add_argument("--processes", type=int, default=1, help="audits side by side")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="truc-drill-") as name:
        folder = Path(name)
        field = Field(options.seed)
        kept = build_archive(folder / "axis.db", field, options.documents, options.seed)
        outside = read_checkpoint(kept)
        before = audit_archive(folder / "axis.db", outside=[outside])
        print(f"{options.documents:,} documents, {before.entries:,} ledger entries; untouched: {before.errors} errors")
        if before.errors:
            return 1
        return _report(_side_by_side(folder / "axis.db", kept, options, folder))


def _report(rounds: Iterator[Round]) -> int:
    kinds, lost, seconds = Counter[str](), 0, timedelta()
    for number, one in enumerate(rounds, 1):
        kinds.update(change.kind for change in one.changes)
        seconds += timedelta(seconds=one.seconds)
        lost += len(one.missed)
        print(f"audit {number}: {len(one.changes)} changes, {len(one.missed)} missed, {one.errors} errors listed, {one.seconds:.1f} s")
        for change in one.missed:
            print(f"  MISSED {change.kind}: {change.what}")
    listed = ", ".join(f"{kind} {count}" for kind, count in sorted(kinds.items()))
    print(f"{kinds.total()} changes ({listed}): {kinds.total() - lost} found, {lost} missed; {seconds.total_seconds():.0f} s of audits")
    return 1 if lost else 0


if __name__ == "__main__":
    sys.exit(main())
