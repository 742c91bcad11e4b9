"""A world file is read strictly, and what is wrong with it is said by file, place and rule."""

from __future__ import annotations

import copy
import dataclasses
import tomllib
import unicodedata
from collections.abc import Iterator
from contextlib import suppress
from datetime import date, datetime, time
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any

import pytest
from pydantic import Field, TypeAdapter, ValidationError

from scenarios.world.expand import SpecError, expand
from scenarios.world.file import WorldFileError, library, load_world, question
from scenarios.world.schema import WorldItem
from scenarios.world.wording import rule_of
from tests.pace import at_most

FIRST_DAY = files("scenarios.library").joinpath("first-day.toml").read_text(encoding="utf-8")
TOY = Path(__file__).parent / "worlds" / "toy.toml"


def refusal(tmp_path: Path, text: str) -> WorldFileError:
    path = tmp_path / "w.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(WorldFileError) as caught:
        load_world(path, "1")
    assert caught.value.file == str(path)
    assert "\n" not in str(caught.value).removesuffix("\n")
    return caught.value


def line_of(text: str, part: str) -> int:
    return next(number for number, line in enumerate(text.splitlines(), 1) if part in line)


MARKED = "o" + "\u0301\u0323" * 50_000
"""A letter with so many marks out of order that composing it would take half a minute."""
ESCAPED = "o" + r"\u0301\u0323" * 50_000
INCIDENT = '[[incident]]\nagency = "H28.13"\nfault = "text-overwritten"\nat = 2021-09-27T08:00:00\n'
MISTAKES = {
    "unknown top-level key": ('name = "first-day"', 'name = "first-day"\ncolour = "red"', "colour", "unknown key"),
    "unknown key of a profile": ("[profile.district]", "[profile.district]\nofficers = 3", "profile.district.officers", "unknown key"),
    "unknown key of an agency": ('unit = "152"', 'unit = "152"\nstaff = 4', "agency.3.staff", "unknown key"),
    "misspelt key": ('unit = "152"', 'unit = "152"\nsofware = false', "agency.3.sofware", "is software meant?"),
    "misspelt top-level key": ("targets = [", "target = [", "target", "is targets meant?"),
    "a share above one": ("value = 0\n", "value = 7\n", "assumption.3.value", "is a share, and 7 is more than 1"),
    "wrong type": ('province = "17"', "province = 17", "province", 'must be a GSO code of two digits in quotes such as "17", not 17'),
    "true where an assumption is named": (
        'peers = ["children"]',
        'peers = ["children"]\nsoftware = false',
        "profile.province.software (line",
        "must be the key of an assumption in quotes, 60 characters at most (its number stands in [[assumption]]), not false",
    ),
    "a number where an assumption is named": (
        'official_per_year = "official.first-day"',
        "official_per_year = 500",
        "profile.province.official_per_year (line",
        "not 500",
    ),
    "a number in quotes": ("deputies = 1", 'deputies = "one"', "profile.province.deputies", 'a whole number from 0 to 20, not "one"'),
    "too large a number": ("deputies = 1", "deputies = 21", "profile.province.deputies", "a whole number from 0 to 20, not 21"),
    "a number nobody writes out": ("deputies = 1", f"deputies = 0x{'f' * 5000}", "profile.province.deputies", "not a number of 20000 bits"),
    "a rate nothing ends at": ("value = 750", "value = 1e15", "assumption.1.value", "a number up to 1000000, not 1000000000000000.0"),
    "a date in quotes": (
        "start = 2021-09-27",
        'start = "2021-09-27"',
        "start",
        'a date without quotes from 2019-01-01 to 2047-12-31, when the authorities are valid, not "2021',
    ),
    "a year no certificate has": ("start = 2021-09-27", "start = 9999-12-31", "start", "are valid, not 9999-12-31"),
    "no units": ('units = ["Văn phòng", "Khoa giáo - Văn xã"]', "units = []", "profile.province.units", "of 1 to 200, not a list of 0"),
    "too many units": (
        'units = ["Văn phòng", "Khoa giáo - Văn xã"]',
        f"units = {['V'] * 201}",
        "profile.province.units (line",
        "of 1 to 200, not a list of 201",
    ),
    "a text with a line break": ('leader = "CHỦ TỊCH"', 'leader = "CHỦ\\nTỊCH"', "profile.province.leader", r'not "CHỦ\nTỊCH"'),
    "a text too long": ('id = "national"', f'id = "{"n" * 41}"', "hop.2.id", f'of 1 to 40 characters, not "{"n" * 40}…" of 41 characters'),
    "a value instead of tables": ('name = "first-day"', 'name = "first-day"\ngroup = 3', "group", "must be a list of tables, not 3"),
    "no such province": ('province = "17"', 'province = "99"', "province", "no province has the GSO code 99"),
    "no such level": (
        'level = "district"',
        'level = "village"',
        "profile.district.level",
        'one of "central", "province", "district", "commune", not "village"',
    ),
    "missing profile": ('profile = "district"', 'profile = "ministry"', "agency.3.profile", "there is no [profile.ministry]"),
    "bad identifier": ('id = "H28.32"', 'id = "28-32"', "agency.3.id", "not an organisation identifier"),
    "identifier twice": ('id = "H28.32"', 'id = "H28.13"', "agency.3", "belongs to one agency"),
    "identifier twice in the other style": ('id = "H28.32"', 'id = "000.00.13.H28"', "agency.3", "belongs to one agency"),
    "unknown district": ('unit = "152"', 'unit = "001"', "agency.3.unit", "no unit with the GSO code 001"),
    "parent below its child": (
        'parent = "H28"\nunit',
        'parent = "H28.32"\nunit',
        "agency.3.parent",
        "no agency above this one in the file has the identifier H28.32",
    ),
    "no such parent": ('parent = "H28"\nunit', 'parent = "H29.1"\nunit', "agency.3.parent", "has the identifier H29.1"),
    "peers of no kind": ('peers = ["children"]', 'peers = ["villages"]', "profile.province.peers", "neither a relation nor the kind"),
    "negative number": ("value = 0.2", "value = -0.2", "assumption.2.value", "not negative"),
    "not a number": ("value = 0.2", "value = nan", "assumption.2.value", "a number up to 1000000, not nan"),
    "assumption twice": ('key = "certificate.former_holder"', 'key = "certificate.revoked_in_week"', "assumption.4.key", "stated twice"),
    "assumption nobody uses": ('key = "internal_per_person"', 'key = "internal_per_head"', "assumption.2.key", "nothing uses"),
    "no such figure": ("value = 0.2", 'value = 0.2\nsource = "b99"', "assumption.2.source", "no figure 'b99'"),
    "not the figure's value": ("value = 0.2", 'value = 0.2\nsource = "b34"', "assumption.2.value", "b34 says 0.8, the file says 0.2"),
    "a target as an input": ("value = 0.2", 'value = 0.9\nsource = "e10"', "assumption.2.source", "measured, never put in"),
    "no such target": ('targets = ["b05"', 'targets = ["b23"', "targets.1 (line", "no exchange rate"),
    "hop missing": ('id = "national"', 'id = "regional"', "hop", "no hop 'national'"),
    "hop nobody sends across": (
        "[[agency]]",
        '[[hop]]\nid = "bus:H99"\npackages_per_minute = 1.0\nlatency_seconds = 2\n[[agency]]',
        "hop.3.id",
        "across the hop 'bus:H99'",
    ),
    "unknown table": ("[[agency]]", "[colour]\nred = 1\n[[agency]]", "colour (line", "unknown table"),
    "unknown list of tables": ("[[agency]]", "[[agencys]]\nred = 1\n[[agency]]", "agencys (line", "unknown table; is agency meant?"),
    "a key that is nearly two": ("deputies = 1", "deputys = 1", "profile.province.deputys (line", "is deputies meant?"),
    "hop without capacity": (
        "packages_per_minute = 600.0",
        "packages_per_minute = 0.0",
        "hop.1.packages_per_minute",
        "up to 1000000, not 0.0",
    ),
    "outage backwards": (
        "latency_seconds = 2",
        "latency_seconds = 2\noutages = [{ since = 2021-09-28T09:00:00, until = 2021-09-28T08:00:00 }]",
        "hop.1.outages",
        "ends after it begins",
    ),
    **{
        f"a template of {template}": (
            "[profile.district]",
            '[[group]]\nkind = "g"\nprofile = "district"\nunder = "department"\n'
            f'name = "{template}"\nmembers = [{{ name = "A" }}]\n[profile.district]',
            "group.1.name",
            "a name template may use {name}, {unit}, {unit_name} and {anchor} only",
        )
        for template in ("{name.foo}", "{name[x]}", "{name:>2000000000}", "{name!r}", "{}", "{0}", "{name.__class__}", "{colour}", "{")
    },
    "a line break in a kind": ('kind = "district"', 'kind = "dist\\nrict"', "agency.3.kind (line", r'not "dist\nrict"'),
    "a line break in an abbreviation": (
        'abbreviation = "STTTT"',
        'abbreviation = "ST\\nTT"',
        "agency.2.abbreviation (line",
        r'must be an abbreviation in quotes of 1 to 20 characters without blank or slash, not "ST\nTT"',
    ),
    "a slash in an abbreviation": ('abbreviation = "STTTT"', 'abbreviation = "S/T"', "agency.2.abbreviation (line", 'not "S/T"'),
    "an abbreviation too long": (
        'abbreviation = "STTTT"',
        f'abbreviation = "{"S" * 21}"',
        "agency.2.abbreviation (line",
        "1 to 20 characters",
    ),
    "an abbreviation too wide": (
        'abbreviation = "STTTT"',
        f'abbreviation = "{"W" * 20}"',
        "agency.2.abbreviation (line",
        "is too long for the number line",
    ),
    "a template that makes no abbreviation": (
        "[profile.district]",
        '[[group]]\nkind = "g"\nprofile = "district"\nunder = "department"\n'
        'abbreviation = "{name}"\nmembers = [{ name = "A B" }]\n[profile.district]',
        "group.1.abbreviation (line",
        "'A B' has not 1 to 20 characters without blank or slash",
    ),
    "a name no letter can show": ('name = "Sở', 'name = "☃ Sở', "agency.2.name (line", "the letter's fonts have no character U+2603"),
    "a name no letter can show, of a group": (
        "[profile.district]",
        '[[group]]\nkind = "g"\nprofile = "district"\nunder = "department"\nmembers = [{ name = "☃" }]\n[profile.district]',
        "group.1.name",
        "no letter can show '☃'",
    ),
    "a unit no letter can show": ('"Phòng Văn hóa', '"☃ Phòng Văn hóa', "profile.district.units (line", "no character U+2603"),
    "a unit whose initials no header holds": (
        'units = ["Văn phòng", "Khoa giáo - Văn xã"]',
        f'units = ["{" ".join("i" * 32)}"]',
        "profile.province.units (line",
        f"the notation 'UBND-{'I' * 32}' has 37 characters; a header holds 30",
    ),
    "a position too long": ('leader = "CHỦ TỊCH"', f'leader = "{"C " * 51}"', "profile.province.leader (line", "of 1 to 100 characters"),
    "a position in one word": ('leader = "CHỦ TỊCH"', f'leader = "{"C" * 90}"', "profile.province.leader (line", "at most 80 characters"),
    "a place too wide": ('unit = "152"', f'unit = "152"\nplace = "{"W" * 50}"', "agency.3.place (line", "too long for the date line"),
    "a place too long": ('unit = "152"', f'unit = "152"\nplace = "{"i" * 51}"', "agency.3.place (line", "of 1 to 50 characters"),
    "a province in foreign digits": ('province = "17"', 'province = "١٧"', "province (line", "two digits"),
    "a province of one agency": ('unit = "152"', 'unit = "152"\nprovince = "x"', "agency.3.province (line", "two digits"),
    "a line break in a table's name": (
        "[profile.district]",
        '[profile."dis\\ntrict"]',
        r"profile.dis\ntrict.[key]",
        r'a table is called by a printable name of 1 to 60 characters, not "dis\ntrict"',
    ),
    "a line break in an unknown key": ('unit = "152"', 'unit = "152"\n"a\\nb" = 1', r"agency.3.a\nb", "unknown key"),
    "what a terminal would obey": (
        'leader = "CHỦ TỊCH"',
        'leader = "\u009b31m\u202ex"',
        "profile.province.leader",
        r'not "\u009B31m\u202Ex"',
    ),
    **{
        f"more of {key} than {most}": (
            "[[hop]]",
            f"[[{key}]]\n" * (most + 1) + "[[hop]]",
            key,
            f"this must be a list of at most {most} tables, not a list of {most + 1}",
        )
        for key, most in (
            ("revocation", 1000),
            ("incident", 100),
            ("paper-rule", 100),
            ("time-stamping.outages", 400),
            ("time-stamping.slow", 400),
        )
    },
    "more hops than 500": ("[[hop]]", "[[hop]]\n" * 500, "hop", "this must be a list of at most 500 tables, not a list of 501"),
    "more agencies than 20,000": ("[[agency]]", "[[agency]]\n" * 19_999, "agency", "at most 20000 tables, not a list of 20001"),
    "more outages of a hop than 400": (
        "latency_seconds = 2",
        f"latency_seconds = 2\noutages = [{'{},' * 401}]",
        "hop.1.outages (line",
        "this must be a list of at most 400 tables, not a list of 401",
    ),
    "more holidays than 1000": (
        "targets",
        f"holidays = [{'2021-09-02,' * 1001}]\ntargets",
        "holidays (line",
        "at most 1000, not a list of",
    ),
    "more holders than roles": (
        'peers = ["children"]',
        f"holders = {['leader'] * 6}",
        "profile.province.holders (line",
        "this must be a list in square brackets of at most 5, not a list of 6",
    ),
    "too many signs": ("[[hop]]", f"x = '{'.' * 100_000}'", "", "of the signs = , . [ {; a world file has 100000 at most"),
    "too many names joined": ("[[hop]]", f"{'a.' * 11}a = 1", "line 25", "more than 10 names are joined by dots"),
    "lists without end": (
        "[[hop]]",
        f"# {'{' * 900}\nx = [\n{'[' * 900}{']' * 900}]",
        "line 27",
        "lists and tables are nested too deeply",
    ),
    "tables without end": (
        "[[hop]]",
        f'y = [\'{"[" * 950}\',"\\"{"[" * 950}"]\nx = {"{ x = " * 900}',
        "line 26",
        "lists and tables are nested too deeply",
    ),
    "lists without end behind a text of lines": (
        "[[hop]]",
        f'x = \'\'\'\n{"[" * 60}\n"\'\'\'\nz = """\n{"[" * 60}\n"""\ny = {"[" * 900}',
        "line 31",
        "lists and tables are nested too deeply",
    ),
    "a number of thousands of digits": (
        "[[hop]]",
        f"# {'9_9 9' * 5000}\nx = -{'9_9' * 5000}",
        "line 26",
        "not valid TOML: a number has thousands of digits",
    ),
    "a long line that is no TOML": ("[[hop]]", "x" * 50, "line 25, column 51", f'its value: "{"x" * 40}…" of 50 characters'),
    "too many marks behind a letter": (
        'name = "Sở',
        f'name = "{MARKED} Sở',
        "line 75",
        "more than thirty combining marks behind one letter",
    ),
    "too many marks, written with escapes": (
        'name = "Sở',
        f'name = "{ESCAPED} Sở',
        "agency.2.name (line 75)",
        "more than thirty combining marks behind one letter",
    ),
    "too many marks in a key": ('unit = "152"', f'"{ESCAPED}" = 1', "agency.3 (line", "more than thirty combining marks behind one letter"),
    "an incident at an agency there is not": (
        "[[hop]]",
        f"{INCIDENT.replace('H28.13', 'H28.77')}[[hop]]",
        "incident.1.agency (line 26)",
        "this world has no agency H28.77",
    ),
    "an incident at an agency that signs nothing": (
        'abbreviation = "STTTT"',
        f'abbreviation = "STTTT"\nsoftware = false\n{INCIDENT}',
        "incident.1.agency (line",
        "H28.13 signs no letters for the axis: it lacks software, a seal or a leader's certificate",
    ),
    "an incident of a fault there is not": (
        "[[hop]]",
        f"{INCIDENT.replace('text-overwritten', 'text-overwriten')}[[hop]]",
        "incident.1.fault (line 27)",
        "the catalogue has no fault 'text-overwriten' of a letter; is 'text-overwritten' meant?",
    ),
    "an incident before the run": (
        "[[hop]]",
        f"{INCIDENT.replace('-27T', '-26T')}[[hop]]",
        "incident.1.at (line 28)",
        "the run begins on 2021-09-27, after that",
    ),
    "an incident after the run": (
        'targets = ["b05", "e11", "e10"]',
        f"days = 5\n{INCIDENT.replace('2021-09-27T', '2021-10-02T')}",
        "incident.1.at (line",
        "the run ends on 2021-10-01 at the latest, before that",
    ),
    "an incident after any run": (
        "[[hop]]",
        f"{INCIDENT.replace('2021-09-27T', '2030-09-27T')}[[hop]]",
        "incident.1.at (line 28)",
        "the run ends on 2022-09-09 at the latest, before that",
    ),
    "a time-stamp missing where there are none": (
        "[[hop]]",
        f"{INCIDENT.replace('text-overwritten', 'stamp-service-silent')}[[hop]]",
        "incident.1.fault (line 27)",
        "nothing is time-stamped where signature_level is B-B",
    ),
    "a misspelt incident": ("[[hop]]", f"{INCIDENT.replace('[incident]', '[incidents]')}[[hop]]", "incidents", "is incident meant?"),
    "starts on a Sunday": ("start = 2021-09-27", "start = 2021-09-26", "start", "no working day"),
    "starts on National Day": ("start = 2021-09-27", "start = 2021-09-02", "start", "no working day"),
}


