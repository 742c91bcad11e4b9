"""Certificates and revocation lists read from their exact bytes by a strict decoder: facts, no judgement.

The profile is that of RFC 5280: version 3 certificates and version 2 lists, DER, names of single-attribute RDNs, bounded sizes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from sys import intern
from typing import Annotated

from cryptography import x509
from cryptography.hazmat import asn1

from signing import der, oids
from signing.errors import FormatFailure
from signing.pki.profiles import Name, rfc4514

MAX_CERTIFICATE = 16 * 1024
MAX_CRL = 8 * 1024 * 1024
_USUAL_CERTIFICATE = 3 * 1024
"""Bytes; those of the field have 1,200 to 2,200."""
_MAX_SERIAL_BITS = 160
_TEXT_TAGS = (b"\x0c", b"\x13", b"\x16")


@asn1.sequence
class _Attribute:
    type: x509.ObjectIdentifier
    value: asn1.TLV


@asn1.sequence
class _Name:
    """A SEQUENCE around the Name, since the decoder wants a class at the root."""

    rdns: list[asn1.SetOf[_Attribute]]


@asn1.sequence
class ValiditySchema:
    not_before: asn1.UTCTime | asn1.GeneralizedTime
    not_after: asn1.UTCTime | asn1.GeneralizedTime


@asn1.sequence
class ExtensionSchema:
    identifier: x509.ObjectIdentifier
    critical: Annotated[bool, asn1.Default(False)]
    value: bytes


@asn1.sequence
class _TbsCertificate:
    version: Annotated[int, asn1.Explicit(0)]
    serial: int
    signature: asn1.TLV
    issuer: asn1.TLV
    validity: ValiditySchema
    subject: asn1.TLV
    spki: asn1.TLV
    extensions: Annotated[list[ExtensionSchema], asn1.Explicit(3)]


@asn1.sequence
class _Entry:
    serial: int
    at: asn1.UTCTime | asn1.GeneralizedTime
    extensions: list[ExtensionSchema] | None


@asn1.sequence
class _TbsList:
    version: int
    signature: asn1.TLV
    issuer: asn1.TLV
    this_update: asn1.UTCTime | asn1.GeneralizedTime
    next_update: asn1.UTCTime | asn1.GeneralizedTime
    entries: list[_Entry] | None
    extensions: Annotated[list[ExtensionSchema], asn1.Explicit(0)]


@asn1.sequence
class _Signed:
    """The common outside of certificates and lists: what is signed, by which algorithm, and the signature."""

    tbs: asn1.TLV
    algorithm: asn1.TLV
    signature: asn1.BitString


@dataclass(frozen=True, slots=True)
class Extension:
    """One extension: dotted identifier, critical or not, DER of its value."""

    identifier: str
    critical: bool
    value: bytes


@dataclass(frozen=True, slots=True)
class SignedObject:
    """What a signature on a certificate or list covers, the encoded AlgorithmIdentifier (the same inside and outside), and its value."""

    tbs: bytes
    algorithm: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class CertificateFacts:
    """A certificate's exact bytes and what they say.

    ``issuer`` and ``subject_der`` are DER names, ``subject`` is RFC 4514 text, ``spki`` the DER SubjectPublicKeyInfo; ``not_before`` and
    ``not_after`` are epoch seconds, both inclusive. No extension type occurs twice.
    """

    der: bytes
    sha256: bytes
    issuer: bytes
    serial: int
    subject_der: bytes
    subject: str
    spki: bytes
    not_before: int
    not_after: int
    extensions: tuple[Extension, ...]
    signed: SignedObject

    def extension(self, identifier: str) -> Extension | None:
        """The extension of that type, or ``None``."""
        return _find(self.extensions, identifier)


@dataclass(frozen=True, slots=True)
class CrlEntry:
    """One revoked certificate: instant in epoch seconds, CRLReason number (0 when absent)."""

    serial: int
    at: int
    reason: int


@dataclass(frozen=True, slots=True)
class CrlFacts:
    """A revocation list: DER issuer name, both update instants (epoch seconds), entries by serial, extensions of list and entries."""

    issuer: bytes
    this_update: int
    next_update: int
    entries: dict[int, CrlEntry]
    extensions: tuple[Extension, ...]
    critical_entry_extensions: frozenset[str]
    signed: SignedObject

    def extension(self, identifier: str) -> Extension | None:
        """The list's extension of that type, or ``None``."""
        return _find(self.extensions, identifier)


def _find(extensions: Sequence[Extension], identifier: str) -> Extension | None:
    return next((extension for extension in extensions if extension.identifier == identifier), None)


def full(element: asn1.TLV) -> bytes:
    """An opaque element with its tag and (shortest, as DER demands) length put back before its value."""
    value = bytes(element.data)
    return element.tag_bytes + der.length(len(value)) + value


def certificate_facts(certificate: bytes) -> CertificateFacts:
    """Read an X.509 v3 certificate (strict DER, at most 16 KiB); raises :class:`FormatFailure`.

    What was read is kept for certificates of usual length: strangers choose what is embedded, and 44 KB for each of theirs would add up.
    """
    return _kept_facts(certificate) if len(certificate) <= _USUAL_CERTIFICATE else _read_facts(certificate)


