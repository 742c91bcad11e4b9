"""Agencies from their parts: certificates put in hands, volumes per working day, and whom each writes to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace

from exchange.domain.identifiers import OrganId
from scenarios.streams import stream
from scenarios.world.bounds import MOST_ADDRESSES
from scenarios.world.expand import Blueprint, SpecError
from scenarios.world.holders import Holdings, Staffed
from scenarios.world.model import Agency, CertificatePlan, Person, Volumes
from scenarios.world.schema import Profile


def assemble(staffed: Sequence[Staffed], holdings: Holdings, seed: str, province: str, shares: Mapping[str, float]) -> tuple[Agency, ...]:
    """The finished agencies, in the file's order. Raises :class:`SpecError` for a selector that names no kind."""
    finder = _Finder(staffed)
    _expect_addresses(staffed, finder)
    return tuple(_agency(item, holdings, finder, seed, shares) for item in staffed)


def _expect_addresses(staffed: Sequence[Staffed], finder: _Finder) -> None:
    """Before the lists are made. Raises :class:`SpecError` where a world cannot hold them (:mod:`scenarios.world.bounds`)."""
    addresses = 0
    for item in staffed:
        profile = item.blueprint.profile
        for key, selectors in (("peers", profile.peers), ("broadcast_to", profile.broadcast_to), ("outside_peers", profile.outside_peers)):
            addresses += finder.count(item.blueprint, selectors)
            if addresses > MOST_ADDRESSES:
                raise SpecError(
                    ("profile", item.blueprint.profile_name, key),
                    f"with {item.blueprint.id} the agencies have {addresses} others to write to; a world holds {MOST_ADDRESSES} at most",
                )


def _agency(item: Staffed, holdings: Holdings, finder: _Finder, seed: str, shares: Mapping[str, float]) -> Agency:
    blueprint, profile, said = item.blueprint, item.blueprint.profile, item.blueprint.said
    people = tuple(_with_token(person, holdings.persons.get(person.id), shares) for person in item.people)
    chance = stream(seed, str(blueprint.id), "equipment")
    software, connected = chance.random() < shares[profile.software], chance.random() < shares[profile.connected]
    return Agency(
        id=blueprint.id,
        name=blueprint.name,
        parent_name=blueprint.parent_name,
        abbreviation=blueprint.abbreviation,
        kind=blueprint.kind,
        level=profile.level,
        bloc=profile.bloc,
        province=blueprint.province,
        place=blueprint.place,
        parent=blueprint.parent,
        fictional=blueprint.fictional,
        exchanges=item.exchanges,
        simulated=profile.simulated,
        software=software if said.software is None else said.software,
        connected=connected if said.connected is None else said.connected,
        units=tuple(said.units or profile.units),
        people=people,
        organisation_certificate=holdings.organisations.get(blueprint.id),
        volumes=_volumes(profile, len(people), shares),
        peers=finder.find(blueprint, profile.peers),
        broadcast_to=finder.find(blueprint, profile.broadcast_to),
        urgent_share=shares[profile.urgent_share],
        poll_minutes=int(shares["poll_minutes"]),
        outside_peers=finder.find(blueprint, profile.outside_peers),
        outside_share=shares[profile.outside_share] if profile.outside_share else 0.0,
        invented_code=blueprint.invented_code,
    )


def _with_token(person: Person, plan: CertificatePlan | None, shares: Mapping[str, float]) -> Person:
    if plan is None:
        return person
    if shares["equipped.holder"] > 0:
        return replace(person, certificate=plan, has_computer=True, regular=True, trained=True)
    return replace(person, certificate=plan)


def _volumes(profile: Profile, people: int, shares: Mapping[str, float]) -> Volumes:
    if not profile.simulated and profile.official_per_year is None:
        return Volumes(0.0, 0.0)
    days = shares["working_days_per_year"]
    return Volumes(
        official=shares[profile.official_per_year] / days if profile.official_per_year else 0.0,
        internal=shares[profile.internal_per_person] * people if profile.simulated and profile.exchanges else 0.0,
        directives=shares[profile.directive_share] if profile.directive_share else 0.0,
        broadcast=shares[profile.broadcast_share] if profile.broadcast_share else 0.0,
    )


class _Finder:
    """Resolves selectors of peers against all exchanging agencies of the world."""

    def __init__(self, staffed: Sequence[Staffed]) -> None:
        self._kinds: dict[str, list[OrganId]] = defaultdict(list)
        self._children: dict[tuple[OrganId, str], list[OrganId]] = defaultdict(list)
        """By parent and kind; under no kind, all of them."""
        self._known = {item.blueprint.kind for item in staffed}
        self._exchanging = {item.blueprint.id for item in staffed if item.exchanges}
        for item in staffed:
            blueprint = item.blueprint
            if item.exchanges:
                self._kinds[blueprint.kind].append(blueprint.id)
                if blueprint.parent is not None:
                    for kind in ("", blueprint.kind):
                        self._children[blueprint.parent, kind].append(blueprint.id)

    def count(self, blueprint: Blueprint, selectors: Sequence[str]) -> int:
        """How many organisations ``selectors`` name, those named twice counted twice."""
        return sum(len(self._select(blueprint, selector)) for selector in selectors)

    def find(self, blueprint: Blueprint, selectors: Sequence[str]) -> tuple[OrganId, ...]:
        """Organisations named by ``selectors``, each once, without the agency itself, in order of their codes."""
        found: set[OrganId] = set()
        for selector in selectors:
            found.update(self._select(blueprint, selector))
        found.discard(blueprint.id)
        return tuple(sorted(found))

    def _select(self, blueprint: Blueprint, selector: str) -> list[OrganId]:
        relation, _, kind = selector.partition(":")
        if relation == "parent":
            return [blueprint.parent] if blueprint.parent is not None and blueprint.parent in self._exchanging else []
        if relation in ("children", "siblings"):
            anchor = blueprint.id if relation == "children" else blueprint.parent
            return self._children.get((anchor, kind), []) if anchor is not None else []
        if selector not in self._known:
            place = ("profile", blueprint.profile_name, "peers")
            raise SpecError(place, f"{selector!r} is neither a relation nor the kind of an agency in this file")
        return self._kinds[selector]
