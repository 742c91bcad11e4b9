"""Processes killed at any instruction: what had a receipt is there, once, and the receipt is the same afterwards."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from exchange.api import Receipt, Submission
from exchange.domain.lifecycle import DeliveryState
from tests.exchange.axis.field import DEPARTMENT, DISTRICT, PROVINCE, Doc, at, caller, file_url, open_field, take, total

ROOT = Path(__file__).parents[3]
WORKER = """
import sys
from exchange.api import Receipt, Submission
from exchange.domain.lifecycle import StatusCode
from tests.exchange.axis.field import *
from tests.exchange.axis.test_crash import document
axis = open_field(sys.argv[1])
for number in range(int(sys.argv[2]), 10_000):
    doc = document(number)
    answers = axis.submit(caller(PROVINCE), [Submission(doc.package()), Submission(b"<bad")], at(number))
    assert isinstance(answers[0], Receipt)
    print(number, answers[0].signature.hex(), flush=True)
    axis.settle(at(number + 10))
    take(axis, DEPARTMENT, number + 10)
    axis.submit(caller(DISTRICT), [Submission(report(DISTRICT, doc, StatusCode.ARRIVED))], at(number + 10))
    axis.settle(at(number + 20))
"""


def document(number: int) -> Doc:
    """The document of that number; every third carries an annex that is staged in chunks."""
    annexes = (bytes([number % 251]) * 600_000,) if number % 3 == 0 else ()
    return Doc(PROVINCE, (DEPARTMENT, DISTRICT), str(number), annexes=annexes)


def run_until_killed(path: Path, start: int, lines: int, extra_bytes: int) -> dict[int, str]:
    """Start a worker, let it print some receipts, kill it somewhere in what follows; gives the receipts it printed."""
    command = [sys.executable, "-c", WORKER, file_url(path), str(start)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, text=True) as process:
        assert process.stdout is not None
        printed = {}
        for line in process.stdout:
            number, signature = line.split()
            printed[int(number)] = signature
            if len(printed) >= lines:
                break
        for _ in range(extra_bytes):  # a moment that differs from round to round and needs no clock
            (ROOT / "pyproject.toml").read_bytes()
        process.send_signal(signal.SIGKILL)
        process.wait()
    return printed


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_nothing_is_lost_or_doubled_by_kill_9(tmp_path: Path) -> None:
    path = tmp_path / "axis.db"
    receipts: dict[int, str] = {}
    for attempt in range(4):
        receipts |= run_until_killed(path, 100 + len(receipts), 3 + attempt, 40 * attempt)
    last = max(receipts)
    axis = open_field(file_url(path))
    axis.settle(at(20_000))
    for number in range(100, last + 1):
        (again,) = axis.submit(caller(PROVINCE), [Submission(document(number).package())], at(30_000))
        assert isinstance(again, Receipt)
        if number in receipts:
            assert again.signature.hex() == receipts[number]
            assert again.admitted_at == at(number)
    axis.settle(at(40_000))
    records = list(axis.export_deliveries())
    pairs = [(one.document.number, str(one.recipient)) for one in records]
    assert len(set(pairs)) == len(pairs) == total(axis)
    assert {(str(number), organ) for number in receipts for organ in ("H28.20", "H28.30")} <= set(pairs)
    assert axis.parked() == ()
    assert axis.count(DeliveryState.RECEIVED) == axis.count(DeliveryState.IN_TRANSIT) == axis.count(DeliveryState.FAILED) == 0
    seen = take(axis, DISTRICT, 40_000)
    assert len(set(seen)) == len(seen) == len(records) // 2
    axis.sweep(0)
    axis.close()
