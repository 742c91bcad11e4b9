"""Chance comes in by name: every draw belongs to a named stream, so adding one agency disturbs no other's.

Two kinds. A :func:`stream` is a generator consumed in order by one owner. A :func:`share` or :func:`rendezvous` is a function of its names
alone: it gives the same answer whoever asks, whenever, and however often, and so needs no order at all.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Iterable
from hashlib import sha256

_SCALE = float(1 << 64)


def stream(seed: str, *names: str) -> random.Random:
    """The generator of one owner, e.g. ``stream(seed, "H28.13", "arrivals")``. Same numbers under every Python and hash seed."""
    return random.Random("/".join((seed, *names)))


def share(seed: str, *names: str) -> float:
    """A number in [0, 1) that depends on nothing but its names."""
    return int.from_bytes(sha256("|".join((seed, *names)).encode()).digest()[:8], "big") / _SCALE


def rendezvous(seed: str, key: str, candidates: Iterable[str], count: int = 1) -> tuple[str, ...]:
    """The ``count`` candidates with the lowest digest of (seed, key, candidate).

    A candidate that appears or disappears changes only the choices it itself wins or loses (highest-random-weight hashing).
    """
    ranked = heapq.nsmallest(count, ((sha256(f"{seed}|{key}|{name}".encode()).digest(), name) for name in candidates))
    return tuple(name for _, name in ranked)


def poisson(chance: random.Random, mean: float) -> int:
    """How many events of a Poisson process with this mean; by exponential gaps, so exact for every mean (time linear in it)."""
    count, waited = 0, chance.expovariate(1.0)
    while waited < mean:
        count += 1
        waited += chance.expovariate(1.0)
    return count


def about(chance: random.Random, mean_seconds: float) -> int:
    """A duration in whole seconds around ``mean_seconds``: triangular between a third and twice the mean (its mean is then 10/9 of it)."""
    return max(1, round(chance.triangular(mean_seconds / 3, mean_seconds * 2, mean_seconds)))
