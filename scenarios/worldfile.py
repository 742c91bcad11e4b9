"""World files: strict TOML in, a frozen :class:`scenarios.world.World` out. The same file and seed give the same world.

    world = load_world("hoa-binh-2021", seed="1")
    world = load_world("my/own.toml", seed="1")

What a file may say is in :mod:`scenarios.schema`; the scenarios that come with the project are in ``scenarios/library``. Numbers no source
gives stand in ``scenarios/data/house-assumptions.toml`` and ``scenarios/people/habits.py`` and may be overridden by key. Anything unknown or
impossible raises :class:`WorldFileError`, one sentence with file, place and rule.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from datetime import datetime
from functools import cache
from importlib.resources import files
from pathlib import Path

from pydantic import ValidationError

from exchange.domain.calendar import HOLIDAYS_2021, VN
from exchange.domain.organization import Bloc
from scenarios.assemble import assemble
from scenarios.expand import SpecError, expand
from scenarios.holders import Staffed, allocate
from scenarios.people.habits import DEFAULTS
from scenarios.schema import AssumptionItem, HopItem, Profile, WorldItem
from scenarios.staff import staff
from scenarios.units import figures
from scenarios.world import Agency, Assumption, HopPlan, PaperRule, World

Place = tuple[str | int, ...]


class WorldFileError(ValueError):
    """A world file that cannot be used: ``file``, ``place`` in it (dotted key and line where found), ``rule`` in one sentence."""

    def __init__(self, file: str, place: str, rule: str) -> None:
        super().__init__(file, place, rule)
        self.file, self.place, self.rule = file, place, rule

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
            data = path.read_bytes()
        elif name in library():
            data = files("scenarios.library").joinpath(f"{name}.toml").read_bytes()
        else:
            raise WorldFileError(name, "", f"no such scenario; there are {', '.join(library())}, or give the path of a .toml file")
        return unicodedata.normalize("NFC", data.decode("utf-8"))
    except OSError as error:
        raise WorldFileError(name, "", f"the file cannot be read ({error.strerror})") from None
    except UnicodeDecodeError as error:
        raise WorldFileError(name, f"byte {error.start}", "a world file is UTF-8 text") from None


def _parse(name: str, text: str) -> WorldItem:
    try:
        return WorldItem.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise WorldFileError(name, "", f"not valid TOML: {error}") from None
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        rule = "unknown key" if first["type"] == "extra_forbidden" else first["msg"]
        raise WorldFileError(name, _place(text, first["loc"]), rule) from None


def _build(name: str, text: str, item: WorldItem, seed: str) -> World:
    try:
        assumptions = _assumptions(item)
        shares = {assumption.key: assumption.value for assumption in assumptions}
        blueprints = expand(item)
        staffed = tuple(Staffed(blueprint, staff(blueprint, seed, shares)) for blueprint in blueprints)
        holdings = allocate(staffed, seed=seed, start=item.start, province=item.province, limits=item.certificates, shares=shares)
        agencies = assemble(staffed, holdings, seed, item.province, shares)
        return World(
            name=item.name,
            question=item.question,
            seed=seed,
            start=item.start,
            province=item.province,
            holidays=HOLIDAYS_2021 if item.holidays is None else frozenset(item.holidays),
            agencies=agencies,
            hops=_hops(item, agencies),
            assumptions=assumptions,
            targets=_targets(item),
            paper_rules=_paper_rules(item, agencies),
            former=holdings.former,
        )
    except SpecError as error:
        raise WorldFileError(name, _place(text, error.place), error.rule) from None


@cache
def _house() -> tuple[AssumptionItem, ...]:
    table = tomllib.loads(files("scenarios.data").joinpath("house-assumptions.toml").read_text(encoding="utf-8"))
    return tuple(AssumptionItem.model_validate(row) for row in table["assumption"])


def _assumptions(item: WorldItem) -> tuple[Assumption, ...]:
    """House assumptions with the file's own over them. Every key is known to the house or named by a profile, and every source holds."""
    named = {value for profile in item.profile.values() for value in _keys(profile)}
    merged: dict[str, Assumption | AssumptionItem] = {assumption.key: assumption for assumption in (*_house(), *DEFAULTS)}
    own: set[str] = set()
    for index, assumption in enumerate(item.assumption):
        place: Place = ("assumption", index)
        if assumption.key in own:
            raise SpecError((*place, "key"), f"the assumption {assumption.key!r} is stated twice")
        if assumption.key not in merged and assumption.key not in named:
            raise SpecError((*place, "key"), f"nothing uses an assumption {assumption.key!r}")
        _check_source(assumption, place)
        own.add(assumption.key)
        merged[assumption.key] = assumption
    for name, profile in item.profile.items():
        for key in sorted(_keys(profile) - merged.keys()):
            raise SpecError(("profile", name), f"the profile names the assumption {key!r}, which is stated nowhere")
    return tuple(Assumption(a.key, a.value, a.label, a.source) for a in merged.values())


_KEY_FIELDS = (
    "computer", "regular", "trained", "mailbox", "software", "connected", "official_per_year", "internal_per_person", "directive_share",
    "broadcast_share", "urgent_share", "outside_share",
)  # fmt: skip


