"""A sealing killed at any instruction: what was signed stays true, what was entered stays, and the next sealing goes on behind it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from exchange.audit import audit_archive
from exchange.checkpoints import read_checkpoint
from exchange.store import entries
from exchange.witness import Witnessed, observe
from tests.exchange.axis.field import PROVINCE, Doc, at, file_url, open_field, send

ROOT = Path(__file__).parents[3]
SEALER = """
import os, signal, sys
from exchange.checkpoints import write_checkpoint
from exchange.store import entries
from tests.exchange.axis.field import *
axis, start, deadly = open_field(sys.argv[1], seal_size=3), int(sys.argv[2]), sys.argv[3]
steps = 0

def dying(name):
    honest = getattr(entries, name)
    def step(*arguments):
        global steps
        honest(*arguments)
        steps += 1
        if deadly in (f"{name}:{steps}", name):
            os.kill(os.getpid(), signal.SIGKILL)
    return step

for number in range(start, 10_000):
    for other in range(4):
        send(axis, PROVINCE, Doc(PROVINCE, (DEPARTMENT, DISTRICT), str(4 * number + other)).package(), number)
    axis.settle(at(number + 1))
    if number > start:
        for name in ("append", "add_checkpoint"):
            setattr(entries, name, dying(name))
    print("sealing", flush=True)
    one = axis.seal(at(number + 1))
    print(write_checkpoint(one, axis_signer().holder.certificate_der).hex(), flush=True)
"""


def run_until_killed(path: Path, start: int, deadly: str, delay: int = 0) -> list[str]:
    """Start a process that kills itself in its second sealing, or is killed from here after it began that; gives what it signed."""
    command = [sys.executable, "-c", SEALER, file_url(path), str(start), deadly]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, text=True) as process:
        assert process.stdout is not None
        printed, begun = [], 0
        for line in process.stdout:
            if not line.startswith("sealing"):
                printed.append(line.strip())
                continue
            begun += 1
            if begun == 2 and not deadly:
                break
        for _ in range(delay):  # a moment that differs from round to round and needs no clock
            (ROOT / "pyproject.toml").read_bytes()
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
    return printed


def unsigned(path: Path) -> int:
    """Entries that no checkpoint speaks of."""
    axis = open_field(file_url(path))
    with axis._store.reading() as work:
        size = entries.size(work)
    newest = axis.checkpoint()
    axis.close()
    return size - (newest.size if newest else 0)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_sealing_killed_between_its_steps_loses_and_doubles_nothing(tmp_path: Path) -> None:
    """After one short transaction, after several, inside one, before the checkpoint is there, and at moments nobody chose."""
    path, seen, left = tmp_path / "axis.db", [], []
    for number, deadly in enumerate(("append:1", "append:4", "add_checkpoint", "", "", "")):
        printed = run_until_killed(path, 100 + 50 * number, deadly, 30 * number)
        seen += [read_checkpoint(bytes.fromhex(text)).checkpoint for text in printed]
        left.append(unsigned(path))
    assert left[1] > 0  # entered by several transactions, signed by none
    axis = open_field(file_url(path))
    send(axis, PROVINCE, Doc(PROVINCE, (PROVINCE,), "9999").package(), 5000)
    axis.settle(at(5060))
    last = axis.seal(at(5060))
    marks = axis.checkpoints()
    assert len(seen) >= 6
    for one in seen:
        assert one in marks
        assert isinstance(observe(one, last, axis.consistency(one.size, last.size).proof, lambda _: ""), Witnessed)
    axis.close()
    report = audit_archive(path)
    assert report.findings == ()
    assert report.entries == last.size
