"""Where the service bends: the highest rate that it still holds, by a stated rule, found in steps.

A rate is *held* when at it submit p99 and delivered p99 keep their limits, at least 97 % of what was offered was done, and nothing was an
error. The rate rises by a quarter until one is not held, then the gap is halved until it is narrower than a twentieth; the knee is the
highest rate held. A step in which the driver lagged is neither: it is made again once, and then ends the search.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from scenarios.load.run import Loaded
from scenarios.load.summary import Tree

RISE = 1.25
NARROW = 0.05
DONE = 0.97
_MOST_STEPS = 24


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds that may not be passed."""

    submit: float = 0.25
    delivered: float = 2.0


@dataclass(frozen=True, slots=True)
class Step:
    """One rate tried. ``verdict``: ``held``, ``bent`` or ``lagged``."""

    rate: float
    done: float
    submit: float | None
    delivered: float | None
    errors: float
    lag: float
    verdict: str


@dataclass(frozen=True, slots=True)
class Knee:
    """The outcome: the highest rate held, the lowest that was not, and every step in the order tried."""

    held: float | None
    bent: float | None
    limits: Limits
    steps: tuple[Step, ...]

    @property
    def found(self) -> bool:
        """Whether the knee lies between two rates that were tried."""
        return self.held is not None and self.bent is not None


def judged(rate: float, loaded: Loaded, limits: Limits) -> Step:
    """A step by the rule."""
    summary = loaded.summary
    submit, delivered = (summary["latencies"][metric]["all"].get("p99") for metric in ("submit", "delivered"))
    done = summary["latencies"]["submit"]["all"]["rate"]
    errors = summary["shares"]["errors"] + summary["shares"]["turned-away"]
    keeps = submit is not None and submit <= limits.submit and delivered is not None and delivered <= limits.delivered
    verdict = "held" if keeps and done >= DONE * summary["offered"] and errors == 0 else "bent"
    return Step(rate, done, submit, delivered, errors, loaded.lag, verdict if loaded.valid else "lagged")


async def find_knee(first: float, limits: Limits, attempt: Callable[[float], Awaitable[Loaded]], told: Callable[[Step], None]) -> Knee:
    """Search from a rate on. ``attempt`` loads the service at a rate."""
    steps: list[Step] = []
    held: float | None = None
    bent: float | None = None
    rate, again = first, True
    while len(steps) < _MOST_STEPS:
        step = judged(rate, await attempt(rate), limits)
        steps.append(step)
        told(step)
        if step.verdict == "lagged":
            if not again:
                break
            again = False
            continue
        again = True
        if step.verdict == "held":
            held = rate if held is None else max(held, rate)
        else:
            bent = rate if bent is None else min(bent, rate)
        if held is not None and bent is not None and bent - held <= NARROW * held:
            break
        rate = _next(held, bent)
        if rate < 1:
            break
    return Knee(held, bent, limits, tuple(steps))


def _next(held: float | None, bent: float | None) -> float:
    if held is not None and bent is not None:
        return (held + bent) / 2
    return held * RISE if held is not None else (bent or 0.0) / 2


def tree(knee: Knee) -> Tree:
    """As plain values."""
    return {
        "held": knee.held, "bent": knee.bent, "limits": {"submit": knee.limits.submit, "delivered": knee.limits.delivered},
        "rule": {"rise": RISE, "narrow": NARROW, "done": DONE},
        "steps": [
            {
                "rate": step.rate, "done": step.done, "submit": step.submit, "delivered": step.delivered, "errors": step.errors,
                "lag": step.lag, "verdict": step.verdict,
            }
            for step in knee.steps
        ],
    }  # fmt: skip
