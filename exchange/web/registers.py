"""More of the JSON of the service (:mod:`exchange.web.wire`): statistics and the directory."""

from __future__ import annotations

from pydantic import Field

from exchange.api import Traffic
from exchange.domain.identifiers import OrganId
from exchange.domain.lifecycle import DeliveryState
from exchange.domain.organization import Bloc, Level, Organization, OrganStatus
from exchange.web.wire import Body, Instant, Organ


class TrafficBody(Body):
    """What one organisation exchanged in the period."""

    organ: Organ
    name: str = Field(description="From the directory; empty for a code it does not know.")
    level: str = Field(examples=["province"])
    documents: int = Field(description="Documents it sent.")
    sent: dict[DeliveryState, int] = Field(description="Its (document, recipient) pairs, by the state they are in now.")
    received: dict[DeliveryState, int] = Field(description="The pairs of which it is the recipient.")

    @classmethod
    def of(cls, one: Traffic, entry: Organization | None) -> TrafficBody:
        """As it is sent."""
        name, level = ("", "") if entry is None else (entry.name, entry.level.value)
        return cls.model_construct(
            organ=str(one.organ), name=name, level=level, documents=one.documents, sent=one.sent, received=one.received
        )

    def traffic(self) -> Traffic:
        """As it was."""
        return Traffic(OrganId(self.organ), self.documents, self.sent, self.received)


class StatisticsBody(Body):
    """What the caller and every organisation beneath it exchanged, in order of their codes; idle ones are left out."""

    since: Instant
    until: Instant
    organizations: list[TrafficBody]


class OrganizationBody(Body):
    """One entry of the directory."""

    organ: Organ
    qcvn: str = Field(examples=["000.00.20.H28"], description="The same code as QCVN 102:2016 writes it.")
    name: str
    level: Level
    bloc: Bloc
    province: str = Field(description="Its province's number in the list of administrative units; empty for central bodies.")
    parent: Organ | None
    status: OrganStatus
    aliases: list[Organ]

    @classmethod
    def of(cls, one: Organization) -> OrganizationBody:
        """As it is sent."""
        return cls.model_construct(
            organ=str(one.id), qcvn=one.id.qcvn, name=one.name, level=one.level, bloc=one.bloc, province=one.province,
            parent=None if one.parent is None else str(one.parent), status=one.status, aliases=[str(organ) for organ in one.aliases],
        )  # fmt: skip

    def organization(self) -> Organization:
        """As it was."""
        parent, aliases = None if self.parent is None else OrganId(self.parent), tuple(OrganId(organ) for organ in self.aliases)
        return Organization(OrganId(self.organ), self.name, self.level, self.bloc, self.province, parent, self.status, aliases)


class DirectoryBody(Body):
    """One page of the directory; ``next`` goes into ``after`` of the next question, and is nothing on the last page."""

    organizations: list[OrganizationBody]
    next: Organ | None