def _read_facts(certificate: bytes) -> CertificateFacts:
    if len(certificate) > MAX_CERTIFICATE:
        raise FormatFailure("certificate", f"must not be longer than {MAX_CERTIFICATE} bytes")
    try:
        signed, element = signed_object(certificate)
        tbs: _TbsCertificate = element.parse(_TbsCertificate)
        _check_certificate(tbs, signed)
        subject_der = full(tbs.subject)
        issuer = full(tbs.issuer)
        name_text(issuer)
        return CertificateFacts(
            certificate,
            sha256(certificate).digest(),
            issuer,
            tbs.serial,
            subject_der,
            name_text(subject_der),
            full(tbs.spki),
            epoch(tbs.validity.not_before),
            epoch(tbs.validity.not_after),
            read_extensions(tbs.extensions),
            signed,
        )
    except ValueError as error:
        raise FormatFailure("certificate", f"must be a DER-encoded X.509 version 3 certificate (RFC 5280 §4.1): {error}") from error


_kept_facts = lru_cache(maxsize=1024)(_read_facts)


def crl_facts(crl: bytes) -> CrlFacts:
    """Read a version 2 CRL (strict DER, at most 8 MiB, with nextUpdate and extensions); raises :class:`FormatFailure`."""
    if len(crl) > MAX_CRL:
        raise FormatFailure("CRL", f"must not be longer than {MAX_CRL} bytes")
    try:
        signed, element = signed_object(crl)
        tbs: _TbsList = element.parse(_TbsList)
        if tbs.version != 1 or full(tbs.signature) != signed.algorithm:
            raise ValueError("version must be 2 and the signature algorithm the same inside and outside")
        issuer = full(tbs.issuer)
        name_text(issuer)
        entries, critical = _entries(tbs.entries or [])
        return CrlFacts(issuer, epoch(tbs.this_update), epoch(tbs.next_update), entries, read_extensions(tbs.extensions), critical, signed)
    except ValueError as error:
        raise FormatFailure("CRL", f"must be a DER-encoded version 2 CRL (RFC 5280 §5.1): {error}") from error


def name_text(name_der: bytes) -> str:
    """RFC 4514 text of a DER Name; several attributes in one RDN and undecodable text are not of our profiles and raise ValueError."""
    parts: list[tuple[str, str]] = []
    for rdn in asn1.decode_der(_Name, der.sequence(name_der)).rdns:
        attributes = rdn.as_list()
        if len(attributes) != 1:
            raise ValueError("a relative distinguished name must hold one attribute")
        value = attributes[0].value
        if value.tag_bytes not in _TEXT_TAGS:
            raise ValueError("a name must be UTF8String, PrintableString or IA5String text")
        parts.append((attributes[0].type.dotted_string, bytes(value.data).decode()))
    name: Name = tuple(parts)
    return rfc4514(name)


def signed_object(data: bytes) -> tuple[SignedObject, asn1.TLV]:
    outer = asn1.decode_der(_Signed, data)
    if outer.tbs.tag_bytes != b"\x30":
        raise ValueError("the signed part must be a SEQUENCE")
    if outer.signature.padding_bits():
        raise ValueError("a signature value must be whole octets")
    return SignedObject(full(outer.tbs), full(outer.algorithm), outer.signature.as_bytes()), outer.tbs


def _check_certificate(tbs: _TbsCertificate, signed: SignedObject) -> None:
    if tbs.version != 2:
        raise ValueError("version must be 3")
    if tbs.serial <= 0 or tbs.serial.bit_length() > _MAX_SERIAL_BITS:
        raise ValueError("the serial number must be positive and at most 20 octets")
    if full(tbs.signature) != signed.algorithm:
        raise ValueError("the signature algorithm must be the same inside and outside")


def epoch(value: asn1.UTCTime | asn1.GeneralizedTime) -> int:
    return int(value.as_datetime().timestamp())


def read_extensions(extensions: Sequence[ExtensionSchema]) -> tuple[Extension, ...]:
    found = tuple(Extension(intern(extension.identifier.dotted_string), extension.critical, extension.value) for extension in extensions)
    if len({extension.identifier for extension in found}) != len(found):
        raise ValueError("an extension must not occur twice")
    return found


def _entries(entries: Sequence[_Entry]) -> tuple[dict[int, CrlEntry], frozenset[str]]:
    """Entries by serial, and the types of critical entry extensions; the same serial twice is malformed."""
    found: dict[int, CrlEntry] = {}
    critical: set[str] = set()
    for entry in entries:
        extensions = read_extensions(entry.extensions or [])
        critical.update(extension.identifier for extension in extensions if extension.critical)
        reason = _find(extensions, oids.REASON_CODE)
        number = 0 if reason is None else _enumerated(reason.value)
        if entry.serial in found:
            raise ValueError("a serial number must not be listed twice")
        found[entry.serial] = CrlEntry(entry.serial, epoch(entry.at), number)
    return found, frozenset(critical)


def _enumerated(value: bytes) -> int:
    if len(value) != 3 or value[:2] != b"\x0a\x01":
        raise ValueError("a reason code must be an ENUMERATED of one octet")
    return value[2]
