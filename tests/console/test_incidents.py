"""A world that plans incidents: announced before the run, told in the story, listed on the screen and in the report, in both languages."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path

import pytest
from typer.testing import CliRunner

from console.cli import app
from console.incidents import debriefings, incident_rows
from console.locale import LANGUAGES, catalogue
from console.reasons import reason
from console.reports.canonical import Tree
from signing import fault_words

INCIDENTS = """
[[incident]]
agency = "H28.13"
fault = "text-overwritten"
at = 2021-09-27T08:00:00
[[incident]]
agency = "H28"
fault = "sound-letter"
at = 2021-09-27T08:00:00
[[incident]]
agency = "H28"
fault = "signer-expired"
at = 2021-09-27T22:00:00
"""


@pytest.fixture
def world(tmp_path: Path) -> Path:
    text = files("scenarios.library").joinpath("first-day.toml").read_text(encoding="utf-8").replace("value = 750", "value = 2000")
    path = tmp_path / "world.toml"
    path.write_text(text + INCIDENTS, encoding="utf-8")
    return path


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_run_with_incidents_tells_them_from_beginning_to_end(world: Path, tmp_path: Path, lang: str) -> None:
    out = tmp_path / "r"
    answer = CliRunner().invoke(app, ["run", str(world), "--lang", lang, "--out", str(out)], env={"COLUMNS": "300"})
    assert answer.exit_code == 0, answer.output
    text = catalogue(lang)
    titles = [f"{fault_words(name, lang).title} ({name})" for name in ("text-overwritten", "sound-letter", "signer-expired")]
    assert all(title in answer.stderr for title in titles)
    assert text("start.faults", faults=text("start.no-faults")) not in answer.stderr
    tree = json.loads((out / "measures.json").read_text("utf-8"))
    told = [(one["fault"], one["agency"], one["fate"], one["rule"], one["expected"], one["agrees"]) for one in tree["incidents"]]
    assert told == [
        ("text-overwritten", "H28.13", "refused", "letter-form", "refused", True),
        ("sound-letter", "H28", "accepted", "accepted", "accepted", True),
        ("signer-expired", "H28", "not-happened", "", "refused", None),
    ]
    page = (out / "report.html").read_text("utf-8")
    for place in (answer.stdout, page):
        assert text("report.incidents") in place
        assert all(title in place for title in titles)
        assert text("incident.not-happened") in place
        assert tree["incidents"][0]["letter"] in place
    assert fault_words("sound-letter", lang).what in answer.stdout, "the story is of the letter that got farthest of those with incidents"


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_verdict_other_than_the_expected_one_is_said_to_be(lang: str) -> None:
    text, one = catalogue(lang), _outcome()
    tree = {"incidents": [one, one | {"fate": "accepted", "rule": "accepted", "agrees": False}]}
    rows = incident_rows(tree, text)
    assert [row[-1] for row in rows] == [text("word.yes"), text("word.no")]
    assert [row[4] for row in rows] == [text("incident.refused"), text("incident.accepted")]
    said = [dict(lines)[text("word.axis-said")] for _, lines in debriefings(tree, text)]
    assert said[0].startswith(f"{text('incident.refused')}: ")
    assert said[0].endswith(" (letter-form)")
    assert said[1] == text("incident.accepted")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_debriefing_says_in_words_what_was_said_and_what_should_have_been(lang: str) -> None:
    text, one = catalogue(lang), _outcome() | {"rule": "leader-signature", "sub-indication": "REVOKED_NO_POE"}
    ((heading, lines),) = debriefings({"incidents": [one]}, text)
    words, told = fault_words("text-overwritten", lang), dict(lines)
    assert heading == f"1/QĐ-UBND, H28: {words.title} (text-overwritten)", "several agencies have a letter of that number"
    assert (told[text("faults.what")], told[text("faults.remedy")]) == (words.what, words.remedy)
    meant = [text.explanation("sub-indication", code)["title"].rstrip(".") for code in ("REVOKED_NO_POE", "HASH_FAILURE")]
    assert told[text("word.axis-said")] == f"{text('incident.refused')}: {meant[0]} (leader-signature, REVOKED_NO_POE)"
    assert told[text("word.expected")] == f"{text('incident.refused')}: {meant[1]} (HASH_FAILURE)"


def test_a_reason_nobody_has_words_for_is_told_by_its_names() -> None:
    assert reason("leader-signature", "", catalogue("en")) == "leader-signature"
    assert reason("accepted", "", catalogue("vi")) == "accepted"
    assert reason("", "", catalogue("vi")) == ""


def _outcome() -> Tree:
    return {
        "agency": "H28", "fault": "text-overwritten", "since": "2021-09-27T08:00:00+07:00", "letter": "1/QĐ-UBND", "document": "d",
        "at": "2021-09-27T09:00:00+07:00", "fate": "refused", "rule": "letter-form", "sub-indication": "", "expected": "refused",
        "expected-rule": "", "expected-sub-indication": "HASH_FAILURE", "agrees": True,
    }  # fmt: skip