def _keys(profile: Profile) -> set[str]:
    values = (getattr(profile, field) for field in _KEY_FIELDS)
    return {value for value in values if value is not None}


def _check_source(assumption: AssumptionItem, place: Place) -> None:
    """A cited figure is no measured rate, and says what it is cited for."""
    if assumption.value < 0:
        raise SpecError((*place, "value"), "an assumption is not negative")
    if assumption.source == "assumption":
        return
    figure = figures().get(assumption.source)
    if figure is None:
        raise SpecError((*place, "source"), f"there is no figure {assumption.source!r}")
    if figure.kind == "exchange rate":
        raise SpecError((*place, "source"), f"{figure.id} is an exchange rate: it is measured, never put in")
    stated = figure.value / 100 if figure.unit == "percent" else figure.value
    if abs(stated - assumption.value) > 1e-9:
        raise SpecError((*place, "value"), f"{figure.id} says {stated:g}, the file says {assumption.value:g}")


def _targets(item: WorldItem) -> tuple[str, ...]:
    for index, target in enumerate(item.targets):
        figure = figures().get(target)
        if figure is None or figure.kind != "exchange rate":
            raise SpecError(("targets", index), f"{target!r} is no exchange rate of the reports")
    return tuple(item.targets)


def _hops(item: WorldItem, agencies: tuple[Agency, ...]) -> tuple[HopPlan, ...]:
    """Hops of the file; a ``bus:*`` or ``party-gateway:*`` line serves every province with agencies that has no line of its own."""
    state_roots = {agency.id.root for agency in agencies if agency.id.root.startswith("H")}
    party_roots = {agency.id.root for agency in agencies if agency.bloc is Bloc.PARTY}
    plans: dict[str, HopPlan] = {}
    for index, hop in enumerate(sorted(item.hop, key=lambda hop: hop.id.endswith("*"))):
        roots = party_roots if hop.id.startswith("party-gateway:") else state_roots
        names = [hop.id[:-1] + root for root in sorted(roots)] if hop.id.endswith(":*") else [hop.id]
        for name in names:
            if name in plans and not hop.id.endswith("*"):
                raise SpecError(("hop", index, "id"), f"the hop {name!r} is stated twice")
            plans.setdefault(name, _hop(name, hop, ("hop", item.hop.index(hop))))
    needed = {f"bus:{root}" for root in state_roots} | {f"party-gateway:{root}" for root in party_roots} | {"national"}
    for missing in sorted(needed - plans.keys()):
        raise SpecError(("hop",), f"no hop {missing!r} is stated, but agencies of this world send across it")
    return tuple(plans.values())


def _hop(name: str, hop: HopItem, place: Place) -> HopPlan:
    outages = []
    for index, outage in enumerate(hop.outages):
        since, until = _local(outage.since), _local(outage.until)
        if until <= since:
            raise SpecError((*place, "outages", index), "an outage ends after it begins")
        outages.append((since, until))
    return HopPlan(name, hop.packages_per_minute, hop.latency_seconds, tuple(sorted(outages)))


def _local(moment: datetime) -> datetime:
    return moment.replace(tzinfo=VN) if moment.tzinfo is None else moment.astimezone(VN)


def _paper_rules(item: WorldItem, agencies: tuple[Agency, ...]) -> tuple[PaperRule, ...]:
    kinds = {agency.kind for agency in agencies}
    rules = []
    for index, rule in enumerate(item.paper_rule):
        for kind in rule.recipient_kinds:
            if kind not in kinds:
                raise SpecError(("paper-rule", index, "recipient_kinds"), f"no agency is of the kind {kind!r}")
        types, recipients = frozenset(rule.types), frozenset(rule.recipient_kinds)
        rules.append(PaperRule(rule.id, rule.label, rule.source, rule.scope, types, recipients, rule.copies))
    return tuple(rules)


def _place(text: str, path: Place) -> str:
    dotted = ".".join(str(part) for part in path)
    line = _line(text, path)
    return f"{dotted} (line {line})" if line else dotted


def _line(text: str, path: Place) -> int | None:
    """Line of the table or key a path names: the n-th ``[[header]]``, then the key beneath it, as far as they can be found."""
    lines = text.splitlines()
    at, rest = 0, list(path)
    if len(rest) >= 2 and isinstance(rest[1], int):
        headers = [number for number, line in enumerate(lines) if line.split("#")[0].strip() == f"[[{rest[0]}]]"]
        if rest[1] >= len(headers):
            return None
        at, rest = headers[rest[1]], rest[2:]
    elif len(rest) >= 2 and rest[0] == "profile":
        header = re.compile(rf"\s*\[profile\.\"?{re.escape(str(rest[1]))}\"?\]")
        found = [number for number, line in enumerate(lines) if header.match(line)]
        if not found:
            return None
        at, rest = found[0], rest[2:]
    elif rest and any(line.strip() == f"[{rest[0]}]" for line in lines):
        at, rest = next(number for number, line in enumerate(lines) if line.strip() == f"[{rest[0]}]"), rest[1:]
    if rest:
        key = re.compile(rf"\s*\"?{re.escape(str(rest[0]))}\"?\s*=")
        for number in range(at, len(lines)):
            if number > at and lines[number].lstrip().startswith("["):
                break
            if key.match(lines[number]):
                return number + 1
    return at + 1 if path and (at or not rest) else None
