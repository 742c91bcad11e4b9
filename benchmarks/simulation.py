"""The row on a whole run: how much of its time is the raw cryptography it could not do without."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.measure import Contender, Rate, interleave, repeated
from benchmarks.rows import Row
from benchmarks.subjects import CONTENT, holder, raw_sign, raw_verify
from scenarios.run import RunResult, run
from scenarios.tracefile import TraceWriter
from scenarios.world.file import load_world
from signing import CadesSigner, HolderKind, KeyKind, Purpose, parse_cms

DOES = (
    "the world and its PKI are built",
    "every letter a PDF signed twice with P-256 keys",
    "axis: receipt, verification, routing, delivery, statuses, in SQLite on disk",
    "every recipient that registers verifies again for itself",
    "trace written to disk, conservation and reconciliation at the end",
)


def rows(slice_seconds: float, scenario: str, days: int) -> Iterator[Row]:
    """One run of a library scenario in this process, trace and databases in a temporary folder."""
    sign, verify = _raw(slice_seconds)
    with TemporaryDirectory() as folder:
        start, used = time.perf_counter(), time.process_time()
        result = _run(scenario, days, Path(folder))
        elapsed, used = time.perf_counter() - start, time.process_time() - used
    again = _raw(slice_seconds)
    sign, verify = (sign + again[0]) / 2, (verify + again[1]) / 2
    assert result.holds, "conservation, reconciliation or the count of raw operations did not come out even"
    signs = sum(operation.metered for operation in result.operations if operation.kind == "signs")
    verifies = sum(operation.metered for operation in result.operations if operation.kind == "verifies")
    documents = result.documents + result.internal_documents
    rate = documents / used
    pairs = result.deliveries.sent + result.mail.sent
    yield Row(
        name=f"run {scenario}, {days} working day(s), every signature real",
        unit="documents",
        limit=documents / (signs / sign + verifies / verify),
        limit_is=f"this run's {signs:,} raw signs at {sign:,.0f}/s and {verifies:,} raw verifies at {verify:,.0f}/s (P-256)",
        ours=Rate("ours", rate, rate, rate, documents),
        checks=DOES,
        must_share=0.08,
        remarks=(
            f"{elapsed:.1f} s by the clock, {used:.1f} s of the processor, in which the rate is counted;",
            f"{result.documents:,} official and {result.internal_documents:,} internal documents,",
            f"{pairs:,} deliveries by all roads, {result.statuses:,} status packages, {result.records:,} trace records",
        ),
    )


def _run(scenario: str, days: int, folder: Path) -> RunResult:
    world = load_world(scenario, seed="1")
    with TraceWriter(folder / "trace.jsonl") as sink:
        return run(world, days=days, sink=sink, workdir=folder)


def _raw(slice_seconds: float) -> tuple[float, float]:
    """Raw P-256 signs and verifies per second, over signed attributes."""
    who = holder(HolderKind.ORGANISATION, KeyKind.P256)
    message = parse_cms(CadesSigner(who, purpose=Purpose.LETTER).sign(hashlib.sha256(CONTENT).digest()))
    sign = Contender("sign", repeated(raw_sign(message.signed_attributes)))
    verify = Contender("verify", repeated(raw_verify(who, message)))
    rates = interleave([sign, verify], slice_seconds)
    return rates["sign"].median, rates["verify"].median
