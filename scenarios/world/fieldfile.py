"""From a parsed world file to how its signatures are made and what befalls them: the trust services, the field's tools, revocations.

Each check raises :class:`scenarios.world.expand.SpecError` with the place in the file.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, time

from exchange.domain.calendar import VN
from exchange.domain.identifiers import OrganId
from exchange.errors import InvalidOrganId
from scenarios.streams import share
from scenarios.world.expand import Place, SpecError
from scenarios.world.holders import Holdings
from scenarios.world.model import Agency, CertificatePlan, FieldPlan, Person, ServicePlan, Window
from scenarios.world.schema import (
    AuthorityCertificatesItem,
    OcspItem,
    OutageItem,
    RevocationItem,
    RevocationListsItem,
    TimeStampingItem,
    WorldItem,
    WrongAnswerItem,
)
from scenarios.world.statements import local

_SEAL = "seal"


def time_stamping(item: WorldItem) -> ServicePlan:
    """When the service is silent, slow or wrong."""
    plan = service_plan(item.time_stamping, "time-stamping")
    if plan != ServicePlan() and item.signature_level == "B-B":
        raise SpecError(("time-stamping",), "nothing is time-stamped where signature_level is B-B")
    return plan


def service_plan(said: TimeStampingItem | OcspItem | RevocationListsItem | AuthorityCertificatesItem, table: str) -> ServicePlan:
    """When a trust service is silent, slow or wrong, as its table says."""
    answers: Sequence[WrongAnswerItem] = said.wrong
    slow, wrong = _windows(said.slow, table, "slow"), _windows(answers, table, "wrong")
    return ServicePlan(
        _windows(said.outages, table, "outages"),
        tuple((window, one.seconds) for window, one in zip(slow, said.slow, strict=True)),
        tuple((window, one.how) for window, one in zip(wrong, answers, strict=True)),
    )


def _windows(items: Sequence[OutageItem], table: str, key: str) -> tuple[Window, ...]:
    windows = []
    for index, item in enumerate(items):
        since, until = local(item.since), local(item.until)
        if until <= since:
            raise SpecError((table, key, index), "it ends after it begins")
        windows.append((since, until))
    return tuple(windows)


def field_plan(item: WorldItem, agencies: Sequence[Agency], shares: Mapping[str, float], seed: str) -> FieldPlan:
    """Which agencies' certificates and tools are other than they should be: those named, and the shares stated of all."""
    said, known = item.field, {agency.id for agency in agencies}
    plan = FieldPlan(
        _agencies(said.first_generation, "first_generation", known) | _drawn("first_generation", known, shares, seed),
        _agencies(said.leaf_only, "leaf_only", known) | _drawn("leaf_only", known, shares, seed),
        _agencies(said.clock_ahead, "clock_ahead", known) | _drawn("clock_ahead", known, shares, seed),
        _agencies(said.public_authority, "public_authority", known),
        _agencies(said.rsa_seals, "rsa_seals", known),
        None if said.sha1_until is None else datetime.combine(said.sha1_until, time(), VN),
    )
    both = plan.first_generation & plan.public_authority
    if both:
        raise SpecError(
            ("field", "public_authority"), f"{min(both)} has certificates of the first generation, so not of a public authority"
        )
    return plan


def _agencies(codes: Iterable[str], key: str, known: set[OrganId]) -> frozenset[OrganId]:
    return frozenset(agency_of(code, ("field", key), known) for code in codes)


def agency_of(code: str, place: Place, known: Iterable[OrganId]) -> OrganId:
    """The agency of this world that a code of the file names."""
    try:
        organ = OrganId.parse(code)
    except InvalidOrganId as error:
        raise SpecError(place, f"{code!r} is not an organisation identifier ({error.rule})") from None
    if organ not in known:
        raise SpecError(place, f"this world has no agency {organ}")
    return organ


def _drawn(name: str, known: Iterable[OrganId], shares: Mapping[str, float], seed: str) -> frozenset[OrganId]:
    """Drawn by each agency's own code, so that adding one changes nothing for the others."""
    wanted = shares.get(f"{name}_share", 0.0)
    return frozenset(organ for organ in known if share(seed, str(organ), name) < wanted)


def certified(item: WorldItem, holdings: Holdings) -> Holdings:
    """The holdings with every certificate good for the world's stated time, where it states one; nothing is then revoked or left behind."""
    if item.certified is None:
        return holdings
    since, until = (datetime.combine(day, time(), VN) for day in (item.certified.since, item.certified.until))
    if until <= since:
        raise SpecError(("certified", "until"), "it ends after it begins")
    plan = CertificatePlan(since, until)
    return Holdings(dict.fromkeys(holdings.organisations, plan), dict.fromkeys(holdings.persons, plan), ())


def revoke(item: WorldItem, agencies: tuple[Agency, ...]) -> tuple[Agency, ...]:
    """The agencies with the certificates that the file says are revoked, from its instants on."""
    by_id = {agency.id: agency for agency in agencies}
    for index, one in enumerate(item.revocation):
        place: Place = ("revocation", index)
        organ = agency_of(one.agency, (*place, "agency"), by_id)
        by_id[organ] = _without_seal(by_id[organ], one, place) if one.role == _SEAL else _without_person(by_id[organ], one, place)
    return tuple(by_id.values())


def _without_seal(agency: Agency, one: RevocationItem, place: Place) -> Agency:
    plan, at = agency.organisation_certificate, local(one.at)
    if plan is None or plan.revoked_at is not None or at <= plan.valid_from:
        raise SpecError((*place, "agency"), f"{agency.id} has no certificate of its own that could be revoked then")
    return replace(agency, organisation_certificate=replace(plan, revoked_at=at))


def _without_person(agency: Agency, one: RevocationItem, place: Place) -> Agency:
    at, people = local(one.at), agency.people
    index = next((index for index, person in enumerate(people) if person.role == one.role and _revocable(person, at)), None)
    plan = None if index is None else people[index].certificate
    if index is None or plan is None:
        raise SpecError((*place, "role"), f"{agency.id} has no {one.role} with a certificate that could be revoked then")
    without = replace(people[index], certificate=replace(plan, revoked_at=at))
    return replace(agency, people=(*people[:index], without, *people[index + 1 :]))


def _revocable(person: Person, at: datetime) -> bool:
    plan = person.certificate
    return plan is not None and plan.revoked_at is None and plan.valid_from < at
