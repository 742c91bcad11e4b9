"""The same world on the axis in process and on the axis behind PostgreSQL, broker and workers: the same bytes come out."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

from typer.testing import CliRunner

from console.cli import app
from scenarios.world.file import load_world
from scenarios.world.pki import build
from tests.console.test_service import running
from tests.judges import needs_postgres, needs_valkey
from tests.servers import Valkey

WRITTEN = ("measures.json", "trace.csv", "report.html")


@needs_postgres
@needs_valkey
def test_first_day_gives_the_same_bytes_with_workers(postgres_url: str, valkey: Valkey, tmp_path: Path) -> None:
    """Two children of a real worker of the same world and seed, behind the horizon of the kernel that runs here."""
    alone, served, log = tmp_path / "alone", tmp_path / "served", tmp_path / "worker.log"
    world = ("first-day", "--seed", "7")
    assert run(*world, "--out", str(alone))[0] == 0
    with running(log, "worker", *world, "--driven", "--database", postgres_url, "--broker", valkey.url) as worker:
        code, said = run(*world, "--out", str(served), "--axis", postgres_url, "--broker", valkey.url)
        assert worker.poll() is None, log.read_text()
    assert code == 0, said
    assert "mode: PostgreSQL, stages run by workers" in said
    for name in WRITTEN:
        assert (alone / name).read_bytes() == (served / name).read_bytes(), name
    assert sorted(path.name for path in served.glob("witness-*.json")) == sorted(path.name for path in alone.glob("witness-*.json"))
    for path in alone.glob("witness-*.json"):
        assert path.read_bytes() == (served / path.name).read_bytes()
    root = sha256(build(load_world("first-day", "7")).pki.root.certificate_der).hexdigest()
    audit = ["audit", postgres_url, "--checkpoint", str(alone / "witness-central.json"), "--anchor", root, "--lang", "en"]
    done = CliRunner().invoke(app, audit, env={"COLUMNS": "140"})
    assert done.exit_code == 0, done.output
    assert "HOLDS" in done.output
    code, said = run(*world, "--axis", postgres_url, "--broker", valkey.url)
    assert code == 2
    assert "a run needs an empty one" in said


def run(*words: str) -> tuple[int, str]:
    """``truc run``; the exit code and everything said."""
    done = CliRunner().invoke(app, ["run", *words, "--lang", "en"])
    return done.exit_code, done.output
