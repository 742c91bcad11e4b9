"""Where a run spends its time: the processor's clock interrupts it and the innermost function of this project is noted.

    .venv/bin/python -m benchmarks.whereabouts hoa-binh-2021 1

Time inside libraries and C counts for the function of ours that called them. Sampling disturbs little, unlike a tracing profiler.
"""

from __future__ import annotations

import signal
import sys
import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory
from types import FrameType

from benchmarks.machine import ROOT, commit
from scenarios.run import run
from scenarios.tracefile import TraceWriter
from scenarios.world.file import load_world

HOUSES = ("signing", "exchange", "scenarios")
INTERVAL = 0.002
"""Seconds of processor time between samples."""


class Samples:
    """Counts samples by (file, function) while it is entered."""

    def __init__(self) -> None:
        self.places: Counter[tuple[str, str]] = Counter()
        self._files: dict[str, str] = {}

    def __enter__(self) -> Samples:
        signal.signal(signal.SIGPROF, self._note)
        signal.setitimer(signal.ITIMER_PROF, INTERVAL, INTERVAL)
        return self

    def __exit__(self, *_: object) -> None:
        signal.setitimer(signal.ITIMER_PROF, 0)

    def _note(self, _number: int, frame: FrameType | None) -> None:
        while frame is not None:
            file = self._file(frame.f_code.co_filename)
            if file:
                self.places[file, frame.f_code.co_name] += 1
                return
            frame = frame.f_back

    def _file(self, name: str) -> str:
        """The path inside the project's packages, or empty for anything else."""
        if name not in self._files:
            path = Path(name)
            inside = path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else ""
            self._files[name] = inside if inside.startswith(HOUSES) else ""
        return self._files[name]


def table(title: str, counts: Counter[str], total: int, most: int) -> Iterable[str]:
    """Shares in per cent, greatest first."""
    yield f"\n{title}"
    for name, count in counts.most_common(most):
        yield f"  {100 * count / total:5.1f} %  {name}"


def main() -> int:
    """Run the scenario and print shares by folder, file and function."""
    scenario, days = (sys.argv[1:] + ["hoa-binh-2021", "1"][len(sys.argv) - 1 :])[:2]
    with TemporaryDirectory() as folder:
        world = load_world(scenario, seed="1")
        with TraceWriter(Path(folder) / "trace.jsonl") as sink, Samples() as samples:
            start, used = time.perf_counter(), time.process_time()
            result = run(world, days=int(days), sink=sink, workdir=Path(folder))
            elapsed, used = time.perf_counter() - start, time.process_time() - used
    total = samples.places.total()
    by_folder: Counter[str] = Counter()
    by_file: Counter[str] = Counter()
    by_function: Counter[str] = Counter()
    for (file, function), count in samples.places.items():
        by_folder[file.rpartition("/")[0]] += count
        by_file[file] += count
        by_function[f"{file} {function}"] += count
    documents = result.documents + result.internal_documents
    print(f"{scenario}, {days} working day(s), commit {commit()}")
    amounts = f"{documents:,} documents and {result.statuses:,} status packages"
    print(f"{elapsed:.1f} s ({used:.1f} s of processor) for {amounts}; {total:,} samples")
    for line in (
        *table("by folder", by_folder, total, 20),
        *table("by file", by_file, total, 25),
        *table("by function", by_function, total, 40),
    ):
        print(line)
    return 0


if __name__ == "__main__":
    sys.exit(main())
