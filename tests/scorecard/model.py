"""What running a suite gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

VECTORS = Path(__file__).resolve().parents[1] / "vectors"


@dataclass(frozen=True, slots=True)
class Difference:
    """One case on which we differ from a suite: what the suite says, what was found, and the written reason, if any.

    Reasons, notes and sources are codes where they are sentences: the words stand in the console's catalogues (``scorecard-reason.…``).
    """

    case: str
    wanted: str
    found: str
    reason: str


@dataclass(frozen=True, slots=True)
class Score:
    """One suite: how many cases it holds, how many were agreed with, every difference, and what was left out and why."""

    suite: str
    source: str
    carried: int
    agreed: int
    differences: tuple[Difference, ...]
    excluded: Mapping[str, str]
    """Case → why it was not run."""
    notes: tuple[str, ...] = ()

    @property
    def undocumented(self) -> tuple[Difference, ...]:
        """Differences without a reason; there must be none."""
        return tuple(one for one in self.differences if not one.reason)

    @property
    def whole(self) -> bool:
        """Whether every case is accounted for."""
        return self.carried == self.agreed + len(self.differences) + len(self.excluded)


def score(
    suite: str,
    source: str,
    outcomes: Mapping[str, tuple[str, str] | None],
    reasons: Mapping[str, str],
    excluded: Mapping[str, str] | None = None,
    notes: tuple[str, ...] = (),
) -> Score:
    """Count ``outcomes``: case → nothing where agreed, else what the suite says and what was found.

    A reason for a case that agrees is itself a difference.
    """
    left_out = dict(excluded or {})
    differences = [Difference(case, *told, reasons.get(case, "")) for case, told in outcomes.items() if told]
    differences += [Difference(case, "", "agrees now: take its reason away", "") for case in reasons if not outcomes.get(case)]
    agreed = len(outcomes) - sum(1 for told in outcomes.values() if told)
    return Score(suite, source, len(outcomes) + len(left_out), agreed, tuple(differences), left_out, notes)
