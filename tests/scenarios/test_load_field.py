"""The world that loads are made in: certificates good on the machine's clock, some seals with RSA, files instead of letters."""

from __future__ import annotations

from datetime import date, datetime
from importlib.resources import files
from pathlib import Path

import pytest

from exchange.domain.calendar import VN
from exchange.domain.identifiers import OrganId
from scenarios.world import pki
from scenarios.world.file import WorldFileError, load_world
from scenarios.world.model import World
from signing import KeyKind

TEXT = files("scenarios.library").joinpath("load-field.toml").read_text("utf-8")


@pytest.fixture(scope="module")
def world() -> World:
    return load_world("load-field", "1")


def test_a_broadcast_to_190_finds_its_recipients(world: World) -> None:
    assert len(world.agencies) > 190
    assert {agency.level.value for agency in world.agencies} == {"central", "province", "district", "commune"}
    assert all(agency.software and agency.connected and agency.organisation_certificate for agency in world.agencies)


def test_every_certificate_is_good_for_the_stated_time(world: World) -> None:
    since, until = datetime(2024, 1, 1, tzinfo=VN), datetime(2037, 12, 31, tzinfo=VN)
    plans = [agency.organisation_certificate for agency in world.agencies]
    plans += [person.certificate for agency in world.agencies for person in agency.people if person.certificate]
    assert {(plan.valid_from, plan.valid_until, plan.revoked_at) for plan in plans if plan} == {(since, until, None)}
    assert world.start == date(2026, 1, 5)


def test_the_seals_named_are_rsa_and_the_same_in_every_process(world: World) -> None:
    one, other = pki.build(world), pki.build(world)
    rsa = {organ for organ, holder in one.organisations.items() if holder.spec.key is KeyKind.RSA2048}
    assert rsa == {OrganId(f"H28.0{number}") for number in range(1, 3)} == world.field.rsa_seals
    assert {organ: holder.certificate_der for organ, holder in one.organisations.items()} == {
        organ: holder.certificate_der for organ, holder in other.organisations.items()
    }


def test_times_that_end_before_they_begin_are_refused_by_place(tmp_path: Path) -> None:
    path = tmp_path / "w.toml"
    path.write_text(TEXT.replace("until = 2037-12-31", "until = 2023-12-31"), encoding="utf-8")
    with pytest.raises(WorldFileError, match=r"certified.until \(line \d+\): it ends after it begins"):
        load_world(path, "1")
    path.write_text(TEXT.replace('"H28.02"]', '"H99"]'), encoding="utf-8")
    with pytest.raises(WorldFileError, match="this world has no agency H99"):
        load_world(path, "1")
