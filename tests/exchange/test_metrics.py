"""What operators are told: of every queue what really stands in it, as OpenMetrics that Prometheus' own reader accepts."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse

from exchange.api import Submission
from exchange.axis import Axis
from exchange.counts import COUNTERS, Counts
from exchange.domain.calendar import VN
from exchange.domain.lifecycle import StatusCode
from exchange.doorbell import Silent
from exchange.errors import Overloaded
from exchange.gathering import Gatherer
from exchange.metrics import render
from exchange.outbox import Stage, claim, time_out
from exchange.retry import Decision
from exchange.settings import Capacity
from exchange.stages.times import BOUNDS, What
from exchange.standing import StageStanding
from tests.exchange.axis.field import (
    DEPARTMENT,
    DISTRICT,
    LOCKED,
    MEMBERS,
    MINISTRY,
    PROVINCE,
    Doc,
    at,
    caller,
    open_crew_of_field,
    open_field,
    open_served_field,
    report,
    send,
)


@pytest.fixture
def axis(shared_url: str) -> Iterator[Axis]:
    opened = open_field(shared_url, capacity=Capacity(rows=10, seconds=1 << 40, least_share=10))
    yield opened
    opened.close()


def told(axis: Axis) -> dict[tuple[str, ...], float]:
    """(name, label value) → value, as Prometheus reads it."""
    text = render(axis.standing(), axis.counts.read()).decode()
    assert text.endswith("# EOF\n")
    return {(sample.name, *sample.labels.values()): sample.value for family in parse(text) for sample in family.samples}


def test_an_empty_axis_says_nought(axis: Axis) -> None:
    found = told(axis)
    assert found["truc_up",] == 1
    assert found["truc_stage_open", "verify"] == found["truc_stage_open", "route"] == found["truc_ledger_unsealed",] == 0
    assert not any(name.startswith("truc_hop") for name, *_ in found)
    assert ("truc_ledger_checkpoint_age_seconds",) not in found


def test_every_queue_says_what_is_in_it(axis: Axis) -> None:
    documents = [Doc(PROVINCE, (DEPARTMENT, MINISTRY), str(number)).package() for number in range(100, 107)]
    for one in documents:
        send(axis, PROVINCE, one, 0)
    until = round(at(9).timestamp())
    with axis._store.writing() as work:
        held, gone, failed, parked, late = claim(work, Stage.VERIFY, 5, until=until, lease="w", seconds=60)
        claim_of = {"held": held, "gone": gone}
    from exchange import outbox

    with axis._store.writing() as work:
        outbox.renew(work, [claim_of["gone"]], -5)
        outbox.give_back(work, failed, Decision(park=False, wait=60, reason="x"))
        outbox.give_back(work, parked, Decision(park=True, wait=0, reason="y"))
        time_out(work, late, 1)
    standing = axis.standing().stages[Stage.VERIFY]
    assert standing.oldest > 100_000_000, "they were handed in in 2021, by the field's clock"
    assert standing == StageStanding(open=6, oldest=standing.oldest, held=1, expired=1, failed=2, parked=1)
    found = told(axis)
    assert found["truc_stage_leases_expired", "verify"] == found["truc_stage_parked", "verify"] == 1
    assert found["truc_admissions_total", "edoc"] == found["truc_ledger_unsealed",] == 7


def test_the_road_the_refusals_and_the_ledger_are_in_it(axis: Axis) -> None:
    send(axis, PROVINCE, Doc(PROVINCE, (DEPARTMENT, MINISTRY, LOCKED), "100").package(), 0)
    axis.settle(at(0))
    assert told(axis)["truc_hop_packages", "bus:H28"] >= 1
    assert told(axis)["truc_refusals_total", "locked-recipient"] == 1
    axis.settle(at(600))
    axis.seal(at(601))
    found = told(axis)
    assert not any(name.startswith("truc_hop") for name, *_ in found)
    assert found["truc_ledger_unsealed",] == 0
    assert found["truc_ledger_entries",] == axis.seal(at(602)).size > 3
    assert found["truc_ledger_checkpoint_age_seconds",] > timedelta(days=900).total_seconds()


def test_what_left_no_row_is_counted_by_its_rule(axis: Axis) -> None:
    package = Doc(PROVINCE, (DEPARTMENT,), "100").package()
    axis.submit(caller(PROVINCE), [Submission(package), Submission(b"<edXML>"), Submission(package)], at(0))
    axis.submit(caller(DISTRICT), [Submission(package)], at(0))
    axis.submit(caller(PROVINCE), [Submission(Doc(PROVINCE, (DEPARTMENT,), "100", others={"subject": "khác"}).package())], at(0))
    axis._admissions._gate._look_at = 0.0  # what was there already is counted until the next look
    for number in range(200, 209):
        send(axis, MINISTRY, Doc(MINISTRY, (PROVINCE,), str(number)).package(), 0)
    with pytest.raises(Overloaded):
        send(axis, DISTRICT, Doc(DISTRICT, (PROVINCE,), "300").package(), 0)
    gathering = Gatherer(axis)
    urgent = [Submission(Doc(organ, (PROVINCE if organ != PROVINCE else DISTRICT,), "400", priority=3).package()) for organ in MEMBERS[:3]]
    for organ, one in zip(MEMBERS, urgent, strict=False):
        gathering.submit(caller(organ), one, at(0))
    gathering.close()
    found = told(axis)
    counted = {name: value for name, value in found.items() if name[0].endswith("_total")}
    assert counted == {
        ("truc_admissions_total", "edoc"): 13, ("truc_rejections_total", "duplicate-number"): 1,
        ("truc_rejections_total", "sender-mismatch"): 1, ("truc_rejections_total", "not-well-formed"): 1,
        ("truc_overloads_total", "above-capacity"): 1, ("truc_batches_total", "1"): 3,
    }  # fmt: skip


def test_how_long_stages_take_is_told_by_every_worker_together(shared_url: str) -> None:
    axis = open_served_field(shared_url, Silent())
    now = datetime.fromtimestamp(int(axis.machine_seconds()) - 7, VN)
    crews = [open_crew_of_field(shared_url, Silent(), name) for name in ("one", "other")]
    for turn, crew in enumerate(crews):
        sent = [Submission(Doc(PROVINCE, (DEPARTMENT,), str(100 + 10 * turn + number), letter=b"none").package()) for number in range(3)]
        axis.submit(caller(PROVINCE), [*sent, Submission(_about_nothing(turn))], now)
        crew.drain(Stage.VERIFY)
        crew.drain(Stage.ROUTE)
    assert not any("waited" in name or "took" in name for name, *_ in told(axis)), "nothing is written before it is told"
    for crew in crews:
        crew.tell_times()
        crew.tell_times()  # what was told is not told again
        crew.close()
    found = told(axis)
    assert found["truc_stage_waited_seconds_count", "verify"] == found["truc_stage_took_seconds_count", "verify"] == 6
    assert found["truc_stage_waited_seconds_count", "route"] == 2
    assert 6 * 6 <= found["truc_stage_waited_seconds_sum", "verify"] <= 6 * 60
    assert found["truc_stage_waited_seconds_bucket", "5.0", "verify"] == 0
    assert found["truc_stage_waited_seconds_bucket", "+Inf", "verify"] == 6
    assert 0 < found["truc_stage_took_seconds_sum", "verify"] < 60
    ups = [value for (name, *labels), value in found.items() if name == "truc_stage_took_seconds_bucket" and labels[1] == "verify"]
    assert ups == sorted(ups)
    assert len(ups) == len(BOUNDS[What.TOOK]) + 1
    axis.close()


def _about_nothing(turn: int) -> bytes:
    return report(PROVINCE, Doc(DISTRICT, (PROVINCE,), str(900 + turn)), StatusCode.ARRIVED)


def test_where_a_kernel_moves_business_time_no_waiting_is_counted(shared_url: str) -> None:
    axis = open_served_field(shared_url, Silent(), driven=True)
    crew = open_crew_of_field(shared_url, Silent(), "one")
    send(axis, PROVINCE, Doc(PROVINCE, (DEPARTMENT,), "100", letter=b"none").package(), 0)
    settling = threading.Thread(target=axis.settle, args=(at(60),))
    settling.start()
    while settling.is_alive():
        crew.sweep()
    settling.join()
    crew.tell_times()
    crew.close()
    assert axis.standing().times == {}
    axis.close()


def test_a_database_that_does_not_answer_leaves_what_the_process_counted() -> None:
    counts = Counts()
    counts.add("truc_admissions", "edoc", 3)
    found = {sample.name: sample.value for family in parse(render(None, counts.read()).decode()) for sample in family.samples}
    assert found == {"truc_up": 0, "truc_admissions_total": 3}
    with pytest.raises(KeyError):
        counts.add("truc_admision", "edoc")


def test_every_counter_has_a_help_that_says_what_it_counts() -> None:
    families = {family.name: family.documentation for family in parse(render(None, {}).decode())}
    assert {name: words for name, (_, words) in COUNTERS.items()}.items() <= families.items()
