"""How many machines a given amount of documents needs, from what one was measured to cost.

    python -m tools.sizing

reads docs/measurements/costs.md and prints the tables of docs/sizing.md; a test holds that page to them. What was not measured is
an assumption of :class:`Assumptions`, with its reason beside it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from pathlib import Path

COSTS = Path(__file__).resolve().parents[1] / "docs" / "measurements" / "costs.md"
_ROW = re.compile(r"^\| ([^|]+?) \| ([\d.]+) \| ([\d.]+) \|$", re.MULTILINE)
_BYTES = re.compile(r"^\| (bytes [^|]+?) \| (\d+) \|$", re.MULTILINE)


class CostMissing(Exception):
    """The measurements lack a row that is needed."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name

    def __str__(self) -> str:
        return f"the measurements have no row {self.name!r}"


@dataclass(frozen=True, slots=True)
class Costs:
    """Milliseconds of the processor by step, (here, in PostgreSQL), and bytes by what they are of."""

    steps: Mapping[str, tuple[float, float]]
    bytes: Mapping[str, float]

    def step(self, name: str) -> tuple[float, float]:
        """Raises :class:`CostMissing`."""
        if name not in self.steps:
            raise CostMissing(name)
        return self.steps[name]

    def size(self, name: str) -> float:
        """Raises :class:`CostMissing`."""
        if name not in self.bytes:
            raise CostMissing(name)
        return self.bytes[name]


@dataclass(frozen=True, slots=True)
class Assumptions:
    """What was not measured here."""

    recipients: int = 3
    """Of a document; what the measured one had."""
    statuses: int = 10
    """Status packages that follow a document: `docs/measurements/archive.md` counted some ten in a simulated province."""
    working_days: int = 250
    peak_day: float = 2.0
    """The busiest day against the mean: the end of a month."""
    peak_hour: float = 0.2
    """Share of a day in its busiest hour: the morning."""
    poll_seconds: float = 30.0
    """An agency's software asks its mailbox so often, by a request that waits there."""
    busy: float = 0.5
    """Share of a core that may be used in the busiest hour: the other half is for bursts within it, and for a machine that fails."""
    api_core: float = 0.8
    """Of one core a single API process can use: the interpreter's lock and the loop (`throughput.md` saw 0.77 to 0.91)."""
    foreign_letter: int = 58_000
    """Bytes more that a letter of other software keeps."""
    server_cores: int = 32
    """Of one database server, before a second axis is the better answer."""


@dataclass(frozen=True, slots=True)
class Demand:
    """Who exchanges how much."""

    name: str
    agencies: int
    documents: int
    """In a year."""


@dataclass(frozen=True, slots=True)
class Sizing:
    """What it needs in its busiest hour, and keeps in a year."""

    demand: Demand
    rate: float
    """Documents a second in the busiest hour, their status packages beside them."""
    requests: float
    """HTTP requests a second, those that wait included."""
    api_cores: float
    worker_cores: float
    database_cores: float
    api_processes: int
    children: int
    axes: int
    """Databases, each with its own ledger, among which agencies are divided."""
    limit: str
    """What asks for so many: nothing, the database's cores, or the one sealer of a ledger."""
    log_megabytes: float
    """A second, of PostgreSQL's log, at the peak."""
    kept_terabytes: float
    """A year, with letters of the house."""
    kept_foreign_terabytes: float


DEMANDS = (
    Demand("one province (208 agencies with software)", 208, 160_000),
    Demand("63 provinces: 11,000 agencies, 10 million documents", 11_000, 10_000_000),
    Demand("ten times as many documents", 11_000, 100_000_000),
    Demand("a hundred times: a billion, 100,000 offices", 100_000, 1_000_000_000),
    Demand("the Internet's scale: ten billion, a million offices", 1_000_000, 10_000_000_000),
)


def read_costs(text: str) -> Costs:
    """The tables of a page of measurements."""
    steps = {name: (float(here), float(there)) for name, here, there in _ROW.findall(text)}
    return Costs(steps, {name: float(value) for name, value in _BYTES.findall(text)})


def per_document(costs: Costs, given: Assumptions) -> tuple[float, float, float]:
    """Milliseconds of API, workers and database for a document with all its recipients and statuses."""
    api = _sum(costs, [
        (1, "HTTP: submit a document"), (given.recipients, "HTTP: fetch and confirm a document"),
        (given.statuses, "HTTP: submit a status"), (given.statuses, "HTTP: fetch and confirm a status"),
    ])  # fmt: skip
    work = _sum(costs, [
        (1, "document: verify and route"), (1, "document: seal"), (given.statuses, "status: route"), (given.statuses, "status: seal"),
    ])  # fmt: skip
    return api[0], work[0], api[1] + work[1]


