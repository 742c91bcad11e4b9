"""The rules that must hold at every moment: a sound axis breaks none, and whatever goes wrong is seen by its rule."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import text

from exchange.axis import Axis
from exchange.doorbell import Silent
from exchange.outbox import EVERYTHING, Stage
from exchange.stages.runner import Runner
from scenarios.chaos.watch import RULES, Watcher, look
from tests.exchange.axis.field import (
    DEPARTMENT,
    DISTRICT,
    LOCKED,
    PROVINCE,
    Doc,
    letter,
    open_served_field,
    send,
    take,
)
from tests.judges import needs_postgres

pytestmark = needs_postgres
SUM = "the states add up to the deliveries"


@pytest.fixture
def axis(postgres_url: str) -> Iterator[Axis]:
    """Documents in every place: waiting to be judged, judged, delivered, fetched, refused."""
    opened = open_served_field(postgres_url, Silent())
    runner = Runner(opened._desk)
    send(opened, PROVINCE, Doc(PROVINCE, (DEPARTMENT, DISTRICT, LOCKED), "100").package(), 0)
    foreign = letter(PROVINCE, (DEPARTMENT,), "101", Doc(PROVINCE, (), "101").day, seal_of=DISTRICT)
    send(opened, PROVINCE, Doc(PROVINCE, (DEPARTMENT,), "101", letter=foreign).package(), 0)
    for stage in Stage:
        while runner.run(stage, EVERYTHING).rows:
            pass
    take(opened, DISTRICT, 60)
    send(opened, PROVINCE, Doc(PROVINCE, (DEPARTMENT,), "102").package(), 0)
    runner.run(Stage.VERIFY, EVERYTHING)
    send(opened, PROVINCE, Doc(PROVINCE, (DEPARTMENT,), "103").package(), 0)
    yield opened
    opened.close()


def breaches(axis: Axis) -> set[str]:
    return {name for name, count in look(axis._store).items() if count}


def test_a_sound_axis_breaks_no_rule(axis: Axis) -> None:
    assert axis.depth()["verify"] == axis.depth()["route"] == 1
    assert breaches(axis) == set()


_BROKEN = {
    "every document is judged or waits to be": "DELETE FROM outbox WHERE stage = 'verify'",
    "what is accepted is on its way or waits to be routed": "DELETE FROM outbox WHERE stage = 'route'",
    "nothing is routed that is not accepted": "UPDATE outbox SET stage = 'route' WHERE stage = 'verify'",
    "what is delivered lies in one mailbox": "DELETE FROM mailbox WHERE organ = 'H28.20'",
    "no mail without a delivery": "UPDATE mailbox SET organ = 'G12' WHERE organ = 'H28.20'",
    "no step is taken twice": "INSERT INTO delivery_event (delivery, at, state, cause, reason) "
    "SELECT delivery, at, state, cause, reason FROM delivery_event WHERE state = 'waiting' LIMIT 1",
    "every package has its receipt": "DELETE FROM receipt WHERE package = 1",
    "a delivery stands where its last step left it": "UPDATE delivery SET state = 'done' WHERE state = 'fetched'",
    SUM: "UPDATE delivery SET state = 'nowhere' WHERE state = 'fetched'",
}


def test_there_is_a_breach_for_every_rule() -> None:
    assert set(_BROKEN) == {*RULES, SUM}


@pytest.mark.parametrize("rule", sorted(_BROKEN))
def test_what_goes_wrong_is_seen_by_its_rule(axis: Axis, rule: str) -> None:
    with axis._store.engine.connect() as connection:
        connection.execute(text("BEGIN; SET LOCAL session_replication_role = replica"))  # the triggers would say no
        connection.execute(text(_BROKEN[rule]))
        connection.commit()
    assert rule in breaches(axis)


def test_a_watcher_looks_until_it_is_stopped_and_once_more(axis: Axis, postgres_url: str) -> None:
    watcher = Watcher(postgres_url)
    watcher.start()
    seen = watcher.stop()
    assert seen.looks >= 1
    assert not seen.breaches
    with axis._store.engine.connect() as connection:
        connection.execute(text("BEGIN; DELETE FROM outbox WHERE stage = 'verify'"))
        connection.commit()
    watcher = Watcher(postgres_url)
    watcher.start()
    assert set(watcher.stop().breaches) == {"every document is judged or waits to be"}
