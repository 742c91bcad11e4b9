"""Organisations, and the register that links a certificate's subject to the organisation it may sign for.

A certificate does not carry the organisation code, so signer and sender are linked by the RFC 4514 subject in this register
(Circular 41/2017/TT-BTTTT Art. 6: a person signs with the own key, the clerk with the organisation's).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from exchange.domain.document import Capacity
from exchange.domain.identifiers import OrganId
from exchange.errors import DuplicateOrgan


class Level(StrEnum):
    """The four levels of government in 2021."""

    CENTRAL = "central"
    PROVINCE = "province"
    DISTRICT = "district"
    COMMUNE = "commune"


class Bloc(StrEnum):
    """Two blocs, two networks, two numbering styles."""

    STATE = "state"
    PARTY = "party"


class OrganStatus(StrEnum):
    """Whether an organisation takes part in the exchange."""

    ACTIVE = "active"
    LOCKED = "locked"
    DISSOLVED = "dissolved"


@dataclass(frozen=True, slots=True)
class Organization:
    """One entry of the directory. ``aliases`` are other codes of the same organisation (vertical services hold two)."""

    id: OrganId
    name: str
    level: Level
    bloc: Bloc
    province: str = ""
    """GSO code, empty for central bodies."""
    parent: OrganId | None = None
    status: OrganStatus = OrganStatus.ACTIVE
    aliases: tuple[OrganId, ...] = ()


@dataclass(frozen=True, slots=True)
class PersonSigner:
    """A person entitled to sign for an organisation. ``capacities`` are the forms of signing the person may use."""

    subject: str
    """RFC 4514 subject of the person's certificate."""
    name: str
    position: str = ""
    capacities: frozenset[Capacity] = frozenset(Capacity)


@dataclass(frozen=True, slots=True)
class Signers:
    """Who may sign for one organisation: the subjects of its own certificates, and its authorised persons by subject."""

    organisation: frozenset[str] = frozenset()
    persons: Mapping[str, PersonSigner] = field(default_factory=lambda: MappingProxyType({}))

    @classmethod
    def of(cls, organisation: Iterable[str], persons: Iterable[PersonSigner]) -> Signers:
        """Build from subjects and persons."""
        return cls(frozenset(organisation), MappingProxyType({person.subject: person for person in persons}))


_NOBODY = Signers()


class Directory:
    """The organisations the axis knows, by code or alias, with their signers. Immutable. Raises :class:`DuplicateOrgan`."""

    __slots__ = ("_in_order", "_organizations", "_owners", "_signers")

    def __init__(self, organizations: Iterable[Organization], signers: Mapping[OrganId, Signers] | None = None) -> None:
        self._organizations: dict[OrganId, Organization] = {}
        for organization in organizations:
            for organ in (organization.id, *organization.aliases):
                if organ in self._organizations:
                    raise DuplicateOrgan(str(organ))
                self._organizations[organ] = organization
        self._in_order = tuple(sorted(set(self._organizations.values()), key=lambda organization: organization.id))
        self._signers = dict(signers or {})
        self._owners: dict[str, OrganId] = {}
        for organ, entry in self._signers.items():
            for subject in (*entry.organisation, *entry.persons):
                self._owners.setdefault(subject, organ)

    def lookup(self, organ: OrganId) -> Organization | None:
        """The organisation under this code or alias, locked and dissolved ones included; ``None`` when unknown."""
        return self._organizations.get(organ)

    def signers(self, organ: OrganId) -> Signers:
        """Who may sign for the organisation of this code or alias; nobody when it is unknown or has no certificate."""
        found = self._signers.get(organ)
        if found is None and (organization := self._organizations.get(organ)) is not None:
            found = self._signers.get(organization.id)
        return found or _NOBODY

    def entitled(self) -> Mapping[OrganId, Signers]:
        """Who may sign, as the register was built."""
        return MappingProxyType(self._signers)

    def owner(self, subject: str) -> OrganId | None:
        """The organisation in whose register a certificate subject stands; for telling whose signature it was instead."""
        return self._owners.get(subject)

    def organizations(self) -> tuple[Organization, ...]:
        """Every organisation once, in order of its code."""
        return self._in_order

    def page(self, after: OrganId | None, limit: int) -> tuple[Organization, ...]:
        """Organisations in order of their codes, those after ``after``, at most so many."""
        start = 0 if after is None else bisect_right(self._in_order, after, key=lambda organization: organization.id)
        return self._in_order[start : start + limit]

    def beneath(self, organ: OrganId) -> frozenset[OrganId]:
        """An organisation and those whose code begins with its own, or whose parents lead to it."""
        prefix = f"{organ}."
        return frozenset({organ, *(one.id for one in self._in_order if one.id.value.startswith(prefix) or organ in self._ancestors(one))})

    def _ancestors(self, organization: Organization) -> set[OrganId]:
        found: set[OrganId] = set()
        parent = organization.parent
        while parent is not None and parent not in found:
            found.add(parent)
            above = self._organizations.get(parent)
            parent = None if above is None else above.parent
        return found
