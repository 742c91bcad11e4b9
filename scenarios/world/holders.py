"""Who holds a certificate, since when and until when.

Allocation is by order, never by a draw over all: organisations by (rank of their profile, code); persons first those of agencies that
exchange, by role (leaders, deputies, heads of units, officers), rank, code and serial number, then the same for agencies that are only
listed. A quota cuts this order at its end, so adding an agency moves at most the last holders of the list, which are listed units.

What befalls a certificate is drawn from a stream of its own agency. A certificate revoked in the run's week before the day the quota
counts is not among those counted; the next in the order takes its place.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import TypeVar

from exchange.domain.calendar import VN
from exchange.domain.identifiers import OrganId
from exchange.domain.organization import Bloc
from scenarios.streams import stream
from scenarios.world.expand import Blueprint, SpecError
from scenarios.world.model import CertificatePlan, FormerHolder, Person
from scenarios.world.names import draw_name
from scenarios.world.schema import Certificates, Quota
from scenarios.world.units import figures

_ROLE_ORDER = ("leader", "deputy", "unit-head", "officer", "clerk")
_BREAKING_DAYS = (0, 1, 2, 4)
"""Days of the first week on which a certificate may be revoked: not the Thursday, on which the reports count."""
Day = TypeVar("Day", date, datetime)


@dataclass(frozen=True, slots=True)
class Staffed:
    """An agency with its people, on its way to certificates."""

    blueprint: Blueprint
    people: tuple[Person, ...]

    @property
    def exchanges(self) -> bool:
        said = self.blueprint.said.exchanges
        return self.blueprint.profile.exchanges if said is None else said

    @property
    def sealed(self) -> bool:
        """Whether the organisation may hold a certificate of its own."""
        said = self.blueprint.said.organisation_certificate
        return self.blueprint.profile.organisation_certificate if said is None else said


@dataclass(frozen=True, slots=True)
class Holdings:
    """The outcome: plans by organisation and by person id, and those who left."""

    organisations: Mapping[OrganId, CertificatePlan]
    persons: Mapping[str, CertificatePlan]
    former: tuple[FormerHolder, ...]


def allocate(
    agencies: Iterable[Staffed], *, seed: str, start: date, province: str, limits: Certificates | None, shares: Mapping[str, float]
) -> Holdings:
    """Plans for everybody who holds a certificate. Raises :class:`SpecError` when a quota cannot be met."""
    staffed = tuple(agencies)
    fates = {agency.blueprint.id: _Fates(agency, seed, start, limits, shares) for agency in staffed}
    organisations: dict[OrganId, CertificatePlan] = {}
    persons: dict[str, CertificatePlan] = {}
    for bloc in Bloc:
        for local in (True, False):
            chosen = [a for a in staffed if a.blueprint.profile.bloc is bloc and (a.blueprint.province == province) is local]
            quota = _quota(limits, bloc) if local else None
            organisations.update(_organisations(chosen, fates, quota))
            persons.update(_persons(chosen, fates, quota, limits.as_of if limits else None))
    return Holdings(organisations, persons, tuple(_former(staffed, persons, seed, start, shares)))


def _quota(limits: Certificates | None, bloc: Bloc) -> Quota | None:
    if limits is None:
        return None
    return limits.state if bloc is Bloc.STATE else limits.party


def figure_count(figure_id: str, place: tuple[str | int, ...]) -> int:
    """The exact number a figure states. Raises :class:`SpecError` unless it counts certificates."""
    figure = figures().get(figure_id)
    if figure is None or figure.unit != "certificates":
        raise SpecError(place, f"{figure_id!r} is no figure that counts certificates")
    return int(figure.value)


def _organisations(
    chosen: list[Staffed], fates: Mapping[OrganId, _Fates], quota: Quota | None
) -> Iterator[tuple[OrganId, CertificatePlan]]:
    order = sorted((a for a in chosen if a.sealed), key=lambda a: (a.blueprint.profile.rank, a.blueprint.id))
    limit = len(order) if quota is None else figure_count(quota.organisations, ("certificates",))
    if limit > len(order):
        raise SpecError(("certificates",), f"{limit} organisation certificates are to be held, but only {len(order)} organisations can")
    for agency in order[:limit]:
        yield agency.blueprint.id, fates[agency.blueprint.id].organisation


def _persons(
    chosen: list[Staffed], fates: Mapping[OrganId, _Fates], quota: Quota | None, as_of: date | None
) -> Iterator[tuple[str, CertificatePlan]]:
    candidates = sorted(
        (not agency.exchanges, _ROLE_ORDER.index(person.role), agency.blueprint.profile.rank, agency.blueprint.id, index)
        for agency in chosen
        for index, person in enumerate(agency.people)
        if person.role in agency.blueprint.profile.holders
    )
    limit = None if quota is None else figure_count(quota.persons, ("certificates",))
    counted = 0
    for _, _, _, organ, index in candidates:
        if limit is not None and counted == limit:
            break
        plan = fates[organ].persons[index]
        counted += as_of is None or plan.revoked_at is None or plan.revoked_at.date() > as_of
        yield fates[organ].ids[index], plan
    if limit is not None and counted < limit:
        raise SpecError(("certificates",), f"{limit} personal certificates are to be held, but only {counted} persons can")


class _Fates:
    """Plans of one agency's certificates, drawn for everybody who might hold one, in a fixed number of draws each."""

    def __init__(self, agency: Staffed, seed: str, start: date, limits: Certificates | None, shares: Mapping[str, float]) -> None:
        chance = stream(seed, str(agency.blueprint.id), "certificates")
        self._start, self._limits = start, limits
        self._years = int(shares["certificate.years"])
        breaking = shares["certificate.revoked_in_week"]
        self.organisation = self._lasting(chance)
        self.ids = tuple(person.id for person in agency.people)
        self.persons = tuple(self._drawn(chance, breaking) for _ in agency.people)

    def _lasting(self, chance: random.Random) -> CertificatePlan:
        """Issued on some day such that it is in force from three days before the run until after the counted day."""
        last = self._start - timedelta(days=3)
        counted = self._limits.as_of if self._limits else self._start + timedelta(days=365)
        first = _plus_years(counted + timedelta(days=1), -self._years)
        day = first + timedelta(days=int(chance.random() * ((last - first).days + 1)))
        begin = _office_hour(day, chance)
        return CertificatePlan(begin, _plus_years(begin, self._years))

    def _drawn(self, chance: random.Random, breaking: float) -> CertificatePlan:
        plan = self._lasting(chance)
        broken, offset = chance.random() < breaking, chance.choice(_BREAKING_DAYS)
        revoked_at = _office_hour(self._start + timedelta(days=offset), chance)
        return replace(plan, revoked_at=revoked_at) if broken else plan


def _plus_years(day: Day, years: int) -> Day:
    """The same day ``years`` later (or earlier); 28 February for the 29th."""
    return day.replace(year=day.year + years, day=28 if (day.month, day.day) == (2, 29) else day.day)


def _office_hour(day: date, chance: random.Random) -> datetime:
    return datetime.combine(day, time(8, 0), VN) + timedelta(minutes=int(chance.random() * 510))


def _former(
    staffed: tuple[Staffed, ...],
    persons: Mapping[str, CertificatePlan],
    seed: str,
    start: date,
    shares: Mapping[str, float],
) -> Iterator[FormerHolder]:
    for agency in staffed:
        organ = agency.blueprint.id
        chance = stream(seed, str(organ), "former")
        for index, person in enumerate(agency.people):
            left, name = chance.random() < shares["certificate.former_holder"], draw_name(chance)
            day = start - timedelta(days=10 + int(chance.random() * 200))
            revoked_at = _office_hour(day, chance)
            if left and person.id in persons:
                begin = revoked_at - timedelta(days=365)
                plan = CertificatePlan(begin, _plus_years(begin, int(shares["certificate.years"])), revoked_at)
                yield FormerHolder(organ, f"{organ}/f{index + 1:02d}", name, person.unit, plan)
