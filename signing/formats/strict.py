"""The strict reader of CMS SignedData: DER only, every attribute once with one value, nothing behind it.

It reads what CAdES allows at every level (several signers, attached content, unsigned attributes, revocation data); the narrower profile
of the bulk path is read by :mod:`signing.formats.cms`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from cryptography.hazmat import asn1

from signing import der, oids
from signing.algorithms import SHA256_IDENTIFIER
from signing.errors import FormatFailure
from signing.formats.ber import definite
from signing.formats.certificates import full
from signing.formats.claims import SignerClaim
from signing.formats.envelope import (
    MAX_ARTEFACTS,
    MAX_ATTRIBUTES,
    MAX_COUNTER_ELEMENTS,
    MAX_SIGNED_DATA,
    MAX_SIGNERS,
    MAX_VALUES,
    NEXT_COUNTER_SIGNATURES,
    OWN_READERS,
    SIGNED_ATTRIBUTES_RULE,
    Attribute,
    Envelope,
    SignerEnvelope,
    bounded_serial,
    digest_name,
    plain_algorithm,
    signature_name,
    signed_data_version,
)
from signing.formats.schemas import (
    AlgorithmProtection,
    Attributes,
    ContentInfo,
    Elements,
    EssCertificateId,
    EssCertificateIdOtherDigest,
    IssuerSerial,
    Moment,
    SignaturePolicyId,
    SignedData,
    SignerId,
    SignerInfo,
    SignerInfoWithoutAttributes,
    SigningCertificate,
    SigningCertificateV2,
)
from signing.formats.schemas import Attribute as AttributeSchema

Signed = Mapping[str, asn1.TLV]
EssEntry = tuple[str, bytes, bytes | None, int | None]
NO_SIGNING_CERTIFICATE = "signing-certificate-v2 or signing-certificate must be present (EN 319 122-1 §5.2.2)"
"""Refused here, where a profile is read; in a claim it is plain from what is not there, and the policy's affair."""
_CHOICES = {b"\x30", b"\xa0", b"\xa1", b"\xa2", b"\xa3"}
_SEQUENCE, _OCTETS, _OID, _NULL = b"\x30", b"\x04", b"\x06", b"\x05"


def read_envelope(data: bytes) -> Envelope:
    """Take one SignedData apart. Raises :class:`FormatFailure` naming place and rule for all that is not strict DER in good order."""
    if len(data) > MAX_SIGNED_DATA:
        raise FormatFailure("CMS", f"must not be longer than {MAX_SIGNED_DATA} bytes")
    # The decoder leaves open types unopened; what is BER inside them would be another thing to the next reader.
    whole = definite(data, OWN_READERS)
    for rule, clause in whole.deviations:
        raise FormatFailure("CMS", f"{rule} ({clause})")
    try:
        outer = asn1.decode_der(ContentInfo, data)
        if outer.content_type.dotted_string != oids.SIGNED_DATA:
            raise FormatFailure("ContentInfo", "contentType must be signedData (RFC 5652 §3)")
        return _envelope(outer.content)
    except ValueError as error:
        raise FormatFailure("CMS", f"must be the strict DER of SignedData (RFC 5652 §5.1, X.690 §10): {error}") from error


def _envelope(signed: SignedData) -> Envelope:
    content_type = signed.encapsulated.content_type.dotted_string
    certificates, revocation = _choices(signed.certificates, "certificates"), _choices(signed.crls, "crls")
    infos = signed.signer_infos.as_list()
    if not 0 < len(infos) <= MAX_SIGNERS:
        raise FormatFailure("SignedData", f"must hold one to {MAX_SIGNERS} SignerInfos, not {len(infos)}")
    if len(set(map(full, infos))) != len(infos):
        raise FormatFailure("SignedData", "the same SignerInfo must not stand twice")
    listed = tuple(map(full, signed.digest_algorithms.as_list()))
    signers = tuple(_signer(element, content_type, listed) for element in infos)
    versions = (3 if signer.claim.key_id is not None else 1 for signer in signers)
    if signed.version != signed_data_version(content_type, certificates, revocation, versions):
        raise FormatFailure("SignedData", "version must be what its parts ask for (RFC 5652 §5.1)")
    return Envelope(listed, content_type, signed.encapsulated.content, certificates, revocation, signers)


