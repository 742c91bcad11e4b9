"""The command line: what it promises about streams, sentences and exit codes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from console.cli import app

HEAVY = ("sqlalchemy", "cryptography", "simpy", "pydantic", "rich.console", "scenarios", "exchange", "signing")


def truc(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


def test_the_first_day_says_what_it_will_do_tells_the_story_and_shows_the_rates() -> None:
    answer = truc("run", "first-day", "--lang", "en")
    assert answer.exit_code == 0, answer.output
    for promised in ("seed 1", "mode: embedded", "Faults: none planned", "Internal documents electronic ≥ 90 % (e10)", "documents"):
        assert promised in answer.stderr
    for promised in ("The story of document", "Rates beside their targets", "Conservation", "counted at the cryptography call"):
        assert promised in answer.stdout


def test_json_goes_alone_to_standard_output(tmp_path: Path) -> None:
    answer = truc("run", "first-day", "--json", "--lang", "vi", "--out", str(tmp_path / "r"))
    tree = json.loads(answer.stdout)
    assert tree["scenario"]["name"] == "first-day"
    assert (tmp_path / "r" / "measures.json").read_text("utf-8") == answer.stdout
    assert "Chỉ tiêu" in answer.stderr


def test_out_holds_the_report_and_may_be_used_again(tmp_path: Path) -> None:
    for _ in range(2):
        answer = truc("run", "first-day", "--out", str(tmp_path), "--lang", "vi")
        assert answer.exit_code == 0, answer.output
    assert {path.name for path in tmp_path.iterdir()} >= {"report.html", "measures.json", "trace.csv", "axis.db"}
    assert '<html lang="vi">' in (tmp_path / "report.html").read_text("utf-8")


def test_an_interrupted_run_says_so_and_leaves_no_report_of_an_earlier_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    (tmp_path / "report.html").write_text("of an earlier run", encoding="utf-8")
    monkeypatch.setattr("console.session.run", interrupted)
    answer = truc("run", "first-day", "--out", str(tmp_path), "--lang", "en")
    assert answer.exit_code == 130
    assert "Interrupted" in answer.stderr
    assert not (tmp_path / "report.html").exists()


def test_a_target_that_is_not_held_is_a_result_unless_targets_are_required() -> None:
    """One day of three agencies decides nothing about 90 %, and so does not hold it."""
    assert truc("run", "first-day").exit_code == 0
    answer = truc("run", "first-day", "--require-targets", "--lang", "en")
    assert answer.exit_code == 1
    assert "Not held: Internal documents electronic" in answer.stderr


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("run", "no-such-world"), ("no-such-world", "first-day")),
        (("run", "w" * 5000), ("w" * 100 + "…: no such scenario",)),
        (("run", "frist-day", "--lang", "en"), ("did you mean first-day?",)),
        (("run", "no-such-world", "--lang", "vi"), ("không có kịch bản",)),
        (("run", "first-day", "--seed", "", "--lang", "en"), ("--seed",)),
        (("run", "missing.toml"), ("missing.toml",)),
        (("run", "first-day", "--days", "0", "--lang", "en"), ("--days", "0", "250")),
        (("run", "first-day", "--lang", "fr"), ("--lang", "fr", "en, vi")),
        (("run", "first-day", "--days", "x", "--lang", "en"), ("--days: x is not a whole number.",)),
        (("run", "first-day", "--days=1.5", "--lang=vi"), ("--days: 1.5 không phải số nguyên.",)),
        (("load", "http://127.0.0.1", "--rate", "fast", "--lang", "en"), ("--rate: fast is not a number.",)),
        (("pki", "first-day", "--port", "70000", "--lang", "en"), ("--port: 70000 is more than 65535.",)),
        (("admin", "record", "--database", "sqlite://", "--last", "0", "--lang", "vi"), ("--last: 0 nhỏ hơn 1.",)),
        (("run", "first-day", "--out", __file__, "--lang", "en"), ("--out", "is a file; a folder is wanted.")),
        (("beat", "--broker", "redis://", "--state", "/tmp", "--lang", "en"), ("--state", "is a folder; a file is wanted.")),
        (("run", "--lang", "en"), ("SCENARIO must be given; ", " run --help says what it is.")),
        (("worker", "first-day", "--lang", "en"), ("--database must be given, or the variable TRUC_DATABASE set",)),
    ],
)
def test_bad_input_gets_one_sentence_and_exit_code_two(arguments: tuple[str, ...], named: tuple[str, ...]) -> None:
    answer = truc(*arguments)
    assert answer.exit_code == 2
    assert answer.stdout == ""
    assert "Traceback" not in answer.stderr
    assert len(answer.stderr.strip().splitlines()) == 1
    for name in named:
        assert name in answer.stderr


def test_a_file_named_without_its_ending_is_found_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "my-day.toml").touch()
    monkeypatch.chdir(tmp_path)
    assert "did you mean my-day.toml?" in truc("run", "my-day", "--lang", "en").stderr


def test_a_world_file_with_an_unknown_key_is_named_with_its_place(tmp_path: Path) -> None:
    world = tmp_path / "bent.toml"
    whole = (Path(__file__).parents[2] / "scenarios" / "library" / "first-day.toml").read_text("utf-8")
    world.write_text(f"speed = 3\n{whole}", encoding="utf-8")
    answer = truc("run", str(world))
    assert answer.exit_code == 2
    assert "bent.toml" in answer.stderr
    assert "speed" in answer.stderr


def test_an_out_that_cannot_be_a_folder_is_refused(tmp_path: Path) -> None:
    taken = tmp_path / "taken"
    taken.write_text("x", encoding="utf-8")
    answer = truc("run", "first-day", "--out", str(taken / "deeper"), "--lang", "en")
    assert answer.exit_code == 2
    assert "taken" in answer.stderr
    assert "Traceback" not in answer.output


def test_a_full_disk_is_said_in_one_sentence(tmp_path: Path) -> None:
    """A limit on the size of files stands for a disk without room."""
    program = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000)); from console.cli import main; main()"
    command = [sys.executable, "-c", program, "run", "first-day", "--out", str(tmp_path), "--lang", "en"]
    answer = subprocess.run(command, capture_output=True, text=True, check=False, cwd=Path(__file__).parents[2])
    assert answer.returncode == 3
    assert answer.stdout == ""
    assert "Traceback" not in answer.stderr
    assert answer.stderr.strip().splitlines()[-1].startswith("A part could not be used: ")


def test_scenarios_are_listed_with_their_questions() -> None:
    answer = truc("scenarios", "--lang", "en")
    assert answer.exit_code == 0
    assert "first-day\n    What happens to one document" in answer.stdout
    assert "hoa-binh-2021\n" in answer.stdout
    assert "Điều gì xảy ra" in truc("scenarios", "--lang", "vi").stdout


def test_the_doctor_uses_three_lines_each() -> None:
    answer = truc("doctor", "--lang", "en")
    lines = answer.stdout.splitlines()
    assert answer.exit_code == 0
    assert len(lines) % 3 == 0
    assert lines[0] == "Python"
    assert all(line.startswith("  needed for: ") for line in lines[2::3])


def test_version() -> None:
    answer = truc("--version")
    assert (answer.exit_code, answer.stdout.split()[0]) == (0, "truc")


def test_an_unknown_option_is_wrong_usage() -> None:
    assert truc("run", "first-day", "--nonsense").exit_code == 2


def test_help_loads_nothing_heavy() -> None:
    """Why ``truc --help`` answers at once: nothing that simulates is imported for it."""
    program = f"import sys, console.cli; sys.exit(sum(name in sys.modules for name in {HEAVY!r}))"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_help_speaks_the_language_of_the_environment() -> None:
    program = "from console.cli import main; main()"
    answer = subprocess.run(
        [sys.executable, "-c", program, "--help"],
        env={"LANG": "vi_VN.UTF-8"},
        capture_output=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    assert "Mô phỏng" in answer.stdout.decode()


def test_everything_wrong_with_a_world_file_is_a_line(tmp_path: Path) -> None:
    path = tmp_path / "wrong.toml"
    path.write_text('name = 3\ncolour = "red"\n' + "".join(f"[profile.p{number}]\nlevel = 3\n" for number in range(20)), "utf-8")
    answer = truc("run", str(path), "--lang", "en")
    lines = answer.stderr.splitlines()
    assert (answer.exit_code, len(lines)) == (2, 12)
    assert lines[0].startswith(f"{path}: name (line 1): this must be ")
    assert lines[1] == f"{path}: colour (line 2): unknown key"
    assert all(line.startswith(f"{path}: ") for line in lines[:10])
    assert lines[10].startswith("… and ")
    assert lines[11].startswith("Once these are mended, ")
