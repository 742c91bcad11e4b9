"""What the service's own ``/metrics`` say of its stages: sums and counts of its histograms, before a load and after it.

Read for what is there: every histogram of seconds (OpenMetrics ``*_seconds_sum`` and ``*_seconds_count``) with its labels, added up over
the API processes that were loaded.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from scenarios.load.summary import Tree

_LINE = re.compile(r"(?P<name>[a-z_:][a-z0-9_:]*_seconds)_(?P<part>sum|count)(?P<labels>\{[^}]*\})?\s+(?P<value>[0-9.eE+-]+)")
Stages = Mapping[tuple[str, str], tuple[float, float]]
"""(metric, labels) → (sum of seconds, count)."""


def read_stages(pages: Iterable[str]) -> Stages:
    """Histograms of seconds in metrics pages, added up."""
    found: dict[tuple[str, str], list[float]] = {}
    for line in (line for page in pages for line in page.splitlines()):
        match = _LINE.match(line)
        if match is not None:
            parts = found.setdefault((match["name"], match["labels"] or ""), [0.0, 0.0])
            parts[match["part"] == "count"] += float(match["value"])
    return {key: (seconds, count) for key, (seconds, count) in found.items()}


def differences(before: Stages, after: Stages) -> list[Tree]:
    """What passed between two readings: seconds, how often, and the mean."""
    rows = []
    for key, (seconds, count) in sorted(after.items()):
        earlier = before.get(key, (0.0, 0.0))
        passed, times = seconds - earlier[0], count - earlier[1]
        if times > 0:
            rows.append({"metric": key[0], "labels": key[1], "seconds": passed, "count": times, "mean": passed / times})
    return rows
