"""Who takes part in a load: agencies of a world that hold a seal and a leader's key, and what they sign with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from exchange.domain.document import Capacity
from exchange.domain.identifiers import OrganId
from exchange.domain.organization import Bloc, Directory
from scenarios.streams import rendezvous
from scenarios.world.model import Agency, Person, World
from scenarios.world.pki import WorldPki
from signing import CadesSigner, Purpose


class FieldTooSmall(ValueError):
    """The world has not as many agencies as the load needs; its text is the sentence."""


@dataclass(frozen=True, slots=True, eq=False)
class Party:
    """One agency as the load knows it."""

    agency: Agency
    leader: Person
    sign: CadesSigner
    seal: CadesSigner
    seal_file: CadesSigner

    @property
    def organ(self) -> OrganId:
        return self.agency.id

    @property
    def capacity(self) -> tuple[str, str]:
        """In whose place its leader signs, and what is written after it."""
        if self.agency.abbreviation.startswith("UBND"):
            return Capacity.ON_BEHALF.value, "ỦY BAN NHÂN DÂN"
        return Capacity.HEAD.value, ""


@dataclass(frozen=True, slots=True, eq=False)
class Field:
    """The parties, in the order of their codes: a document names them by their places here."""

    world: World
    directory: Directory
    parties: tuple[Party, ...]
    rsa: frozenset[int]
    """Places of those whose seal is RSA-2048."""

    def senders(self, *, rsa: bool) -> tuple[int, ...]:
        """Places of those that send documents of a profile."""
        return tuple(place for place in range(len(self.parties)) if (place in self.rsa) is rsa) or tuple(range(len(self.parties)))


def open_field(world: World, issued: WorldPki, agencies: int, *, rsa: bool = False) -> Field:
    """``agencies`` agencies of the world, drawn by name alone so that the same ones take part at every rate, all with RSA seals among them
    where the load is sealed so. Raises :class:`FieldTooSmall`.
    """
    able = {str(agency.id): agency for agency in world.agencies if _able(agency, issued)}
    if len(able) < agencies:
        raise FieldTooSmall(f"{world.name} has {len(able)} agencies with software, a seal and a leader's key; {agencies} are asked for")
    needed = sorted(name for name in able if rsa and OrganId(name) in world.field.rsa_seals)
    if rsa and not needed:
        raise FieldTooSmall(f"{world.name} has no agency with an RSA-2048 seal (rsa_seals in its table [field])")
    others = [name for name in able if name not in needed]
    chosen = sorted((*needed, *rendezvous(world.seed, "load", others, max(0, agencies - len(needed)))))
    parties = tuple(_party(able[name], issued) for name in chosen)
    return Field(world, issued.directory, parties, frozenset(place for place, name in enumerate(chosen) if name in needed))


def _able(agency: Agency, issued: WorldPki) -> bool:
    reaches = agency.exchanges and agency.software and agency.connected and agency.bloc is Bloc.STATE
    return reaches and agency.id in issued.organisations and _leader(agency, issued) is not None


def _leader(agency: Agency, issued: WorldPki) -> Person | None:
    return next((person for person in agency.people if person.role == "leader" and person.id in issued.persons), None)


def _party(agency: Agency, issued: WorldPki) -> Party:
    leader, seal = _leader(agency, issued), issued.organisations[agency.id]
    if leader is None:
        raise FieldTooSmall(f"{agency.id} has no leader with a key")
    return Party(
        agency, leader, CadesSigner(issued.persons[leader.id], purpose=Purpose.LETTER), CadesSigner(seal, purpose=Purpose.LETTER),
        CadesSigner(seal, purpose=Purpose.ANNEX),
    )  # fmt: skip


def levels(field: Field) -> Sequence[str]:
    """Each party's level, by place."""
    return [party.agency.level.value for party in field.parties]
