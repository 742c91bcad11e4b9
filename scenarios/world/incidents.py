"""Faults that a world plans: what a file may ask for, and the certificates that the catalogue's incidents sign with.

A second certificate needs a subject of its own (one subject, one holder, one key): a number stands behind the person's last unit, or the
organisation's locality. The register knows it as theirs, so that nothing is wrong but what the catalogue says.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from difflib import get_close_matches
from functools import cache
from itertools import islice

from exchange.domain.calendar import HOLIDAYS_2021, VN, Calendar
from exchange.domain.identifiers import OrganId
from exchange.faults import PackageFault, PackageIncident, package_faults
from scenarios.world.bounds import MOST_DAYS
from scenarios.world.expand import Place, SpecError
from scenarios.world.fieldfile import agency_of
from scenarios.world.model import Agency, CertificatePlan, IncidentPlan, World
from scenarios.world.schema import IncidentItem, WorldItem
from scenarios.world.statements import local
from signing import (
    FAULT_AT,
    FAULT_LEADER,
    FAULT_SEAL,
    Fault,
    Holder,
    HolderKind,
    HolderSpec,
    Incident,
    RevocationReason,
    Tree,
    every_fault,
)

WAITS = timedelta(days=30)
"""So long an incident waits for a letter: a certificate that begins too late begins after that."""
_SIGNERS = ("leader", "deputy")
Bend = Callable[[HolderSpec, datetime], HolderSpec]


@cache
def plannable() -> Mapping[str, Fault | PackageFault]:
    """The faults of both halves of the catalogue that can befall a letter on its way, by name."""
    return {name: fault for name, fault in _catalogue().items() if fault.incident is not None}


def _catalogue() -> Mapping[str, Fault | PackageFault]:
    return {fault.name: fault for fault in every_fault()} | {fault.name: fault for fault in package_faults()}


def incident_of(fault: str) -> Incident:
    """How it befalls a letter's signatures and file. Raises KeyError for a fault that cannot."""
    found = plannable()[fault].incident
    return found if isinstance(found, Incident) else Incident()


def package_incident_of(fault: str) -> PackageIncident:
    """How it befalls a letter's page and package. Raises KeyError likewise."""
    found = plannable()[fault].incident
    return found if isinstance(found, PackageIncident) else PackageIncident()


def incidents(item: WorldItem, agencies: Iterable[Agency]) -> tuple[IncidentPlan, ...]:
    """The incidents of the file. Raises :class:`SpecError` for one that could never happen."""
    by_id = {agency.id: agency for agency in agencies}
    return tuple(_plan(item, one, ("incident", index), by_id) for index, one in enumerate(item.incident))


def _plan(item: WorldItem, one: IncidentItem, place: Place, by_id: Mapping[OrganId, Agency]) -> IncidentPlan:
    organ = agency_of(one.agency, (*place, "agency"), by_id)
    if not _writes(by_id[organ]):
        raise SpecError((*place, "agency"), f"{organ} signs no letters for the axis: it lacks software, a seal or a leader's certificate")
    _check_fault(one.fault, (*place, "fault"))
    at = local(one.at)
    if package_incident_of(one.fault).lent and _lender(organ, by_id.values(), at) is None:
        raise SpecError(
            (*place, "fault"),
            "no other agency of the file has a seal and a leader's certificate to sign with, both good while it waits for a letter",
        )
    if not incident_of(one.fault).stamped and item.signature_level == "B-B":
        raise SpecError((*place, "fault"), "nothing is time-stamped where signature_level is B-B")
    if at < datetime.combine(item.start, time(), VN):
        raise SpecError((*place, "at"), f"the run begins on {item.start}, after that")
    last = _last_day(item)
    if at.date() > last:
        raise SpecError((*place, "at"), f"the run ends on {last} at the latest, before that")
    return IncidentPlan(organ, one.fault, at)


def _writes(agency: Agency) -> bool:
    able = any(person.role in _SIGNERS and person.certificate is not None for person in agency.people)
    return able and agency.exchanges and agency.software and agency.connected and agency.organisation_certificate is not None


def _check_fault(name: str, place: Place) -> None:
    if name in plannable():
        return
    if name in _catalogue():
        raise SpecError(place, f"the fault {name!r} befalls no letter on its way; those that do are {', '.join(plannable())}")
    near = get_close_matches(name, plannable(), n=1)
    if near:
        raise SpecError(place, f"the catalogue has no fault {name!r} of a letter; is {near[0]!r} meant?")
    raise SpecError(place, f"the catalogue has no fault {name!r} of a letter; there are {', '.join(plannable())}")


