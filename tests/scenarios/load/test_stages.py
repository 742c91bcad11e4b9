"""The stage profile: Little's law on a queue whose times are known."""

from __future__ import annotations

import pytest

from scenarios.load.stages import Depths, profile

PAGE = """# HELP truc_stage_open Rows a stage has to do, in whosever hands
# TYPE truc_stage_open gauge
truc_stage_open{{stage="route"}} {route}
truc_stage_open{{stage="verify"}} {verify}
truc_stage_open{{stage="unknown"}} 7
truc_stage_oldest_seconds{{stage="verify"}} {oldest}
truc_admissions_total{{kind="edoc"}} 2974.0
"""


def group(mean: float, rate: float = 50.0) -> dict[str, dict[str, float]]:
    return {"all": {"count": 500, "rate": rate, "mean": mean}}


def test_a_stages_mean_time_is_what_is_open_over_what_arrives() -> None:
    depths = Depths()
    for verify, oldest in ((5.0, 0.2), (15.0, 1.5), (10.0, 0.4)):
        depths.take(PAGE.format(verify=verify, route=0.5, oldest=oldest))
    rows = profile(depths, {"submit": group(0.030), "delivered": group(0.500)})
    assert {row["stage"]: row["mean"] for row in rows} == pytest.approx({"submit": 0.03, "verify": 0.2, "route": 0.01, "mailbox": 0.26})
    verify = rows[1]
    assert (verify["open"], verify["most"], verify["oldest"]) == (10.0, 15.0, 1.5)


def test_a_service_that_tells_nothing_has_no_profile() -> None:
    depths = Depths()
    depths.take("")
    assert profile(depths, {"submit": group(0.03), "delivered": group(0.5)}) == []