def _choices(elements: asn1.SetOf[asn1.TLV] | None, place: str) -> tuple[bytes, ...]:
    """CertificateChoices or RevocationInfoChoices, none twice."""
    if elements is None:
        return ()
    found = tuple(map(full, elements.as_list()))
    if not 0 < len(found) <= MAX_ARTEFACTS:
        raise FormatFailure("SignedData", f"{place} must hold one to {MAX_ARTEFACTS} elements where present")
    if len(set(found)) != len(found):
        raise FormatFailure("SignedData", f"the same element must not stand twice in {place}")
    if any(item[:1] not in _CHOICES for item in found):
        raise FormatFailure("SignedData", f"{place} holds something of no known kind (RFC 5652 §10.2)")
    return found


def read_counter_signature(encoded: bytes) -> SignerEnvelope:
    """Take one SignerInfo apart that stands as counter-signature, so without a content type (RFC 5652 §11.4).

    Raises :class:`FormatFailure`.
    """
    for rule, clause in definite(encoded, NEXT_COUNTER_SIGNATURES, MAX_COUNTER_ELEMENTS).deviations:
        raise FormatFailure("countersignature", f"{rule} ({clause})")
    try:
        (element,) = asn1.decode_der(Elements, der.sequence(der.sequence(encoded))).elements
        return _signer(element, "", None)
    except ValueError as error:
        raise FormatFailure("countersignature", f"must be the strict DER of SignerInfo (RFC 5652 §11.4, X.690 §10): {error}") from error


def _signer(element: asn1.TLV, content_type: str, listed: Sequence[bytes] | None) -> SignerEnvelope:
    """``content_type`` is empty, and no digest ``listed``, for a counter-signature."""
    info = _signer_info(element)
    issuer, serial, key_id = _identifier(info.signer)
    if info.version != (1 if key_id is None else 3):
        raise FormatFailure("SignerInfo", "version must be 1 for issuer and serial number, 3 for a key identifier (RFC 5652 §5.3)")
    digest_encoded, signature_encoded = full(info.digest_algorithm), full(info.signature_algorithm)
    if listed is not None and digest_encoded not in listed:
        raise FormatFailure("SignedData", "digestAlgorithms must list the signer's digestAlgorithm (RFC 5652 §5.1)")
    if signature_encoded[2:].startswith(der.oid(oids.RSA_ENCRYPTION)):
        raise FormatFailure("SignerInfo", "signatureAlgorithm must name its digest, not be rsaEncryption (RFC 5754 §3.2)")
    raw = full(info.signed_attributes)
    attributes = _signed_attributes(raw)
    digest = digest_name(digest_encoded)
    claim = SignerClaim(
        issuer,
        serial,
        key_id,
        digest,
        signature_name(digest, signature_encoded),
        info.signature,
        content_type,
        _content_type(attributes, content_type),
        _message_digest(attributes),
        b"\x31" + raw[1:],
        _ess(attributes),
        _algorithm_protection(attributes, digest_encoded, signature_encoded),
        _policy(attributes),
        _signing_time(attributes),
    )
    fields = (der.integer(info.version), full(info.signer), digest_encoded, raw, signature_encoded, der.octet_string(info.signature))
    stamp = attributes.get(oids.CONTENT_TIME_STAMP)
    return SignerEnvelope(claim, fields, _unsigned(info), () if stamp is None else (full(stamp),))


