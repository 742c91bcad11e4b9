"""What operators are told: of every queue what really stands in it, as OpenMetrics that Prometheus' own reader accepts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse

from exchange.api import Submission
from exchange.axis import Axis
from exchange.counts import COUNTERS, Counts
from exchange.errors import Overloaded
from exchange.gathering import Gatherer
from exchange.metrics import render
from exchange.outbox import Stage, claim, time_out
from exchange.retry import Decision
from exchange.settings import Capacity
from exchange.standing import StageStanding
from tests.exchange.axis.field import DEPARTMENT, DISTRICT, LOCKED, MEMBERS, MINISTRY, PROVINCE, Doc, at, caller, file_url, open_field, send
from tests.judges import needs_postgres


@pytest.fixture(params=["file", pytest.param("postgres", marks=needs_postgres)])
def axis(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Axis]:
    url = request.getfixturevalue("postgres_url") if request.param == "postgres" else file_url(tmp_path / "axis.db")
    opened = open_field(url, capacity=Capacity(rows=10, seconds=1 << 40, least_share=10))
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
