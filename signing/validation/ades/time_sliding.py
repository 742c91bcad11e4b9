"""Validation time sliding (EN 319 102-1 §5.6.2.2): the last instant at which a chain was known to be good."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256

from signing.evidence import Evidence
from signing.validation.ades.constraints import Material, first_weakness, signature_weakness
from signing.validation.ades.existence import Existence
from signing.validation.ades.freshness import fresh_until
from signing.validation.ades.instants import second_before
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
_MAX_TRIES = 64


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
        control = min(control, second_before(sunset))
    statuses: list[RevocationVerdict] = []
    for depth in range(len(path) - 2, -1, -1):
        if not existence.by(facts[depth].sha256, control):
            return _no_proof(
                f"the certificate of {text(facts[depth].subject)} is not proven to have existed at {control.isoformat()}", depth
            )
        status, materials = _status(path, depth, existence, around, control)
        if status.standing is Standing.UNKNOWN or status.issued_at is None:
            detail = f"nothing on the revocation of {text(facts[depth].subject)} is proven to have existed at {control.isoformat()}"
            return _no_proof(f"{detail} ({status.detail})" if status.detail else detail, depth)
        control = _by_status(status, control, around)
        weakness = first_weakness(around.policy, materials, control)
        if weakness is not None and weakness.since is None:
            return Fault(SLIDING, SubIndication.CRYPTO_CONSTRAINTS_FAILURE, weakness.detail, None, False, depth)
        if weakness is not None and weakness.since is not None:
            control = min(control, second_before(weakness.since))
        statuses.append(status)
    return Slid(control, tuple(reversed(statuses)))


def _status(
    path: Path, depth: int, existence: Existence, around: Surroundings, control: datetime
) -> tuple[RevocationVerdict, Sequence[Material]]:
    """Step (2) a: the status of a certificate, and what protects the two.

    Data that show no revocation and are proven only after their own algorithm had ended could be anybody's: older ones are taken.
    """
    known = proven(around.evidence, existence, control)
    for _ in range(_MAX_TRIES):
        status = around.judge.revocation(path, depth, known, control)
        materials = around.judge.protection(path, depth, status, known)
        artefact = status.artefact_sha256
        if artefact is None or len(materials) < 2 or status.standing is not Standing.GOOD:
            break
        weakness = signature_weakness(around.policy, materials[1], existence.of(artefact).at)
        if weakness is None or weakness.since is None:
            break
        known = without(known, artefact)
    return status, materials


def _by_status(status: RevocationVerdict, control: datetime, around: Surroundings) -> datetime:
    """Steps (2) b and c."""
    if status.standing in (Standing.REVOKED, Standing.ON_HOLD):
        return control if status.revoked_at is None else min(control, second_before(status.revoked_at))
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


def without(evidence: Evidence, artefact: bytes) -> Evidence:
    """The evidence but for the list or response of that SHA-256."""
    crls = tuple(crl for crl in evidence.crls if sha256(crl).digest() != artefact)
    ocsps = tuple(ocsp for ocsp in evidence.ocsps if sha256(ocsp).digest() != artefact)
    return replace(evidence, crls=crls, ocsps=ocsps)


def _no_proof(detail: str, depth: int) -> Fault:
    return Fault(SLIDING, SubIndication.NO_POE, detail, None, False, depth)
