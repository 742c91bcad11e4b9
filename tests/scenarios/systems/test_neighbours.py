"""The neighbours of an office: portal, mailboxes, post and the hops of a world."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from exchange.domain.calendar import VN
from exchange.domain.identifiers import OrganId
from scenarios import roads
from scenarios.channels import Hand
from scenarios.kernel import DAY, Kernel
from scenarios.run import run
from scenarios.systems.portal import why_not
from scenarios.trace import Cause, Channel, Dispatched, MailboxUsed, PaperArrived, Record, Registered
from scenarios.world import pki
from scenarios.world.file import load_world
from scenarios.world.model import World
from scenarios.world.variants import with_outage

CROSSROADS = Path(__file__).parents[1] / "worlds" / "crossroads.toml"

PORTAL = [
    ("published", True, False, None, Hand(), None),
    ("secret", True, True, None, Hand(), Cause.SECRET),
    ("no software", False, False, None, Hand(), Cause.NO_SOFTWARE),
    ("no electronic original", True, False, Cause.NO_CERTIFICATE, Hand(), Cause.NO_CERTIFICATE),
    ("editor without computer", True, False, None, Hand(computer=False), Cause.NO_COMPUTER),
    ("editor untrained", True, False, None, Hand(trained=False), Cause.NOT_TRAINED),
    ("no editor", True, False, None, None, Cause.NOT_TRAINED),
]


@pytest.mark.parametrize(
    ("software", "secret", "by_hand", "editor", "cause"), [row[1:] for row in PORTAL], ids=[str(row[0]) for row in PORTAL]
)
def test_directives_on_the_portal(software: bool, secret: bool, by_hand: Cause | None, editor: Hand | None, cause: Cause | None) -> None:
    """A directive is published unless something named stands in the way."""
    assert why_not(software, secret, by_hand, editor) is cause


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> tuple[World, list[Record]]:
    """Two days of the crossroads."""
    world, records = load_world(CROSSROADS, "1"), list[Record]()
    run(world, days=2, sink=records.append, workdir=tmp_path_factory.mktemp("run"))
    return world, records


def test_mailboxes_open_in_office_hours_once_a_day(lived: tuple[World, list[Record]]) -> None:
    """Nobody without a mailbox, nobody twice a day, nobody at night; those who work on a computer regularly far more often."""
    world, records = lived
    people = {person.id: person for agency in world.agencies for person in agency.people}
    used = [record for record in records if isinstance(record, MailboxUsed)]
    calendar = Kernel(world, lambda record: None)
    assert max(Counter((record.person, record.at // DAY) for record in used).values()) == 1
    assert all(calendar.office_open(record.at) == record.at for record in used)
    assert all(people[record.person].mailbox for record in used)


def test_what_goes_by_post_is_registered_after_it_came(lived: tuple[World, list[Record]]) -> None:
    """Paper and secrets reach a clerk in office hours and only then the register; a secret never touches another road."""
    world, records = lived
    calendar = Kernel(world, lambda record: None)
    came = {(record.agency, record.document): record.at for record in records if isinstance(record, PaperArrived)}
    sent = {(record.recipient, record.document): record for record in records if isinstance(record, Dispatched)}
    entered = [record for record in records if isinstance(record, Registered) and record.channel in (Channel.PAPER, Channel.COURIER)]
    assert entered
    for record in entered:
        assert came[record.agency, record.document] <= record.at
        assert calendar.office_open(came[record.agency, record.document]) == came[record.agency, record.document]
    for dispatched in sent.values():
        assert (dispatched.cause is Cause.SECRET) == (dispatched.channel is Channel.COURIER)


def test_one_plan_for_every_bus() -> None:
    """``bus:*`` becomes the bus of each province with an agency, and never overrides a named one."""
    specs = {spec.id: spec for spec in roads.hop_specs(load_world(CROSSROADS, "1"))}
    assert sorted(specs) == ["bus:H28", "bus:H52", "national", "party-gateway:H28"]
    assert specs["bus:H52"].packages_per_minute == 600.0


def test_an_outage_is_seen_by_those_whose_road_it_cuts() -> None:
    """While it lasts, its remaining time; before and after, and for roads inside the province, nothing."""
    since = datetime(2021, 9, 27, 9, 0, tzinfo=VN)
    world = with_outage(load_world(CROSSROADS, "1"), "national", since, since + timedelta(hours=2))
    kernel = Kernel(replace(world), lambda record: None)
    outages = roads.Outages(kernel, pki.build(world).directory)
    agencies = {agency.id: agency for agency in world.agencies}
    province, ministry, district = (agencies[OrganId(name)] for name in ("H28", "G12", "H28.32"))
    seen = []
    for hour in (8, 10, 11):
        kernel.env.run(until=hour * 3600)
        seen.append((outages.ahead(province, ministry), outages.ahead(province, district)))
    assert seen == [(0, 0), (3600, 0), (0, 0)]
