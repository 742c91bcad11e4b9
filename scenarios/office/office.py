"""One agency's document software: who works there, what lies where, and the numbers that only it gives.

The state is here; the commands that change it are in :mod:`outgoing`, :mod:`incoming` and :mod:`software`. Only open drafts and cases stay
in memory, everything finished is a row of :mod:`registers`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from exchange.domain.document import GENERAL, Numbering
from exchange.domain.identifiers import OrganId
from scenarios.office.cases import Asked, Case, Draft, Incoming, Move, Request
from scenarios.office.desk import Desk
from scenarios.office.errors import OfficeError
from scenarios.office.services import Services
from scenarios.streams import rendezvous
from scenarios.world.model import Agency, CertificatePlan, Person

if TYPE_CHECKING:
    from scenarios.office.archive import Copy
    from scenarios.office.renewal import Renewal

LEADERS = ("leader", "deputy")
_SITTINGS = {"clerk": "clerk_sittings", "leader": "leader_sittings", "deputy": "leader_sittings", "unit-head": "head_sittings"}


@dataclass(frozen=True, slots=True)
class Parcel:
    """A package waiting in the outbox for the software's next cycle."""

    document: str
    kind: str
    data: bytes
    code: str = ""
    to: str = ""
    moves: tuple[Move, ...] = ()
    """Negotiations it moves."""


@dataclass(slots=True)
class Office:
    """State of one agency's document software."""

    agency: Agency
    services: Services
    people: dict[str, Person]
    desks: dict[str, Desk]
    drafts: dict[str, Draft] = field(default_factory=dict)
    queue: dict[str, Incoming] = field(default_factory=dict)
    """Arrival queue, "chờ tiếp nhận": by document identifier."""
    cases: dict[int, Case] = field(default_factory=dict)
    outbox: list[Parcel] = field(default_factory=list)
    asked: dict[str, Asked] = field(default_factory=dict)
    """What this agency asked about documents it had sent, by document identifier."""
    replacing: dict[str, str] = field(default_factory=dict)
    """Replacements of its own on their way: new document, old document."""
    requests: dict[tuple[str, OrganId], Request] = field(default_factory=dict)
    """What others asked here and no clerk has answered yet, by document and sender."""
    at_hand: dict[str, Copy] = field(default_factory=dict)
    """Letters found valid and not registered yet, by document identifier; only where an archive is kept."""
    archive: dict[str, Copy] = field(default_factory=dict)
    """Copies its archive is not done with."""
    lasting: dict[str, Renewal] = field(default_factory=dict)
    """When it renews those it is done with, by document identifier."""
    numbering: Numbering = field(default_factory=Numbering)
    register_number: int = 0
    arrival_number: int = 0
    own_documents: int = 0
    consults_revocation: bool = False
    """Whether a refusal has taught this office to look its certificates up before it signs."""

    @classmethod
    def open(cls, agency: Agency, services: Services) -> Office:
        """An office on its first day: everybody at an empty desk."""
        kernel = services.kernel
        desks = {}
        for person in agency.people:
            key = _SITTINGS.get(person.role)
            desks[person.id] = Desk(kernel, person.id, int(kernel.habits[key]) if key else 0)
        return cls(agency, services, {person.id: person for person in agency.people}, desks)

    @property
    def id(self) -> OrganId:
        """The agency's code."""
        return self.agency.id

    @property
    def name(self) -> str:
        """The code as text, as it stands in the trace."""
        return str(self.agency.id)

    def staff(self, *roles: str) -> tuple[Person, ...]:
        """People with one of these roles, in the world's order."""
        return tuple(person for person in self.agency.people if person.role in roles)

    def pick(self, key: str, people: tuple[Person, ...]) -> Person | None:
        """One of them for this document, by rendezvous; ``None`` when there is nobody."""
        if not people:
            return None
        chosen = rendezvous(self.services.kernel.seed, key, (person.id for person in people))
        return self.people[chosen[0]]

    def clerk(self, key: str) -> Person:
        """The clerk who takes this document; one who can work on screen where there is one.

        Raises :class:`OfficeError` in an agency without anybody.
        """
        clerks = self.staff("clerk") or self.staff("officer") or self.agency.people
        found = self.pick(key, tuple(person for person in clerks if person.has_computer and person.trained) or clerks)
        if found is None:
            raise OfficeError(self.name, "keep registers", "it has no staff")
        return found

    def signer(self, key: str) -> Person:
        """The leader who signs: one who can sign on screen now, else whoever has the authority. Raises :class:`OfficeError`."""
        leaders = self.staff(*LEADERS)
        able = tuple(person for person in leaders if person.has_computer and person.trained and self.holds(person.certificate))
        found = self.pick(key, able or leaders)
        if found is None:
            raise OfficeError(self.name, "issue documents", "nobody there has the authority to sign")
        return found

    def head_of(self, unit: str) -> Person | None:
        """The head of a unit, ``None`` where it has none (a leader reads the draft there)."""
        return next((person for person in self.agency.people if person.role == "unit-head" and person.unit == unit), None)

    def holds(self, plan: CertificatePlan | None) -> bool:
        """Whether this certificate is good at the moment, as far as the office knows.

        The dates stand on the token. That it was revoked nobody tells the house: it goes on signing until a first refusal, and looks its
        certificates up in the revocation list from then on.
        """
        moment = self.services.kernel.moment
        if plan is None or not plan.valid_from <= moment <= plan.valid_until:
            return False
        return not self.consults_revocation or plan.revoked_at is None or moment < plan.revoked_at

    def give_number(self, year: int, series: str = GENERAL) -> int:
        """The next number of a series in a year; a number is never given twice (Decree 30 Art. 15)."""
        number, self.numbering = self.numbering.next(year, series)
        return number


def require(holds: bool, who: str, what: str, why: str) -> None:
    """Refuse a command in one sentence unless its condition holds. Raises :class:`OfficeError`."""
    if not holds:
        raise OfficeError(who, what, why)
