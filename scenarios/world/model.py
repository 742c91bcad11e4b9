"""A world as the kernel sees it: built from a strict TOML file and a seed, frozen, complete.

The file's schema and the expansion of its agency groups live in :mod:`scenarios.world.file`; nothing here reads a file.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, TypeVar

from exchange.domain.identifiers import OrganId
from exchange.domain.organization import Bloc, Level
from signing import Behaviour, Service, Wrong

T = TypeVar("T")


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
    """The token in this person's hand; may be revoked or expire while the world runs (see the plan)."""
    regular: bool = True
    """Regularly works on a computer (an own or a shared one)."""


@dataclass(frozen=True, slots=True)
class FormerHolder:
    """Somebody who left: the certificate was revoked before the run and still stands in the revocation lists."""

    agency: OrganId
    id: str
    name: str
    unit: str
    certificate: CertificatePlan


@dataclass(frozen=True, slots=True)
class PaperRule:
    """A rule that puts paper on the road: which documents it catches, and what it asks for."""

    id: str
    label: str
    source: str
    """Clause the rule comes from, or ``assumption`` for the province's own list."""
    scope: Literal["official", "internal"]
    types: frozenset[str]
    """Document type codes (``CV``, ``QĐ``, …); empty for all."""
    recipient_kinds: frozenset[str]
    """Kinds of recipients (:attr:`Agency.kind`); empty for all. Internal documents have none."""
    copy: Literal["too", "only"]
    """``too``: a paper copy follows the electronic one; ``only``: paper alone."""

    def catches(self, type_code: str, recipient_kind: str = "") -> bool:
        """Whether a document of this type to a recipient of this kind falls under the rule."""
        return (not self.types or type_code in self.types) and (not self.recipient_kinds or recipient_kind in self.recipient_kinds)


@dataclass(frozen=True, slots=True)
class Volumes:
    """Mean documents per working day; each a labelled assumption of the world file."""

    official: float
    """Documents written to other agencies."""
    internal: float
    """Documents that stay inside the agency."""
    directives: float = 0.0
    """Share of official documents that direct and operate (to be published on the portal)."""
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
    outside_peers: tuple[OrganId, ...] = ()
    """Organisations outside the province (or, for those outside, inside it) written to for ``outside_share`` of official documents."""
    outside_share: float = 0.0
    invented_code: bool = False
    """Whether the identifier below level 1 is invented (no list of the province's sub-codes was found)."""


@dataclass(frozen=True, slots=True)
class HopPlan:
    """One leg of the road: its capacity and latency, and planned outages (start, end)."""

    id: str
    packages_per_minute: float
    latency_seconds: int
    outages: tuple[tuple[datetime, datetime], ...] = ()


Window = tuple[datetime, datetime]
"""From an instant until another."""


@dataclass(frozen=True, slots=True)
class ServicePlan:
    """When a trust service is silent, slow (seconds until it answers) or wrong (a value of :class:`signing.Wrong`)."""

    silent: tuple[Window, ...] = ()
    slow: tuple[tuple[Window, int], ...] = ()
    wrong: tuple[tuple[Window, str], ...] = ()

    def behaviour(self, moment: datetime) -> Behaviour:
        """How it behaves at a moment: by the first window of each sort that the moment lies in."""
        silent = _during([(window, True) for window in self.silent], moment)
        wrong = _during(self.wrong, moment)
        return Behaviour(
            delay_seconds=_during(self.slow, moment) or 0, silent=silent is not None, wrong=None if wrong is None else Wrong(wrong)
        )


def _during(windows: Sequence[tuple[Window, T]], moment: datetime) -> T | None:
    """What is said of the first window a moment lies in."""
    return next((said for (since, until), said in windows if since <= moment < until), None)


@dataclass(frozen=True, slots=True)
class FieldPlan:
    """Which agencies' certificates and signing tools are other than they should be (:class:`scenarios.world.schema.FieldItem`)."""

    first_generation: frozenset[OrganId] = frozenset()
    leaf_only: frozenset[OrganId] = frozenset()
    clock_ahead: frozenset[OrganId] = frozenset()
    public_authority: frozenset[OrganId] = frozenset()
    rsa_seals: frozenset[OrganId] = frozenset()
    sha1_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class IncidentPlan:
    """A fault planned for one letter: of which agency, which fault of the catalogue, and from when on."""

    agency: OrganId
    fault: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Assumption:
    """A number that no source gives; printed with the report."""

    key: str
    value: float
    label: str
    source: str = "assumption"
    """Id of the figure it was read from in ``hoa-binh-figures.csv``, or ``assumption``."""


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
    paper_rules: tuple[PaperRule, ...] = ()
    former: tuple[FormerHolder, ...] = ()
    signature_level: str = "B-B"
    """A value of :class:`signing.SignatureLevel`."""
    control_times: tuple[datetime, ...] = ()
    """When somebody asks afterwards which of the letters kept would still be found valid."""
    time_stamping: ServicePlan = ServicePlan()
    ocsp: ServicePlan = ServicePlan()
    revocation_lists: ServicePlan = ServicePlan()
    authority_certificates: ServicePlan = ServicePlan()
    field: FieldPlan = FieldPlan()
    incidents: tuple[IncidentPlan, ...] = ()
    sealed_files: bool = False
    """Whether the axis takes files under a detached seal instead of letters signed twice."""
    days: int | None = None
    """Working days it is run for when nobody says otherwise."""

    @property
    def services(self) -> dict[Service, ServicePlan]:
        """The plan of each trust service."""
        return {
            Service.TSA: self.time_stamping,
            Service.OCSP: self.ocsp,
            Service.CRL: self.revocation_lists,
            Service.CA: self.authority_certificates,
        }

    @property
    def stamps(self) -> bool:
        """Whether letters are time-stamped before they are sent."""
        return self.signature_level != "B-B"

    @property
    def preserves(self) -> bool:
        """Whether whoever keeps a letter makes it last."""
        return self.signature_level in ("B-LT", "B-LTA")

    def assumption(self, key: str) -> float:
        """Value of a labelled assumption. Raises KeyError for one the world does not state."""
        for item in self.assumptions:
            if item.key == key:
                return item.value
        raise KeyError(key)
