"""How often a run looks for cycles in its memory.

A run keeps a whole province alive and makes little rubbish that counting references does not clear at once. With CPython's own thresholds a
tenth of a run is spent looking through the same offices and certificates again and again.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_THRESHOLDS = (20_000, 20, 20)
"""New containers before the youngest are looked through, and so on by generation (CPython's own: 700, 10, 10)."""


@contextmanager
def seldom() -> Iterator[Callable[[], None]]:
    """Look for cycles less often within the block; gives a function that sets aside what is there when it is called, for the block's time.

    Both are undone at the end: the process is as it was.
    """
    before = gc.get_threshold()
    gc.set_threshold(*_THRESHOLDS)
    try:
        yield gc.freeze
    finally:
        gc.unfreeze()
        gc.set_threshold(*before)
