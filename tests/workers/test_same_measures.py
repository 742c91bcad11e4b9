"""The same world on the axis in process and on the axis behind PostgreSQL, broker and workers: what is measured is the same."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import scenarios.run
from console.cli import app
from exchange.axis import Axis
from exchange.bootstrap import open_axis
from exchange.settings import AxisSettings
from tests.console.test_service import running
from tests.judges import needs_postgres, needs_valkey
from tests.servers import Valkey


@needs_postgres
@needs_valkey
def test_first_day_gives_the_same_measures_with_workers(
    postgres_url: str, valkey: Valkey, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A real worker of the same world and seed, behind the horizon of the kernel that runs here."""
    alone, served, log = tmp_path / "alone", tmp_path / "served", tmp_path / "worker.log"
    command = ("run", "first-day", "--seed", "7", "--out")
    assert CliRunner().invoke(app, [*command, str(alone)]).exit_code == 0
    monkeypatch.setattr(scenarios.run, "open_axis", lambda settings, **parts: _served(settings, postgres_url, valkey.url, parts))
    with running(log, "worker", "first-day", "--seed", "7", "--driven", "--database", postgres_url, "--broker", valkey.url) as worker:
        done = CliRunner().invoke(app, [*command, str(served)])
        assert worker.poll() is None, log.read_text()
    assert done.exit_code == 1, done.output
    assert "this is a fault of the program: Raw signs and verifies.\n" in done.output  # the worker's own, which this process cannot count
    assert facts(alone) == facts(served)
    assert measures(alone) == measures(served)


def facts(run: Path) -> list[str]:
    """The trace, but for the certificate paths: the worker walks those of the axis."""
    lines = [line for line in (run / "trace.csv").read_text().splitlines() if not line.startswith("PathValidated,")]
    assert len(lines) > 100
    return lines


def measures(run: Path) -> dict[str, Any]:
    """All that was measured, but for how many raw operations this process did and how many lines its trace has."""
    found: dict[str, Any] = json.loads((run / "measures.json").read_text())
    del found["operations"], found["amounts"]["facts"]
    return found


def _served(settings: AxisSettings, url: str, broker: str, parts: dict[str, Any]) -> Axis:
    from workers.bell import celery_bell

    return open_axis(replace(settings, database_url=url, settle_seconds=60), doorbell=celery_bell(broker, 0.002), driven=True, **parts)
