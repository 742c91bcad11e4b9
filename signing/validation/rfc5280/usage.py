"""Whether the key at the end of a chain is for what it was used for (RFC 5280 §4.2.1.3, §4.2.1.12; RFC 3161 §2.3; RFC 6960 §4.2.2.2)."""

from __future__ import annotations

from signing import oids
from signing.validation.report import SubIndication
from signing.validation.rfc5280.checks import USAGE, Fault
from signing.validation.rfc5280.names import text
from signing.validation.rfc5280.objects import Certificate
from signing.validation.rfc5280.settings import Usage

_DIGITAL_SIGNATURE, _CONTENT_COMMITMENT = 0, 1
_ADOBE_DOCUMENT_SIGNING = "1.2.840.113583.1.1.5"
_MICROSOFT_DOCUMENT_SIGNING = "1.3.6.1.4.1.311.10.3.12"
_DOCUMENT_PURPOSES = {
    oids.EMAIL_PROTECTION,
    oids.DOCUMENT_SIGNING,
    oids.ANY_EXTENDED_KEY_USAGE,
    _ADOBE_DOCUMENT_SIGNING,
    _MICROSOFT_DOCUMENT_SIGNING,
}


def usage_fault(certificate: Certificate, usage: Usage) -> Fault | None:
    """What speaks against this usage; an extension that is absent forbids nothing, but those that RFC 3161 and RFC 6960 demand."""
    if usage is Usage.ANY:
        return None
    detail = _signature_fault(certificate) or _purpose_fault(certificate, usage)
    return Fault(USAGE, SubIndication.CHAIN_CONSTRAINTS_FAILURE, f"{text(certificate.subject)} {detail}") if detail else None


def _signature_fault(certificate: Certificate) -> str:
    usage = certificate.key_usage
    if usage is not None and not usage & {_DIGITAL_SIGNATURE, _CONTENT_COMMITMENT}:
        return "has a key usage that holds neither digitalSignature nor contentCommitment (RFC 5280 §4.2.1.3)"
    return ""


def _purpose_fault(certificate: Certificate, usage: Usage) -> str:
    purposes = certificate.extended_usage
    if usage is Usage.TIMESTAMPING:
        if purposes != (oids.TIME_STAMPING,) or oids.EXTENDED_KEY_USAGE not in certificate.critical:
            return "must have timeStamping as its only extended key usage, and that critical (RFC 3161 §2.3)"
        return ""
    if usage is Usage.OCSP:
        return "" if purposes is not None and oids.OCSP_SIGNING in purposes else "is not for signing OCSP responses (RFC 6960 §4.2.2.2)"
    if certificate.is_authority:
        return "is an authority and signs no documents"
    if purposes is not None and not set(purposes) & _DOCUMENT_PURPOSES:
        return "has an extended key usage that is not for documents (RFC 5280 §4.2.1.12)"
    return ""
