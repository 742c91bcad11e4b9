"""Validation time sliding (EN 319 102-1 §5.6.2.2): the last instant at which a chain was known to be good."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from signing.evidence import Evidence
from signing.validation.ades.constraints import first_weakness
from signing.validation.ades.existence import Existence
from signing.validation.ades.freshness import fresh_until
from signing.validation.ades.judge import Path
from signing.validation.ades.outcome import Fault
from signing.validation.ades.policy import SlideTo
from signing.validation.ades.subject import Surroundings
from signing.validation.ades.x509 import anchor_sunset
from signing.validation.report import Check, SubIndication
from signing.validation.rfc5280.names import text
from signing.validation.rfc5280.objects import Certificate
from signing.validation.verdicts import RevocationVerdict, Standing

SLIDING = Check("time-sliding", True, "EN 319 102-1 §5.6.2.2.4")
_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Slid:
    """Where the control time came to rest, and the revocation status each certificate was judged by, in chain order."""

    control: datetime
    revocation: tuple[RevocationVerdict, ...]


def slide(path: Path, facts: Sequence[Certificate], existence: Existence, around: Surroundings) -> Slid | Fault:
    """Slide from the control time back to when the chain last was good, from the certificate below the anchor to the signer's.

    (1) start at the control time, or before trust in the anchor ended
    (2) a) status data issued, and proven to exist, at or before the control time; else NO_POE
        b) revoked: go to the second before the revocation, for a proof must be strictly before it
        c) not fresh at the control time: go to the data's issuance (or its last fresh second, as the policy says)
        d) an algorithm ended: go to the second before its end; one never accepted ends the sliding
    """
    control = around.at
    sunset = anchor_sunset(path, around.policy)
    if sunset is not None:
        control = min(control, sunset - _SECOND)
    statuses: list[RevocationVerdict] = []
    for depth in range(len(path) - 2, -1, -1):
        if not existence.by(facts[depth].sha256, control):
            return _no_proof(
                f"the certificate of {text(facts[depth].subject)} is not proven to have existed at {control.isoformat()}", depth
            )
        known = proven(around.evidence, existence, control)
        status = around.judge.revocation(path, depth, known, control)
        if status.standing is Standing.UNKNOWN or status.issued_at is None:
            detail = f"nothing on the revocation of {text(facts[depth].subject)} is proven to have existed at {control.isoformat()}"
            return _no_proof(f"{detail} ({status.detail})" if status.detail else detail, depth)
        control = _by_status(status, control, around)
        weakness = first_weakness(around.policy, around.judge.protection(path, depth, status, known), control)
        if weakness is not None and weakness.since is None:
            return Fault(SLIDING, SubIndication.CRYPTO_CONSTRAINTS_FAILURE, weakness.detail, None, False, depth)
        if weakness is not None and weakness.since is not None:
            control = min(control, weakness.since - _SECOND)
        statuses.append(status)
    return Slid(control, tuple(reversed(statuses)))


def _by_status(status: RevocationVerdict, control: datetime, around: Surroundings) -> datetime:
    """Steps (2) b and c."""
    if status.standing in (Standing.REVOKED, Standing.ON_HOLD):
        return control if status.revoked_at is None else min(control, status.revoked_at - _SECOND)
    until = fresh_until(status, around.policy)
    if until is not None and control <= until:
        return control
    last = until if around.policy.slide_to is SlideTo.NEXT_UPDATE else status.issued_at
    return min(control, last or status.issued_at or control)


def proven(evidence: Evidence, existence: Existence, at: datetime) -> Evidence:
    """The revocation data proven to have existed at ``at``; certificates as they are."""
    crls = tuple(crl for crl in evidence.crls if existence.by(sha256(crl).digest(), at))
    ocsps = tuple(ocsp for ocsp in evidence.ocsps if existence.by(sha256(ocsp).digest(), at))
    return Evidence(evidence.anchors, evidence.timestamp_anchors, evidence.certificates, crls, ocsps)


def _no_proof(detail: str, depth: int) -> Fault:
    return Fault(SLIDING, SubIndication.NO_POE, detail, None, False, depth)
