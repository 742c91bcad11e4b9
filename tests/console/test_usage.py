"""A command line that cannot be followed is told so in one sentence of the language asked for, wherever the library would speak its own."""

import errno
import os
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import pytest
import typer
from typer.testing import CliRunner

from console.cli import app
from console.locale import catalogue
from console.usage import Speaking


class Colour(StrEnum):
    """Two words to choose from."""

    RED = "red"
    GREEN = "green"


WRONG = {
    ("verfy",): (
        "There is no command verfy (did you mean verify?); truc --help lists them.",
        "Không có lệnh verfy (có phải là verify?); truc --help liệt kê các lệnh.",
    ),
    ("xyzzy",): ("There is no command xyzzy; truc --help lists them.", "Không có lệnh xyzzy; truc --help liệt kê các lệnh."),
    ("admin", "lokc"): (
        "There is no command lokc (did you mean lock, unlock?); truc admin --help lists them.",
        "Không có lệnh lokc (có phải là lock, unlock?); truc admin --help liệt kê các lệnh.",
    ),
    ("run", "--dayz", "3"): (
        "There is no option --dayz (did you mean --days?); truc run --help lists them.",
        "Không có tùy chọn --dayz (có phải là --days?); truc run --help liệt kê các tùy chọn.",
    ),
    ("--xyzzy",): ("There is no option --xyzzy; truc --help lists them.", "Không có tùy chọn --xyzzy; truc --help liệt kê các tùy chọn."),
    ("run", "-x"): ("There is no option -x; truc run --help lists them.", "Không có tùy chọn -x; truc run --help liệt kê các tùy chọn."),
    ("scorecard", "one", "two"): (
        "one two: nothing more is wanted here; truc scorecard --help says what is.",
        "one two: thừa, ở đây không cần thêm gì; truc scorecard --help cho biết cần những gì.",
    ),
    ("run", "first-day", "--json=3"): (
        "--json takes no value; truc run --help says what it is.",
        "--json không nhận giá trị; truc run --help cho biết đó là gì.",
    ),
    ("run",): ("SCENARIO must be given; truc run --help says what it is.", "Phải nêu SCENARIO; truc run --help cho biết đó là gì."),
}


def said(*words: str) -> tuple[int, str]:
    outcome = CliRunner().invoke(app, list(words), prog_name="truc")
    assert outcome.stdout == "" or outcome.exit_code == 0
    return outcome.exit_code, outcome.stderr


@pytest.mark.parametrize("words", WRONG, ids=" ".join)
@pytest.mark.parametrize("lang", ["en", "vi"])
def test_what_cannot_be_followed_is_said_in_the_language_asked_for(
    words: tuple[str, ...], lang: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the environment's words, and by --lang, though it stands behind what is wrong."""
    wanted = (2, WRONG[words][lang == "vi"] + "\n")
    monkeypatch.setenv("LC_ALL", {"en": "en_US.UTF-8", "vi": "vi_VN.UTF-8"}[lang])
    assert said(*words) == wanted
    monkeypatch.setenv("LC_ALL", {"en": "vi_VN.UTF-8", "vi": "en_US.UTF-8"}[lang])
    assert said(*words, f"--lang={lang}") == wanted
    assert said("--lang", lang, *words) == wanted


def test_an_option_without_its_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "vi_VN.UTF-8")
    assert said("run", "first-day", "--days") == (2, "--days cần một giá trị; truc run --help cho biết giá trị nào.\n")


def test_an_option_without_its_value_behind_the_language(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "en_US.UTF-8")
    assert said("--lang", "vi", "run", "first-day", "--days") == (2, "--days cần một giá trị; truc run --help cho biết giá trị nào.\n")


def test_help_is_no_refusal() -> None:
    """With --help, and where nothing was asked for."""
    for words in ((), ("--help",), ("admin",), ("run", "--help")):
        outcome = CliRunner().invoke(app, list(words), prog_name="truc")
        assert "Usage: truc" in outcome.output


def test_paths_and_choices(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the library checks of a path, and of one word out of several, in whatever command asks for it."""
    some = typer.Typer(cls=Speaking, add_completion=False, pretty_exceptions_enable=False)

    @some.callback()
    def nothing() -> None:
        """A group."""

    @some.command()
    def take(
        file: Annotated[Path, typer.Option(exists=True, dir_okay=False)] = Path(__file__),
        folder: Annotated[Path, typer.Option(exists=True, file_okay=False)] = Path(os.sep),
        colour: Colour = Colour.RED,
    ) -> None:
        """Take them."""

    def answer(*words: str) -> str:
        outcome = CliRunner().invoke(some, ["take", *words])
        assert outcome.exit_code == 2
        return outcome.stderr

    nowhere = str(tmp_path / "nowhere")
    monkeypatch.setenv("LC_ALL", "vi_VN.UTF-8")
    assert answer("--file", nowhere) == f"--file: không có {nowhere}.\n"
    assert answer("--folder", nowhere) == f"--folder: không có {nowhere}.\n"
    assert answer("--file", str(tmp_path)) == f"--file: {tmp_path} là một thư mục; ở đây cần một tệp.\n"
    assert answer("--folder", __file__) == f"--folder: {__file__} là một tệp; ở đây cần một thư mục.\n"
    assert answer("--colour", "blue") == "--colour: blue không thuộc các giá trị red, green.\n"
    monkeypatch.setattr(os, "access", lambda *_, **__: False)
    assert answer("--file", __file__) == f"--file: không có quyền đọc {__file__}.\n"
    monkeypatch.setenv("LC_ALL", "C")
    assert answer("--colour", "blue") == "--colour: blue is none of red, green.\n"


def test_the_systems_errors_are_said_in_the_language_asked_for(tmp_path: Path) -> None:
    """A folder that cannot be made, and every other reason the catalogue has; what it has not is said in the system's words."""
    out = "/dev/null/x"
    assert said("run", "first-day", "--out", out, "--lang", "vi")[1].endswith(f"--out {out}: đây không phải thư mục.\n")
    assert said("run", "first-day", "--out", out, "--lang", "en")[1].endswith(f"--out {out}: Not a directory.\n")
    english, vietnamese = catalogue("en"), catalogue("vi")
    named = [key for key in english.texts if key.startswith("system.")]
    assert len(named) > 10
    for key in named:
        number = getattr(errno, key.removeprefix("system."))
        error = OSError(number, os.strerror(number))
        assert english.reason(error) == os.strerror(number)
        assert vietnamese.reason(error) == vietnamese.texts[key] != english.texts[key]
    assert vietnamese.reason(OSError(errno.EXDEV, "Invalid cross-device link")) == "Invalid cross-device link"
    assert vietnamese.reason(ValueError("embedded null byte")) == "embedded null byte"
