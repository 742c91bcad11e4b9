"""What the console tells of letters made to last: the scenario's answer on the screen and on the page, in both languages."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import datetime

import pytest
from rich.console import Console

from console.lasting import disturbances, disturbed, survival_rows
from console.locale import LANGUAGES, catalogue
from console.reports.html import page
from console.session import Wish, _announce, working_days
from console.terminal import show
from exchange.domain.calendar import VN
from scenarios.world.file import load_world
from scenarios.world.model import ServicePlan
from signing import Service
from tests.console.conftest import Day


def test_the_scenario_shows_letters_lost_and_letters_saved(years: Day) -> None:
    """A week later what is lost is lost by the revocation alone; every copy is judged, each with one verdict."""
    found = years.tree["lasting"]
    assert found["level"] == "B-LTA"
    assert set(found["sent"]) == {"stamped", "silent"}
    soon, late = sorted({one["at"] for one in found["survival"]})
    for moment in (soon, late):
        assert sum(one["count"] for one in found["survival"] if one["at"] == moment) == sum(found["copies"].values())
    lost = [one for one in found["survival"] if one["at"] == soon and one["indication"] != "TOTAL-PASSED"]
    assert lost
    assert {one["sub-indication"] for one in lost} == {"REVOKED_NO_POE"}
    assert all(one["missing"].startswith("a time-stamp on the signature from before 2021-09-28 03:00:00 UTC") for one in lost)
    assert all(one["document"].startswith("H28.13,") and one["agency"] != "H28.13" for one in lost)  # its letters, kept by others
    saved = [one for one in found["survival"] if one["at"] == late and one["indication"] == "TOTAL-PASSED"]
    assert [one["level"] for one in saved] == ["B-LTA"]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_screen_and_page_show_every_row(years: Day, lang: str) -> None:
    text = catalogue(lang)
    screen = Console(width=160, record=True, file=None, quiet=False)
    with screen.capture() as captured:
        show(years.tree, text, screen)
    shown, html = captured.get(), page(years.tree, text)
    for where in (shown, html):
        assert text("report.lasting", level="B-LTA") in where
        assert text("report.survival") in where
        assert text.label("indication", "TOTAL-PASSED") in where
        assert "REVOKED_NO_POE" in where
        assert text.label("lasting", "silent") in where


@pytest.mark.parametrize("lang", LANGUAGES)
def test_no_word_of_it_is_broken_on_a_terminal_of_eighty_columns(years: Day, lang: str) -> None:
    text, screen = catalogue(lang), Console(width=80)
    with screen.capture() as captured:
        show(years.tree, text, screen)
    shown = captured.get()
    table = shown[shown.index(text("report.survival")) : shown.index(text("report.conservation"))]
    assert max(map(len, table.splitlines())) <= 80
    words = {word for row in survival_rows(years.tree, text) for cell in row for word in cell.split()}
    assert words <= set(table.split())


def test_what_is_missing_is_said_in_the_reader_s_language_and_time(years: Day) -> None:
    told = {lang: {row[-1].partition(" (")[0] for row in survival_rows(years.tree, catalogue(lang))} for lang in LANGUAGES}
    assert "a time-stamp on the signature from before Tue 28/09/2021 10:00:00" in told["en"]
    assert "dấu thời gian trên chữ ký có từ trước thứ Ba 28/09/2021 10:00:00" in told["vi"]
    assert not {one for one in told["vi"] if "a time-stamp" in one or "a CRL" in one or "UTC" in one}


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_story_tells_of_the_time_stamp(years: Day, lang: str) -> None:
    _, sentences = years.story.tell(catalogue(lang))
    started = catalogue(lang)("story.timestamped", agency="X", requests=1).split("X")[0]
    assert any(sentence.startswith(started) for _, sentence in sentences)


def test_the_start_says_when_the_service_is_not_there() -> None:
    (sentence,) = disturbances(disturbed(load_world("signed-for-years", "1"), [Service.TSA]), catalogue("en"))
    assert sentence == "time-stamping silent Mon 27/09/2021 12:00:00 – Tue 28/09/2021 07:00:00"


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_page_says_it_too(years: Day, lang: str) -> None:
    text = catalogue(lang)
    (sentence,) = disturbances(years.tree["services"], text)
    assert text("start.faults", faults=sentence) in page(years.tree, text)


def test_the_start_names_what_is_planned_and_nobody_in_a_run_asks() -> None:
    """An outage of OCSP that is only served by ``truc pki`` must not look as if it had been forgotten, or as if it had shown nothing."""
    window = ServicePlan(silent=((datetime(2021, 9, 27, 13, tzinfo=VN), datetime(2021, 9, 27, 17, tzinfo=VN)),))
    world = replace(load_world("first-day", "1"), ocsp=window)
    said = io.StringIO()
    _announce(world, 1, "", catalogue("en"), Console(file=said, width=1000))
    lines = said.getvalue().splitlines()
    assert "Faults: none planned" in lines
    (told,) = (line for line in lines if "`truc pki`" in line)
    assert told.endswith("OCSP responder silent Mon 27/09/2021 13:00:00 – Mon 27/09/2021 17:00:00")


def test_where_nothing_is_made_to_last_nothing_is_said(day: Day) -> None:
    assert "lasting" not in day.tree
    assert catalogue("en")("report.survival") not in page(day.tree, catalogue("en"))


@pytest.mark.parametrize(("scenario", "asked", "days"), [("signed-for-years", None, 3), ("signed-for-years", 1, 1), ("first-day", None, 1)])
def test_a_scenario_runs_for_its_own_days_unless_asked_otherwise(scenario: str, asked: int | None, days: int) -> None:
    wish = Wish(scenario, asked, "1", None, json=False, require_targets=False)
    assert working_days(wish, load_world(scenario, "1"), catalogue("en")) == days
