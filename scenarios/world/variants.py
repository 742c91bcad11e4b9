"""What if: the same world with one thing changed. Pure functions of a world; the seed's streams stay as they are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, time, timedelta

from exchange.domain.calendar import VN
from exchange.domain.organization import Level
from scenarios.world.model import Agency, CertificatePlan, Person, World


def without_certificates(world: World, level: Level) -> World:
    """Nobody in agencies of this level inside the province holds a certificate, neither the organisations nor their people."""

    def strip(agency: Agency) -> Agency:
        if agency.level is not level or agency.province != world.province:
            return agency
        people = tuple(replace(person, certificate=None) for person in agency.people)
        return replace(agency, people=people, organisation_certificate=None)

    return _each(world, strip)


def with_everything(world: World) -> World:
    """Every agency and person has everything and can everything, lasting past the run; only the rules (paper, secrets) remain.

    Organisations that take part in no exchange stay as they are. Planned outages are lifted.
    """
    lasting = _lasting(world)

    def equip(agency: Agency) -> Agency:
        if not agency.exchanges:
            return agency
        people = tuple(_equipped(person, lasting) for person in agency.people)
        return replace(agency, people=people, organisation_certificate=lasting, software=True, connected=True)

    clear = tuple(replace(hop, outages=()) for hop in world.hops)
    return replace(_each(world, equip), hops=clear)


def with_outage(world: World, hop: str, since: datetime, until: datetime) -> World:
    """One hop carries nothing from ``since`` to ``until`` (aware instants). Raises ValueError for an unknown hop or an empty time."""
    if until <= since:
        raise ValueError("an outage ends after it begins")
    if hop not in {plan.id for plan in world.hops}:
        raise ValueError(f"this world has no hop {hop!r}")
    hops = tuple(replace(plan, outages=tuple(sorted((*plan.outages, (since, until))))) if plan.id == hop else plan for plan in world.hops)
    return replace(world, hops=hops)


def _each(world: World, change: Callable[[Agency], Agency]) -> World:
    return replace(world, agencies=tuple(change(agency) for agency in world.agencies))


def _lasting(world: World) -> CertificatePlan:
    issued = datetime.combine(world.start, time(8, 0), VN) - timedelta(days=30)
    return CertificatePlan(issued, issued + timedelta(days=365 * 3))


def _equipped(person: Person, lasting: CertificatePlan) -> Person:
    held = person.certificate
    certificate = lasting if held is None or held.revoked_at is not None else replace(held, valid_until=lasting.valid_until)
    return replace(person, has_computer=True, regular=True, trained=True, mailbox=True, certificate=certificate)
