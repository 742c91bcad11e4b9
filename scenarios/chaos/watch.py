"""What must hold at every moment, asked of the database itself while everything around it dies: nothing lost, nothing doubled.

Each rule is one query that counts what breaks it, all of them at one moment. The connection is the watcher's own; while the database is
away there is nothing to ask, and that is counted.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import text

from exchange.domain.lifecycle import DeliveryState
from exchange.errors import StoreError
from exchange.store.engine import open_engine
from exchange.store.work import Store

RULES: Mapping[str, str] = {
    "every document is judged or waits to be": """
        SELECT count(*) FROM package p WHERE p.kind = 'edoc'
        AND NOT EXISTS (SELECT 1 FROM verdict v WHERE v.package = p.id)
        AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.package = p.id AND o.stage = 'verify')""",
    "what is accepted is on its way or waits to be routed": """
        SELECT count(*) FROM delivery d JOIN verdict v ON v.package = d.package WHERE d.state = 'received' AND v.accepted = 1
        AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.package = d.package AND o.stage = 'route')""",
    "nothing is routed that is not accepted": """
        SELECT count(*) FROM outbox o WHERE o.stage = 'route'
        AND EXISTS (SELECT 1 FROM package p WHERE p.id = o.package AND p.kind = 'edoc')
        AND NOT EXISTS (SELECT 1 FROM verdict v WHERE v.package = o.package AND v.accepted = 1)""",
    "what is delivered lies in one mailbox": """
        SELECT count(*) FROM delivery d WHERE d.state IN ('waiting', 'fetched')
        AND (SELECT count(*) FROM mailbox m WHERE m.package = d.package AND m.organ = d.organ) <> 1""",
    "no mail without a delivery": """
        SELECT count(*) FROM mailbox m JOIN package p ON p.id = m.package WHERE p.kind = 'edoc'
        AND NOT EXISTS (SELECT 1 FROM delivery d WHERE d.package = m.package AND d.organ = m.organ)""",
    "no step is taken twice": """
        SELECT count(*) FROM (SELECT 1 FROM delivery_event GROUP BY delivery, state HAVING count(*) > 1) AS twice""",
    "every package has its receipt": """
        SELECT count(*) FROM package p WHERE p.kind <> 'refusal' AND NOT EXISTS (SELECT 1 FROM receipt r WHERE r.package = p.id)""",
    "a delivery stands where its last step left it": """
        SELECT count(*) FROM delivery d WHERE d.state <>
        (SELECT e.state FROM delivery_event e WHERE e.delivery = d.id ORDER BY e.id DESC LIMIT 1)""",
}  # fmt: skip
"""Rule → query that counts its breaches."""
_STATE = text("SELECT count(*) FROM delivery WHERE state = :state")
_ALL = text("SELECT count(*) FROM delivery")
_QUERIES = {name: text(query) for name, query in RULES.items()}
_EVERY = 1.0
_PART = 10
"""A look may cost one part in so many of the time: the tables grow."""


@dataclass(slots=True)
class Watched:
    """What a watcher saw. ``breaches``: rule → how many looks found it broken."""

    looks: int = 0
    away: int = 0
    breaches: Counter[str] = field(default_factory=Counter)


class Watcher:
    """Looks from a thread of its own, until it is stopped."""

    def __init__(self, database: str) -> None:
        self._store = Store(open_engine(database))
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watcher", daemon=True)
        self.seen = Watched()

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> Watched:
        """Look once more, and say what was seen."""
        self._stop.set()
        self._thread.join()
        self._look()
        self._store.close()
        return self.seen

    def _run(self) -> None:
        while not self._stop.is_set():
            began = time.monotonic()
            self._look()
            self._stop.wait(max(_EVERY, _PART * (time.monotonic() - began)))

    def _look(self) -> None:
        try:
            found = look(self._store)
        except StoreError:
            self.seen.away += 1
            return
        self.seen.looks += 1
        self.seen.breaches.update(name for name, count in found.items() if count)


def look(store: Store) -> dict[str, int]:
    """Rule → how many rows break it, all at one moment. Raises :class:`exchange.errors.StoreError`."""
    with store.reading() as work:
        found = {name: int(work.value(query)) for name, query in _QUERIES.items()}
        states = sum(int(work.value(_STATE, {"state": state.value})) for state in DeliveryState)
        found["the states add up to the deliveries"] = abs(int(work.value(_ALL)) - states)
    return found
