"""World files: strict TOML in, a frozen :class:`scenarios.world.model.World` out. The same file and seed give the same world.

    world = load_world("hoa-binh-2021", seed="1")
    world = load_world("my/own.toml", seed="1")

What a file may say is in :mod:`scenarios.world.schema`; the scenarios that come with the project are in ``scenarios/library``. Numbers no
source gives stand in ``scenarios/data/house-assumptions.toml`` and ``scenarios/people/habits.py`` and may be overridden by key. What is
unknown or impossible raises :class:`WorldFileError`, one sentence with file, place and rule.
"""

from __future__ import annotations

import re
import sys
from importlib.resources import files
from pathlib import Path

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from exchange.domain.calendar import HOLIDAYS_2021
from scenarios.world.assemble import assemble
from scenarios.world.bounds import LARGEST_FILE
from scenarios.world.expand import SpecError, expand
from scenarios.world.fieldfile import certified, field_plan, revoke, service_plan, time_stamping
from scenarios.world.holders import Staffed, allocate
from scenarios.world.incidents import incidents
from scenarios.world.lettering import check_letters
from scenarios.world.model import World
from scenarios.world.places import place_in
from scenarios.world.schema import WorldItem
from scenarios.world.staff import staff
from scenarios.world.statements import assumptions, hops, local, paper_rules, start_day, targets
from scenarios.world.syntax import Unreadable, table_of, text_of
from scenarios.world.wording import rule_of

_LINE = re.compile(r"\(line (\d+)\)$")
_TOLD = 10
"""Things wrong with one file that are looked for in its text: a file may have as many as it has keys."""


class WorldFileError(ValueError):
    """A world file that cannot be used: ``file``, ``place`` in it (dotted key and line where found), ``rule`` in one sentence.

    ``more``: places and rules of what else is wrong, where that was seen at once; ``untold``: how many stand behind these.
    """

    def __init__(self, file: str, place: str, rule: str, more: tuple[tuple[str, str], ...] = (), untold: int = 0) -> None:
        super().__init__(file, place, rule, more, untold)
        self.file, self.place, self.rule, self.more, self.untold = file, place, rule, more, untold

    def __str__(self) -> str:
        return f"{self.file}: {self.place}: {self.rule}" if self.place else f"{self.file}: {self.rule}"


def library() -> tuple[str, ...]:
    """Names of the scenarios that come with the project."""
    return tuple(sorted(item.name.removesuffix(".toml") for item in files("scenarios.library").iterdir() if item.name.endswith(".toml")))


def question(name: str) -> str:
    """The question a library scenario answers, without building its world."""
    return _parse(name, _text(name)).question


def load_world(name_or_path: str | Path, seed: str) -> World:
    """Read a library scenario or a file and build its world. Raises :class:`WorldFileError`."""
    name = str(name_or_path)
    text = _text(name)
    return _build(name, text, _parse(name, text), seed)


def _text(name: str) -> str:
    path = Path(name)
    try:
        if path.suffix == ".toml" or "/" in name:
            data = _bytes(path, name)
        elif name in library():
            data = files("scenarios.library").joinpath(f"{name}.toml").read_bytes()
        else:
            raise WorldFileError(name, "", f"no such scenario; there are {', '.join(library())}, or give the path of a .toml file")
        return text_of(data)
    except OSError as error:
        raise WorldFileError(name, "", f"the file cannot be read ({error.strerror})") from None
    except Unreadable as error:
        raise WorldFileError(name, error.place, error.rule) from None


def _bytes(path: Path, name: str) -> bytes:
    """What a file holds; no more of it is read than a world file may have (some files never end)."""
    with path.open("rb") as file:
        data = file.read(LARGEST_FILE + 1)
    if len(data) > LARGEST_FILE:
        raise WorldFileError(name, "", f"a world file has {LARGEST_FILE} bytes at most")
    return data


def _parse(name: str, text: str) -> WorldItem:
    try:
        table = table_of(text)
    except Unreadable as error:
        raise WorldFileError(name, error.place, error.rule) from None
    except SpecError as error:
        raise WorldFileError(name, place_in(text, error.place), error.rule) from None
    try:
        return WorldItem.model_validate(table)
    except ValidationError as error:
        faults = _faults(error)
        told = dict.fromkeys((place_in(text, fault["loc"]), rule_of(fault)) for fault in faults[:_TOLD])
        (place, rule), *more = sorted(told, key=lambda one: _line(one[0]))
        raise WorldFileError(name, place, rule, tuple(more), max(0, len(faults) - _TOLD)) from None


def _line(place: str) -> int:
    """The line of a place, for telling things in the file's order; those without one come last."""
    found = _LINE.search(place)
    return int(found[1]) if found else sys.maxsize


def _faults(error: ValidationError) -> list[ErrorDetails]:
    """What is wrong, unknown names first: a misspelt key is also a missing one, and the name is what its author must see."""
    faults = error.errors(include_url=False)
    unknown = [one for one in faults if one["type"] == "extra_forbidden"]
    tables = {one["loc"][:-1] for one in unknown}
    others = (one for one in faults if one["type"] != "extra_forbidden")
    return unknown + [one for one in others if not (one["type"] == "missing" and one["loc"][:-1] in tables)]


def _build(name: str, text: str, item: WorldItem, seed: str) -> World:
    try:
        start_day(item)
        stated = assumptions(item)
        shares = {assumption.key: assumption.value for assumption in stated}
        blueprints = expand(item)
        check_letters(blueprints)
        staffed = tuple(Staffed(blueprint, staff(blueprint, seed, shares)) for blueprint in blueprints)
        holdings = allocate(staffed, seed=seed, start=item.start, province=item.province, limits=item.certificates, shares=shares)
        holdings = certified(item, holdings)
        agencies = assemble(staffed, holdings, seed, item.province, shares)
        agencies = revoke(item, agencies)
        return World(
            name=item.name,
            question=item.question,
            seed=seed,
            start=item.start,
            province=item.province,
            holidays=HOLIDAYS_2021 if item.holidays is None else frozenset(item.holidays),
            agencies=agencies,
            hops=hops(item, agencies),
            assumptions=stated,
            targets=targets(item),
            paper_rules=paper_rules(item, agencies),
            former=holdings.former,
            signature_level=item.signature_level,
            sealed_files=item.sealed_files,
            days=item.days,
            control_times=tuple(local(moment) for moment in item.control_times),
            time_stamping=time_stamping(item),
            ocsp=service_plan(item.ocsp, "ocsp"),
            revocation_lists=service_plan(item.revocation_lists, "revocation-lists"),
            authority_certificates=service_plan(item.authority_certificates, "authority-certificates"),
            field=field_plan(item, agencies, shares, seed),
            incidents=incidents(item, agencies),
        )
    except SpecError as error:
        raise WorldFileError(name, place_in(text, error.place), error.rule) from None
