"""What a process of the service tells its interpreter once it is open: what it keeps for good, and how often its threads take turns."""

from __future__ import annotations

import gc
import sys

_YOUNG = 10_000
"""Objects more than there were until the youngest are looked at; a request makes some hundred and nearly all go by their own count."""
_TURN_SECONDS = 0.001
"""After so long a thread that computes lets another one go on: a transaction of twenty statements waits for its turn twenty times."""


def settle() -> None:
    """Say of a process of the service that it is open: what it holds by now (directory, certificates, modules) it will hold to its end.

    A full collection over a field of two hundred agencies stops everybody for a tenth of a second and more, a twelfth of the API's time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG, 20, 20)
    sys.setswitchinterval(_TURN_SECONDS)
