"""Revocation freshness (EN 319 102-1 §5.2.5)."""

from __future__ import annotations

from datetime import datetime

from signing.validation.ades.instants import shifted
from signing.validation.ades.policy import ValidationPolicy
from signing.validation.verdicts import RevocationVerdict


def fresh_until(revocation: RevocationVerdict, policy: ValidationPolicy) -> datetime | None:
    """The last instant at which the revocation data are fresh: nextUpdate, or issuance plus the policy's greatest age if that is sooner.

    ``None`` when there are no data, or they bound themselves by nothing and the policy neither. Data issued after an instant are fresh at
    it: they say more about it, not less.
    """
    if revocation.issued_at is None:
        return None
    aged = None if policy.max_age is None else shifted(revocation.issued_at, policy.max_age)
    bounds = [bound for bound in (revocation.until, aged) if bound is not None]
    return min(bounds, default=None)


def is_fresh(revocation: RevocationVerdict, policy: ValidationPolicy, at: datetime) -> bool:
    """Whether the data are fresh at ``at``."""
    until = fresh_until(revocation, policy)
    return until is not None and at <= until
