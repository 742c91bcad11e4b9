"""Business time of a request: the database's clock where the axis serves, a scenario's own where it drives."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime

from exchange.domain.calendar import VN
from exchange.web.problems import BadRequest

HEADER = "Truc-Instant"
YEARS = range(2000, 2101)
_AGE_SECONDS = 1.0


class DatabaseClock:
    """The database's clock, asked for once a second and counted on from there by this machine's steady clock.

    So all API processes of an axis, on whatever machine, say the same time, and a machine whose clock jumps does not.
    """

    def __init__(self, ask: Callable[[], float]) -> None:
        self._ask = ask
        self._offset, self._asked = 0.0, -_AGE_SECONDS

    def is_old(self) -> bool:
        """Whether it is time to ask again."""
        return time.monotonic() - self._asked >= _AGE_SECONDS

    def look(self) -> None:
        """Ask the database; half of what the question took is the way back."""
        before = time.monotonic()
        said = self._ask()
        self._asked = time.monotonic()
        self._offset = said - (before + self._asked) / 2

    def now(self) -> datetime:
        """Now in whole seconds, Vietnamese time."""
        return datetime.fromtimestamp(int(time.monotonic() + self._offset), VN)


def instant_of(text: str) -> datetime:
    """The header's instant. Raises :class:`BadRequest` unless it is RFC 3339 in whole seconds with an offset."""
    try:
        at = datetime.fromisoformat(text) if len(text) <= 35 else None
    except ValueError:
        at = None
    if at is None or at.tzinfo is None or at.microsecond or at.year not in YEARS:
        raise BadRequest("instant", f"{HEADER} is an instant like 2021-09-27T08:00:00+07:00, in whole seconds")
    return at.astimezone(VN)
