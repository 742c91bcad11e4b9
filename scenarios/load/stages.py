"""What the service's own ``/metrics`` say of its stages: sums and counts of its histograms, before a load and after it.

Read for what is there: every histogram of seconds (OpenMetrics ``*_seconds_sum`` and ``*_seconds_count``) with its labels. A service with
several API processes answers from one of them; the figures then stand for that one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from scenarios.load.summary import Tree

_LINE = re.compile(r"(?P<name>[a-z_:][a-z0-9_:]*_seconds)_(?P<part>sum|count)(?P<labels>\{[^}]*\})?\s+(?P<value>[0-9.eE+-]+)")
Stages = Mapping[tuple[str, str], tuple[float, float]]
"""(metric, labels) → (sum of seconds, count)."""


def read_stages(text: str) -> Stages:
    """Histograms of seconds in a metrics page."""
    sums: dict[tuple[str, str], dict[str, float]] = {}
    for line in text.splitlines():
        found = _LINE.match(line)
        if found is not None:
            sums.setdefault((found["name"], found["labels"] or ""), {})[found["part"]] = float(found["value"])
    return {key: (parts.get("sum", 0.0), parts.get("count", 0.0)) for key, parts in sums.items()}


def differences(before: Stages, after: Stages) -> list[Tree]:
    """What passed between two readings: seconds, how often, and the mean."""
    rows = []
    for key, (seconds, count) in sorted(after.items()):
        earlier = before.get(key, (0.0, 0.0))
        passed, times = seconds - earlier[0], count - earlier[1]
        if times > 0:
            rows.append({"metric": key[0], "labels": key[1], "seconds": passed, "count": times, "mean": passed / times})
    return rows
