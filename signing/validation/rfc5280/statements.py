"""What one artefact says about one certificate at one moment, and what all amount to (RFC 5280 §6.3.3, EN 319 102-1 §5.2.5)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from signing.validation.rfc5280.extensions import ALL_REASONS
from signing.validation.rfc5280.objects import ON_HOLD, Certificate, Revoked
from signing.validation.rfc5280.settings import ChainPolicy
from signing.validation.verdicts import RevocationVerdict, Standing

REASONS = {
    0: "unspecified",
    1: "keyCompromise",
    2: "cACompromise",
    3: "affiliationChanged",
    4: "superseded",
    5: "cessationOfOperation",
    6: "certificateHold",
    8: "removeFromCRL",
    9: "privilegeWithdrawn",
    10: "aACompromise",
}
"""CRLReason (RFC 5280 §5.3.1)."""


@dataclass(frozen=True, slots=True)
class Statement:
    """One artefact's word on a certificate: ``entry`` is its revocation, ``None`` when it is not revoked. Instants are epoch seconds.

    ``covers`` are the reasons the word is for; ``refusal`` says why the algorithm policy does not accept the artefact's signature.
    """

    source: str
    artefact: bytes
    issued_at: int
    until: int | None
    entry: Revoked | None
    covers: frozenset[int] = ALL_REASONS
    refusal: str = ""


@dataclass(frozen=True, slots=True)
class Settled:
    """The verdict, and the algorithm policy's refusal of the artefact it stands on."""

    verdict: RevocationVerdict
    refusal: str = ""


Rejected = tuple[bytes, str]
"""SHA-256 of an artefact that was looked at, and why it is not used."""


LATE = "it was issued after the moment"
EARLY = "it was issued before the certificate was valid, so that its silence means nothing"
MAX_REJECTED = 32
"""Artefacts named with the reason why they were not used; a long archive has thousands that are merely from another day."""


def fresh(statement: Statement, at: int, policy: ChainPolicy) -> bool:
    """EN 319 102-1 §5.2.5: not older than ``max_age``, or else than the time from thisUpdate to nextUpdate.

    An artefact without nextUpdate is fresh only where it was issued at the moment or later, unless ``max_age`` is given.
    """
    if policy.max_age is not None:
        window = int(policy.max_age.total_seconds())
    else:
        window = 0 if statement.until is None else statement.until - statement.issued_at
    return statement.issued_at >= at - window


def settle(
    certificate: Certificate, statements: Sequence[Statement], rejected: Sequence[Rejected], at: int, policy: ChainPolicy
) -> Settled:
    """What the statements amount to.

    A revocation that is no hold is final: the earliest one that took effect decides, however old the artefact. Otherwise the newest fresh
    word counts, a good one only when the lists together cover every reason; without a fresh one the newest stale word, marked so.
    """
    final = [one for one in statements if one.entry is not None and one.entry.reason != ON_HOLD and one.entry.since <= at]
    if final:
        decisive = min(final, key=lambda one: (one.entry.since if one.entry else 0, -one.issued_at, one.artefact))
        return _settled(certificate, decisive, Standing.REVOKED, rejected, at, policy)
    for recent in (True, False):
        found = [one for one in statements if fresh(one, at, policy) is recent]
        if not found:
            continue
        decisive = max(found, key=lambda one: (not one.refusal, one.issued_at, one.source == "ocsp", one.artefact))
        if decisive.entry is not None and decisive.entry.since <= at:
            return _settled(certificate, decisive, Standing.ON_HOLD, rejected, at, policy)
        if frozenset().union(*(one.covers for one in found)) >= ALL_REASONS:
            return _settled(certificate, decisive, Standing.GOOD, rejected, at, policy)
        rejected = (*rejected, *((one.artefact, "it covers only some reasons, and no other list the rest") for one in found))
    return Settled(_unknown(certificate, rejected))


def _settled(
    certificate: Certificate, decisive: Statement, standing: Standing, rejected: Sequence[Rejected], at: int, policy: ChainPolicy
) -> Settled:
    entry = decisive.entry
    recent = fresh(decisive, at, policy)
    verdict = RevocationVerdict(
        certificate_sha256=certificate.sha256,
        standing=standing,
        fresh=recent,
        source=decisive.source,
        artefact_sha256=decisive.artefact,
        issued_at=moment(decisive.issued_at),
        until=None if decisive.until is None else moment(decisive.until),
        revoked_at=None if entry is None else moment(entry.since),
        reason="" if entry is None else REASONS.get(entry.reason, str(entry.reason)),
        detail=_detail(standing, entry, recent=recent),
        rejected=tuple(rejected),
    )
    return Settled(verdict, decisive.refusal)


def _detail(standing: Standing, entry: Revoked | None, *, recent: bool) -> str:
    if entry is None:
        return "" if recent else "the newest revocation data at hand are not current at that moment"
    told = f"{moment(entry.since):%Y-%m-%d %H:%M:%SZ} ({REASONS.get(entry.reason, entry.reason)})"
    return f"revoked later, since {told}" if standing is Standing.GOOD else f"{standing.replace('-', ' ')} since {told}"


def _unknown(certificate: Certificate, rejected: Sequence[Rejected]) -> RevocationVerdict:
    detail = rejected[0][1] if rejected else "no revocation data about the certificate are at hand"
    detail = f"no revocation data can be used: {detail}" if rejected else detail
    return RevocationVerdict(certificate.sha256, Standing.UNKNOWN, False, "", None, None, None, None, "", detail, tuple(rejected))


def moment(epoch: int) -> datetime:
    """The instant of an epoch second, in UTC."""
    return datetime.fromtimestamp(epoch, UTC)