def sealing(costs: Costs, given: Assumptions) -> float:
    """Seconds that the one sealer of a ledger needs for a document and its statuses, the database's answers included."""
    here, there = _sum(costs, [(1, "document: seal"), (given.statuses, "status: seal")])
    return (here + there) / 1000


def _sum(costs: Costs, parts: Sequence[tuple[int, str]]) -> tuple[float, float]:
    found = [(count, costs.step(name)) for count, name in parts]
    return sum(count * here for count, (here, _) in found), sum(count * there for count, (_, there) in found)


def sizing(costs: Costs, demand: Demand, given: Assumptions) -> Sizing:
    """What one demand needs."""
    rate = demand.documents / given.working_days * given.peak_day * given.peak_hour / 3600
    polls = demand.agencies / given.poll_seconds
    api, work, database = per_document(costs, given)
    poll_here, poll_there = costs.step("HTTP: ask an empty mailbox")
    api_cores = (rate * api + polls * poll_here) / 1000
    database_cores = (rate * database + polls * poll_there) / 1000
    worker_cores = rate * work / 1000
    by_cores = ceil(database_cores / given.busy / given.server_cores)
    by_sealer = ceil(rate * sealing(costs, given) / given.busy)
    axes = max(1, by_cores, by_sealer)
    limit = "–" if axes == 1 else "the database's cores" if by_cores >= by_sealer else "the one sealer of a ledger"
    packages = (1, "document"), (given.statuses, "status")
    log = sum(count * costs.size(f"bytes of log of a {kind}") for count, kind in packages)
    kept = sum(count * costs.size(f"bytes kept of a {kind}") for count, kind in packages)
    return Sizing(
        demand, rate, rate * (1 + given.recipients + 2 * given.statuses) + polls, api_cores, worker_cores, database_cores,
        max(2, ceil(api_cores / given.busy / given.api_core)), max(2, ceil(worker_cores / given.busy)), axes, limit,
        rate * log / 1e6, demand.documents * kept / 1e12, demand.documents * (kept + given.foreign_letter) / 1e12,
    )  # fmt: skip


def table(rows: Sequence[Sizing]) -> Iterator[str]:
    """The table as lines of Markdown, one column for each demand."""
    lines: list[tuple[str, list[str]]] = [
        ("documents a second in the busiest hour", [_figure(one.rate) for one in rows]),
        ("HTTP requests a second then", [_figure(one.requests) for one in rows]),
        ("API, cores used", [_figure(one.api_cores) for one in rows]),
        ("workers, cores used", [_figure(one.worker_cores) for one in rows]),
        ("PostgreSQL, cores used", [_figure(one.database_cores) for one in rows]),
        ("API processes to start", [f"{one.api_processes:,}" for one in rows]),
        ("children of workers to start", [f"{one.children:,}" for one in rows]),
        ("axes, each with its database and ledger", [f"{one.axes:,}" for one in rows]),
        ("because of", [one.limit for one in rows]),
        ("PostgreSQL's log, MB a second", [_figure(one.log_megabytes) for one in rows]),
        ("kept in a year, TB", [_figure(one.kept_terabytes) for one in rows]),
        ("the same, letters of other software", [_figure(one.kept_foreign_terabytes) for one in rows]),
    ]
    yield "| | " + " | ".join(one.demand.name for one in rows) + " |"
    yield "|---|" + "---|" * len(rows)
    for title, values in lines:
        yield f"| {title} | " + " | ".join(values) + " |"


def shares(costs: Costs, given: Assumptions) -> Iterator[str]:
    """What a document costs, by who spends it, as lines of Markdown."""
    api, work, database = per_document(costs, given)
    yield "| of a document with its recipients and statuses | CPU, ms |"
    yield "|---|---|"
    for name, value in (("API", api), ("workers", work), ("PostgreSQL", database), ("together", api + work + database)):
        yield f"| {name} | {value:.1f} |"
    yield f"| of it in the one sealer of a ledger, the database's answers included | {1000 * sealing(costs, given):.2f} |"
    yield f"| so one ledger carries at most, documents a second | {1 / sealing(costs, given):,.0f} |"


def _figure(value: float) -> str:
    """Two digits that mean something; whole numbers above a hundred."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}" if value >= 0.1 else f"{value:.3f}"


def page() -> str:
    """Both tables, from the measurements as they stand."""
    costs, given = read_costs(COSTS.read_text("utf-8")), Assumptions()
    rows = [sizing(costs, demand, given) for demand in DEMANDS]
    return "\n".join([*shares(costs, given), "", *table(rows)])


if __name__ == "__main__":
    print(page())
