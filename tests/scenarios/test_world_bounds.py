"""How large a world may be: a file of a few lines that asks for more is refused before anything is made."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from console.known import world_of
from console.locale import catalogue
from console.outcome import Unusable
from scenarios.world import assemble, expand, file, syntax
from scenarios.world.bounds import LARGEST_FILE, MOST_AGENCIES, MOST_JOINED, MOST_PEOPLE, MOST_SIGNS, MOST_SUPERIORS, MOST_TRIED, MOST_UNITS
from scenarios.world.expand import people_of
from scenarios.world.file import WorldFileError, library, load_world
from scenarios.world.staff import posts
from tests.pace import at_most
from tests.scenarios.test_worldfile import FIRST_DAY, line_of, refusal

THIRD, PROFILED, PEERS = 'under = "b"', 'profile = "x"', 'peers = ["a"]'
PROFILE = '[profile.x]\nlevel = "district"\nbloc = "state"\nrank = 50\n'


def group(kind: str, under: str, members: int, more: str = "") -> str:
    names = ", ".join(f'{{ name = "Đơn vị {number}" }}' for number in range(members))
    return f'[[group]]\nkind = "{kind}"\nprofile = "x"\nunder = "{under}"\n{more}members = [{names}]\n'


def test_nested_groups_are_counted_before_they_are_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three groups of 40, 99 and 900 names: three and a half million agencies from one page."""
    made = []
    beneath = expand._beneath
    monkeypatch.setattr(expand, "_beneath", lambda *given: made.append(1) or beneath(*given))
    text = FIRST_DAY + group("a", "province", 40, "number_from = 50\n") + group("b", "a", 99) + group("c", "b", 900) + PROFILE
    error = refusal(tmp_path, text)
    assert error.place == f"group.3 (line {line_of(text, THIRD) - 3})"
    assert error.rule == f"with this the world has {3 + 40 + 40 * 99 + 40 * 99 * 900} agencies; a world holds {MOST_AGENCIES} at most"
    assert len(made) == 40 + 40 * 99


def test_people_are_counted_before_they_are_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So many officers in so many units of so many agencies."""
    monkeypatch.setattr(file, "staff", None)  # nobody is made
    units = ", ".join(f'"Phòng {number}"' for number in range(200))
    text = FIRST_DAY + group("a", "province", 40, "number_from = 50\n") + PROFILE + f"units = [{units}]\nofficers_per_unit = 200\n"
    error = refusal(tmp_path, text)
    assert error.place == f"group.1.profile (line {line_of(text, PROFILED)})"
    made = 21 + 25 * (2 + 2 + 200 * 201)
    assert error.rule == f"with H28.74 the world has {made} people; a world holds {MOST_PEOPLE} at most"


def test_units_without_people_are_counted_before_their_letters_are_tried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A notation for each of 200 units of 100,000 agencies, twenty minutes from one page."""
    monkeypatch.setattr(file, "check_letters", None)  # nothing is tried
    units = "units = [" + '"Phòng", ' * 200 + "]\nofficers_per_unit = 0\nunit_heads = false\ndeputies = 0\n"
    text = FIRST_DAY + group("a", "province", 40, "number_from = 50\n") + group("b", "a", 99) + PROFILE + units
    error = refusal(tmp_path, text)
    assert error.place == f"group.2.profile (line {[n for n, line in enumerate(text.splitlines(), 1) if PROFILED in line][1]})"
    assert error.rule == f"with H28.59.69 the world has {MOST_UNITS + 6} units; a world holds {MOST_UNITS} at most"


def test_units_of_an_agency_itself_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In place of its profile's."""
    monkeypatch.setattr(expand, "MOST_UNITS", 6)
    path = tmp_path / "w.toml"
    path.write_text(FIRST_DAY, "utf-8")
    assert len(load_world(path, "1").agencies) == 3
    error = refusal(tmp_path, FIRST_DAY + 'units = ["A", "B", "C"]\n')
    assert (error.place, error.rule) == (
        f"agency.3.profile (line {line_of(FIRST_DAY, 'Lương Sơn') + 2})",
        "with H28.32 the world has 7 units; a world holds 6 at most",
    )


