"""What a campaign of strikes came to: how many of what, how long each took to recover from, and whether anything was lost or doubled."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from scenarios.chaos.feed import Held, Reckoning
from scenarios.chaos.watch import Watched

LIMIT = 10.0
"""Seconds within which the work of what died must move again."""
Tree = dict[str, object]


@dataclass(frozen=True, slots=True)
class Recovered:
    """Seconds of one sort of strike. ``claimed``: of how many work was in hand when they fell."""

    count: int
    claimed: int
    p50: float
    p99: float
    slowest: float


@dataclass(frozen=True, slots=True)
class Campaign:
    """The whole result."""

    kills: Mapping[str, Recovered]
    """By target."""
    disturbances: Mapping[str, Recovered]
    """By target and blow."""
    left_out: Sequence[str]
    """Disturbances this machine cannot bring about."""
    reckoning: Reckoning
    held: Held
    watched: Watched
    open_rows: int
    """Rows still open a minute after the last strike."""
    deaths: Mapping[str, int]
    """Parts that ended without being struck, over what was done to others, and were started again."""
    seconds: float

    @property
    def holds(self) -> bool:
        """Whether nothing was lost, doubled, changed or late, at any moment that was looked at."""
        sums = self.reckoning
        whole = sums.lost == sums.doubled == sums.changed == self.open_rows == self.held.unanswered == 0
        in_time = all(one.slowest <= LIMIT for one in self.kills.values())
        return whole and in_time and sums.accepted > 0 and not self.held.rejected and not self.watched.breaches and self.watched.looks > 0

    def tree(self) -> Tree:
        """For JSON."""
        sums = self.reckoning
        return {
            "holds": self.holds,
            "kills": {name: _tree(one) for name, one in self.kills.items()},
            "kills_in_all": sum(one.count for one in self.kills.values()),
            "disturbances": {name: _tree(one) for name, one in self.disturbances.items()},
            "left_out": list(self.left_out),
            "documents": sums.accepted, "handed_in": self.held.handed_in, "pairs": sums.pairs, "taken": sums.taken,
            "lost": sums.lost, "doubled": sums.doubled, "changed": sums.changed, "rejected": self.held.rejected[:10],
            "deaths": dict(self.deaths), "unanswered": self.held.unanswered, "open": self.open_rows,
            "looks": self.watched.looks, "database_away": self.watched.away, "breaches": dict(self.watched.breaches),
            "recovery_limit": LIMIT, "seconds": round(self.seconds, 1),
        }  # fmt: skip


def recovered(strikes: Sequence[tuple[str, int, float]]) -> dict[str, Recovered]:
    """(name, rows claimed, seconds) of each → by name."""
    found: dict[str, list[tuple[int, float]]] = defaultdict(list)
    for name, claimed, seconds in strikes:
        found[name].append((claimed, seconds))
    return {name: _recovered(found[name]) for name in sorted(found)}


def _recovered(rows: Sequence[tuple[int, float]]) -> Recovered:
    seconds = sorted(one for _, one in rows)
    return Recovered(len(rows), sum(claimed > 0 for claimed, _ in rows), _at(seconds, 0.5), _at(seconds, 0.99), seconds[-1])


def _at(ordered: Sequence[float], share: float) -> float:
    return ordered[min(int(share * len(ordered)), len(ordered) - 1)]


def _tree(one: Recovered) -> Tree:
    return {"count": one.count, "with_work_claimed": one.claimed, "p50": one.p50, "p99": one.p99, "slowest": one.slowest}
