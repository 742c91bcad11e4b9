"""How much one agency, and all together, may ask for. Counted by each process for itself, on its machine's steady clock."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass

from exchange.domain.identifiers import OrganId
from exchange.errors import Overloaded

_KEPT = 16_384


@dataclass(frozen=True, slots=True)
class WebSettings:
    """How one API process serves.

    Its threads parse and ask; submissions are written by one (:mod:`exchange.gathering`), mail is brought by one
    (:mod:`exchange.web.mailroom`). With the operators' two, who may need two connections each, they fit into one process's pool. More of
    them do not get more done, since one at a time runs Python, and who brings the mail would get its turn less often.
    """

    driven: bool = False
    """A scenario's clock is admitted, in the header Truc-Instant of every request."""
    threads: int = 3
    waiting: int = 512
    """Requests that may wait for a thread; one more is told to come back."""
    rate: float = 1000.0
    """Requests of one agency per second, for as long as it likes."""
    burst: float = 2000.0
    """Requests of one agency at once."""
    body_memory: int = 256 << 10
    """Bytes of one body that are kept in memory; a longer one goes to a file."""
    bodies_memory: int = 16 << 20
    """Bytes of all bodies that are kept in memory; beyond, every one goes to a file."""
    bodies_disk: int = 4 << 30
    """Bytes of all bodies in files; beyond, a submission is told to come back."""
    chunk_seconds: float = 15.0
    """Seconds within which more of a body must come."""
    slowest: int = 16 << 10
    """Bytes per second that a body must come at, after a first allowance of ``chunk_seconds``."""
    header_bytes: int = 32 << 10
    header_seconds: float = 10.0
    """Seconds within which a request's head must be there, and what is left of a body after an early answer."""
    connections: int = 2000


class Buckets:
    """One token bucket for each agency that came; agencies are members, so there are only so many."""

    def __init__(self, rate: float, burst: float) -> None:
        self._rate, self._burst = rate, burst
        self._full: dict[OrganId, float] = {}
        """Agency → the moment at which its bucket is full again."""

    def take(self, organ: OrganId) -> None:
        """One request. Raises :class:`Overloaded` with the seconds until there is room for one more."""
        now = time.monotonic()
        full = max(self._full.get(organ, now), now) + 1 / self._rate
        over = full - now - self._burst / self._rate
        if over > 0:
            raise Overloaded(math.ceil(over), "agency-rate")
        if len(self._full) >= _KEPT:
            self._full = {one: at for one, at in self._full.items() if at > now}
        self._full[organ] = full
