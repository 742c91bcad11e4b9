"""What-ifs change one thing and nothing else."""

from __future__ import annotations

from datetime import datetime

import pytest

from exchange.domain.calendar import VN
from exchange.domain.organization import Level
from scenarios.world.file import load_world
from scenarios.world.model import World
from scenarios.world.variants import with_everything, with_outage, without_certificates


@pytest.fixture(scope="module")
def world() -> World:
    return load_world("hoa-binh-2021", "1")


def test_communes_without_certificates(world: World) -> None:
    """Communes and their people hold none; every other agency is untouched."""
    bare = without_certificates(world, Level.COMMUNE)
    for before, after in zip(world.agencies, bare.agencies, strict=True):
        if before.level is Level.COMMUNE and before.province == "17":
            assert after.organisation_certificate is None
            assert not any(person.certificate for person in after.people)
        else:
            assert after is before or after == before


def test_everybody_has_everything(world: World) -> None:
    """Every exchanging agency is linked, sealed and staffed with people who can; rules and volumes stay."""
    full = with_everything(world)
    for before, after in zip(world.agencies, full.agencies, strict=True):
        assert after.volumes == before.volumes
        if not after.exchanges:
            continue
        assert after.software
        assert after.connected
        assert after.organisation_certificate is not None
        for person in after.people:
            assert person.has_computer
            assert person.trained
            assert person.certificate is not None
            assert person.certificate.revoked_at is None
            assert person.certificate.valid_until.year > 2021
    assert full.paper_rules == world.paper_rules


def test_an_outage_is_added_to_one_hop(world: World) -> None:
    """The other hops keep their plan; nonsense is refused."""
    since, until = datetime(2021, 9, 28, 8, 0, tzinfo=VN), datetime(2021, 9, 28, 12, 0, tzinfo=VN)
    out = with_outage(world, "national", since, until)
    assert {hop.id: hop.outages for hop in out.hops if hop.outages} == {"national": ((since, until),)}
    assert out.agencies is world.agencies
    with pytest.raises(ValueError, match="no hop 'bus:X99'"):
        with_outage(world, "bus:X99", since, until)
    with pytest.raises(ValueError, match="ends after it begins"):
        with_outage(world, "national", until, since)
