"""Limits of processor time that mean the same on a slow machine: counted in seconds of the machine the limits were written on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from time import process_time

_ROUNDS = 200_000
_THEN = 0.047
"""Seconds that :func:`_work` took on the machine the limits were written on."""


@contextmanager
def at_most(seconds: float = 2.0) -> Iterator[None]:
    """What is done inside takes less processor time than that. A machine found slower at this moment is given as much more."""
    began = process_time()
    yield
    took = process_time() - began
    if took >= seconds:  # only then is it worth asking how fast the machine is just now
        slower = max(1.0, _work() / _THEN)
        assert took / slower < seconds, f"{took:.2f} s, on a machine {slower:.2f} times as slow as the one the limit is for"


def _work() -> float:
    """Seconds for a fixed piece of plain Python that computes and fills memory."""
    began = process_time()
    kept: dict[int, bytes] = {}
    for number in range(_ROUNDS):
        kept[number * 7919 % 65_536] = b"%064d" % (number * number)
    return process_time() - began
