"""A command whose reader has gone ends as any other tool does; a log that nobody reads ends nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ENTRY = "import sys; sys.argv[0] = 'truc'; from console.cli import main; main()"
ROOT = Path(__file__).parents[2]


def ended(words: tuple[str, ...], closed: str) -> subprocess.CompletedProcess[bytes]:
    """A command with ``closed`` ("stdout" or "stderr") on a pipe whose other end is shut already."""
    ours, theirs = os.pipe()
    os.close(ours)
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, closed: theirs}
    try:
        return entered(*words, **streams)
    finally:
        os.close(theirs)


def entered(*words: str, **streams: Any) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([sys.executable, "-c", ENTRY, *words], cwd=ROOT, timeout=60, check=False, **streams)


@pytest.mark.parametrize("words", [("faults",), ("scenarios", "--lang", "vi"), ("--help",), ("--version",), ("run", "first-day", "--json")])
def test_a_command_nobody_reads_ends_silently_with_141(words: tuple[str, ...]) -> None:
    done = ended(words, "stdout")
    assert done.returncode == 141
    assert b"Traceback" not in done.stderr
    assert b"Exception ignored" not in done.stderr


def test_what_is_wrong_is_still_said_by_the_exit_code_where_only_the_talk_is_not_read(tmp_path: Path) -> None:
    assert ended(("verify", str(tmp_path / "none.pdf")), "stderr").returncode == 2


def test_results_are_whole_where_the_talk_is_not_read(tmp_path: Path) -> None:
    done = ended(("faults", "sound-letter", "--out", str(tmp_path / "f")), "stderr")
    assert done.returncode == 0
    assert done.stdout.startswith(b"sound-letter: ")
    assert (tmp_path / "f" / "letter.pdf").is_file()


def test_a_full_disk_is_one_sentence() -> None:
    """``/dev/full`` is one, on every Linux."""
    with Path("/dev/full").open("wb") as full:
        told = entered("faults", "--lang", "en", stdout=full, stderr=subprocess.PIPE)
        assert (told.returncode, told.stderr) == (2, b"Standard output cannot be written: No space left on device.\n")
        silent = entered("verify", "none.pdf", stdout=subprocess.PIPE, stderr=full)
        assert (silent.returncode, silent.stdout) == (2, b"")
