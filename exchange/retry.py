"""What to do after a stage failed on a row: a pure table from (error, attempt) to a frozen decision."""

from __future__ import annotations

from dataclasses import dataclass

_FIRST_WAIT = 30
_LONGEST_WAIT = 3600


@dataclass(frozen=True, slots=True)
class Decision:
    """Try again after ``wait`` machine seconds, or park the row with its error for people to see."""

    park: bool
    wait: int
    reason: str


def decide(error: Exception, attempt: int, limit: int) -> Decision:
    """``attempt`` counts from 1; after ``limit`` of them the row is parked. Waits double from 30 s, as the vendors' relays do,
    up to an hour.

    A database that cannot be written is no fault of a row and never comes here: the stage stops and says so.
    """
    reason = f"{type(error).__name__}: {error}"
    wait = min(_FIRST_WAIT << min(attempt - 1, 10), _LONGEST_WAIT)
    if attempt < limit:
        return Decision(park=False, wait=wait, reason=reason)
    return Decision(park=True, wait=0, reason=reason)
