"""CMS as the strict decoder sees it (RFC 5652, RFC 5035): schemas for ``cryptography.hazmat.asn1``, which upstream may change.

What has open types or is a CHOICE stays an opaque TLV and is looked at by its reader.
"""

from __future__ import annotations

from typing import Annotated

from cryptography import x509
from cryptography.hazmat import asn1


@asn1.sequence
class Encapsulated:
    content_type: x509.ObjectIdentifier
    content: Annotated[bytes | None, asn1.Explicit(0)]


@asn1.sequence
class SignerId:
    issuer: asn1.TLV
    serial: int


@asn1.sequence
class SignerInfo:
    version: int
    signer: asn1.TLV
    digest_algorithm: asn1.TLV
    signed_attributes: asn1.TLV
    signature_algorithm: asn1.TLV
    signature: bytes
    unsigned_attributes: Annotated[asn1.SetOf[asn1.TLV] | None, asn1.Implicit(1)]


@asn1.sequence
class SignerInfoWithoutAttributes:
    version: int
    signer: asn1.TLV
    digest_algorithm: asn1.TLV
    signature_algorithm: asn1.TLV
    signature: bytes
    unsigned_attributes: Annotated[asn1.SetOf[asn1.TLV] | None, asn1.Implicit(1)]


@asn1.sequence
class SignedData:
    version: int
    digest_algorithms: asn1.SetOf[asn1.TLV]
    encapsulated: Encapsulated
    certificates: Annotated[asn1.SetOf[asn1.TLV] | None, asn1.Implicit(0)]
    crls: Annotated[asn1.SetOf[asn1.TLV] | None, asn1.Implicit(1)]
    signer_infos: asn1.SetOf[asn1.TLV]


@asn1.sequence
class ContentInfo:
    content_type: x509.ObjectIdentifier
    content: Annotated[SignedData, asn1.Explicit(0)]


@asn1.sequence
class Attribute:
    type: x509.ObjectIdentifier
    values: asn1.SetOf[asn1.TLV]


@asn1.sequence
class Attributes:
    """A SEQUENCE around the SET, since the decoder wants a class at the root."""

    attributes: asn1.SetOf[Attribute]


@asn1.sequence
class IssuerSerial:
    issuer: list[asn1.TLV]
    serial: int


@asn1.sequence
class EssCertificateId:
    digest: bytes
    issuer_serial: IssuerSerial | None


@asn1.sequence
class EssCertificateIdOtherDigest:
    digest_algorithm: asn1.TLV
    digest: bytes
    issuer_serial: IssuerSerial | None


@asn1.sequence
class SigningCertificateV2:
    certificates: list[asn1.TLV]
    policies: list[asn1.TLV] | None


@asn1.sequence
class SigningCertificate:
    """Version 1 (RFC 2634 §5.4): as version 2, every digest SHA-1."""

    certificates: list[EssCertificateId]
    policies: list[asn1.TLV] | None


@asn1.sequence
class Moment:
    """A SEQUENCE around a Time, since the decoder wants a class at the root."""

    at: asn1.UTCTime | asn1.GeneralizedTime


@asn1.sequence
class SignaturePolicyId:
    policy: x509.ObjectIdentifier
    digest: list[asn1.TLV] | None
    qualifiers: list[asn1.TLV] | None


@asn1.sequence
class AlgorithmProtection:
    digest_algorithm: asn1.TLV
    signature_algorithm: Annotated[list[asn1.TLV] | None, asn1.Implicit(1)]
    mac_algorithm: Annotated[list[asn1.TLV] | None, asn1.Implicit(2)]


@asn1.sequence
class OtherRevocation:
    """[1] IMPLICIT OtherRevocationInfoFormat, its tag turned into SEQUENCE (RFC 5652 §10.2.1)."""

    format: x509.ObjectIdentifier
    value: asn1.TLV


@asn1.sequence
class RevocationValues:
    """EN 319 122-1 annex A.1.2, explicit tags."""

    crls: Annotated[list[asn1.TLV] | None, asn1.Explicit(0)]
    ocsps: Annotated[list[asn1.TLV] | None, asn1.Explicit(1)]
    other: Annotated[list[asn1.TLV] | None, asn1.Explicit(2)]


@asn1.sequence
class HashIndex:
    """ATSHashIndexV3 (EN 319 122-1 §5.5.2)."""

    algorithm: asn1.TLV
    certificates: list[bytes]
    crls: list[bytes]
    attributes: list[bytes]


@asn1.sequence
class Elements:
    """A SEQUENCE around a SEQUENCE OF anything, since the decoder wants a class at the root."""

    elements: list[asn1.TLV]
