"""One agency at its desks, without people: the test gives the commands."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import pytest

from exchange.domain.identifiers import OrganId
from scenarios.kernel import Kernel
from scenarios.office.cases import Incoming
from scenarios.office.keys import KeyRing
from scenarios.office.office import Office
from scenarios.office.registers import Registers
from scenarios.office.services import Services
from scenarios.systems.party import PartyNetwork
from scenarios.systems.portal import Portal
from scenarios.systems.post import Post
from scenarios.trace import Channel, Record
from scenarios.world import pki
from scenarios.world.file import load_world
from scenarios.world.model import Person, World
from signing import PathCache


@dataclass
class House:
    """Three agencies of the teaching world and what they wrote down."""

    kernel: Kernel
    services: Services
    records: list[Record] = field(default_factory=list)

    def office(self, organ: str) -> Office:
        return self.services.offices[OrganId(organ)]

    def person(self, organ: str, role: str, number: int = 0) -> Person:
        return self.office(organ).staff(role)[number]

    def seen(self, kind: type) -> list[Record]:
        return [record for record in self.records if isinstance(record, kind)]

    def go_to(self, at: int) -> None:
        self.kernel.env.run(until=at)

    def letter_on_paper(self, organ: str, document: str = "G12,2021,1", number: str = "15") -> Incoming:
        """A paper letter at an agency's door."""
        return Incoming(
            document=document, sender=OrganId("G12"), channel=Channel.PAPER, urgency=0, arrived_at=self.kernel.now, signed_at=0,
            number=number, notation="BTC-VP", day=date(2021, 9, 24), type_name="Công văn", subject="V/v kiểm kê tài sản công", recipients=1,
            is_reply=False, author="Bộ Tài chính",
        )  # fmt: skip


@pytest.fixture(scope="session")
def world() -> World:
    return load_world("first-day", "1")


@pytest.fixture
def house(world: World, tmp_path: Path) -> Iterator[House]:
    records: list[Record] = []
    kernel = Kernel(world, records.append)
    issued = pki.build(world)
    registers = Registers(tmp_path / "offices.db")
    trust = issued.pki.trust_store()
    services = Services(
        kernel=kernel,
        agencies={agency.id: agency for agency in world.agencies},
        directory=issued.directory,
        keys=KeyRing(issued.organisations, issued.persons),
        registers=registers,
        outage_ahead=lambda sender, recipient: 0,
        trust=trust,
        paths=PathCache(trust),
    )
    services.join(Post(services), PartyNetwork(services), Portal(kernel))
    for agency in world.agencies:
        services.offices[agency.id] = Office.open(agency, services)
    kernel.env.run(until=9 * 3600)
    yield House(kernel, services, records)
    registers.close()
