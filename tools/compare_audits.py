"""Two versions of the audit, told to say everything about the same changed archives: every word of it must be the same.

    git worktree add /tmp/before v1 && python -m tools.compare_audits /tmp/before --copies 12

Copies of an archive are changed as in the tamper drill and audited by the code of this tree and by that of the other one, each in a
process of its own. Compared are findings, what was counted, what could not be checked, and every signed artefact with its reports, all in
their order. Exit code 1 where one word differs, with the first lines that do.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from hashlib import sha256
from itertools import islice
from pathlib import Path
from random import Random

from exchange.audit import SignedArtefact, audit_archive
from exchange.checkpoints import CheckpointFile, read_checkpoint
from tools.drill_archive import Field, build_archive
from tools.tamper_changes import tamper

ROOT = Path(__file__).resolve().parent.parent
_OUTSIDE = "outside.json"
_SHOWN = 5


def main() -> int:
    """Build, change, audit twice, compare."""
    parser = argparse.ArgumentParser(prog="python -m tools.compare_audits", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("other", type=Path, help="another tree of this repository; or, with --say, a folder of archives")
    parser.add_argument("--documents", type=int, default=150)
    parser.add_argument("--copies", type=int, default=12)
    parser.add_argument("--per-audit", type=int, default=40)
    parser.add_argument("--seed", default="1")
    parser.add_argument("--say", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.say:
        return _say(options.other)
    with tempfile.TemporaryDirectory(prefix="truc-compare-") as name:
        folder = Path(name)
        changes = _make(folder, options.documents, options.copies, options.per_audit, options.seed)
        ours, theirs = (_asked(tree, folder) for tree in (ROOT, options.other.resolve()))
        differing = [number for number, pair in enumerate(zip(ours, theirs, strict=True)) if pair[0] != pair[1]]
        for number in differing:
            _show(number, ours[number], theirs[number])
        lines = sum(len(one) for one in ours)
        print(f"{len(ours)} archives, {changes} changes, {lines:,} lines: {len(differing)} archives are told differently")
    return 1 if differing else 0


def _make(folder: Path, documents: int, copies: int, per_audit: int, seed: str) -> int:
    """An untouched archive and changed copies of it; gives how many changes were made."""
    field, made = Field(seed), 0
    (folder / _OUTSIDE).write_bytes(build_archive(folder / "0.db", field, documents, seed))
    for number in range(1, copies + 1):
        copy = folder / f"{number}.db"
        shutil.copy(folder / "0.db", copy)
        rng = Random(f"{seed}/compare/{number}")
        made += len(tamper(copy, rng, field.signer, per_audit, newest=number % 3 == 1, forked=number % 6 == 2))
    return made


def _asked(tree: Path, folder: Path) -> list[list[str]]:
    """What the code of a tree says of every archive."""
    command = [sys.executable, str(Path(__file__).resolve()), "--say", str(folder)]
    subprocess.run(command, cwd=tree, env={**os.environ, "PYTHONPATH": str(tree)}, check=True)  # noqa: S603 - this program again
    found = []
    for path in _archives(folder):
        said = path.with_suffix(".txt")
        found.append(said.read_text("utf-8", "surrogateescape").splitlines())
        said.unlink()
    return found


def _archives(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.db"), key=lambda path: int(path.stem))


def _say(folder: Path) -> int:
    outside = read_checkpoint((folder / _OUTSIDE).read_bytes())
    for path in _archives(folder):
        path.with_suffix(".txt").write_text("\n".join(_told(path, outside)), "utf-8", "surrogateescape")
    return 0


def _told(path: Path, outside: CheckpointFile) -> Iterator[str]:
    """Everything an audit says, a line each. Artefacts come in the order of their places: when each is judged is nobody's business."""
    artefacts: list[str] = []

    def longer(one: SignedArtefact) -> tuple[()]:
        digests = [sha256(data).hexdigest() for data in (one.data, one.signature)]
        artefacts.append(repr((one.place, one.purpose, digests, one.reports)))
        return ()

    report = audit_archive(path, outside=[outside], longer=longer)
    yield from map(repr, report.findings)
    yield from map(repr, report.unchecked)
    yield repr(sorted(report.checked.items()))
    yield repr((report.errors, report.entries, report.anchors, report.newest))
    yield from sorted(artefacts)


def _show(number: int, ours: list[str], theirs: list[str]) -> None:
    print(f"archive {number}: {len(ours)} lines here, {len(theirs)} there")
    here, there = set(ours), set(theirs)
    for sign, lines, others in (("+", ours, there), ("-", theirs, here)):
        for line in islice((line for line in lines if line not in others), _SHOWN):
            print(f"  {sign} {line[:300]}")
    if here == there:
        print("  the same lines in another order")


if __name__ == "__main__":
    sys.exit(main())
