"""A 200 MB attachment passes through the axis in bounded memory, seen from outside the process."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from base64 import b64encode
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from exchange.api import AxisApi, Fetched, Receipt
from exchange.edxml.model import OutgoingAttachment
from exchange.edxml.writer import write_edoc
from signing import CadesSigner, Purpose
from tests.exchange.axis.field import DEPARTMENT, PROVINCE, Doc, at, caller, letter, offices

ROOT = Path(__file__).parents[3]
SIZE = 200 * 1024 * 1024
BLOCK = 3 * 65_536
ALLOWED = 64 * 1024
"""Kilobytes of private memory above idle."""


def blocks() -> Iterator[bytes]:
    """The attachment, a block at a time; every block differs."""
    for number in range(0, SIZE, BLOCK):
        yield (number.to_bytes(8, "big") * (BLOCK // 8))[: min(BLOCK, SIZE - number)]


def pieces() -> Iterator[bytes]:
    """The package that carries it, a piece at a time."""
    doc = Doc(PROVINCE, (DEPARTMENT,), "15")
    digest = sha256()
    for block in blocks():
        digest.update(block)
    seal = CadesSigner(offices()[PROVINCE].seal, purpose=Purpose.ANNEX)
    marker = b"the attachment goes here"
    package = write_edoc(
        doc.header,
        [
            OutgoingAttachment("letter", "letter.pdf", letter(PROVINCE, (DEPARTMENT,), "15", doc.day)),
            OutgoingAttachment("plan", "plan.zip", marker, "application/zip"),
            OutgoingAttachment("signature", "plan.zip.p7s", seal.sign(digest.digest()), "application/pkcs7-signature"),
        ],
    )
    before, after = package.split(b64encode(marker))
    yield before
    for block in blocks():
        yield b64encode(block)
    yield after


class Package(io.RawIOBase):
    """The package as a stream that is never in memory as a whole."""

    def __init__(self) -> None:
        super().__init__()
        self.pieces, self.rest, self.digest = pieces(), b"", sha256()

    def read(self, size: int = -1, /) -> bytes:
        while len(self.rest) < size and (piece := next(self.pieces, None)) is not None:
            self.rest += piece
        data, self.rest = self.rest[:size], self.rest[size:]
        self.digest.update(data)
        return data


def collect(axis: AxisApi, stream: Package, receipt: Receipt) -> None:
    """Its recipient fetches it, in pieces: it is what was sent."""
    (line,) = axis.waiting(caller(DEPARTMENT), at(200))
    (package,) = axis.fetch(caller(DEPARTMENT), [line.package_id], at(200))
    digest, size = sha256(), 0
    for chunk in package.chunks():
        digest.update(chunk)
        size += len(chunk)
    assert size == line.size > 270_000_000
    assert digest.digest() == stream.digest.digest() == receipt.package_sha256
    axis.confirm(caller(DEPARTMENT), [Fetched(line.package_id, True)], at(200))


CHILD = """
import sys
from exchange.api import Receipt, Submission
from tests.exchange.axis.field import *
from tests.exchange.axis.test_large import Package, collect
axis = open_field(sys.argv[1])
send(axis, PROVINCE, Doc(PROVINCE, (DEPARTMENT,), "14", annexes=(b"x" * 1_000_000,)).package(), 0)
axis.settle(at(60))
take(axis, DEPARTMENT, 60)
print("idle", flush=True)
sys.stdin.readline()
stream = Package()
(receipt,) = axis.submit(caller(PROVINCE), [Submission(stream)], at(100))
assert isinstance(receipt, Receipt), receipt
axis.settle(at(200))
(verdict,) = axis.judgements_since(1)
assert verdict.accepted, verdict
assert verdict.verifies == 3
collect(axis, stream, receipt)
print("done", flush=True)
"""


def private_kilobytes(pid: int) -> int:
    """Private memory of a process, as the kernel counts it."""
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return sum(int(line.split()[1]) for line in text.splitlines() if line.startswith(("Private_Clean", "Private_Dirty", "Private_Hugetlb")))


@pytest.mark.slow
@pytest.mark.timeout(400)
@pytest.mark.skipif(sys.platform != "linux", reason="private memory is read from /proc")
def test_200_megabytes_pass_with_less_than_64_of_private_memory(tmp_path: Path) -> None:
    command = [sys.executable, "-c", CHILD, f"sqlite:///{tmp_path / 'axis.db'}"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT, env=environment, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == "idle\n"
        idle = private_kilobytes(process.pid)
        process.stdin.write("go\n")
        process.stdin.flush()
        peak = idle
        while process.poll() is None:
            try:
                peak = max(peak, private_kilobytes(process.pid))
            except (OSError, ValueError):  # it ended between the two looks
                break
        assert process.stdout.read() == "done\n"
    assert process.returncode == 0
    assert peak - idle < ALLOWED, f"{(peak - idle) / 1024:.1f} MB above idle"
    print(f"peak {(peak - idle) / 1024:.1f} MB above idle")
