"""What is struck, how, and in which order: a function of the number of kills and a seed.

Kills are SIGKILL. Between them come disturbances that leave every process alive: it is stopped beyond its lease, its network is slow,
cut or silent, the database is restarted, the disk is full, the clock jumps. The shares are stated here, so that a thousand kills hold at
least three hundred of an API process and of a worker's parent.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from random import Random


class Target(StrEnum):
    """A part of the service."""

    API = "api"
    WORKER = "worker"
    """The parent of a worker's children."""
    CHILD = "child"
    BROKER = "broker"
    DATABASE = "database"
    BEAT = "beat"


class Blow(StrEnum):
    """What happens to it."""

    KILL = "kill"
    """SIGKILL: not a word more."""
    STOP = "stop"
    """SIGSTOP, and SIGCONT when its leases have run out."""
    RESTART = "restart"
    """Stopped by its own means and started again."""
    SLOW = "slow"
    """Every piece of data on its connections is late."""
    CUT = "cut"
    """Its connections end, and new ones are refused."""
    SILENT = "silent"
    """Its connections stay, and nothing passes."""
    FULL = "full"
    """Its disk takes nothing more."""
    JUMP = "jump"
    """Its wall clock jumps."""


@dataclass(frozen=True, slots=True)
class Strike:
    """One of them. ``seconds``: how long a disturbance lasts; a kill lasts until what was killed is back."""

    number: int
    target: Target
    blow: Blow
    seconds: float = 0.0


KILLS: Mapping[Target, int] = {
    Target.API: 32, Target.WORKER: 32, Target.CHILD: 20, Target.BROKER: 6, Target.DATABASE: 6, Target.BEAT: 4,
}  # fmt: skip
"""Of a hundred kills."""
DISTURBANCES: tuple[tuple[Target, Blow, float], ...] = (
    (Target.API, Blow.STOP, 3.0),
    (Target.CHILD, Blow.STOP, 9.0),  # longer than a lease and than a transaction may stand still
    (Target.DATABASE, Blow.SLOW, 4.0),
    (Target.BROKER, Blow.CUT, 4.0),
    (Target.DATABASE, Blow.CUT, 3.0),
    (Target.DATABASE, Blow.RESTART, 0.0),
    (Target.BROKER, Blow.STOP, 3.0),
    (Target.BROKER, Blow.SILENT, 4.0),
    (Target.DATABASE, Blow.SILENT, 4.0),
    (Target.DATABASE, Blow.STOP, 3.0),
    (Target.BEAT, Blow.STOP, 3.0),
    (Target.WORKER, Blow.STOP, 9.0),
    (Target.API, Blow.JUMP, 4.0),
    (Target.WORKER, Blow.JUMP, 4.0),
    (Target.DATABASE, Blow.FULL, 3.0),
)
"""Taken in an order the seed decides, again from the first when all have been."""
KILLS_BETWEEN = 8
"""Kills from one disturbance to the next."""


def shares(kills: int, weights: Mapping[Target, int] = KILLS) -> dict[Target, int]:
    """So many kills by target, in proportion, every one of them accounted for (largest remainders)."""
    whole = sum(weights.values())
    exact = {target: kills * weight / whole for target, weight in weights.items()}
    found = {target: int(share) for target, share in exact.items()}
    by_remainder = sorted(exact, key=lambda target: (found[target] - exact[target], target))
    for target in by_remainder[: kills - sum(found.values())]:
        found[target] += 1
    return found


def schedule(
    kills: int, seed: str, possible: Sequence[tuple[Target, Blow, float]] = DISTURBANCES, weights: Mapping[Target, int] = KILLS
) -> tuple[Strike, ...]:
    """The strikes of a campaign. ``possible``: the disturbances this machine can bring about; ``weights``: who is there to be killed."""
    chance = Random(f"{seed}/chaos")
    order = list(Counter(shares(kills, weights)).elements())
    chance.shuffle(order)
    between = list(possible)
    chance.shuffle(between)
    strikes: list[Strike] = []
    for number, target in enumerate(order):
        if between and number % KILLS_BETWEEN == KILLS_BETWEEN - 1:
            strikes.append(Strike(len(strikes), *between[number // KILLS_BETWEEN % len(between)]))
        strikes.append(Strike(len(strikes), target, Blow.KILL))
    return tuple(strikes)
