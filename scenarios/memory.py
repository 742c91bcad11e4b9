"""How often a run looks for cycles in its memory, and that it gives back what it freed.

A run keeps a whole province alive and makes little rubbish that counting references does not clear at once. With CPython's own thresholds a
tenth of a run is spent looking through the same offices and certificates again and again.

Letters and parsers of 60 KB come and go between small things that stay; the C library keeps the pages they leave unless it is asked. Asking
costs the more the more pieces the process holds, and the pages are fetched anew: nights, and worlds that stay small, do without.
"""

from __future__ import annotations

import ctypes
import gc
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

_YOUNG, _OLDER = 20_000, 20
"""New containers before the youngest are looked through, and how often that is done before older ones are (CPython's own: 700, 10)."""

AUDITING = 100_000
"""The same for an audit, whose two hundred packages in hand hold 50,000 containers: none lies in a cycle, whatever it is found to be."""

_STATM = Path("/proc/self/statm")
_TRIM = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" and _STATM.exists() else None
"""GNU's malloc only; other C libraries give pages back by themselves or not at all."""
_GROWN = 4 * 1024 * 1024
"""A process that grew by fewer bytes is not worth asking about."""


def give_back(before: int = 0) -> int:
    """Return freed pages to the system once the process has grown from ``before`` bytes by 4 MB; gives the bytes to grow from next time."""
    if _TRIM is None:
        return 0
    now = _resident()
    if now - before < _GROWN:
        return min(now, before)
    _TRIM(0)
    return _resident()


def _resident() -> int:
    """Bytes of memory this process occupies (proc(5), statm)."""
    return int(_STATM.read_bytes().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@contextmanager
def seldom(young: int = _YOUNG) -> Iterator[Callable[[], None]]:
    """Look for cycles less often within the block; gives a function that sets aside what is there when it is called, for the block's time.

    ``young``: new containers before the youngest are looked through. Both are undone at the end: the process is as it was. What earlier
    blocks left is cleared first, for it would be set aside too, and a process that plays world after world would keep them all. Where
    something is set aside already, nothing more is: all of it can be taken back, a part cannot.
    """
    gc.collect()
    before, free = gc.get_threshold(), gc.get_freeze_count() == 0
    gc.set_threshold(young, _OLDER, _OLDER)
    try:
        yield gc.freeze if free else lambda: None
    finally:
        if free:
            gc.unfreeze()
        gc.set_threshold(*before)
