"""The story of one document: told from the trace, in order, in both languages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from console.locale import LANGUAGES, catalogue
from console.story import Storyteller
from scenarios.trace import (
    Arrived,
    Cause,
    Channel,
    Checked,
    Dispatched,
    Initialled,
    Issued,
    Judged,
    Record,
    Registered,
    StatusSent,
    Submitted,
)
from scenarios.world.file import load_world
from tests.console.conftest import Day
from tests.scenarios.measures.stream import NINE, dispatched, signed


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_first_day_tells_one_document_from_desk_to_desk(day: Day, lang: str) -> None:
    text = catalogue(lang)
    title, lines = day.story.tell(text)
    assert "/" in title
    assert [clock for clock, _ in lines] == sorted(clock for clock, _ in lines)
    sentences = [sentence for _, sentence in lines]
    chapters = [
        "drafted",
        "initialled",
        "signed",
        "issued",
        "dispatched",
        "submitted",
        "judged",
        "hops",
        "arrived",
        "checked",
        "registered",
    ]
    places = [next(n for n, sentence in enumerate(sentences) if _is(text(f"story.{chapter}"), sentence)) for chapter in chapters]
    assert places == sorted(places)
    assert _is(text("story.status-06"), sentences[-2]) or _is(text("story.open"), sentences[-1])


def _is(template: str, sentence: str) -> bool:
    """Whether a sentence was made from a template: its longest fixed piece stands in it."""
    pieces = [piece for piece in re.split(r"\{[a-z_]+(?::[^}]*)?\}", template) if piece]
    return max(pieces, key=len).strip(" .") in sentence


def test_each_story_is_made_of_the_documents_own_records(day: Day) -> None:
    kinds = {type(record) for record in next(iter(day.story.documents.values()))}
    assert kinds >= {Initialled, Issued, Dispatched, Submitted, Judged, Arrived, Checked, Registered, StatusSent}


def test_a_paper_document_tells_its_cause_and_where_the_trace_stops(tmp_path: Path) -> None:
    story = Storyteller(load_world("first-day", "1"))
    records: list[Record] = [*signed("1", "H28"), Issued(NINE, "H28", "1", "05", "UBND-VP", 5, 0)]
    records.append(dispatched("1", "H28", "H28.13", Channel.PAPER, Cause.NOT_TRAINED))
    for record in records:
        story.add(record)
    title, lines = story.tell(catalogue("en"))
    assert "05/UBND-VP" in title
    assert "Sở Thông tin và Truyền thông by paper: not trained." in " ".join(sentence for _, sentence in lines)
    assert lines[-1][1] == catalogue("en")("story.open")


def test_without_a_document_there_is_no_story() -> None:
    assert Storyteller(load_world("first-day", "1")).tell(catalogue("vi")) == ("", [])
