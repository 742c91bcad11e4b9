"""Tools that the README names do what it says."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from typer.testing import CliRunner

from console.cli import app

ROOT = Path(__file__).resolve().parent.parent


def take_out(*arguments: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "tools" / "take_out_letters.py"), *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False)


def test_the_letters_of_a_run_are_taken_out_and_the_run_stays_as_it_was(tmp_path: Path) -> None:
    """Every letter is whole, what a verifier needs lies beside it."""
    run, target = tmp_path / "r", tmp_path / "letters"
    assert CliRunner().invoke(app, ["run", "first-day", "--out", str(run)]).exit_code == 0
    before = (run / "axis.db").read_bytes()
    done = take_out(run, target)
    assert done.returncode == 0, done.stderr
    letters = list(target.glob("*.pdf"))
    assert f"{len(letters)} letters" in done.stdout
    assert letters
    assert all(letter.read_bytes().startswith(b"%PDF-") and b"%%EOF" in letter.read_bytes()[-16:] for letter in letters)
    assert (run / "axis.db").read_bytes() == before
    (command,) = (line for line in done.stdout.splitlines() if line.startswith("./truc verify"))
    _, _, pattern, *options = command.split()
    assert pattern == f"{target}/*.pdf"
    answer = CliRunner().invoke(app, ["verify", *map(str, letters), *options, "--lang", "en"])
    assert answer.exit_code == 0, answer.output
    assert f"{len(letters)} passed, 0 failed" in answer.stdout
    annexes = sorted(map(str, target.glob("*.p7s")))
    assert annexes
    assert CliRunner().invoke(app, ["verify", *annexes, *options]).exit_code == 0


def test_a_run_that_is_not_there_is_said_in_a_sentence(tmp_path: Path) -> None:
    done = take_out(tmp_path / "nowhere", tmp_path)
    assert done.returncode == 1
    assert "nowhere" in done.stderr
    assert "Traceback" not in done.stderr


def test_without_arguments_the_tool_says_how_it_is_used() -> None:
    done = take_out()
    assert done.returncode == 1
    assert "take_out_letters.py r/ letters/" in done.stderr
