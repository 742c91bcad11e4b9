"""Every campaign's short form runs: what is only run by hand is broken by the time it is needed."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from console.campaign import CAMPAIGNS
from console.cli import app
from tests.judges import needs_postgres, needs_valkey

ELSEWHERE = {
    "chaos-1000": "tests/console/test_chaos.py kills two parts of a service by the same code, for half a minute",
    "chaos-no-broker": "the same, and tests/workers/test_celery.py without a broker",
    "tamper-10000": "tests/exchange/audit/test_tamper.py changes an archive by the same code",
    "intervals-200": "tests/scenarios/measures/test_coverage.py plays twenty seeds by the same code",
    "two-readers-100000": "tests/signing/formats/test_signed_data.py changes twice as many files by the same code",
}
"""Campaigns that other tests run for the same seconds, and which."""
HERE = sorted(CAMPAIGNS.keys() - ELSEWHERE)


def test_those_left_out_are_campaigns() -> None:
    assert ELSEWHERE.keys() <= CAMPAIGNS.keys()


@needs_postgres
@needs_valkey
@pytest.mark.slow
@pytest.mark.parametrize("name", HERE)
def test_the_short_form_runs_and_prints_its_figures(name: str) -> None:
    done = CliRunner().invoke(app, ["campaign", name, "--short", "--lang", "en"])
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout), done.stderr
