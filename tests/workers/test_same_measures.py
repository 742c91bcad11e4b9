"""The same world on the axis in process and on the axis behind PostgreSQL, broker and workers: the same bytes come out."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from console.cli import app
from scenarios.world.file import load_world
from scenarios.world.pki import build
from tests.judges import needs_postgres, needs_valkey
from tests.servers import Valkey
from tests.workers.same import twice


@pytest.mark.timeout(180)
@needs_postgres
@needs_valkey
@pytest.mark.parametrize(("http", "kills"), [(False, 1), (True, 0)], ids=["database-and-a-kill", "http"])
def test_first_day_gives_the_same_bytes_with_workers(postgres_url: str, valkey: Valkey, tmp_path: Path, http: bool, kills: int) -> None:
    """Two children of a real worker behind the horizon of a kernel: measures, trace, report, witnesses' files. What a killed child did
    is done again by another and counted once.
    """
    found = twice(tmp_path, postgres_url, valkey.url, "first-day", seed="7", kills=kills, http=http)
    logs = "".join(path.read_text() for path in tmp_path.glob("*.log"))
    assert found.same, f"{found}\n{logs}"
    assert found.kills == kills
    assert set(found.lines) >= {"measures.json", "trace.csv", "report.html", "witness-central.json", "witness-commune.json"}
    assert found.lines["trace.csv"] > 100
    root = sha256(build(load_world("first-day", "7")).pki.root.certificate_der).hexdigest()
    done = truc("audit", postgres_url, "--checkpoint", str(tmp_path / "alone" / "witness-central.json"), "--anchor", root)
    assert done.exit_code == 0, done.output
    assert "HOLDS" in done.output
    again = truc("run", "first-day", "--seed", "7", "--axis", postgres_url, "--broker", valkey.url)
    assert again.exit_code == 2
    assert "a run needs an empty one" in again.output


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--axis", "sqlite:///x.db"), 2, "an axis is at http://host:port or postgresql+psycopg://"),
        (("--axis", "postgresql+psycopg://x@127.0.0.1:9/x"), 2, "needs --broker"),
        (("--broker", "redis://127.0.0.1:9"), 2, "--broker goes with"),
        (("--axis", "http://127.0.0.1:9", "--broker", "redis://127.0.0.1:9"), 2, "--broker goes with"),
        pytest.param(
            ("--axis", "postgresql+psycopg://x@127.0.0.1:9/x", "--broker", "redis://127.0.0.1:9"),
            3,
            "A part could not be used",
            marks=[needs_postgres, needs_valkey],
        ),
    ],
)
def test_an_axis_that_cannot_be_played_against_is_told_in_one_sentence(words: tuple[str, ...], code: int, said: str) -> None:
    done = truc("run", "first-day", *words)
    assert (done.exit_code, "Traceback" in done.output) == (code, False), done.output
    assert said in done.output


def truc(*words: str) -> Result:
    return CliRunner().invoke(app, [*words, "--lang", "en"], env={"COLUMNS": "140"})
