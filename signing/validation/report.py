"""What a validation says: never a boolean, always a report in the terms of ETSI EN 319 102-1.

Policy decides later what a report means for a document; nothing here does.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from signing.records import quickly_made


class Indication(StrEnum):
    """Main status indication of a signature (EN 319 102-1 §5.1.3, table 5)."""

    TOTAL_PASSED = "TOTAL-PASSED"
    TOTAL_FAILED = "TOTAL-FAILED"
    INDETERMINATE = "INDETERMINATE"


_PASSED = Indication.TOTAL_PASSED  # asking an enumeration for a member takes longer than comparing


class SubIndication(StrEnum):
    """Reason beside the main indication (EN 319 102-1 §5.1.3, table 6): the 25 that CMS and PDF signatures can give."""

    FORMAT_FAILURE = "FORMAT_FAILURE"
    HASH_FAILURE = "HASH_FAILURE"
    SIG_CRYPTO_FAILURE = "SIG_CRYPTO_FAILURE"
    REVOKED = "REVOKED"
    EXPIRED = "EXPIRED"
    NOT_YET_VALID = "NOT_YET_VALID"
    SIG_CONSTRAINTS_FAILURE = "SIG_CONSTRAINTS_FAILURE"
    CHAIN_CONSTRAINTS_FAILURE = "CHAIN_CONSTRAINTS_FAILURE"
    CERTIFICATE_CHAIN_GENERAL_FAILURE = "CERTIFICATE_CHAIN_GENERAL_FAILURE"
    CRYPTO_CONSTRAINTS_FAILURE = "CRYPTO_CONSTRAINTS_FAILURE"
    POLICY_PROCESSING_ERROR = "POLICY_PROCESSING_ERROR"
    SIGNATURE_POLICY_NOT_AVAILABLE = "SIGNATURE_POLICY_NOT_AVAILABLE"
    TIMESTAMP_ORDER_FAILURE = "TIMESTAMP_ORDER_FAILURE"
    NO_SIGNING_CERTIFICATE_FOUND = "NO_SIGNING_CERTIFICATE_FOUND"
    NO_CERTIFICATE_CHAIN_FOUND = "NO_CERTIFICATE_CHAIN_FOUND"
    NO_CERTIFICATE_CHAIN_FOUND_NO_POE = "NO_CERTIFICATE_CHAIN_FOUND_NO_POE"
    REVOKED_NO_POE = "REVOKED_NO_POE"
    REVOKED_CA_NO_POE = "REVOKED_CA_NO_POE"
    OUT_OF_BOUNDS_NOT_REVOKED = "OUT_OF_BOUNDS_NOT_REVOKED"
    OUT_OF_BOUNDS_NO_POE = "OUT_OF_BOUNDS_NO_POE"
    REVOCATION_OUT_OF_BOUNDS_NO_POE = "REVOCATION_OUT_OF_BOUNDS_NO_POE"
    CRYPTO_CONSTRAINTS_FAILURE_NO_POE = "CRYPTO_CONSTRAINTS_FAILURE_NO_POE"
    NO_POE = "NO_POE"
    TRY_LATER = "TRY_LATER"
    SIGNED_DATA_NOT_FOUND = "SIGNED_DATA_NOT_FOUND"


@dataclass(frozen=True, slots=True)
class Check:
    """One step of the validation."""

    name: str
    """Stable kebab-case identifier, e.g. ``message-digest``."""
    passed: bool
    clause: str
    """The rule enforced, e.g. ``RFC 5652 §5.4``."""
    detail: str = ""
    """What was found, in one plain sentence; empty when passed."""


@quickly_made
@dataclass(frozen=True, slots=True)
class SignatureReport:
    """The verdict on one signature at one moment.

    ``subject`` is the signer certificate's RFC 4514 subject, ``None`` when no certificate was identified.
    ``raw_verifications`` counts public-key verifications done on this signature itself (0 or 1; path checks are cached and counted apart).
    """

    indication: Indication
    sub_indication: SubIndication | None
    checks: tuple[Check, ...]
    at: datetime
    subject: str | None
    certificate_sha256: bytes | None
    raw_verifications: int

    @property
    def passed(self) -> bool:
        """Whether the indication is TOTAL-PASSED."""
        return self.indication is _PASSED

    @property
    def reason(self) -> str:
        """The sub-indication and the first failed check with its clause, or ``TOTAL-PASSED``."""
        failed = next((check for check in self.checks if not check.passed), None)
        if failed is None:
            return str(self.indication)
        return f"{self.sub_indication or self.indication}: {failed.detail or failed.name} ({failed.clause})"
