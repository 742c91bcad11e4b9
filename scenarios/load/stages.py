"""Where documents spend their time, from the service's own ``/metrics`` read every second of a load.

The service says how many rows each stage has open. By Little's law (mean number in a stage = arrivals a second × mean time in it) that
gives the mean time a document spends there, waiting included, without a clock in the service: its instants are whole seconds of business
time. What is left between the receipt and the mailbox that shows the document is the waiting at the mailbox itself.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping

from scenarios.load.summary import Tree
from scenarios.load.wire import LINE_ERRORS, Wire

_LINE = re.compile(r'truc_stage_(?P<what>open|oldest_seconds)\{stage="(?P<stage>[a-z]+)"\}\s+(?P<value>[0-9.eE+-]+)')
_EVERY = 1.0
STAGES = ("verify", "route")
"""In the order in which a document passes them."""


class Depths:
    """Readings of a load: how many rows were open in each stage, and how old the oldest."""

    def __init__(self) -> None:
        self.open: dict[str, list[float]] = {stage: [] for stage in STAGES}
        self.oldest: dict[str, float] = dict.fromkeys(STAGES, 0.0)

    async def read(self, wire: Wire) -> None:
        """Read every second until cancelled. A page that does not come is no reading."""
        while True:
            await asyncio.sleep(_EVERY)
            try:
                self.take(await wire.metrics())
            except LINE_ERRORS:
                continue

    def take(self, page: str) -> None:
        """One reading."""
        for line in page.splitlines():
            found = _LINE.match(line)
            if found is None or found["stage"] not in self.open:
                continue
            value = float(found["value"])
            if found["what"] == "open":
                self.open[found["stage"]].append(value)
            else:
                self.oldest[found["stage"]] = max(self.oldest[found["stage"]], value)


def profile(depths: Depths, latencies: Mapping[str, Tree]) -> list[Tree]:
    """Submit, each stage and the rest, in seconds on the average; empty where the service told nothing or nothing was delivered.

    ``latencies``: the summary's, for the rate of arrivals and the mean times of submission and delivery.
    """
    submit, delivered = (latencies[metric]["all"] for metric in ("submit", "delivered"))
    if not submit["count"] or not delivered["count"] or not all(depths.open.values()):
        return []
    rows = [{"stage": "submit", "mean": submit["mean"], "open": None, "most": None, "oldest": None}]
    for stage, found in depths.open.items():
        mean = sum(found) / len(found)
        rows.append({"stage": stage, "mean": mean / submit["rate"], "open": mean, "most": max(found), "oldest": depths.oldest[stage]})
    rest = delivered["mean"] - sum(row["mean"] for row in rows)
    rows.append({"stage": "mailbox", "mean": max(0.0, rest), "open": None, "most": None, "oldest": None})
    return rows
