"""The directory: codes, aliases, signers; and the roads between organisations."""

from __future__ import annotations

import pytest

from exchange.domain.identifiers import OrganId
from exchange.domain.organization import Bloc, Directory, Level, Organization, PersonSigner, Signers
from exchange.domain.routing import hops_for
from exchange.errors import DuplicateOrgan


def organ(code: str, bloc: Bloc = Bloc.STATE, *aliases: str) -> Organization:
    return Organization(OrganId.parse(code), code, Level.PROVINCE, bloc, aliases=tuple(OrganId.parse(alias) for alias in aliases))


def test_an_alias_finds_the_organisation_and_its_signers() -> None:
    insurance = organ("G24.80", Bloc.STATE, "H28.44")
    leader = PersonSigner("CN=Leader", "Leader")
    directory = Directory([insurance, organ("H28")], {insurance.id: Signers.of(["CN=Insurance"], [leader])})
    assert directory.lookup(OrganId("H28.44")) is insurance
    assert directory.signers(OrganId("H28.44")).persons["CN=Leader"] is leader
    assert directory.signers(OrganId("H28")).organisation == frozenset()
    assert directory.owner("CN=Insurance") == insurance.id
    assert directory.owner("CN=Nobody") is None
    assert directory.lookup(OrganId("H29")) is None
    assert [one.id.value for one in directory.organizations()] == ["G24.80", "H28"]


def test_one_code_belongs_to_one_organisation() -> None:
    with pytest.raises(DuplicateOrgan, match=r"H28\.44"):
        Directory([organ("G24.80", Bloc.STATE, "H28.44"), organ("H28.44")])


@pytest.mark.parametrize(
    ("sender", "recipient", "road"),
    [
        (organ("H28.20"), organ("H28.03.21"), ("bus:H28",)),
        (organ("H28.20"), organ("H53"), ("bus:H28", "national", "bus:H53")),
        (organ("H53"), organ("H28.20"), ("bus:H53", "national", "bus:H28")),
        (organ("H28.20"), organ("G22"), ("bus:H28", "national")),
        (organ("G22"), organ("H28"), ("national", "bus:H28")),
        (organ("G22"), organ("G09"), ("national",)),
        (organ("H28.52", Bloc.PARTY), organ("H28.20"), ("party-gateway:H28", "bus:H28")),
        (organ("H28.20"), organ("H28.52", Bloc.PARTY), ("bus:H28", "party-gateway:H28")),
        (organ("H28.52", Bloc.PARTY), organ("H28.53", Bloc.PARTY), ("party-gateway:H28",)),
        (organ("H28.52", Bloc.PARTY), organ("G22"), ("party-gateway:H28", "bus:H28", "national")),
        (organ("H28"), organ("H28"), ()),
    ],
)
def test_the_road_goes_up_to_the_first_shared_hop_and_down(sender: Organization, recipient: Organization, road: tuple[str, ...]) -> None:
    assert hops_for(sender, recipient) == road
    assert hops_for(recipient, sender) == tuple(reversed(road))
