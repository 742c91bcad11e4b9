"""What was lately read from the store, so that a letter to a hundred and fifty agencies is put together once, not for each of them."""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock

SMALL = 256 * 1024
"""Larger values are never kept: they are read in pieces."""


class Recent:
    """Bytes under the key of a row that never changes; the longest unused go first. It holds at most ``limit`` bytes.

    It gives what the database gave before, never what a caller handed in: nobody's package reaches another without having been stored.
    """

    def __init__(self, limit: int) -> None:
        self._limit, self._size = limit, 0
        self._held: OrderedDict[int | bytes, bytes] = OrderedDict()
        self._lock = Lock()

    def get(self, key: int | bytes) -> bytes | None:
        """The bytes, ``None`` when they are not here."""
        with self._lock:
            found = self._held.get(key)
            if found is not None:
                self._held.move_to_end(key)
            return found

    def keep(self, key: int | bytes, data: bytes) -> bytes:
        """Hold them if they are small; gives them."""
        if len(data) > SMALL:
            return data
        with self._lock:
            self._size += len(data) - len(self._held.pop(key, b""))
            self._held[key] = data
            while self._size > self._limit:
                self._size -= len(self._held.popitem(last=False)[1])
        return data

    def drop(self, key: int | bytes) -> None:
        """Forget one: a larger value that holds it is kept now."""
        with self._lock:
            self._size -= len(self._held.pop(key, b""))

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._held.clear()
            self._size = 0

    def __len__(self) -> int:
        """Bytes held."""
        return self._size
