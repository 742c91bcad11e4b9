"""Worker processes on one PostgreSQL, killed at random: the short form of :mod:`tests.workers.kills`."""

from __future__ import annotations

from tests.judges import needs_postgres
from tests.workers.kills import campaign, packages


@needs_postgres
def test_nothing_is_lost_or_doubled_when_workers_are_killed(postgres_url: str) -> None:
    report = campaign(postgres_url, kills=4, workers=2, documents=packages(150), seed="7")
    assert report.held, report
    assert report.accepted == 150
    assert report.holding
