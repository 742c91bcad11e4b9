"""What the certificates of a path must look like, whatever the moment (RFC 5280 §6.1.4, §4.2); functions return the fault or nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from cryptography import x509
from cryptography.hazmat import asn1

from signing import der, oids
from signing.formats.certificates import CertificateFacts
from signing.validation.revocation import allows

_DIGITAL_SIGNATURE, _CONTENT_COMMITMENT, _KEY_CERT_SIGN = 0, 1, 5
_HANDLED = {
    oids.BASIC_CONSTRAINTS,
    oids.KEY_USAGE,
    oids.EXTENDED_KEY_USAGE,
    oids.SUBJECT_ALT_NAME,
    oids.SUBJECT_KEY_IDENTIFIER,
    oids.AUTHORITY_KEY_IDENTIFIER,
}
_TIME_STAMPING_ALONE = der.sequence(der.oid(oids.TIME_STAMPING))
_DOCUMENT_PURPOSES = {oids.EMAIL_PROTECTION, oids.DOCUMENT_SIGNING, oids.ANY_EXTENDED_KEY_USAGE}


@asn1.sequence
class _BasicConstraints:
    authority: Annotated[bool, asn1.Default(False)]
    path_length: int | None


@asn1.sequence
class _Purposes:
    """A SEQUENCE around KeyPurposeIds, since the decoder wants a class at the root."""

    purposes: list[x509.ObjectIdentifier]


def structure_fault(chain: Sequence[CertificateFacts]) -> str:
    """The first fault of a path from end entity to anchor: unknown critical extensions, wrong constraints, missing keyCertSign.

    The anchor's extensions are enforced too: RFC 5280 §6.1.1 (d) would allow to ignore them, and then a root could be more than it says.
    """
    if len(chain) < 2:
        return f"{chain[0].subject} is an anchor, which signs no documents"
    for depth, certificate in enumerate(chain):
        unknown = {extension.identifier for extension in certificate.extensions if extension.critical} - _HANDLED
        if unknown:
            return f"{certificate.subject} has the unknown critical extension {min(unknown)} (RFC 5280 §4.2)"
        try:
            constraints = _constraints(certificate)
        except ValueError:
            return f"{certificate.subject} has malformed basic constraints (RFC 5280 §4.2.1.9)"
        fault = _holder_fault(constraints) if depth == 0 else _authority_fault(certificate, constraints, depth - 1)
        if fault:
            return f"{certificate.subject} {fault}"
    return ""


def usage_fault(certificate: CertificateFacts) -> str:
    """Whether the signing certificate's key is for signing documents: by key usage, and by extended key usage where present."""
    if not (allows(certificate, _DIGITAL_SIGNATURE) or allows(certificate, _CONTENT_COMMITMENT)):
        return "the key usage of the signing certificate holds neither digitalSignature nor contentCommitment"
    extension = certificate.extension(oids.EXTENDED_KEY_USAGE)
    if extension is None:
        return ""
    try:
        purposes = {purpose.dotted_string for purpose in asn1.decode_der(_Purposes, der.sequence(extension.value)).purposes}
    except ValueError:
        return "the extended key usage of the signing certificate is malformed"
    return "" if purposes & _DOCUMENT_PURPOSES else "the extended key usage of the signing certificate is not for documents"


def time_stamping_fault(certificate: CertificateFacts) -> str:
    """Whether a key is for time-stamps and nothing else: one extended key usage, critical, and a key usage for signing (RFC 3161 §2.3)."""
    if not (allows(certificate, _DIGITAL_SIGNATURE) or allows(certificate, _CONTENT_COMMITMENT)):
        return "the key usage of the time-stamping unit's certificate holds neither digitalSignature nor contentCommitment"
    extension = certificate.extension(oids.EXTENDED_KEY_USAGE)
    if extension is None or not extension.critical or extension.value != _TIME_STAMPING_ALONE:
        return "the extended key usage of the certificate is not timeStamping alone, marked critical (RFC 3161 §2.3)"
    return ""


def _constraints(certificate: CertificateFacts) -> _BasicConstraints | None:
    extension = certificate.extension(oids.BASIC_CONSTRAINTS)
    return None if extension is None else asn1.decode_der(_BasicConstraints, extension.value)


def _holder_fault(constraints: _BasicConstraints | None) -> str:
    return "is an authority and signs no documents" if constraints is not None and constraints.authority else ""


def _authority_fault(certificate: CertificateFacts, constraints: _BasicConstraints | None, below: int) -> str:
    """``below``: authorities between this one and the end entity; no certificate of the hierarchy is self-issued but the anchor."""
    if constraints is None or not constraints.authority:
        return "is not an authority (RFC 5280 §6.1.4 (k))"
    if constraints.path_length is not None and below > constraints.path_length:
        return "has more authorities below it than its path length allows (RFC 5280 §6.1.4 (l))"
    if not allows(certificate, _KEY_CERT_SIGN):
        return "may not sign certificates (RFC 5280 §6.1.4 (n))"
    return ""