@pytest.mark.parametrize("name", library())
def test_what_is_counted_beforehand_is_what_is_made(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Groups of every sort, and everybody in them."""
    expected = []
    expect = expand._Made.expect
    monkeypatch.setattr(expand._Made, "expect", lambda made, more, place: expected.append(more) or expect(made, more, place))
    made = expand.expand(file._parse(name, file._text(name)))
    assert sum(expected) == len(made) > 2
    for blueprint in made:
        assert people_of(blueprint.profile, blueprint.said) == len(list(posts(blueprint)))


@pytest.mark.parametrize(
    "members",
    ['{ name = "A", where = "city" }, { name = "B", where = "rural" }, { name = "C" }', '{ name = "A", where = "city" }'],
    ids=len,
)
def test_members_of_cities_and_of_the_country_are_counted_as_made(members: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Hòa Bình has ten districts, one of them a city."""
    districts = '[[group]]\nkind = "d"\nprofile = "x"\nunder = "province"\nunits = "districts"\nnumber_from = 40\n'
    offices = f'[[group]]\nkind = "o"\nprofile = "x"\nunder = "d"\nmembers = [{members}]\n'
    path = tmp_path / "w.toml"
    path.write_text(FIRST_DAY + districts + offices + PROFILE, "utf-8")
    monkeypatch.setattr(expand, "MOST_AGENCIES", 3 + 10 + (20 if "rural" in members else 1))
    assert len(load_world(path, "1").agencies) == expand.MOST_AGENCIES
    monkeypatch.setattr(expand, "MOST_AGENCIES", expand.MOST_AGENCIES - 1)
    with pytest.raises(WorldFileError, match=r"group\.2 \(line \d+\): with this the world has"):
        load_world(path, "1")


@pytest.mark.parametrize(("names", "groups"), [(1, 9), (9, 1)])
def test_names_that_exist_nowhere_are_counted_too(names: int, groups: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Offices of cities beneath agencies of none: each is tried beneath each, and none is made."""
    monkeypatch.setattr(expand, "MOST_TRIED", 40 + 8 * 40)
    member = '{ name = "A", where = "city" }, '
    offices = f'[[group]]\nkind = "o"\nprofile = "x"\nunder = "a"\nmembers = [{member * names}]\n' * groups
    text = FIRST_DAY + group("a", "province", 40, "number_from = 50\n") + offices + PROFILE
    error = refusal(tmp_path, text)
    assert error.place == f"group.{groups + 1} (line {text[: text.rindex('[[group]]')].count(chr(10)) + 1})"
    assert error.rule == "with this the groups' names are tried 400 times; a world takes 360 at most"


def test_what_is_tried_of_a_large_world_is_far_from_the_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    tried = []
    expect = expand._Made.expect_tries
    monkeypatch.setattr(expand._Made, "expect_tries", lambda made, more, place: tried.append(more) or expect(made, more, place))
    expand.expand(file._parse("hoa-binh-2021", file._text("hoa-binh-2021")))
    assert 400 < sum(tried) < MOST_TRIED / 1000


def test_a_line_for_all_provinces_keeps_its_outages_once(tmp_path: Path) -> None:
    """Some hundred provinces and thousands of Party bodies share them."""
    outage = "outages = [{ since = 2021-09-28T08:00:00, until = 2021-09-28T09:00:00 }]"
    line = f'[[hop]]\nid = "bus:*"\npackages_per_minute = 1.0\nlatency_seconds = 1\n{outage}\n'
    other = "".join(f'[[agency]]\nid = "H{n}"\nname = "Đơn vị"\nkind = "c"\nprofile = "x"\n' for n in (29, 30))
    path = tmp_path / "w.toml"
    path.write_text(FIRST_DAY + line + other + PROFILE, "utf-8")
    kept = {hop.id: hop.outages for hop in load_world(path, "1").hops}
    assert kept.keys() == {"bus:H28", "bus:H29", "bus:H30", "national"}
    assert kept["bus:H28"] == ()
    assert len(kept["bus:H29"]) == 1
    assert kept["bus:H29"] is kept["bus:H30"]


def test_addresses_are_counted_before_they_are_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A kind whose agencies all write to each other grows by its square."""
    text = FIRST_DAY + group("a", "province", 9, "number_from = 50\n") + PROFILE + 'peers = ["a"]\n'
    monkeypatch.setattr(assemble, "MOST_ADDRESSES", 200)
    path = tmp_path / "w.toml"
    path.write_text(text, "utf-8")
    assert sum(len(agency.peers) for agency in load_world(path, "1").agencies if agency.kind == "a") == 9 * 8
    monkeypatch.setattr(assemble, "MOST_ADDRESSES", 50)
    monkeypatch.setattr(assemble._Finder, "find", None)
    error = refusal(tmp_path, text)
    assert error.place == f"profile.x.peers (line {line_of(text, PEERS)})"
    assert re.fullmatch(r"with H28\.5\d the agencies have 5\d others to write to; a world holds 50 at most", error.rule)


def test_superiors_are_bounded(tmp_path: Path) -> None:
    """The names of all superiors stand in everybody's certificate."""
    chain = [
        f'[[agency]]\nid = "H28.{n}"\nname = "Đơn vị"\nkind = "c"\nprofile = "x"\nparent = "H28{f".{n - 1}" * (n > 50)}"\n'
        for n in range(50, 60)
    ]
    error = refusal(tmp_path, FIRST_DAY + "".join(chain) + PROFILE)
    assert error.rule == f"H28.58 stands beneath 9 others; a world has {MOST_SUPERIORS} one above the other at most"


def test_a_file_without_an_end_is_no_world(tmp_path: Path) -> None:
    """No more of it is read than a world file may have."""
    rule = f"a world file has {LARGEST_FILE} bytes at most"
    with pytest.raises(WorldFileError, match=rule):
        load_world("/dev/zero", "1")
    path = tmp_path / "w.toml"
    with path.open("wb") as large:
        large.truncate(LARGEST_FILE + 1)
    with pytest.raises(WorldFileError, match=rule):
        load_world(path, "1")


@pytest.mark.parametrize("part", ["[[x]]\n", "{},", "x.y=1\n"])
def test_a_file_of_many_small_things_is_refused_before_it_is_parsed(part: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A million empty tables would end the process at 3 GB."""
    monkeypatch.setattr(syntax, "tomllib", None)
    text = part * (MOST_SIGNS // 2 + 1)
    error = refusal(tmp_path, text)
    assert (error.place, error.rule) == (
        "",
        f"this file has {MOST_SIGNS + 2} of the signs = , . [ {{; a world file has {MOST_SIGNS} at most",
    )


def test_as_many_signs_as_a_file_may_have_are_parsed(tmp_path: Path) -> None:
    text = "x = '" + "." * (MOST_SIGNS - 1)
    assert refusal(tmp_path, f"{text}'").rule == "unknown key"
    assert "of the signs" in refusal(tmp_path, f"{text}.'").rule


@pytest.mark.parametrize("form", ["{} = 1", "[{}]", "[[{}]]", "x = {{ {} = 1 }}", "y.x = [{{ {} = 1 }}]"])
@pytest.mark.parametrize("part", ["a", "'a'", r'"a\"."', "\u212a"])
def test_names_joined_by_dots_are_counted_before_they_are_parsed(form: str, part: str, tmp_path: Path) -> None:
    """What is done for a key grows with the square of their number: 20,000 took 1.5 GB. The sign of kelvin is composed to a letter."""
    joined = form.format(" .\t".join([part] * MOST_JOINED))
    assert "names are joined" not in refusal(tmp_path, f"days = 1\n{joined}\n").rule
    error = refusal(tmp_path, f"days = 1\n{form.format('.'.join([part] * (MOST_JOINED + 1)))}\n")
    assert (error.place, error.rule) == ("line 2", f"more than {MOST_JOINED} names are joined by dots")


def test_a_key_as_long_as_the_file_is_found_at_once(tmp_path: Path) -> None:
    """In the parser's sentence, where blanks could be looked through from each, and among the lines."""
    blanks, name = " " * 500_000, "k(" * 500_000
    with at_most(2):
        for text in (f'x = {{"{blanks}" = 1, "{blanks}" = 1}}', f'["{blanks}"]\n["{blanks}"]'):
            assert refusal(tmp_path, text).rule.startswith("not valid TOML")
    with at_most(1):
        error = refusal(tmp_path, f'days = 1\n  "{name}" = 1\n')
    assert (error.place, error.rule) == (f"{name[:60]}… (line 2)", "unknown key")


def test_a_hop_stated_twice_is_named_where_it_stands(tmp_path: Path) -> None:
    """Also where a line for all provinces stands above it."""
    text = FIRST_DAY.replace("[[hop]]", '[[hop]]\nid = "bus:*"\npackages_per_minute = 1.0\nlatency_seconds = 1\n[[hop]]', 1)
    text += '[[hop]]\nid = "national"\npackages_per_minute = 2.0\nlatency_seconds = 1\n'
    error = refusal(tmp_path, text)
    assert error.place == f"hop.{text.count('[[hop]]')}.id (line {len(text.splitlines()) - 2})"
    assert error.rule == "the hop 'national' is stated twice"


def test_the_bound_is_said_in_vietnamese(tmp_path: Path) -> None:
    """With place and line."""
    path = tmp_path / "w.toml"
    path.write_text(
        FIRST_DAY + group("a", "province", 40, "number_from = 50\n") + group("b", "a", 99) + group("c", "b", 900) + PROFILE, "utf-8"
    )
    with pytest.raises(
        Unusable, match=r"group\.3 \(dòng \d+\): tính cả mục này, kịch bản có 3568003 cơ quan; một kịch bản chứa nhiều nhất 100000$"
    ):
        world_of(str(path), "1", catalogue("vi"))


def test_as_many_unknown_keys_as_a_file_may_have_are_refused_at_once(tmp_path: Path) -> None:
    """Ten are told, the others counted; none is held against all."""
    keys = "".join(f"k{number} = 1\n" for number in range(45_000))
    with at_most(4):
        error = refusal(tmp_path, keys + FIRST_DAY)
    assert (error.rule, len(error.more)) == ("unknown key", 9)
    assert error.untold >= 44_990