def _last_day(item: WorldItem) -> date:
    """Of a run as long as the file says, or as any may be."""
    calendar = Calendar(HOLIDAYS_2021 if item.holidays is None else frozenset(item.holidays))
    return next(islice(calendar.working_days(item.start), (item.days or MOST_DAYS) - 1, None))


def trees(plans: Iterable[IncidentPlan]) -> set[Tree]:
    """The hierarchies that planned certificates belong to."""
    found = (incident_of(plan.fault) for plan in plans)
    pairs = ((bend, spec) for one in found for bend, spec in ((one.leader, FAULT_LEADER), (one.seal, FAULT_SEAL)))
    return {bend(spec, FAULT_AT).authority.tree for bend, spec in pairs}


def bent_specs(
    world: World, organisations: Mapping[OrganId, Holder], persons: Mapping[str, Holder]
) -> Iterator[tuple[tuple[int, str], HolderSpec]]:
    """Every certificate that an incident signs with, by the incident's number and who holds it: whoever might sign the letter."""
    by_id = {agency.id: agency for agency in world.agencies}
    for number, plan in enumerate(world.incidents):
        incident = incident_of(plan.fault)
        holders = [(str(plan.agency), organisations[plan.agency], incident.seal)]
        signers = (one for one in by_id[plan.agency].people if one.role in _SIGNERS and one.id in persons)
        holders += [(one.id, persons[one.id], incident.leader) for one in signers]
        for name, holder, bend in holders:
            usual = _lasting(holder.spec, plan.at)
            bent = bend(usual, plan.at)
            if bent != usual:
                bent = bend(usual, plan.at + WAITS) if bent.not_before > plan.at else bent
                yield (number, name), _renamed(bent, name, number)


def lent_holders(
    world: World, organisations: Mapping[OrganId, Holder], persons: Mapping[str, Holder]
) -> Iterator[tuple[tuple[int, str], Holder]]:
    """What an incident signs with that is another agency's, keyed as above: of the first agency of the file that could have lent it.

    What is lent is good while the incident waits, so that nothing is wrong but whose it is.
    """
    by_id = {agency.id: agency for agency in world.agencies}
    for number, plan in enumerate(world.incidents):
        kinds, agency = package_incident_of(plan.fault).lent, by_id[plan.agency]
        other = _lender(plan.agency, world.agencies, plan.at) if kinds else None
        if other is None:
            continue
        if HolderKind.ORGANISATION in kinds:
            yield (number, str(agency.id)), organisations[other.id]
        if HolderKind.PERSON in kinds:
            lender = next(one for one in other.people if one.role in _SIGNERS and _good(one.certificate, plan.at))
            yield from (((number, one.id), persons[lender.id]) for one in agency.people if one.role in _SIGNERS and one.id in persons)


def _lender(organ: OrganId, agencies: Iterable[Agency], at: datetime) -> Agency | None:
    return next((one for one in agencies if one.id != organ and _writes(one) and _lends(one, at)), None)


def _lends(agency: Agency, at: datetime) -> bool:
    leaders = any(person.role in _SIGNERS and _good(person.certificate, at) for person in agency.people)
    return leaders and _good(agency.organisation_certificate, at)


def _good(plan: CertificatePlan | None, at: datetime) -> bool:
    """Whether a certificate is there and good for as long as an incident waits."""
    return plan is not None and plan.valid_from <= at and at + WAITS < min(plan.valid_until, plan.revoked_at or plan.valid_until)


def _lasting(spec: HolderSpec, at: datetime) -> HolderSpec:
    """The holder's description for a certificate that is good before and after the incident, and not revoked."""
    since, until = min(spec.not_before, at - WAITS), max(spec.not_after, at + 2 * WAITS)
    return replace(spec, not_before=since, not_after=until, revoked_at=None, reason=RevocationReason.UNSPECIFIED)


def _renamed(spec: HolderSpec, name: str, number: int) -> HolderSpec:
    if spec.kind is HolderKind.ORGANISATION:
        return replace(spec, locality=f"{spec.locality} ({number + 2})")
    return replace(spec, units=(*spec.units, f"Chứng thư số {number + 2}, số hiệu {name.partition('/')[2]}"))
