"""Verdicts of the long way: what a validation with evidence says about certificates, revocation data, tokens and signatures.

The bulk path's :class:`signing.validation.report.SignatureReport` answers one question at one moment; these answer an auditor: which
artefact each step stood on, since when it held, and what is missing. All frozen, deterministic, and without any clock.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from signing.validation.report import Check, Indication, SubIndication


class Standing(StrEnum):
    """Revocation status of a certificate at a control time."""

    GOOD = "good"
    REVOKED = "revoked"
    ON_HOLD = "on-hold"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class RevocationVerdict:
    """What the evidence says about one certificate's revocation, and on which artefact it stands.

    ``artefact_sha256`` is the CRL (or delta) or OCSP response that decided, ``None`` when nothing usable was at hand. ``issued_at`` is its
    thisUpdate/producedAt, ``until`` its nextUpdate. ``revoked_at`` honours invalidityDate for key compromise (RFC 5280 §5.3.2).
    ``rejected`` lists artefacts looked at and not used, with the reason.
    """

    certificate_sha256: bytes
    standing: Standing
    fresh: bool
    source: str
    """``crl``, ``delta-crl``, ``indirect-crl``, ``ocsp`` or empty."""
    artefact_sha256: bytes | None
    issued_at: datetime | None
    until: datetime | None
    revoked_at: datetime | None
    reason: str
    detail: str
    rejected: tuple[tuple[bytes, str], ...] = ()


@dataclass(frozen=True, slots=True)
class ChainVerdict:
    """A certificate's path at a moment (EN 319 102-1 §5.2.6): the chain from the certificate to the anchor as DER, why it holds or not.

    ``sub_indication`` is ``None`` when it holds. ``revocation`` has one verdict per certificate but the anchor, in chain order (shorter
    when the path failed before). ``policies`` are the valid policy OIDs of the user-constrained set (RFC 5280 §6.1.6).
    """

    sub_indication: SubIndication | None
    checks: tuple[Check, ...]
    chain: tuple[bytes, ...]
    revocation: tuple[RevocationVerdict, ...]
    policies: frozenset[str]
    at: datetime

    @property
    def passed(self) -> bool:
        """Whether the path holds."""
        return self.sub_indication is None


@dataclass(frozen=True, slots=True)
class ProofOfExistence:
    """An object existed at or before ``at``: proven by an artefact (a token, the axis' receipt), or by being at hand now."""

    object_sha256: bytes
    at: datetime
    source: str
    """``control-time``, ``signature-time-stamp``, ``archive-time-stamp``, ``document-time-stamp``, ``receipt`` …"""
    artefact_sha256: bytes | None


@dataclass(frozen=True, slots=True)
class TokenVerdict:
    """What one time-stamp token is worth."""

    token_sha256: bytes
    generated_at: datetime
    indication: Indication
    sub_indication: SubIndication | None
    checks: tuple[Check, ...]
    chain: ChainVerdict | None


@dataclass(frozen=True, slots=True)
class SignatureVerdict:
    """What one signature is worth at a control time, with everything it stands on.

    ``best_signature_time`` is the earliest proof of existence of the signature value (EN 319 102-1 §5.6.2.3). ``missing`` says, where the
    result is INDETERMINATE, which single artefact would turn it into TOTAL-PASSED; empty when no single one would.
    """

    name: str
    indication: Indication
    sub_indication: SubIndication | None
    checks: tuple[Check, ...]
    at: datetime
    best_signature_time: datetime
    chain: ChainVerdict | None
    tokens: tuple[TokenVerdict, ...]
    existence: tuple[ProofOfExistence, ...]
    warnings: tuple[Check, ...]
    missing: str
    claimed_at: datetime | None
    level: str
    policy: str
    information: tuple[Check, ...] = ()
    """Failed checks that the policy only wants to be told of (INFORM)."""
    counter_signatures: tuple[SignatureVerdict, ...] = ()
    """What each counter-signature over this signature's value is worth; none of it counts here."""

    @property
    def passed(self) -> bool:
        """Whether the indication is TOTAL-PASSED."""
        return self.indication is Indication.TOTAL_PASSED
