"""What lies in ``data/``: administrative units of 2021, level-1 organisation codes, the figures of the reports."""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

_FINAL_TONE = re.compile(r"o([àáảãạèéẻẽẹ])\b")
_OLD_STYLE = dict(zip("àáảãạèéẻẽẹ", ("òa", "óa", "ỏa", "õa", "ọa", "òe", "óe", "ỏe", "õe", "ọe"), strict=True))


@dataclass(frozen=True, slots=True)
class AdministrativeUnit:
    """One province, district or commune of 2021."""

    code: str
    """GSO code."""
    level: str
    name: str
    full_name: str
    """With its type: ``Huyện Lương Sơn``."""
    parent: str

    @property
    def running_name(self) -> str:
        """As written inside a sentence: ``huyện Lương Sơn``."""
        return self.full_name[0].lower() + self.full_name[1:]


@dataclass(frozen=True, slots=True)
class OrganisationCode:
    """A level-1 code of Decision 20/2020 and who holds it."""

    code: str
    kind: str
    name: str
    abbreviation: str
    gso_code: str


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of ``hoa-binh-figures.csv``."""

    id: str
    value: float
    unit: str
    kind: str
    """``capability``, ``population``, ``volume`` or ``exchange rate``."""


def _rows(name: str) -> Iterator[dict[str, str]]:
    text = unicodedata.normalize("NFC", files("scenarios.data").joinpath(name).read_text(encoding="utf-8"))
    yield from csv.DictReader(text.splitlines())


def usual_tone(text: str) -> str:
    """Tone mark where provincial documents put it: ``Hoà Bình`` → ``Hòa Bình`` (the source mixes both ways)."""
    return _FINAL_TONE.sub(lambda match: _OLD_STYLE[match[1]], text)


@cache
def administrative_units() -> Mapping[str, tuple[AdministrativeUnit, ...]]:
    """Children of every unit by the parent's GSO code (``""``: the provinces), in the order of their codes."""
    children: dict[str, list[AdministrativeUnit]] = {}
    for row in _rows("administrative-units-2021.csv"):
        unit = AdministrativeUnit(
            row["gso_code"], row["level"], usual_tone(row["name"]), usual_tone(row["full_name"]), row["parent_gso_code"]
        )
        children.setdefault(unit.parent, []).append(unit)
    return {parent: tuple(sorted(units, key=lambda unit: unit.code)) for parent, units in children.items()}


def province(code: str) -> AdministrativeUnit | None:
    """The province with this GSO code, if there is one."""
    return next((unit for unit in administrative_units()[""] if unit.code == code), None)


@cache
def organisation_codes(kind: str) -> tuple[OrganisationCode, ...]:
    """Level-1 codes of one kind: ``ministry`` or ``province``."""
    return tuple(
        OrganisationCode(row["code"], row["kind"], row["name"], row["abbreviation"], row["gso_code"])
        for row in _rows("organisation-codes.csv")
        if row["kind"] == kind
    )


@cache
def figures() -> Mapping[str, Figure]:
    """The reports' figures by id."""
    return {row["id"]: Figure(row["id"], float(row["value"]), row["unit"], row["kind"]) for row in _rows("hoa-binh-figures.csv")}
