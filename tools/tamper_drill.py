"""The tamper drill: change an archive behind the axis' back, audit it against a checkpoint kept outside, see that every change is listed.

    python -m tools.tamper_drill --documents 10000 --changes 2000 --per-audit 40

What is changed, and how, is in :mod:`tools.tamper_changes`. Exit code 1 when a change was not found.
"""

from __future__ import annotations

import argparse
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
    report: ArchiveReport
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
    done = number = 0
    while done < changes:
        rng = Random(f"{seed}/round/{number}")
        copy = folder / "changed.db"
        for old in folder.glob("changed.db*"):
            old.unlink()
        shutil.copy(archive, copy)
        kinds = {"newest": number % 3 == 1, "forked": number % 6 == 2, "keyless": number % 4 == 3}
        made = tamper(copy, rng, signer, min(per_audit, changes - done), **kinds)
        start = perf_counter()
        report = audit_archive(copy, outside=[outside])
        yield Round(tuple(made), missed(made, report), report, perf_counter() - start)
        done, number = done + len(made), number + 1


def main() -> int:
    """Build, change, audit, print."""
    parser = argparse.ArgumentParser(prog="python -m tools.tamper_drill", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--documents", type=int, default=300)
    parser.add_argument("--changes", type=int, default=50)
    parser.add_argument("--per-audit", type=int, default=40)
    parser.add_argument("--seed", default="1")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="truc-drill-") as name:
        folder = Path(name)
        field = Field(options.seed)
        outside = read_checkpoint(build_archive(folder / "axis.db", field, options.documents, options.seed))
        before = audit_archive(folder / "axis.db", outside=[outside])
        print(f"{options.documents:,} documents, {before.entries:,} ledger entries; untouched: {before.errors} errors")
        if before.errors:
            return 1
        return _report(drill(folder / "axis.db", outside, field.signer, options.changes, options.per_audit, options.seed, folder))


def _report(rounds: Iterator[Round]) -> int:
    kinds, lost, seconds = Counter[str](), 0, timedelta()
    for number, one in enumerate(rounds, 1):
        kinds.update(change.kind for change in one.changes)
        seconds += timedelta(seconds=one.seconds)
        lost += len(one.missed)
        print(
            f"audit {number}: {len(one.changes)} changes, {len(one.missed)} missed, {one.report.errors} errors listed, {one.seconds:.1f} s"
        )
        for change in one.missed:
            print(f"  MISSED {change.kind}: {change.what}")
    listed = ", ".join(f"{kind} {count}" for kind, count in sorted(kinds.items()))
    print(f"{kinds.total()} changes ({listed}): {kinds.total() - lost} found, {lost} missed; {seconds.total_seconds():.0f} s of audits")
    return 1 if lost else 0


if __name__ == "__main__":
    sys.exit(main())
