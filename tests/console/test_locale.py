"""Two languages, one set of keys."""

from __future__ import annotations

import ast
import json
import re
import string
import unicodedata
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from console.known import world_of
from console.locale import LANGUAGES, catalogue, choose
from console.outcome import Unusable
from exchange.domain.calendar import VN
from exchange.domain.lifecycle import DeliveryState, MailState
from exchange.domain.organization import Bloc, Level
from scenarios.measures import MeasureId, Method, Unit, Verdict
from scenarios.trace import Cause, Channel, Scope
from scenarios.world import broken, wording
from scenarios.world.file import library, load_world
from signing import FaultForm, FaultGroup, Finder, Service
from tests.scenarios.test_worldfile import FIRST_DAY, MISTAKES

CONSOLE = Path(__file__).parents[2] / "console"
FAMILIES = {
    "cause": Cause,
    "channel": Channel,
    "scope": Scope,
    "verdict": Verdict,
    "method": Method,
    "level": Level,
    "bloc": Bloc,
    "unit": Unit,
    "finder": Finder,
    "fault-form": FaultForm,
    "fault-group": FaultGroup,
    "trust-service": Service,
}


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def test_catalogues_have_the_same_keys_and_placeholders() -> None:
    english, vietnamese = (catalogue(lang).texts for lang in LANGUAGES)
    assert english.keys() == vietnamese.keys()
    assert {key for key in english if placeholders(english[key]) != placeholders(vietnamese[key])} == set()


@pytest.mark.parametrize("lang", LANGUAGES)
def test_catalogues_are_sorted_composed_and_written_once(lang: str) -> None:
    raw = (CONSOLE / "locale" / f"{lang}.json").read_text("utf-8")
    pairs = json.loads(raw, object_pairs_hook=list)
    assert [key for key, _ in pairs] == sorted({key for key, _ in pairs})
    assert raw == unicodedata.normalize("NFC", raw)
    assert all(text.strip() for _, text in pairs)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_code_has_a_name(lang: str) -> None:
    texts = catalogue(lang).texts
    missing = {f"{family}.{code.value}" for family, codes in FAMILIES.items() for code in codes} - texts.keys()
    missing |= {f"state.{state.value}" for kind in (DeliveryState, MailState) for state in kind} - texts.keys()
    missing |= {f"measure.{measure.value}.{part}" for measure in MeasureId for part in ("title", "numerator", "denominator")} - texts.keys()
    missing |= {f"scenario.{name}" for name in library()} - texts.keys()
    assert missing == set()


def test_every_key_the_code_names_exists_and_every_key_is_named() -> None:
    code = "\n".join(path.read_text("utf-8") for path in CONSOLE.rglob("*.py") if path.parent.name != "locale")
    named = set(re.findall(r"(?:\btext|self\._text|HELP)\(\s*\"([a-z0-9.-]+)\"", code))
    texts = catalogue("en").texts
    assert named - texts.keys() == set()
    patterns = (r"f\"([a-z-]+)\.", r"label\([\"']([a-z-]+)[\"']", r"'([a-z-]+)\.' \+")
    prefixes = {prefix for pattern in patterns for prefix in re.findall(pattern, code)} | {"system", "time", "weekday"}
    assert {key for key in texts if key not in code and key.split(".")[0] not in prefixes} == set()


def test_numbers_and_dates_follow_the_language() -> None:
    english, vietnamese = catalogue("en"), catalogue("vi")
    assert english.number(1234567.891, 1) == "1,234,567.9"
    assert vietnamese.number(1234567.891, 1) == "1.234.567,9"
    assert vietnamese.percent(0.905) == "90,5 %"
    moment = datetime(2021, 9, 27, 8, 5, 9, tzinfo=VN)
    assert english.instant(moment) == "Mon 27/09/2021 08:05:09"
    assert vietnamese.instant(moment) == "thứ Hai 27/09/2021 08:05:09"
    assert [english.minutes(minutes) for minutes in (5, 119, 125, 2879, 2880)] == ["5 min", "119 min", "2 h 05", "47 h 59", "2 d 0 h"]


@pytest.mark.parametrize(
    ("count", "said"), [("0", "0 packages"), (1, "1 package"), ("1", "1 package"), (2, "2 packages"), ("1,001", "1,001 packages")]
)
def test_one_is_written_in_the_singular(count: object, said: str) -> None:
    assert catalogue("en")("admin.requeued", count=count).startswith(f"{said} ")
    assert f" {count} " in catalogue("vi")("admin.requeued", count=count)
    assert catalogue("en")("error.out", out="{a:b|c}", reason="") == catalogue("en")("error.out", out="X", reason="").replace(
        "X", "{a:b|c}"
    )


