"""Archives renew their copies at B-LTA before the newest time-stamp stops proving anything: by plan, in a run that crosses the date.

Units of the time-stamping service start every three years from 22 August 2018 and last five: letters of 20 August 2024 are stamped by one
that ends with 22 August 2026, and two days later there is one that lasts until 2029.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from importlib.resources import files

import pytest

from console.locale import catalogue
from console.story import Storyteller
from exchange.domain.calendar import VN
from scenarios.office import renewal
from scenarios.run import run
from scenarios.trace import Preserved, Record
from scenarios.world.file import load_world
from signing import read_stamped
from tests.scenarios.test_levels import Lived, copies

FIRST_DAY = files("scenarios.library").joinpath("first-day.toml").read_text(encoding="utf-8")
LEAD = '[[assumption]]\nkey = "archive_renewal_days"\nvalue = {days}\nlabel = "days before the end at which copies are renewed"\n\n'
LATER = datetime(2027, 1, 4, 9, tzinfo=VN)
"""Between the end of the one unit and that of the next, when the signers' certificates have ended too."""
NIGHT = 86_400
Live = Callable[..., Lived]


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Live:
    """Run some days of the teaching world with that many days of lead."""

    def go(lead: int, days: int = 3, start: str = "2024-08-20") -> Lived:
        folder = tmp_path_factory.mktemp("renewal")
        head = 'province = "17"\nsignature_level = "B-LTA"\ncontrol_times = [2027-01-04T09:00:00]\n'
        text = FIRST_DAY.replace('province = "17"\n', head, 1).replace("start = 2021-09-27", f"start = {start}", 1)
        text = text.replace("value = 750", "value = 2000").replace("[[assumption]]", LEAD.format(days=lead) + "[[assumption]]", 1)
        (folder / "world.toml").write_text(text, encoding="utf-8")
        world = load_world(folder / "world.toml", "1")
        records: list[Record] = []
        return Lived(world, records, run(world, days=days, sink=records.append, workdir=folder), folder)

    return go


@pytest.fixture(scope="module")
def renewed(live: Live) -> Lived:
    return live(730)


@pytest.fixture(scope="module")
def unrenewed(live: Live) -> Lived:
    return live(365)


def nights(lived: Lived) -> dict[str, list[int]]:
    """On which nights each copy reached B-LTA."""
    found: dict[str, list[int]] = {}
    for one in lived.of(Preserved):
        if one.level == "B-LTA":
            found.setdefault(f"{one.agency} {one.document}", []).append(one.at // NIGHT)
    return found


def test_copies_are_renewed_once_on_the_night_their_plan_says(renewed: Lived) -> None:
    assert renewed.result.holds
    found = nights(renewed)
    twice = [steps for steps in found.values() if len(steps) > 1]
    assert twice
    assert {tuple(steps) for steps in twice} == {(1, 2)}
    assert all(steps != [1] for steps in found.values())


def test_a_renewed_copy_is_a_new_artefact_that_begins_with_what_was_delivered(renewed: Lived) -> None:
    stamps = [
        len(read_stamped(kept)[1]) for _, delivered, kept, level in copies(renewed) if kept.startswith(delivered) and level == "B-LTA"
    ]
    assert len(stamps) == len(nights(renewed))
    assert stamps.count(3) == sum(len(steps) > 1 for steps in nights(renewed).values())
    assert set(stamps) == {2, 3}


def test_no_copy_is_renewed_before_its_time(unrenewed: Lived) -> None:
    assert unrenewed.result.holds
    assert all(len(steps) == 1 for steps in nights(unrenewed).values())


def test_an_archive_that_renews_too_early_asks_again_and_keeps_nothing_that_gains_nothing(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On the second night there is no unit yet that lasts longer than the one of the first; on the third there is."""
    monkeypatch.setattr(renewal, "AGAIN", NIGHT // 2)
    eager = live(1000, 4, "2024-08-19")
    assert eager.result.holds
    assert {tuple(steps) for steps in nights(eager).values() if steps[0] == 1} == {(1, 3)}
    stamps = {len(read_stamped(kept)[1]) for _, _, kept, level in copies(eager) if level == "B-LTA"}
    assert stamps == {2, 3}


def test_what_is_renewed_outlives_the_unit_and_what_is_not_lacks_it(renewed: Lived, unrenewed: Lived) -> None:
    """Judged years later with that day's lists: the one artefact missing is named."""
    said = {(one.at, one.level, one.indication) for one in renewed.result.survival if one.level == "B-LTA"}
    assert said == {(LATER, "B-LTA", "TOTAL-PASSED")}
    lacking = [one for one in unrenewed.result.survival if one.level == "B-LTA" and one.indication != "TOTAL-PASSED"]
    (count,) = (one.count for one in lacking)
    assert 0 < count <= sum(steps == [1] for steps in nights(unrenewed).values())  # some signers' certificates are in force still
    assert "another archive time-stamp" in lacking[0].missing


@pytest.mark.parametrize(("lang", "words"), [("en", "renews its copy"), ("vi", "gia hạn bản của mình")])
def test_the_story_of_a_document_tells_the_renewal(renewed: Lived, lang: str, words: str) -> None:
    twice = next(name.partition(" ")[2] for name, steps in nights(renewed).items() if len(steps) > 1)
    story = Storyteller(renewed.world)
    for record in renewed.records:
        if getattr(record, "document", "") == twice:
            story.add(record)
    told = [sentence for _, sentence in story.tell(catalogue(lang))[1]]
    assert sum(words in sentence for sentence in told) == 1
