"""The few facts of a certificate that signing formats need, taken from its exact bytes by a strict decoder."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from typing import Annotated

from cryptography import x509
from cryptography.hazmat import asn1

from signing import der
from signing.errors import FormatFailure
from signing.pki.profiles import Name, rfc4514

_MAX_CERTIFICATE = 16 * 1024


@asn1.sequence
class _Attribute:
    type: x509.ObjectIdentifier
    value: asn1.TLV


@asn1.sequence
class _Validity:
    not_before: asn1.TLV
    not_after: asn1.TLV


@asn1.sequence
class _TbsCertificate:
    version: Annotated[int, asn1.Explicit(0)]
    serial: int
    signature: asn1.TLV
    issuer: asn1.TLV
    validity: _Validity
    subject: asn1.TLV
    spki: asn1.TLV
    extensions: Annotated[list[asn1.TLV], asn1.Explicit(3)]


@asn1.sequence
class _Certificate:
    tbs: _TbsCertificate
    algorithm: asn1.TLV
    signature: asn1.BitString


@dataclass(frozen=True, slots=True)
class CertificateFacts:
    """A certificate's exact bytes with what identifies it: SHA-256, names as DER, serial, SubjectPublicKeyInfo, subject as RFC 4514 text."""

    der: bytes
    sha256: bytes
    issuer: bytes
    serial: int
    subject_der: bytes
    subject: str
    spki: bytes


def full(element: asn1.TLV) -> bytes:
    """An opaque element with its tag and (shortest, as DER demands) length put back before its value."""
    value = bytes(element.data)
    return element.tag_bytes + der.length(len(value)) + value


@lru_cache(maxsize=32768)
def certificate_facts(certificate: bytes) -> CertificateFacts:
    """Read an X.509 v3 certificate (strict DER, at most 16 KiB); raises :class:`FormatFailure`."""
    if len(certificate) > _MAX_CERTIFICATE:
        raise FormatFailure("certificate", f"must not be longer than {_MAX_CERTIFICATE} bytes")
    try:
        tbs = asn1.decode_der(_Certificate, certificate).tbs
        subject_der = full(tbs.subject)
        subject = name_text(subject_der)
    except ValueError as error:
        raise FormatFailure("certificate", "must be a DER-encoded X.509 version 3 certificate (RFC 5280 §4.1)") from error
    return CertificateFacts(
        certificate, sha256(certificate).digest(), full(tbs.issuer), tbs.serial, subject_der, subject, full(tbs.spki)
    )


@asn1.sequence
class _NameHolder:
    rdns: list[asn1.SetOf[_Attribute]]


def name_text(name_der: bytes) -> str:
    """RFC 4514 text of a DER Name; names with several attributes in one RDN are not of our profiles and are refused (ValueError)."""
    parts: list[tuple[str, str]] = []
    for rdn in asn1.decode_der(_NameHolder, der.sequence(name_der)).rdns:
        attributes = rdn.as_list()
        if len(attributes) != 1:
            raise ValueError("a relative distinguished name must hold one attribute")
        parts.append((attributes[0].type.dotted_string, bytes(attributes[0].value.data).decode()))
    name: Name = tuple(parts)
    return rfc4514(name)
