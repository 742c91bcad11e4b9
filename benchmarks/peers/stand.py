"""The row: our round trip beside pyas2lib's, taking turns on one machine; each side's own seconds of the processor count."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import process_time

from benchmarks.measure import ROUNDS, Rate
from benchmarks.peers.environments import EnvironmentMissing, environment
from benchmarks.peers.limit import raw_rate
from benchmarks.peers.ours import CHECKS, RoundTrip
from benchmarks.rows import Peer, Row

NAME = "pyas2lib"
VERSION = "1.4.4"
PEER_DOES = (
    "S/MIME multipart/signed, RSA-2048, SHA-256", "signature verified against the partner's pinned certificate",
    "MDN with the digest of what came, signed with RSA-2048", "MDN verified, digest compared",
    "nothing stored, no duplicates looked for, no chain, no revocation, no addressing",
)  # fmt: skip
SITTINGS = (1, 16, 64)
_SMALLEST = 64
_SCRIPT = Path(__file__).parent / "as2.py"
Seconds = Callable[[int], float]
"""Makes so many round trips and gives the seconds of the processor they took."""


def rows(slice_seconds: float) -> Iterator[Row]:
    """One document at a time, a clerk's sitting of sixteen, and as many as the service commits at once."""
    raw = raw_rate(slice_seconds)
    with _peer() as (peer, absent):
        for sitting in SITTINGS:
            words = f"in sittings of {sitting}" if sitting > 1 else "one at a time"
            trip = RoundTrip()
            contenders: dict[str, Seconds] = {"ours": _timed(trip.batch(sitting))}
            if peer is not None:
                contenders[NAME] = peer
            rates = _in_turn(contenders, slice_seconds)
            yield Row(
                name=f"10 KB signed with RSA-2048 → delivered → signed receipt verified, in process, {words}",
                unit="documents",
                limit=raw,
                limit_is="two raw RSA-2048 signatures and three verifications, the fewest there can be",
                ours=rates["ours"],
                checks=CHECKS,
                peer=Peer(NAME, rates.get(NAME), PEER_DOES, absent),
                must_peer=10,
            )


def _timed(batch: Callable[[int], None]) -> Seconds:
    def run(count: int) -> float:
        started = process_time()
        batch(count)
        return process_time() - started

    return run


def _in_turn(contenders: dict[str, Seconds], slice_seconds: float) -> dict[str, Rate]:
    """As :func:`benchmarks.measure.interleave`, for contenders in processes of their own."""
    counts = {name: _count_for(seconds, slice_seconds) for name, seconds in contenders.items()}
    found: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(ROUNDS):
        for name, seconds in contenders.items():
            found[name].append(counts[name] / seconds(counts[name]))
    return {name: Rate(name, statistics.median(rates), min(rates), max(rates), counts[name] * ROUNDS) for name, rates in found.items()}


def _count_for(seconds: Seconds, slice_seconds: float) -> int:
    count = _SMALLEST
    while (spent := seconds(count)) < slice_seconds / 4:
        count *= 2
    return max(_SMALLEST, round(count * slice_seconds / spent / _SMALLEST) * _SMALLEST)


@contextmanager
def _peer() -> Iterator[tuple[Seconds | None, str]]:
    """The peer's process in its own environment, made at the first time; or why there is none."""
    try:
        python = environment(f"{NAME}=={VERSION}")
    except EnvironmentMissing as error:
        yield None, str(error)
        return
    command = [str(python), str(_SCRIPT)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        versions = process.stdout.readline()
        print(f"{NAME}: {versions.strip()}", file=sys.stderr)

        def seconds(count: int) -> float:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(f"{count}\n")
            process.stdin.flush()
            return float(json.loads(process.stdout.readline()))

        yield (seconds, "") if versions else (None, "it does not start")
        process.stdin.close()
