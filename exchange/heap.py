"""The objects a process keeps for good, and its garbage collector, which would look through all of them again and again."""

from __future__ import annotations

import gc

_YOUNG = 10_000
"""Objects more than there were until the youngest are looked at; a request makes some hundred and nearly all go by their own count."""


def settle() -> None:
    """Say of a process of the service that it is open: what it holds by now (directory, certificates, modules) it will hold to its end.

    A full collection over a field of two hundred agencies stops everybody for a tenth of a second and more, a twelfth of the API's time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG, 20, 20)