def _signer_info(element: asn1.TLV) -> SignerInfo:
    """Decode the SignerInfo; one without signedAttrs is told apart, because that is the shape of a known forgery."""
    if element.tag_bytes != _SEQUENCE:
        raise FormatFailure("SignerInfo", "must be a SEQUENCE (RFC 5652 §5.3)")
    try:
        signer: SignerInfo = element.parse(SignerInfo)
    except ValueError:
        element.parse(SignerInfoWithoutAttributes)
        raise FormatFailure("SignerInfo", SIGNED_ATTRIBUTES_RULE) from None
    if signer.signed_attributes.tag_bytes != b"\xa0":
        raise FormatFailure("SignerInfo", SIGNED_ATTRIBUTES_RULE)
    return signer


def _identifier(element: asn1.TLV) -> tuple[bytes | None, int | None, bytes | None]:
    if element.tag_bytes == b"\x80":
        return None, None, bytes(element.data)
    if element.tag_bytes != _SEQUENCE:
        raise FormatFailure("SignerInfo", "the signer must be named by issuer and serial number or key identifier (RFC 5652 §5.3)")
    signer: SignerId = element.parse(SignerId)
    return full(signer.issuer), bounded_serial(signer.serial), None


def _signed_attributes(raw: bytes) -> dict[str, asn1.TLV]:
    """Signed attributes by type: no type twice, one value each (RFC 5652 §5.3, §11), in DER order."""
    signed = asn1.decode_der(Attributes, der.sequence(b"\x31" + raw[1:])).attributes.as_list()
    if not 0 < len(signed) <= MAX_ATTRIBUTES:
        raise FormatFailure("signedAttrs", f"must hold one to {MAX_ATTRIBUTES} attributes")
    found: dict[str, asn1.TLV] = {}
    for attribute in signed:
        values, kind = attribute.values.as_list(), attribute.type.dotted_string
        if len(values) != 1:
            raise FormatFailure("signedAttrs", f"attribute {kind} must have exactly one value")
        if kind in found:
            raise FormatFailure("signedAttrs", f"attribute {kind} must not occur twice")
        found[kind] = values[0]
    return found


def _unsigned(info: SignerInfo) -> tuple[Attribute, ...]:
    """Unsigned attributes in their order; a type may occur again (each archive-time-stamp-v3 is an attribute of its own)."""
    if info.unsigned_attributes is None:
        return ()
    elements = info.unsigned_attributes.as_list()
    if not 0 < len(elements) <= MAX_ATTRIBUTES:
        raise FormatFailure("unsignedAttrs", f"must hold one to {MAX_ATTRIBUTES} attributes where present")
    found = []
    for element in elements:
        if element.tag_bytes != _SEQUENCE:
            raise FormatFailure("unsignedAttrs", "an attribute must be a SEQUENCE (RFC 5652 §5.3)")
        attribute: AttributeSchema = element.parse(AttributeSchema)
        values = tuple(map(full, attribute.values.as_list()))
        if not 0 < len(values) <= MAX_VALUES:
            raise FormatFailure("unsignedAttrs", f"an attribute must have one to {MAX_VALUES} values (RFC 5652 §5.3)")
        found.append(Attribute(attribute.type.dotted_string, values))
    return tuple(found)


def _content_type(attributes: Signed, content_type: str) -> str | None:
    value = attributes.get(oids.CONTENT_TYPE)
    if not content_type:
        if value is not None:
            raise FormatFailure("signedAttrs", "a counter-signature must have no content-type (RFC 5652 §11.4)")
        return None
    if value is None or value.tag_bytes != _OID:
        raise FormatFailure("signedAttrs", "content-type must be present (RFC 5652 §11.1)")
    if full(value) != der.oid(content_type):
        raise FormatFailure("signedAttrs", "content-type must equal eContentType (RFC 5652 §5.6, §11.1)")
    return content_type


def _message_digest(attributes: Signed) -> bytes:
    value = attributes.get(oids.MESSAGE_DIGEST)
    if value is None or value.tag_bytes != _OCTETS:
        raise FormatFailure("signedAttrs", "message-digest must be present and an OCTET STRING (RFC 5652 §11.2)")
    return bytes(value.data)


