"""From explicit agencies and groups to blueprints: identifiers, names and parents of every agency, in the file's order.

A blueprint depends on its own line of the file and its anchors only, so an agency added to the file changes no other.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from string import Formatter

from exchange.domain.identifiers import OrganId
from exchange.domain.organization import Level
from exchange.errors import InvalidOrganId
from scenarios.world.bounds import MOST_AGENCIES, MOST_PEOPLE, MOST_SUPERIORS, MOST_TRIED, MOST_UNITS
from scenarios.world.schema import AgencyItem, GroupItem, Member, Profile, Said, WorldItem
from scenarios.world.units import AdministrativeUnit, OrganisationCode, administrative_units, organisation_codes, province

LONGEST_NAME = 64
_ABBREVIATION = re.compile(r"[^\s/]{1,20}")
"""Of a template's outcome, whose parts are printable already."""
Place = tuple[str | int, ...]
"""Path of keys and indices in a world file."""


class SpecError(ValueError):
    """The file says something impossible: ``place`` is a path of keys and indices in it, ``rule`` one sentence."""

    def __init__(self, place: Place, rule: str) -> None:
        super().__init__(place, rule)
        self.place, self.rule = place, rule

    def __str__(self) -> str:
        return self.rule


@dataclass(frozen=True, slots=True)
class Blueprint:
    """An agency before it has people: who it is and which profile it follows."""

    origin: Place
    """Its line or its group's in the file."""
    id: OrganId
    name: str
    kind: str
    profile_name: str
    profile: Profile
    said: Said
    abbreviation: str
    parent: OrganId | None
    parent_name: str
    unit: AdministrativeUnit | None
    province: str
    place: str
    fictional: bool
    invented_code: bool


@dataclass(frozen=True, slots=True)
class _Entry:
    """One line of a group before its anchor is known."""

    name: str
    unit: AdministrativeUnit | None
    code: str
    number: int
    said: Said
    place: str
    province: str


def expand(world: WorldItem) -> tuple[Blueprint, ...]:
    """Every agency of the file, explicit ones first. Raises :class:`SpecError` naming the entry that cannot be."""
    home = province(world.province)
    if home is None:
        raise SpecError(("province",), f"no province has the GSO code {world.province}")
    made = _Made()
    for index, agency in enumerate(world.agency):
        place: Place = ("agency", index)
        made.expect(1, place)
        made.add(_explicit(world, agency, made.by_id, home, place))
    for index, group in enumerate(world.group):
        place = ("group", index)
        profile, anchors = _profile(world, group.profile, place), _anchors(group, made, place)
        made.expect(_size(group, anchors, home), place)
        made.expect_tries(len(anchors) * max(1, len(group.members)), place)
        for anchor in anchors:
            for entry in _entries(group, anchor, home, place):
                made.add(_beneath(group, profile, anchor, entry, place))
    return tuple(made.by_id.values())


class _Made:
    """The blueprints made so far, within the bounds of a world (:mod:`scenarios.world.bounds`)."""

    def __init__(self) -> None:
        self.by_id: dict[OrganId, Blueprint] = {}
        self.by_kind: dict[str, list[Blueprint]] = {}
        self._superiors: dict[OrganId, int] = {}
        self._people = 0
        self._units = 0
        self._tried = 0

    def expect(self, more: int, place: Place) -> None:
        """Before so many are made. Raises :class:`SpecError` where a world cannot hold them."""
        agencies = len(self.by_id) + more
        if agencies > MOST_AGENCIES:
            raise SpecError(place, f"with this the world has {agencies} agencies; a world holds {MOST_AGENCIES} at most")

    def expect_tries(self, more: int, place: Place) -> None:
        """The same for names that are asked whether they exist beneath an agency; those of city offices do beneath few."""
        self._tried += more
        if self._tried > MOST_TRIED:
            raise SpecError(place, f"with this the groups' names are tried {self._tried} times; a world takes {MOST_TRIED} at most")

    def add(self, blueprint: Blueprint) -> None:
        known, place = self.by_id.get(blueprint.id), blueprint.origin
        if known is not None:
            raise SpecError(place, f"{blueprint.id} is already {known.name}; an identifier belongs to one agency")
        self._people += people_of(blueprint.profile, blueprint.said)
        if self._people > MOST_PEOPLE:
            raise SpecError(
                (*place, "profile"), f"with {blueprint.id} the world has {self._people} people; a world holds {MOST_PEOPLE} at most"
            )
        self._units += len(blueprint.said.units or blueprint.profile.units)
        if self._units > MOST_UNITS:
            raise SpecError(
                (*place, "profile"), f"with {blueprint.id} the world has {self._units} units; a world holds {MOST_UNITS} at most"
            )
        superiors = 0 if blueprint.parent is None else self._superiors[blueprint.parent] + 1
        if superiors > MOST_SUPERIORS:
            raise SpecError(
                place, f"{blueprint.id} stands beneath {superiors} others; a world has {MOST_SUPERIORS} one above the other at most"
            )
        self._superiors[blueprint.id] = superiors
        self.by_id[blueprint.id] = blueprint
        self.by_kind.setdefault(blueprint.kind, []).append(blueprint)


