"""One time-stamp token at a moment, on the bulk path (EN 319 102-1 §5.4): what it stamps, when, and whether its unit may be believed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Protocol

from signing import der
from signing.errors import FormatFailure
from signing.formats.certificates import certificate_facts
from signing.formats.message import SignedMessage
from signing.formats.token_message import TokenMessage, parse_token
from signing.keys import Purpose
from signing.validation.report import Check, Indication, SignatureReport, SubIndication

FORM = Check("time-stamp-form", True, "RFC 3161 §2.4.2; EN 319 422")
IMPRINT = Check("time-stamp-imprint", True, "EN 319 102-1 §5.4.4; RFC 3161 §2.4.2")
TIME = Check("time-stamp-time", True, "EN 319 102-1 §5.5.4")
NAME = Check("time-stamp-authority", True, "RFC 3161 §2.4.2")
CHECKS = (FORM, IMPRINT, TIME, NAME)
"""What is looked at before a token's signature, in order."""

_BROKEN = frozenset(
    {
        SubIndication.FORMAT_FAILURE,
        SubIndication.HASH_FAILURE,
        SubIndication.SIG_CRYPTO_FAILURE,
        SubIndication.TIMESTAMP_ORDER_FAILURE,
        SubIndication.SIG_CONSTRAINTS_FAILURE,
    }
)


@dataclass(frozen=True, slots=True)
class StampReport:
    """What a token is worth at a moment. ``generated_at`` is the time it states, believed only where it ``passed``."""

    generated_at: datetime | None
    report: SignatureReport

    @property
    def passed(self) -> bool:
        """Whether the token proves that what it stamps existed at ``generated_at``."""
        return self.report.passed

    @property
    def broken(self) -> bool:
        """Whether the token itself is no token for this place: malformed, copied, forged, or of a time to come.

        One that is not broken and did not pass proves nothing, its unit being unknown, revoked or past its time; the signature may hold
        without it (the policy of the field says the same: ``timestamps-intact`` FAIL, ``archive-timestamps`` WARN).
        """
        return self.report.sub_indication in _BROKEN


class UnitValidator(Protocol):
    """Validates signatures of time-stamping units."""

    def validate(self, message: SignedMessage | bytes, content_sha256: bytes, at: datetime, purpose: Purpose) -> SignatureReport: ...


def validate_stamp(units: UnitValidator, token: bytes, content_sha256: bytes, at: datetime) -> StampReport:
    """The verdict on one token over content with that SHA-256, at the moment ``at`` (timezone-aware). Never raises for what it holds.

    (1) the bytes are one token of the bulk profile        RFC 3161 §2.4.2          FORMAT_FAILURE
    (2) it stamps this content, not another                EN 319 102-1 §5.4.4      HASH_FAILURE
    (3) it was not made after the moment                   EN 319 102-1 §5.5.4      TIMESTAMP_ORDER_FAILURE
    (4) the name it gives its authority is its signer's    RFC 3161 §2.4.2          SIG_CONSTRAINTS_FAILURE
    (5) its signature and its unit's path hold             EN 319 102-1 §5.4.4      as for any signature (one raw verification)
    """
    try:
        found = parse_token(token)
    except FormatFailure as failure:
        return StampReport(None, _failed(FORM, Indication.TOTAL_FAILED, SubIndication.FORMAT_FAILURE, str(failure), at))
    info = found.info
    if (info.imprint_algorithm, info.imprint) != ("sha256", content_sha256):
        detail = "the token stamps other bytes than those before it: it was made for something else"
        return StampReport(info.generated_at, _failed(IMPRINT, Indication.TOTAL_FAILED, SubIndication.HASH_FAILURE, detail, at))
    if info.generated_at - timedelta(seconds=info.accuracy_seconds) > at:
        detail = f"the token says {info.generated_at.isoformat()}, which is later than the moment it is judged at"
        return StampReport(info.generated_at, _failed(TIME, Indication.INDETERMINATE, SubIndication.TIMESTAMP_ORDER_FAILURE, detail, at))
    if not _named(found):
        detail = "the name the token gives its authority is not that of its signing certificate"
        return StampReport(info.generated_at, _failed(NAME, Indication.INDETERMINATE, SubIndication.SIG_CONSTRAINTS_FAILURE, detail, at))
    return StampReport(info.generated_at, units.validate(found.message, sha256(info.encoded).digest(), at, Purpose.TIMESTAMP))


def _named(found: TokenMessage) -> bool:
    """Whether the name in the token, if any, is its signer's, as far as the token carries the certificate."""
    if found.info.tsa is None:
        return True
    for certificate in found.message.signer.certificates:
        try:
            facts = certificate_facts(certificate)
        except FormatFailure:
            continue
        if facts.sha256 == found.message.signer.ess_certificate_sha256:
            return found.info.tsa == der.context(4, facts.subject_der)
    return True


def _failed(step: Check, indication: Indication, sub_indication: SubIndication, detail: str, at: datetime) -> SignatureReport:
    """The report of a token whose signature was not looked at."""
    return SignatureReport(indication, sub_indication, (Check(step.name, False, step.clause, detail),), at, None, None, 0)
