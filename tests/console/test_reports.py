"""What is written beside the screen: the same seed gives the same bytes, and a page that asks nobody for anything."""

from __future__ import annotations

import csv
import io
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from console.locale import LANGUAGES, catalogue
from console.reports.canonical import canonical
from console.reports.html import page, question_of
from console.reports.markup import Markup, tag
from console.reports.model import inconsistencies, not_held
from console.reports.trace_csv import COLUMNS
from scenarios.measures import CATALOGUE
from tests.console.conftest import Day, play


class Reader(HTMLParser):
    """Checks nesting, and gathers text and attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.text: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []

    def handle_starttag(self, name: str, attributes: list[tuple[str, str | None]]) -> None:
        self.attributes += attributes
        if name not in ("br", "meta"):
            self.open.append(name)

    def handle_endtag(self, name: str) -> None:
        assert self.open.pop() == name

    def handle_data(self, data: str) -> None:
        self.text.append(data)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_page_is_whole_and_asks_nobody(day: Day, lang: str) -> None:
    written = page(day.tree, catalogue(lang))
    reader = Reader()
    reader.feed(written)
    assert reader.open == []
    assert "://" not in written
    assert "<script" not in written
    assert "@import" not in written
    assert "url(" not in written
    assert not [name for name, _ in reader.attributes if name in ("src", "href") or name.startswith("on")]
    assert ("lang", lang) in reader.attributes


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_page_shows_every_rate_assumption_and_state(day: Day, lang: str) -> None:
    reader = Reader()
    reader.feed(page(day.tree, catalogue(lang)))
    text = " ".join(reader.text)
    for row in day.tree["measures"]:
        assert row["title"][lang] in text
        assert row["denominator"][lang] in text
    for assumption in day.tree["assumptions"]:
        assert catalogue(lang).assumption(assumption["key"], assumption["label"]) in text
    assert catalogue(lang)("report.operations.equal") in text


def test_text_is_escaped_where_it_enters() -> None:
    assert tag("p", "<b>&", title='"') == '<p title="&quot;">&lt;b&gt;&amp;</p>'
    assert tag("p", Markup("<b>")) == "<p><b></p>"


def test_the_same_seed_gives_the_same_bytes_and_another_seed_does_not(day: Day, tmp_path: Path) -> None:
    again = play(tmp_path)
    assert canonical(again.tree) == canonical(day.tree)
    assert again.csv == day.csv
    other = tmp_path / "other"
    other.mkdir()
    assert play(other, seed="2").csv != day.csv


def test_the_trace_of_one_day_is_the_beginning_of_the_trace_of_two(day: Day, tmp_path: Path) -> None:
    two = play(tmp_path, days=2)
    assert two.csv.startswith(day.csv)
    assert len(two.csv) > len(day.csv)


def test_measures_are_canonical_and_free_of_the_machine(day: Day) -> None:
    written = canonical(day.tree)
    tree = json.loads(written)
    assert written == json.dumps(tree, sort_keys=True, ensure_ascii=False, indent=1) + "\n"
    assert tree["schema"] == "run/1"
    assert [row["id"] for row in tree["measures"]] == [spec.id.value for spec in CATALOGUE]
    assert not re.search(r"elapsed|second|host|path|/tmp", json.dumps(list(tree)))
    digits = re.findall(r"\d\.(\d+)", written)
    assert max(map(len, digits)) <= 6


def test_a_consistent_run_says_so_and_a_broken_sum_is_named(day: Day) -> None:
    assert inconsistencies(day.tree) == []
    tree = json.loads(canonical(day.tree))
    tree["conservation"]["axis"]["equal"] = False
    tree["operations"][0]["counted"] += 1
    assert inconsistencies(tree) == ["axis", "operations"]


def test_targets_not_held_are_those_of_the_scenario_alone(day: Day) -> None:
    held_against = {row["id"] for row in day.tree["measures"] if row["held-against"]}
    assert held_against == {"internal-electronic", "official-electronic-form", "official-wholly-electronic"}
    assert set(not_held(day.tree)) <= held_against


def test_the_trace_as_csv_holds_every_record(day: Day) -> None:
    lines = list(csv.DictReader(io.StringIO(day.csv.decode("utf-8"))))
    assert len(lines) == len(day.records) == day.tree["amounts"]["facts"]
    for line, record in zip(lines, day.records, strict=True):
        assert line["record"] == type(record).__name__
        for name in COLUMNS:
            if name not in ("record", "instant"):
                value = getattr(record, name, "")
                assert line[name] == ("" if value is None else str(int(value)) if isinstance(value, bool) else str(value))
    first = next(line for line in lines if line["record"] == "Drafted")
    assert first["instant"].startswith("2021-09-27T")
    assert first["instant"].endswith("+07:00")


@pytest.mark.parametrize(
    ("lang", "days", "said"),
    [
        ("en", 1, "how much of 1 working day travels"),
        ("en", 3, "how much of 3 working days travels"),
        ("en", 5, "how much of a working week travels"),
        ("vi", 1, "văn bản của 1 ngày làm việc"),
        ("vi", 5, "văn bản của một tuần làm việc"),
    ],
)
def test_the_question_is_asked_of_the_days_that_were_run(lang: str, days: int, said: str) -> None:
    tree = {"scenario": {"name": "hoa-binh-2021", "question": "?"}, "days": days}
    assert said in question_of(tree, catalogue(lang))
    assert question_of({**tree, "scenario": {"name": "my-own", "question": "Why?"}}, catalogue(lang)) == "Why?"