def people_of(profile: Profile, said: Said) -> int:
    """How many people an agency has: a leader, a clerk, deputies, heads and officers of its units (:func:`scenarios.world.staff.posts`)."""
    return 2 + profile.deputies + len(said.units or profile.units) * (profile.officers_per_unit + profile.unit_heads)


def _profile(world: WorldItem, name: str, place: Place) -> Profile:
    if name not in world.profile:
        raise SpecError((*place, "profile"), f"there is no [profile.{name}]")
    return world.profile[name]


def _organ_id(text: str, place: Place) -> OrganId:
    try:
        return OrganId.parse(text)
    except InvalidOrganId as error:
        raise SpecError(place, f"{text!r} is not an organisation identifier ({error.rule})") from None


def _explicit(world: WorldItem, item: AgencyItem, made: dict[OrganId, Blueprint], home: AdministrativeUnit, place: Place) -> Blueprint:
    profile = _profile(world, item.profile, place)
    parent = _organ_id(item.parent, (*place, "parent")) if item.parent else None
    if parent is not None and parent not in made:
        raise SpecError((*place, "parent"), f"no agency above this one in the file has the identifier {item.parent}")
    unit = _find_unit(item.unit, home, (*place, "unit")) if item.unit else None
    inherited = made[parent] if parent is not None else None
    return Blueprint(
        origin=place,
        id=_organ_id(item.id, (*place, "id")),
        name=item.name,
        kind=item.kind,
        profile_name=item.profile,
        profile=profile,
        said=item,
        abbreviation=item.abbreviation or "UBND",
        parent=parent,
        parent_name=inherited.name if inherited and profile.shows_parent else "",
        unit=unit or (inherited.unit if inherited else None),
        province=item.province or ("" if profile.level is Level.CENTRAL else home.code),
        place=item.place or (unit.name if unit else inherited.place if inherited else home.name),
        fictional=item.fictional or profile.fictional,
        invented_code=item.id.count(".") > 0,
    )


def _find_unit(code: str, home: AdministrativeUnit, place: Place) -> AdministrativeUnit:
    for district in administrative_units().get(home.code, ()):
        for unit in (district, *administrative_units().get(district.code, ())):
            if unit.code == code:
                return unit
    raise SpecError(place, f"province {home.code} has no unit with the GSO code {code}")


def _anchors(group: GroupItem, made: _Made, place: Place) -> Sequence[Blueprint | None]:
    """The agencies a group's entries stand beneath, each in turn; nobody for level-1 codes."""
    if sum((group.units is not None, group.codes is not None, bool(group.members))) != 1:
        raise SpecError(place, "a group takes its entries from exactly one of units, codes and members")
    if group.under is None and group.codes is None:
        raise SpecError(place, "a group without level-1 codes needs `under`, the kind of agency its entries stand beneath")
    if group.under is None:
        return [None]
    anchors = tuple(made.by_kind.get(group.under, ()))
    if not anchors:
        raise SpecError((*place, "under"), f"no agency above this group is of the kind {group.under!r}")
    return anchors


def _size(group: GroupItem, anchors: Sequence[Blueprint | None], home: AdministrativeUnit) -> int:
    """How many entries a group makes, without making them."""
    if group.codes is not None:
        return len(anchors) * len(_codes(group, home))
    if group.units == "districts":
        return len(anchors) * len(administrative_units()[home.code])
    if group.units == "communes":
        return sum(len(administrative_units().get(anchor.unit.code, ())) for anchor in anchors if anchor and anchor.unit)
    cities = sum(map(_is_city, anchors))
    beneath = {"everywhere": len(anchors), "city": cities, "rural": len(anchors) - cities}
    return sum(beneath[member.where] for member in group.members)