def _ess(attributes: Signed) -> tuple[EssEntry, ...]:
    """What signing-certificate-v2 and version 1 name, version 2 first; one of them must be there (EN 319 122-1 §5.2.2)."""
    second, first = attributes.get(oids.SIGNING_CERTIFICATE_V2), attributes.get(oids.SIGNING_CERTIFICATE)
    if second is None and first is None:
        raise FormatFailure("signedAttrs", NO_SIGNING_CERTIFICATE)
    found: list[EssEntry] = []
    if second is not None:
        identifiers: SigningCertificateV2 = _sequence(second, "signing-certificate-v2").parse(SigningCertificateV2)
        found += [_ess_entry(item) for item in identifiers.certificates]
    if first is not None:
        named: SigningCertificate = _sequence(first, "signing-certificate").parse(SigningCertificate)
        found += [("sha1", item.digest, *_issuer_serial(item.issuer_serial)) for item in named.certificates]
    if not found or len(found) > MAX_VALUES:
        raise FormatFailure("signing-certificate", f"must name one to {MAX_VALUES} certificates, the signer's first (RFC 5035 §3)")
    return tuple(found)


def _ess_entry(element: asn1.TLV) -> EssEntry:
    _sequence(element, "signing-certificate-v2")
    try:
        identifier: EssCertificateId = element.parse(EssCertificateId)
    except ValueError:
        other: EssCertificateIdOtherDigest = element.parse(EssCertificateIdOtherDigest)
        algorithm = full(_sequence(other.digest_algorithm, "signing-certificate-v2"))
        if algorithm == SHA256_IDENTIFIER:
            raise FormatFailure("signing-certificate-v2", "SHA-256 is the default and must be left out (X.690 §11.5)") from None
        return (digest_name(algorithm), other.digest, *_issuer_serial(other.issuer_serial))
    return ("sha256", identifier.digest, *_issuer_serial(identifier.issuer_serial))


def _issuer_serial(value: IssuerSerial | None) -> tuple[bytes | None, int | None]:
    if value is None:
        return None, None
    if len(value.issuer) != 1 or value.issuer[0].tag_bytes != b"\xa4":
        raise FormatFailure("signing-certificate", "issuerSerial must name the issuer by one directoryName (RFC 5035 §3)")
    return bytes(value.issuer[0].data), bounded_serial(value.serial)


def _algorithm_protection(attributes: Signed, digest: bytes, signature: bytes) -> bool | None:
    """Whether CMSAlgorithmProtection names the SignerInfo's algorithms (RFC 6211 §3)."""
    value = attributes.get(oids.CMS_ALGORITHM_PROTECTION)
    if value is None:
        return None
    protection: AlgorithmProtection = _sequence(value, "CMSAlgorithmProtection").parse(AlgorithmProtection)
    if protection.signature_algorithm is None or protection.mac_algorithm is not None:
        return False
    _sequence(protection.digest_algorithm, "CMSAlgorithmProtection")
    named = der.sequence(*map(full, protection.signature_algorithm))
    return (plain_algorithm(full(protection.digest_algorithm)), plain_algorithm(named)) == (
        plain_algorithm(digest),
        plain_algorithm(signature),
    )


def _policy(attributes: Signed) -> str | None:
    value = attributes.get(oids.SIGNATURE_POLICY_IDENTIFIER)
    if value is None or value.tag_bytes == _NULL:
        return None
    policy: SignaturePolicyId = _sequence(value, "signature-policy-identifier").parse(SignaturePolicyId)
    return policy.policy.dotted_string


def _signing_time(attributes: Signed) -> datetime | None:
    value = attributes.get(oids.SIGNING_TIME)
    return None if value is None else asn1.decode_der(Moment, der.sequence(full(value))).at.as_datetime()


def _sequence(element: asn1.TLV, place: str) -> asn1.TLV:
    if element.tag_bytes != _SEQUENCE:
        raise FormatFailure(place, "must be a SEQUENCE")
    return element
