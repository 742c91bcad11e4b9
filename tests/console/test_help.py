"""Help pages speak the reader's language throughout, and write arguments as manuals do."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from console.cli import _of, app
from console.helping import argument, option, usage
from console.locale import catalogue

ROOT = Path(__file__).parents[2]
EN, VI = catalogue("en"), catalogue("vi")
LEFT = re.compile(
    r"<(?:int|float|str|dir|file|path|list)\b|\{|\[\[|<=x|Usage|Options|Arguments|Commands|Show this|required|default|env var"
)
"""What the library would write."""


def page(*words: str) -> str:
    program = "import sys; sys.argv[0] = 'truc'; from console.cli import main; main()"
    done = subprocess.run([sys.executable, "-c", program, *words], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_the_first_line() -> None:
    assert usage("[OPTIONS] {FILE…}...", EN) == "[OPTIONS] FILE…"
    assert usage("[OPTIONS] {scenario}", EN) == "[OPTIONS] SCENARIO"
    assert usage("[OPTIONS] {PART} [[URL]]", EN) == "[OPTIONS] PART [URL]"
    assert usage("[OPTIONS] [name]", EN) == "[OPTIONS] [NAME]"
    assert usage("[OPTIONS] [PACKAGE…]...", EN) == "[OPTIONS] [PACKAGE…]"
    assert usage("[OPTIONS] COMMAND [ARGS]...", VI) == "[TÙY CHỌN] LỆNH [THAM SỐ]..."


def test_options_and_arguments() -> None:
    assert option("--days <int>", "So many.", EN) == ("--days N", "So many.")
    assert option("--rate <float range>", "So fast.  [default: 1.0; 0.1<=x<=10000]", EN) == (
        "--rate N",
        "So fast.  [default: 1.0; 0.1…10000]",
    )
    assert option("--port <int range>", "Where.  [x>=1]", EN) == ("--port N", "Where.  [1…]")
    assert option("--lang en|vi", "Ngôn ngữ.  [env var: X; required]", VI) == ("--lang en|vi", "Ngôn ngữ.  [biến: X; bắt buộc]")
    assert option("--help", "Show this message and exit.", VI) == ("--help", "Hiện trang này rồi thoát.")
    assert argument("FILE… <list[Path]>", "Files.  [required]", EN) == ("FILE…", "Files.  [required]")
    assert argument("[DB] <str>", "A file.", EN) == ("DB", "A file.")
    assert argument("scenario <str>", "One [of them].", EN) == ("SCENARIO", "One [of them].")


@pytest.mark.parametrize("words", [(), ("verify",), ("load",), ("admin",), ("admin", "lock")])
def test_a_page_in_vietnamese_holds_no_word_of_the_library(words: tuple[str, ...]) -> None:
    found = page("--lang", "vi", *words, "--help")
    assert found.startswith("Cách dùng: truc ")
    assert not LEFT.search(found), found


def test_the_language_may_stand_behind_the_command() -> None:
    assert page("verify", "--help", "--lang=vi").startswith("Cách dùng: truc verify ")
    assert page("admin", "--help", "--lang", "vi").startswith("Cách dùng: truc admin ")


@pytest.mark.parametrize("words", [(), ("admin",)])
def test_commands_are_told_whole(words: tuple[str, ...]) -> None:
    assert "..." not in page("--lang", "en", *words, "--help").replace("[ARGS]...", "")


NAMES = [one.name or getattr(one.callback, "__name__", "") for one in app.registered_commands] + ["admin"]


@pytest.mark.parametrize("name", NAMES)
def test_a_command_alone_reads_as_it_does_among_all(name: str) -> None:
    """A start puts together only what it was asked for."""
    alone = _of([name, "--help"])
    assert len([*alone.registered_commands, *alone.registered_groups]) == 1
    among, by_itself = (CliRunner().invoke(one, [name, "--help"]) for one in (app, alone))
    assert (by_itself.exit_code, by_itself.output) == (0, among.output)
    assert name in by_itself.output


@pytest.mark.parametrize("words", [(), ("--help",), ("--lang", "vi", "run"), ("no-such",), ("parked",)])
def test_where_no_command_stands_first_all_are_there(words: tuple[str, ...]) -> None:
    assert _of(words) is app
    assert len(app.registered_commands) == len(NAMES) - 1 > 10
