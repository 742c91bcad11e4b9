"""A world as the kernel sees it: built from a strict TOML file and a seed, frozen, complete.

The file's schema and the expansion of its agency groups live in :mod:`scenarios.worldfile`; nothing here reads a file.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from exchange.domain.identifiers import OrganId
from exchange.domain.organization import Bloc, Level


@dataclass(frozen=True, slots=True)
class CertificatePlan:
    """A certificate to be issued for a holder. Instants are aware datetimes; ``revoked_at`` lies in the CRLs from then on."""

    valid_from: datetime
    valid_until: datetime
    revoked_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Person:
    """One member of staff. What a person has and can decides what goes on screen."""

    id: str
    """Unique in the world: ``<OrganId>/<serial>``."""
    name: str
    role: str
    """``leader``, ``deputy``, ``unit-head``, ``officer`` or ``clerk``."""
    position: str
    """As printed under a signature, e.g. ``CHỦ TỊCH``."""
    unit: str
    has_computer: bool
    trained: bool
    mailbox: bool
    certificate: CertificatePlan | None


@dataclass(frozen=True, slots=True)
class Volumes:
    """Mean documents per working day; each a labelled assumption of the world file."""

    official: float
    """Documents written to other agencies."""
    internal: float
    """Documents that stay inside the agency."""
    directives: float = 0.0
    """Of the official ones, those that direct and operate (published on the portal)."""
    broadcast: float = 0.0
    """Share of official documents that go to all of ``Agency.broadcast_to``."""


@dataclass(frozen=True, slots=True)
class Agency:
    """One agency with its software, people and habits."""

    id: OrganId
    name: str
    """Full name as printed, NFC."""
    parent_name: str
    """Issuing body's superior as printed above the name; empty for none."""
    abbreviation: str
    """In notations: ``UBND``, ``STTTT``."""
    kind: str
    """Group label of the world file: ``province-office``, ``department``, ``district``, ``commune``, ``ministry``, …"""
    level: Level
    bloc: Bloc
    province: str
    """GSO code of the province, empty for central bodies."""
    place: str
    """Place name of the date line."""
    parent: OrganId | None
    fictional: bool
    exchanges: bool
    """Whether it takes part in document exchange at all (holders of certificates that do not are listed only)."""
    simulated: bool
    """Whether its people act; counterparts outside the province answer through their software alone."""
    software: bool
    connected: bool
    """Document software linked to the axis (or, Party bloc, to the Party network)."""
    units: tuple[str, ...]
    people: tuple[Person, ...]
    organisation_certificate: CertificatePlan | None
    volumes: Volumes
    peers: tuple[OrganId, ...]
    """Organisations it usually writes to; chosen from by rendezvous hashing so a new agency disturbs no other stream."""
    broadcast_to: tuple[OrganId, ...]
    urgent_share: float
    poll_minutes: int


@dataclass(frozen=True, slots=True)
class HopPlan:
    """One leg of the road: its capacity and latency, and planned outages (start, end)."""

    id: str
    packages_per_minute: float
    latency_seconds: int
    outages: tuple[tuple[datetime, datetime], ...] = ()


@dataclass(frozen=True, slots=True)
class Assumption:
    """A number that no source gives; printed with the report."""

    key: str
    value: float
    label: str


@dataclass(frozen=True, slots=True)
class World:
    """Everything a run needs besides the seed's streams."""

    name: str
    question: str
    seed: str
    start: date
    """The first working day of the run (a Monday for weeks)."""
    province: str
    """GSO code of the province under study."""
    holidays: frozenset[date]
    agencies: tuple[Agency, ...]
    hops: tuple[HopPlan, ...]
    assumptions: tuple[Assumption, ...]
    targets: tuple[str, ...]
    """Ids of the measures this world is held against."""

    def assumption(self, key: str) -> float:
        """Value of a labelled assumption. Raises KeyError for one the world does not state."""
        for item in self.assumptions:
            if item.key == key:
                return item.value
        raise KeyError(key)
