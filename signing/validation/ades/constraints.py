"""Cryptographic constraints at a moment (EN 319 102-1 §5.2.8): never accepted, accepted until then, or accepted."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from signing.validation.ades.policy import ValidationPolicy
from signing.validation.ades.readings import algorithm_with, key_or_fault
from signing.validation.report import SubIndication

_EVER = -(1 << 40)
"""An epoch second before every end of an algorithm."""
_NEVER = datetime(1, 1, 2, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Weakness:
    """An algorithm or key that is not accepted, and from when on (``None``: it never was)."""

    detail: str
    since: datetime | None

    @property
    def sub_indication(self) -> SubIndication:
        """A proof of existence can cure an algorithm that ended, not one that never was accepted."""
        return SubIndication.CRYPTO_CONSTRAINTS_FAILURE if self.since is None else SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE


Material = tuple[str, bytes]
"""Signature algorithm by name, and the key (DER SubjectPublicKeyInfo) it is used with."""


def signature_weakness(policy: ValidationPolicy, material: Material, at: datetime) -> Weakness | None:
    """Why the algorithm with that key is not accepted at ``at``."""
    algorithm, spki = material
    found = key_or_fault(spki)
    if isinstance(found, str):
        return Weakness(found, None)
    key, bound = found.public, algorithm_with(algorithm, found)
    algorithm = algorithm if bound is None else bound.name
    refusal = policy.algorithms.refusal(algorithm, key, int(at.timestamp()))
    if not refusal:
        return None
    outright = policy.algorithms.refusal(algorithm, key, _EVER)
    return Weakness(refusal, None if outright else policy.algorithms.rules[algorithm].until)


def digest_weakness(policy: ValidationPolicy, digest: str, at: datetime) -> Weakness | None:
    """Why the digest is not accepted at ``at``."""
    known, end = policy.digest_end(digest)
    if not known:
        return Weakness(f"digest {digest} is not on the list", None)
    return Weakness(f"{digest} is no longer accepted since {end:%Y-%m-%d}", end) if end is not None and at >= end else None


def first_weakness(policy: ValidationPolicy, materials: Iterable[Material], at: datetime) -> Weakness | None:
    """The weakness that began first, those that always were before all."""
    found = [weakness for material in materials if (weakness := signature_weakness(policy, material, at)) is not None]
    return min(found, key=lambda weakness: weakness.since or _NEVER, default=None)
