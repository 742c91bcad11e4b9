"""Documents that cost the processes that judge them their lives."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from exchange.domain.lifecycle import DeliveryState
from exchange.doorbell import Silent
from exchange.receipts import read_refusal
from exchange.stages.guard import GIVEN_UP
from tests.exchange.axis.field import DEPARTMENT, PROVINCE, Doc, open_crew_of_field, open_served_field, send, states, take
from tests.judges import needs_postgres

ROOT = Path(__file__).parents[2]
ENDLESS = """
import re, sys, time
import exchange.stages.verify as verify
from exchange.doorbell import Silent
from tests.exchange.axis.field import open_crew_of_field
judge = verify.judge
def slow(header, *rest, **options):
    while header.number == "11" and sys.argv[2] == "python":
        pass
    if header.number == "11":
        re.match(r"(a+)+$", "a" * 60 + "b")  # holds the interpreter: no other thread runs
    return judge(header, *rest, **options)
verify.judge = slow
open_crew_of_field(sys.argv[1], Silent(), sys.argv[3], document_seconds=1, lease_seconds=2).sweep()
"""


@needs_postgres
@pytest.mark.parametrize("kind", ["python", "locked"])
def test_a_document_that_never_ends_costs_processes_and_is_refused(postgres_url: str, kind: str) -> None:
    """Where a thread can still speak, two processes, and the document is refused; where none can, the interpreter's watchdog ends them."""
    axis = open_served_field(postgres_url, Silent())
    receipts = [send(axis, PROVINCE, Doc(PROVINCE, (DEPARTMENT,), str(number)).package(), 0) for number in (10, 11, 12)]
    codes = []
    for number in range(2 if kind == "python" else 1):
        command = [sys.executable, "-c", ENDLESS, postgres_url, kind, f"w{number}"]
        done = subprocess.run(command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, timeout=60, check=False)
        codes.append(done.returncode)
    assert codes == ([GIVEN_UP, GIVEN_UP] if kind == "python" else [1]), done.stderr
    if kind == "python":
        crew = open_crew_of_field(postgres_url, Silent(), "last")
        crew.sweep()
        crew.close()
        assert [states(axis, one, PROVINCE)["H28.20"] for one in receipts] == [
            DeliveryState.WAITING, DeliveryState.FAILED, DeliveryState.WAITING,
        ]  # fmt: skip
        assert [read_refusal(data).refusal.rule for data in take(axis, PROVINCE, 60)] == ["too-slow"]
    else:
        assert b"Timeout" in done.stderr
    axis.close()