@pytest.mark.parametrize("case", MISTAKES)
def test_a_mistake_is_named_by_place_and_rule(case: str, tmp_path: Path) -> None:
    """Each impossible file is refused in one sentence that says where and why."""
    right, wrong, place, rule = MISTAKES[case]
    assert FIRST_DAY.count(right) >= 1, "the fixture text must occur in first-day.toml"
    error = refusal(tmp_path, FIRST_DAY.replace(right, wrong, 1))
    assert error.place.startswith(place), error.place
    assert rule in error.rule, error.rule


ODD: tuple[object, ...] = (
    True, -3, 10**30, 2.5, float("nan"), 1e300, "", "x", "x" * 1000, "{", "\0", date(1, 1, 1), datetime(9999, 12, 31, 23), time(1, 2), [],
    ["x"], [{}], {}, {"a": 1}, list(range(30)),
)  # fmt: skip


def holes(table: object, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Every place in a parsed file."""
    inside = table.items() if isinstance(table, dict) else enumerate(table) if isinstance(table, list) else ()
    for key, value in inside:
        yield (*path, key)
        yield from holes(value, (*path, key))


def texts(node: Any, place: str = "") -> Iterator[tuple[str, Any]]:
    """Every text of the schema that is not one of a few words, with its place in it."""
    if isinstance(node, dict):
        if node.get("type") == "string" and "enum" not in node and "format" not in node:
            yield place, node
        for key, inner in node.items():
            yield from texts(inner, f"{place}/{key}")
    elif isinstance(node, list):
        for inner in node:
            yield from texts(inner, place)


def test_whatever_stands_wherever_is_taken_or_refused_in_our_own_words() -> None:
    """No value at any place of a file shows the checking library's sentences or a traceback."""
    base, rules = tomllib.loads(FIRST_DAY), set[str]()
    for hole in holes(base):
        for value in ODD:
            table = copy.deepcopy(base)
            inner: Any = table
            for part in hole[:-1]:
                inner = inner[part]
            inner[hole[-1]] = value
            try:
                item = WorldItem.model_validate(table)
            except ValidationError as error:
                rules |= {rule_of(one) for one in error.errors(include_url=False)}
                continue
            with suppress(SpecError):
                expand(item)
    assert len(rules) > 100
    known = ("this must be ", "this key must be given", "unknown key")
    assert [rule for rule in rules if not rule.startswith(known) or "\n" in rule or "Input should" in rule] == []


def test_no_text_of_a_file_may_break_a_line_or_hold_what_a_terminal_obeys() -> None:
    """Every text the schema knows: whatever is shown later, in a letter, a certificate, a header or a sentence."""
    found = dict(texts(WorldItem.model_json_schema()))
    assert len(found) > 50
    odd = ("a\nb", "a\tb", "a\0b", "a\x1b[31m", "a\x7f", "a\x9b", "a\u2028b", "a\u202eb", "a\ufeffb", "a" * 1000, "", " ")
    for place, node in found.items():
        assert {"pattern"} <= node.keys(), place
        form = Field(pattern=node["pattern"], min_length=node.get("minLength"), max_length=node.get("maxLength"))
        known = TypeAdapter(Annotated[str, form])
        for text in odd:
            with pytest.raises(ValidationError):
                known.validate_python(text)


def test_a_text_written_with_escapes_is_composed_like_any_other(tmp_path: Path) -> None:
    """Certificates and notations are in NFC, however a file spells its letters."""
    path = tmp_path / "w.toml"
    path.write_text(FIRST_DAY.replace("Sở Thông", "S\\u006f\\u031b\\u0309 Thông"), encoding="utf-8")
    assert load_world(path, "1").agencies[1].name == "Sở Thông tin và Truyền thông"


def test_a_text_with_its_marks_apart_is_composed(tmp_path: Path) -> None:
    """However long it is: what is bounded is the marks behind one letter."""
    path = tmp_path / "w.toml"
    path.write_text("# " + "o\u0302\u0323" * 50_000 + "\n" + unicodedata.normalize("NFD", FIRST_DAY), "utf-8")
    assert load_world(path, "1").agencies[1].name == "Sở Thông tin và Truyền thông"


def test_the_line_is_given(tmp_path: Path) -> None:
    """A key deep in the file is found by its line."""
    text = FIRST_DAY.replace('unit = "152"', 'unit = "152"\nstaff = 4')
    assert refusal(tmp_path, text).place == f"agency.3.staff (line {line_of(text, 'staff = 4')})"
    text = FIRST_DAY.replace("[profile.district]", "[profile.district]\nofficers = 3")
    assert refusal(tmp_path, text).place.endswith(f"(line {line_of(text, 'officers = 3')})")


def test_a_share_is_at_most_one(tmp_path: Path) -> None:
    """A probability above one is an impossible value."""
    text = TOY.read_text(encoding="utf-8").replace("value = 0.9", "value = 1.9")
    assert "'computer.toy' is used as a share, and 1.9 is more than 1" in refusal(tmp_path, text).rule


def test_broken_text_is_refused_politely(tmp_path: Path) -> None:
    """Neither a syntax error, nor foreign bytes, nor a missing file shows a traceback."""
    broken = refusal(tmp_path, "name = \n")
    wanted = "behind = stands a text in quotes, a number, true, false, a date or a list"
    assert (broken.place, broken.rule) == ("line 1, column 8", f'not valid TOML: {wanted}: "name ="')
    assert refusal(tmp_path, "name = [").place == "end of the file"
    assert refusal(tmp_path, f"days = {'9' * 4300}").rule != refusal(tmp_path, f"days = {'9' * 4301}").rule
    path = tmp_path / "latin.toml"
    path.write_bytes("name = 'Hòa Bình'".encode("latin-1"))
    with pytest.raises(WorldFileError, match=r"byte 9.*UTF-8"):
        load_world(path, "1")
    with pytest.raises(WorldFileError, match="cannot be read"):
        load_world(tmp_path / "absent.toml", "1")
    with pytest.raises(WorldFileError, match="no such scenario; there are first-day, hoa-binh-2021"):
        load_world("hoa-binh-2022", "1")


TWICE = "this key or table was given before"
BROKEN = {
    "a = [\n'x',\n'y']\na = 2": ("line 4", f'{TWICE}, in line 1: "a = 2"'),
    "a = 2\na = [\n  ['kim'],\n]": ("line 2", f'{TWICE}, in line 1: "a = ["'),
    'a = 1\na = """\nb = 2\n"""': ("line 2", rf'{TWICE}, in line 1: "a = \"\"\""'),
    'x = """\na = 1\n"""\na = 2\na = 3': ("line 5", f'{TWICE}, in line 4: "a = 3"'),
    '"a b" = 1\nab = 2\nab = 3': ("line 3", f'{TWICE}, in line 2: "ab = 3"'),
    '"a.b" = 1\na.b = 2\na.b = 3': ("line 3", f'{TWICE}, in line 2: "a.b = 3"'),
    "q = [\n  ['a'],\n]\n[a]\nx = 1\n[a]": ("line 6", f'{TWICE}, in line 4: "[a]"'),
    "[a]\nb = 1\n[[a]]": ("line 3", f'{TWICE}, in line 1; in a list of tables each has two brackets: "[[a]]"'),
    "[[a]]\n[a.b]\nx = 1\n[[a]]\n[a.b]\nx = 2\n[a.b]": ("line 7", f'{TWICE}, in line 5: "[a.b]"'),
    "[a]\nb = 1\n[a.b]": ("line 3", f'{TWICE}: "[a.b]"'),
    "[[a]]\nb = 1\n[[a]]\nb = 1\nb = 2": ("line 5", f'{TWICE}, in line 4: "b = 2"'),
    "a.b = 1\n[a]": ("line 2", f'{TWICE}: "[a]"'),
    "x = { a = 1, a = 2 }": ("line 1, column 19", 'a key is given twice in braces: "x = { a = 1, a = 2 }"'),
    "a = 'x": ("end of the file", "a text is begun and its quotes do not end"),
    'a = "x\ny"': ("line 1, column 7", r'a text in quotes ends on the line it begins on: "a = \"x"'),
    "a = 2021-13-45": (
        "line 1, column 9",
        'more follows where a value has ended (numbers have no leading zero, dates are written 2021-09-27): "a = 2021-13-45"',
    ),
    "[a\nb = 1": ("line 1, column 3", 'the head of a table is closed by ]: "[a"'),
    "a = [1\nb = 2": ("line 2, column 1", 'a list is not closed by ], or lacks a comma: "b = 2"'),
    "just words": ("line 1, column 6", 'a key is followed by = and its value: "just words"'),
}


@pytest.mark.parametrize("text", BROKEN)
def test_what_is_no_toml_is_told_why(text: str, tmp_path: Path) -> None:
    place, rule = BROKEN[text]
    error = refusal(tmp_path, text)
    assert (error.place, error.rule) == (place, f"not valid TOML: {rule}")


@pytest.mark.parametrize(
    "text", [f"[{'h' * 700_000}]\nx = 1\nx = 2", "a = [\n" + "1,\n" * 15_000 + "]\na = [\n" + "1,\n" * 5_000 + "]", "x = 1\n" * 100_000]
)
def test_what_is_twice_in_a_large_file_is_told_at_once(text: str, tmp_path: Path) -> None:
    with at_most():
        assert TWICE in refusal(tmp_path, text).rule


def test_heads_are_found_however_they_are_written(tmp_path: Path) -> None:
    text = FIRST_DAY.replace("[[assumption]]", "[[ 'assumption' ]] # one", 1).replace("value = 0\n", "value = 7\n", 1)
    assert refusal(tmp_path, text).place == f"assumption.3.value (line {text.splitlines().index('value = 7') + 1})"


def test_a_library_scenario_states_its_question() -> None:
    """Every scenario opens with the question it answers."""
    assert {"first-day", "hoa-binh-2021"} <= set(library())
    for name in library():
        assert question(name).endswith("?")


def test_same_file_and_seed_give_the_same_world() -> None:
    """A world is a function of file and seed; another seed is another realisation of the same shares."""
    assert load_world(TOY, "1") == load_world(TOY, "1")
    one, two = load_world(TOY, "1"), load_world(TOY, "2")
    assert one != two
    assert [agency.id for agency in one.agencies] == [agency.id for agency in two.agencies]


def test_the_error_survives_travel() -> None:
    """Its arguments rebuild it."""
    error = WorldFileError("w.toml", "start (line 4)", "2021-09-26 is no working day", (("days", "is missing"),), 3)
    assert WorldFileError(*error.args).args == error.args
    assert str(error) == "w.toml: start (line 4): 2021-09-26 is no working day"


def test_a_world_is_frozen() -> None:
    """Nobody changes it behind another's back."""
    world = load_world("first-day", "1")
    with pytest.raises(dataclasses.FrozenInstanceError):
        world.agencies[0].people[0].name = "Ai đó"  # type: ignore[misc]


def test_names_joined_in_comments_and_texts_are_nobodys_keys(tmp_path: Path) -> None:
    dotted = "1.3.6.1.4.1.311.60.2.1.3.9"
    text = FIRST_DAY.replace('question = "', f'question = "{dotted} ', 1)
    (tmp_path / "w.toml").write_text(f"# {dotted}\n# A. B. C. D. E. F. G. H. I. K. L. M.\n{text}", encoding="utf-8")
    assert load_world(tmp_path / "w.toml", "1").question.startswith(dotted)


def test_where_lists_are_too_deep_is_found_in_one_pass(tmp_path: Path) -> None:
    """Quotes that open and never close: looking for the end of each would take time with the square of their number."""
    text = FIRST_DAY.replace("[[hop]]", "x = '''\n\"" + '\\"' * 100_000 + "\n'''\ny = " + "[" * 900 + "\n[[hop]]", 1)
    with at_most():
        assert refusal(tmp_path, text).rule == "lists and tables are nested too deeply"


def test_what_is_wrong_at_once_is_told_at_once(tmp_path: Path) -> None:
    """Not the missing keys of a table that has a misspelt one, and ten things at most: each is looked for in the whole text."""
    text = (
        FIRST_DAY.replace("targets = [", "target = [")
        .replace('unit = "152"', 'unit = "152"\nsofware = false')
        .replace('name = "first-day"', "name = 3")
    )
    error = refusal(tmp_path, text)
    wrong = [(error.place, error.rule), *error.more]
    assert [place.partition(" ")[0] for place, _ in wrong] == ["name", "target", "agency.3.sofware"]
    assert error.untold == 0
    many = refusal(tmp_path, FIRST_DAY + "".join(f"\n[profile.p{number}]\nlevel = 3\n" for number in range(30)))
    assert (len(many.more), many.untold > 50) == (9, True)
