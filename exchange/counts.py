"""What one process counts since it began, for :mod:`exchange.metrics` to tell."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from threading import Lock


class Counts:
    """What one process counts: a name of the table below and one label's value. Safe for threads; adding costs a microsecond."""

    def __init__(self) -> None:
        self._counted: Counter[tuple[str, str]] = Counter()
        self._lock = Lock()

    def add(self, name: str, value: str, count: int = 1) -> None:
        """So many more. Raises KeyError for a name the table does not have."""
        if name not in COUNTERS:
            raise KeyError(name)
        with self._lock:
            self._counted[name, value] += count

    def read(self) -> Mapping[tuple[str, str], int]:
        """As they stand."""
        with self._lock:
            return dict(self._counted)


COUNTERS: Mapping[str, tuple[str, str]] = {
    "truc_admissions": ("kind", "Packages admitted by this process"),
    "truc_rejections": ("rule", "Submissions that left no row, by the rule they broke"),
    "truc_overloads": ("rule", "Submissions told to come later"),
    "truc_batches": ("size", "Transactions of the gathering thread, by the power of two their size does not exceed"),
}
"""Name without ``_total`` → (label, help)."""