def test_no_english_text_counts_one_of_many() -> None:
    """A number that may be one stands before a word that follows it, unless the number is a bound or a rate that is never one."""
    never_one = {"audit.cut", "faults.hint", "load.error.rate", "load.fact.load.line", "load.knee.found"}
    never_one |= {"load.knee.open", "verify.error.large", "verify.error.many", "verify.error.trust-large", "verify.error.trust-many"}
    never_one |= {"verify.subtitle.several"}
    words = "bytes|documents|packages|receipts|facts|files|rows|errors|letters|kinds|pairs|machines|processes|checks|looks"
    counted = re.compile(rf"\{{\w+\}} (?:more |raw )?(?:{words}|entries|agencies|deliveries|verifications|breaches)\b")
    assert {key for key, said in catalogue("en").texts.items() if counted.search(said)} - never_one == set()


def test_a_percentage_never_rounds_to_all_or_nothing() -> None:
    text = catalogue("en")
    assert [text.percent(value) for value in (None, 0.0, 0.0004, 0.9996, 1.0)] == ["–", "0.0 %", "0.04 %", "99.96 %", "100.0 %"]


@pytest.mark.parametrize(
    ("option", "environment", "lang"),
    [
        (None, {}, "en"),
        (None, {"LANG": "vi_VN.UTF-8"}, "vi"),
        (None, {"LANG": "vi_VN.UTF-8", "LC_ALL": "C.UTF-8"}, "en"),
        ("vi", {"LANG": "en_US.UTF-8"}, "vi"),
        ("en", {"LANG": "vi_VN"}, "en"),
    ],
)
def test_the_option_wins_over_the_environment(option: str | None, environment: dict[str, str], lang: str) -> None:
    assert choose(option, environment) == lang


def test_another_language_is_refused() -> None:
    with pytest.raises(KeyError):
        choose("fr", {})


def test_every_assumption_of_the_library_has_a_vietnamese_label_and_no_other_has() -> None:
    raw = (CONSOLE / "locale" / "assumptions-vi.json").read_text("utf-8")
    labels = json.loads(raw)
    worlds = [load_world(name, "1") for name in library()]
    keys = {assumption.key for world in worlds for assumption in world.assumptions}
    keys |= {f"paper-rule.{rule.id}" for world in worlds for rule in world.paper_rules}
    assert labels.keys() == keys
    assert list(labels) == sorted(labels)
    assert raw == unicodedata.normalize("NFC", raw)
    assert catalogue("vi").assumption("trained", "staff trained") == labels["trained"]
    assert catalogue("en").assumption("trained", "staff trained") == "staff trained"


def rules_of_worlds() -> set[str]:
    """Sentences that the code has about world files, their values replaced by a letter."""
    folder, found = CONSOLE.parent / "scenarios", set[str]()
    for path in (*sorted((folder / "world").glob("*.py")), folder / "load" / "field.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in {"SpecError", "FieldTooSmall", "Unreadable", "WorldFileError"}:
                said = node.args[-1]
                if isinstance(said, ast.JoinedStr):
                    found.add("".join(part.value if isinstance(part, ast.Constant) else "X" for part in said.values))  # type: ignore[misc]
                elif isinstance(said, ast.Constant):
                    found.add(said.value)  # type: ignore[arg-type]
    return found


def test_rules_about_world_files_have_a_vietnamese_form(tmp_path: Path) -> None:
    """Whether the code wrote them or the schema's wording did."""
    text, rules = catalogue("vi"), rules_of_worlds()
    assert len(rules) > 40
    for case, (right, wrong, _, _) in MISTAKES.items():
        path = tmp_path / "w.toml"
        path.write_text(FIRST_DAY.replace(right, wrong, 1), encoding="utf-8")
        with pytest.raises(Unusable) as caught:
            world_of(str(path), "1", text)
        said = str(caught.value).removeprefix(f"{path}: ")
        assert "dòng" in said or " (" not in said.partition(": ")[0], case
        assert re.search(r"\b(must|is|not|of|the)\b", said.partition(": ")[2]) is None, said
    rules |= {f"not valid TOML: {ours}: x" for _, ours in broken._REASONS} | {ours for _, ours in broken._REASONS}
    assert {rule for rule in rules if text.of_world(rule) == rule} == set()
    assert catalogue("en").of_world("end of the file") == "end of the file"


def test_every_schema_sentence_is_whole_in_vietnamese() -> None:
    """What may stand at each key of a world file."""
    text = catalogue("vi")
    wanted = {wording._wanted(wording._resolved(node)) for node in _nodes(wording._schema())}
    assert len(wanted) > 25
    assert {one for one in wanted if text.of_world(one) == one} == set()
    pairs = json.loads((CONSOLE / "locale" / "world-vi.json").read_text("utf-8"))
    assert len({english for english, _ in pairs}) == len(pairs)
    for english, vietnamese in pairs:
        assert set(re.findall(r"\{(\w+)~?\}", english)) == set(re.findall(r"\{(\w+)\}", vietnamese)), english


def _nodes(node: Any) -> Iterator[Any]:
    for table in (node, *node["$defs"].values()):
        for inner in table.get("properties", {}).values():
            yield inner
            if "items" in inner:
                yield inner["items"]
