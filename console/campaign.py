"""The long measurements by name: each is one command of the source repository, and its result is kept with commit and machine.

They need what is not installed with the product (tests, tools, benchmarks), so an installed copy can only say so. ``--short`` runs the same
commands for seconds, as continuous integration does.
"""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import typer

from console.locale import Text
from console.outcome import DONE, UNREACHED, USAGE
from console.up.place import ENTRY

ROOT = Path(__file__).resolve().parents[1]
RECORDS = ROOT / "docs" / "measurements" / "campaigns"
_ENTRIES: Mapping[str, tuple[str, ...]] = {"python": (), "truc": ("-c", ENTRY)}
_LINES = 200
"""Of a result that is text, so many lines are kept, from its end."""


@dataclass(frozen=True, slots=True)
class Campaign:
    """One of them: a command, in full and for seconds. ``truc`` and ``python`` are those of this process."""

    name: str
    full: tuple[str, ...]
    short: tuple[str, ...]


CAMPAIGNS: Mapping[str, Campaign] = {
    one.name: one
    for one in (
        Campaign(
            "chaos-1000", ("truc", "chaos", "--kills", "1000", "--json"), ("truc", "chaos", "--kills", "3", "--json")
        ),
        Campaign(
            "chaos-no-broker", ("truc", "chaos", "--kills", "40", "--no-broker", "--json"),
            ("truc", "chaos", "--kills", "1", "--no-broker", "--json"),
        ),
        Campaign(
            "tamper-10000",
            ("python", "-m", "tools.tamper_drill", "--documents", "10000", "--changes", "2000", "--seed", "12", "--processes", "2"),
            ("python", "-m", "tools.tamper_drill", "--documents", "12", "--changes", "40"),
        ),
        Campaign(
            "two-readers-100000", ("python", "-m", "tests.signing.formats.mutations", "100000"),
            ("python", "-m", "tests.signing.formats.mutations", "500"),
        ),
        Campaign(
            "intervals-200", ("python", "-m", "tools.interval_coverage", "--seeds", "200"),
            ("python", "-m", "tools.interval_coverage", "--seeds", "2", "--processes", "1", "--unjudged"),
        ),
        Campaign("admissions", ("python", "-m", "benchmarks.admissions", "4000"), ("python", "-m", "benchmarks.admissions", "60")),
        Campaign(
            "store-1000000", ("python", "-m", "benchmarks.store", "1000000"),
            ("python", "-m", "benchmarks.store", "2000", "--archive", "20", "--rounds", "2", "--letters", "6", "--unjudged"),
        ),
        Campaign("posted-4-times", ("python", "-m", "benchmarks.posted", "2500"), ("python", "-m", "benchmarks.posted", "12")),
        Campaign(
            "workers-1-to-4", ("python", "-m", "benchmarks.workers", "--rate", "60", "--documents", "900"),
            ("python", "-m", "benchmarks.workers", "--workers", "1", "2", "--documents", "12", "--rounds", "1", "--idle", "1",
             "--unjudged"),
        ),
    )
}  # fmt: skip


def campaign(name: str | None, text: Text, *, short: bool = False, root: Path = ROOT, records: Path | None = RECORDS) -> int:
    """Run one and keep its result (``records``: where, ``None``: nowhere), or list them all; the exit code is the campaign's own."""
    if name is None:
        lines = [f"{one.name}\n    {text.label('campaign', one.name)}" for one in CAMPAIGNS.values()]
        typer.echo("\n".join(lines))
        return DONE
    found = CAMPAIGNS.get(name)
    if found is None:
        typer.echo(text("campaign.unknown", name=name, names=", ".join(CAMPAIGNS)), err=True)
        return USAGE
    if not (root / "tests").is_dir() or not (root / "benchmarks" / "machine.py").is_file():
        typer.echo(text("campaign.missing", folder=root), err=True)
        return UNREACHED
    words = found.short if short else found.full
    typer.echo(text("campaign.begins", command=" ".join(words)), err=True)
    record = _run(found, words, root)
    if records is not None:
        typer.echo(text("campaign.kept", path=_keep(record, records)), err=True)
    typer.echo(json.dumps(record["result"], ensure_ascii=False, indent=1))
    return int(record["exit_code"])


def _run(found: Campaign, words: tuple[str, ...], root: Path) -> dict[str, Any]:
    machine = _machine(root)
    began, at = time.monotonic(), datetime.now(UTC)
    paths = os.pathsep.join(filter(None, (str(root), os.environ.get("PYTHONPATH"))))
    command = [sys.executable, *_ENTRIES[words[0]], *words[1:]]
    environment = {**os.environ, "PYTHONPATH": paths}
    done = subprocess.run(command, cwd=root, env=environment, stdout=subprocess.PIPE, text=True, check=False)  # noqa: S603 - of the table
    return {
        "name": found.name, "command": list(words), "began": at.isoformat(timespec="seconds"),
        "seconds": round(time.monotonic() - began, 1), "machine": machine, "exit_code": done.returncode, "result": _result(done.stdout),
    }  # fmt: skip


def _machine(root: Path) -> dict[str, str]:
    sys.path.insert(0, str(root))
    try:
        return dict(importlib.import_module("benchmarks.machine").describe())
    finally:
        sys.path.remove(str(root))


def _result(said: str) -> Any:
    """What a campaign printed: its JSON, or the last of its lines."""
    try:
        return json.loads(said)
    except ValueError:
        return said.splitlines()[-_LINES:]


def _keep(record: Mapping[str, Any], folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    commit = record["machine"]["commit"].split()[0][:10]
    path = folder / f"{record['name']}-{record['began'][:10]}-{commit}.json"
    path.write_text(json.dumps(record, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return path