def _entries(group: GroupItem, anchor: Blueprint | None, home: AdministrativeUnit, place: Place) -> Iterator[_Entry]:
    nothing = Said()
    if group.codes is not None:
        yield from _coded_entries(group, anchor, home)
    elif group.units == "districts":
        for index, unit in enumerate(administrative_units()[home.code]):
            yield _Entry(unit.name, unit, "", group.number_from + index, nothing, unit.name, home.code)
    elif group.units == "communes":
        if anchor is None or anchor.unit is None or anchor.unit.level != "district":
            raise SpecError((*place, "under"), "communes stand beneath agencies of a district")
        for index, unit in enumerate(administrative_units()[anchor.unit.code]):
            yield _Entry(unit.name, unit, "", group.number_from + index, nothing, unit.name, home.code)
    else:
        for index, member in enumerate(group.members):
            if member.where == "everywhere" or (member.where == "city") is _is_city(anchor):
                yield _member_entry(group, member, index, anchor, home)


def _is_city(place: Blueprint | _Entry | None) -> bool:
    return place is not None and place.unit is not None and place.unit.full_name.startswith("Thành phố")


def _called(group: GroupItem, anchor: Blueprint | None, entry: _Entry, place: Place) -> tuple[str, str]:
    """Name and abbreviation by the group's templates."""
    template, short = (group.city.name, group.city.abbreviation) if group.city and _is_city(entry) else (group.name, group.abbreviation)
    names = {
        "name": entry.name,
        "unit": entry.unit.running_name if entry.unit else "",
        "unit_name": entry.unit.name if entry.unit else "",
        "anchor": anchor.name if anchor else "",
    }
    try:
        name, abbreviation = _filled(template, names), entry.said.abbreviation or _filled(short, names)
    except (KeyError, ValueError):
        raise SpecError((*place, "name"), "a name template may use {name}, {unit}, {unit_name} and {anchor} only") from None
    if not _ABBREVIATION.fullmatch(abbreviation):
        raise SpecError((*place, "abbreviation"), f"{abbreviation!r} has not 1 to 20 characters without blank or slash")
    return name, abbreviation


def _filled(template: str, names: Mapping[str, str]) -> str:
    """Names put in, and nothing else that Python's templates can do. Raises ``KeyError`` or ``ValueError`` for one that asks for more."""
    parts: list[str] = []
    for text, name, form, conversion in Formatter().parse(template):
        parts.append(text)
        if form or conversion:
            raise ValueError(name)
        if name is not None:
            parts.append(names[name])
    return "".join(parts)


def _codes(group: GroupItem, home: AdministrativeUnit) -> Sequence[tuple[int, OrganisationCode]]:
    codes = enumerate(organisation_codes(group.codes or ""))
    return [(index, code) for index, code in codes if code.gso_code != home.code and code.code not in group.without]


def _coded_entries(group: GroupItem, anchor: Blueprint | None, home: AdministrativeUnit) -> Iterator[_Entry]:
    for index, code in _codes(group, home):
        place = code.name if code.gso_code else "Hà Nội"
        said = Said(abbreviation=code.abbreviation)
        unit = province(code.gso_code) if code.gso_code else None
        yield _Entry(code.name, unit, code.code, group.number_from + index, said, place, code.gso_code)


def _member_entry(group: GroupItem, member: Member, index: int, anchor: Blueprint | None, home: AdministrativeUnit) -> _Entry:
    return _Entry(
        member.name,
        anchor.unit if anchor else None,
        "",
        member.number or group.number_from + index,
        member,
        anchor.place if anchor else home.name,
        anchor.province if anchor else home.code,
    )


def _beneath(group: GroupItem, profile: Profile, anchor: Blueprint | None, entry: _Entry, place: Place) -> Blueprint:
    if anchor is None:
        text = entry.code
    else:
        width = 3 if str(anchor.id).count(".") >= 2 else 2
        text = f"{anchor.id}.{entry.number:0{width}d}"
    name, abbreviation = _called(group, anchor, entry, place)
    if len(name) > LONGEST_NAME:
        raise SpecError((*place, "name"), f"{name!r} has {len(name)} characters; a certificate holds {LONGEST_NAME}")
    return Blueprint(
        origin=place,
        id=_organ_id(text, place),
        name=name,
        kind=group.kind,
        profile_name=group.profile,
        profile=profile,
        said=entry.said,
        abbreviation=abbreviation,
        parent=anchor.id if anchor else None,
        parent_name=anchor.name if anchor and profile.shows_parent else "",
        unit=entry.unit,
        province=entry.province,
        place=entry.place,
        fictional=group.fictional or profile.fictional,
        invented_code=anchor is not None,
    )
