"""CAdES-B signatures in CMS SignedData (RFC 5652, ETSI EN 319 122-1): written from byte templates, read by a strict decoder.

The decoder is ``cryptography.hazmat.asn1`` (strict DER); its schemas stay in this package because upstream does not promise to keep them
stable. One profile is written and read: detached content of type *data*, one SignerInfo named by issuer and serial number, signed
attributes content-type, message-digest and signing-certificate-v2 required, no unsigned attributes, no CRLs. What else may stand in a CMS
is refused with its rule.
"""

from __future__ import annotations

from collections.abc import Sequence

from cryptography import x509
from cryptography.hazmat import asn1

from signing import der, oids
from signing.algorithms import CMS_SIGNATURES, DIGESTS, SHA256_IDENTIFIER, SignatureAlgorithm
from signing.errors import FormatFailure
from signing.formats.certificates import certificate_facts, full
from signing.formats.message import Shape, Shapes, SignedMessage, SignerNamed
from signing.formats.schemas import (
    Attributes,
    ContentInfo,
    EssCertificateId,
    EssCertificateIdOtherDigest,
    IssuerSerial,
    SignedData,
    SignerId,
    SignerInfo,
    SignerInfoWithoutAttributes,
    SigningCertificateV2,
)
from signing.keys import Purpose
from signing.pki.issue import Holder

MAX_CMS = 64 * 1024
"""Longest CMS read, in bytes: several certificates of the field's profile fit many times over."""

_MAX_ATTRIBUTES = 16
_MAX_CERTIFICATES = 8
_DATA = der.oid(oids.DATA)
_SIGNED_DATA = der.oid(oids.SIGNED_DATA)
_VERSION_1 = der.integer(1)
_DIGEST_HOLE = bytes(32)
_CONTENT_TYPE_ATTRIBUTE = der.sequence(der.oid(oids.CONTENT_TYPE), der.tlv(der.SET, _DATA))
_DIGEST_ATTRIBUTE_HEAD = der.sequence(der.oid(oids.MESSAGE_DIGEST), der.tlv(der.SET, der.octet_string(_DIGEST_HOLE)))[:-32]
_SHAPES = Shapes(_CONTENT_TYPE_ATTRIBUTE + _DIGEST_ATTRIBUTE_HEAD)


def signing_certificate_attribute(certificate: bytes) -> bytes:
    """signing-certificate-v2 (RFC 5035 §3): SHA-256 is DEFAULT and left out; issuerSerial names the issuer as directoryName."""
    facts = certificate_facts(certificate)
    issuer_serial = der.sequence(der.sequence(der.context(4, facts.issuer)), der.integer(facts.serial))
    identifier = der.sequence(der.octet_string(facts.sha256), issuer_serial)
    value = der.sequence(der.sequence(identifier))
    return der.sequence(der.oid(oids.SIGNING_CERTIFICATE_V2), der.tlv(der.SET, value))


class CadesTemplate:
    """The constant bytes of every CAdES-B signature by one certificate with one algorithm; only digest and signature vary.

    A reader can rebuild a signature from a certificate, a digest and a signature value and compare all bytes.
    """

    __slots__ = ("_algorithm", "_attributes_head", "_attributes_tail", "_certificates", "_shells", "_signer")

    def __init__(self, certificate: bytes, embedded: Sequence[bytes], algorithm: SignatureAlgorithm) -> None:
        facts = certificate_facts(certificate)
        # DER order of the SET OF is the order of lengths here: 26, 49 and more than 100 bytes.
        tail = signing_certificate_attribute(certificate)
        attributes = der.tlv(der.SET, _CONTENT_TYPE_ATTRIBUTE, _DIGEST_ATTRIBUTE_HEAD, _DIGEST_HOLE, tail)
        self._attributes_head = attributes[: len(attributes) - len(tail) - 32]
        self._attributes_tail = tail
        self._certificates = der.tlv(0xA0, *sorted(embedded)) if embedded else b""
        self._signer = der.sequence(facts.issuer, der.integer(facts.serial))
        self._algorithm = algorithm
        self._shells: dict[int, tuple[bytes, bytes]] = {}

    def attributes(self, content_sha256: bytes) -> bytes:
        """The bytes to be signed: DER of the SET OF signed attributes (RFC 5652 §5.4)."""
        return self._attributes_head + content_sha256 + self._attributes_tail

    def assemble(self, content_sha256: bytes, signature: bytes) -> bytes:
        """The whole CMS around a digest (32 bytes) and a signature value."""
        shell = self._shells.get(len(signature)) or self._shell(len(signature))
        return shell[0] + content_sha256 + shell[1] + signature

    def size(self, signature_size: int) -> int:
        """Length of the CMS for a signature value of that many bytes."""
        head, middle = self._shell(signature_size)
        return len(head) + 32 + len(middle) + signature_size

    def _shell(self, signature_size: int) -> tuple[bytes, bytes]:
        """What stands before the digest and between digest and signature, for one signature length; kept, there are few."""
        attributes = b"\xa0" + self.attributes(_DIGEST_HOLE)[1:]
        signer_info = der.sequence(
            _VERSION_1,
            self._signer,
            SHA256_IDENTIFIER,
            attributes,
            self._algorithm.encoded,
            der.octet_string(bytes(signature_size)),
        )
        signed_data = der.sequence(
            _VERSION_1,
            der.tlv(der.SET, SHA256_IDENTIFIER),
            der.sequence(_DATA),
            self._certificates,
            der.tlv(der.SET, signer_info),
        )
        whole = der.sequence(_SIGNED_DATA, der.context(0, signed_data))
        middle = len(self._attributes_tail) + len(self._algorithm.encoded) + len(der.octet_string(bytes(signature_size))) - signature_size
        hole = len(whole) - signature_size - middle - 32
        shell = (whole[:hole], whole[hole + 32 : len(whole) - signature_size])
        self._shells[signature_size] = shell
        return shell


class CadesSigner:
    """Signs digests with a holder's key as detached CAdES-B.

    ``embed_certificates=False`` leaves certificates out, for receivers that know the signer (receipts); otherwise the holder's and the
    issuing authority's certificate are carried, the anchor never. ``leaf_only`` carries the holder's alone, as many tools of the field do:
    the verifier must know the authority. ``purpose`` is what every raw signature is counted as.
    """

    __slots__ = ("_key", "holder", "max_size", "purpose", "template")

    def __init__(self, holder: Holder, *, embed_certificates: bool = True, leaf_only: bool = False, purpose: Purpose) -> None:
        embedded = (holder.certificate_der, *([] if leaf_only else holder.issuer_chain[:1])) if embed_certificates else ()
        self.holder = holder
        self.purpose = purpose
        self.template = CadesTemplate(holder.certificate_der, embedded, holder.key.algorithm)
        self.max_size: int = self.template.size(holder.key.max_signature_size)
        """Upper bound of ``len(sign(...))`` in bytes."""
        self._key = holder.key

    def sign(self, content_sha256: bytes) -> bytes:
        """Sign the SHA-256 digest (32 bytes) of detached content: DER of a CMS SignedData; one raw signature."""
        template = self.template
        signature = self._key.sign(template.attributes(content_sha256), self.purpose)
        return template.assemble(content_sha256, signature)


_OID_DATA = x509.ObjectIdentifier(oids.DATA)
_OID_SIGNED_DATA = x509.ObjectIdentifier(oids.SIGNED_DATA)
_OID_CONTENT_TYPE = x509.ObjectIdentifier(oids.CONTENT_TYPE)
_OID_MESSAGE_DIGEST = x509.ObjectIdentifier(oids.MESSAGE_DIGEST)
_OID_SIGNING_CERTIFICATE_V2 = x509.ObjectIdentifier(oids.SIGNING_CERTIFICATE_V2)
_OID_ALGORITHM_PROTECTION = x509.ObjectIdentifier(oids.CMS_ALGORITHM_PROTECTION)
_DATA_VALUE = _DATA[2:]
_SIGNED_ATTRIBUTES_RULE = "signedAttrs must be present (EN 319 122-1 §5.1.1; draft-ietf-lamps-cms-euf-cma-signeddata)"


def parse_cms(data: bytes) -> SignedMessage:
    """Read a detached CAdES-B signature strictly; raises :class:`FormatFailure` naming place and rule for every other sequence of bytes.

    A signature that repeats one decoded before in all but digest and signature value is not decoded again (see ``message``).
    """
    return _SHAPES.read(data) or decode_cms(data)


def known_shape(data: bytes) -> Shape | None:
    """What a signature has in common with others by its certificate that were decoded before; ``None`` where it must be decoded."""
    return _SHAPES.find(data)


def decode_cms(data: bytes) -> SignedMessage:
    """As :func:`parse_cms`, always by the decoder; the shape is kept for the next signature of the same signer."""
    if len(data) > MAX_CMS:
        raise FormatFailure("CMS", f"must not be longer than {MAX_CMS} bytes")
    try:
        outer = asn1.decode_der(ContentInfo, data)
        signer = _only_signer(outer)
        algorithms = _algorithms(outer.content, signer)
        attributes = _attributes(signer.signed_attributes)
        issuer, serial = _signer_identifier(signer.signer)
        digest, attribute_bytes = _message_digest(attributes), b"\x31" + full(signer.signed_attributes)[1:]
        ess = _signing_certificate(attributes)
        ess_issuer_serial, certificates = _issuer_serial(ess.issuer_serial), _certificates(outer.content)
        named = SignerNamed(ess.digest, *ess_issuer_serial, issuer, serial, *algorithms, certificates)
        message = SignedMessage(digest, attribute_bytes, signer.signature, named)
    except ValueError as error:
        raise FormatFailure("CMS", f"must be the strict DER of one detached CAdES-B signature (RFC 5652, X.690 §10): {error}") from error
    _SHAPES.keep(data, message, full(signer.signature_algorithm))
    return message


def _only_signer(outer: ContentInfo) -> SignerInfo:
    """Versions, content type and the one SignerInfo (RFC 5652 §5.1, §5.3)."""
    if outer.content_type != _OID_SIGNED_DATA:
        raise FormatFailure("ContentInfo", "contentType must be signedData (RFC 5652 §3)")
    signed = outer.content
    if signed.version != 1:
        raise FormatFailure("SignedData", "version must be 1 for data signed by issuer and serial number (RFC 5652 §5.1)")
    if signed.encapsulated.content_type != _OID_DATA:
        raise FormatFailure("SignedData", "eContentType must be data")
    if signed.encapsulated.content is not None:
        raise FormatFailure("SignedData", "the signature must be detached: eContent must be absent (RFC 5652 §5.2)")
    if signed.crls is not None:
        raise FormatFailure("SignedData", "crls must be absent: revocation data are no part of a B-level signature")
    signers = signed.signer_infos.as_list()
    if len(signers) != 1:
        raise FormatFailure("SignedData", f"exactly one SignerInfo is accepted, not {len(signers)}")
    signer = _signer_info(signers[0])
    if signer.version != 1:
        raise FormatFailure("SignerInfo", "version must be 1, the signer named by issuer and serial number (RFC 5652 §5.3)")
    if signer.signed_attributes.tag_bytes != b"\xa0":
        raise FormatFailure("SignerInfo", _SIGNED_ATTRIBUTES_RULE)
    if signer.unsigned_attributes is not None:
        raise FormatFailure("SignerInfo", "unsigned attributes must be absent in a B-level signature")
    return signer


def _signer_info(element: asn1.TLV) -> SignerInfo:
    """Decode the SignerInfo; one without signedAttrs is told apart, because that is the shape of a known forgery."""
    if element.tag_bytes != b"\x30":
        raise FormatFailure("SignerInfo", "must be a SEQUENCE (RFC 5652 §5.3)")
    try:
        signer: SignerInfo = element.parse(SignerInfo)
    except ValueError:
        element.parse(SignerInfoWithoutAttributes)
        raise FormatFailure("SignerInfo", _SIGNED_ATTRIBUTES_RULE) from None
    return signer


def _algorithms(signed: SignedData, signer: SignerInfo) -> tuple[str, str]:
    """Digest and signature algorithm by name; SignedData, SignerInfo and signature algorithm must name one digest (RFC 5652 §5.4)."""
    digest_bytes = full(signer.digest_algorithm)
    listed = signed.digest_algorithms.as_list()
    if len(listed) != 1 or full(listed[0]) != digest_bytes:
        raise FormatFailure("SignedData", "digestAlgorithms must hold exactly the signer's digestAlgorithm (RFC 5652 §5.1)")
    signature_bytes = full(signer.signature_algorithm)
    digest = DIGESTS.get(digest_bytes, "")
    name = CMS_SIGNATURES.get((digest, signature_bytes), "")
    return digest or f"unknown:{digest_bytes.hex()}", name or f"unknown:{digest_bytes.hex()}:{signature_bytes.hex()}"


def _signer_identifier(element: asn1.TLV) -> tuple[bytes, int]:
    """issuerAndSerialNumber as DER name and number."""
    if element.tag_bytes != b"\x30":
        raise FormatFailure("SignerInfo", "the signer must be named by issuerAndSerialNumber (RFC 5652 §5.3)")
    signer: SignerId = element.parse(SignerId)
    return full(signer.issuer), signer.serial


def _attributes(element: asn1.TLV) -> dict[x509.ObjectIdentifier, asn1.TLV]:
    """Signed attributes by type: at most 16, no type twice, one value each (RFC 5652 §5.3, §11), in DER order."""
    signed = asn1.decode_der(Attributes, der.sequence(b"\x31" + full(element)[1:])).attributes.as_list()
    if len(signed) > _MAX_ATTRIBUTES:
        raise FormatFailure("signedAttrs", f"must not hold more than {_MAX_ATTRIBUTES} attributes")
    found: dict[x509.ObjectIdentifier, asn1.TLV] = {}
    for attribute in signed:
        values = attribute.values.as_list()
        if len(values) != 1:
            raise FormatFailure("signedAttrs", f"attribute {attribute.type.dotted_string} must have exactly one value")
        if attribute.type in found:
            raise FormatFailure("signedAttrs", f"attribute {attribute.type.dotted_string} must not occur twice")
        found[attribute.type] = values[0]
    return found


def _message_digest(attributes: dict[x509.ObjectIdentifier, asn1.TLV]) -> bytes:
    """The message-digest value, after content-type has been checked; attributes that change a signature's meaning are refused."""
    content_type = attributes.get(_OID_CONTENT_TYPE)
    if content_type is None:
        raise FormatFailure("signedAttrs", "content-type must be present (RFC 5652 §11.1)")
    if content_type.tag_bytes != b"\x06" or content_type.data != _DATA_VALUE:
        raise FormatFailure("signedAttrs", "content-type must equal eContentType, data (RFC 5652 §5.6, §11.1)")
    if _OID_ALGORITHM_PROTECTION in attributes:
        raise FormatFailure("signedAttrs", "CMSAlgorithmProtection is not part of the accepted profile (RFC 6211)")
    digest = attributes.get(_OID_MESSAGE_DIGEST)
    if digest is None or digest.tag_bytes != b"\x04":
        raise FormatFailure("signedAttrs", "message-digest must be present and an OCTET STRING (RFC 5652 §11.2)")
    return bytes(digest.data)


def _signing_certificate(attributes: dict[x509.ObjectIdentifier, asn1.TLV]) -> EssCertificateId:
    """The first ESSCertIDv2, whose digest must be SHA-256 by default (RFC 5035 §3; EN 319 122-1 §5.2.2.3)."""
    element = attributes.get(_OID_SIGNING_CERTIFICATE_V2)
    if element is None:
        raise FormatFailure("signedAttrs", "signing-certificate-v2 must be present (EN 319 122-1 §5.2.2)")
    if element.tag_bytes != b"\x30":
        raise FormatFailure("signing-certificate-v2", "must be a SEQUENCE (RFC 5035 §3)")
    signing: SigningCertificateV2 = element.parse(SigningCertificateV2)
    if signing.policies is not None:
        raise FormatFailure("signing-certificate-v2", "must not carry policies")
    if not signing.certificates or signing.certificates[0].tag_bytes != b"\x30":
        raise FormatFailure("signing-certificate-v2", "must name the signing certificate first (RFC 5035 §3)")
    try:
        identifier: EssCertificateId = signing.certificates[0].parse(EssCertificateId)
    except ValueError:
        signing.certificates[0].parse(EssCertificateIdOtherDigest)
        raise FormatFailure(
            "signing-certificate-v2", "must use SHA-256, left out as DER demands of a default value (RFC 5035 §3, X.690 §11.5)"
        ) from None
    if len(identifier.digest) != 32:
        raise FormatFailure("signing-certificate-v2", "certHash must be a SHA-256 value of 32 bytes (RFC 5035 §3)")
    return identifier


def _issuer_serial(value: IssuerSerial | None) -> tuple[bytes | None, int | None]:
    """Issuer name (the one directoryName of GeneralNames) and serial of the signing certificate attribute, when given."""
    if value is None:
        return None, None
    if len(value.issuer) != 1 or value.issuer[0].tag_bytes != b"\xa4":
        raise FormatFailure("signing-certificate-v2", "issuerSerial must name the issuer by one directoryName (RFC 5035 §3)")
    return bytes(value.issuer[0].data), value.serial


def _certificates(signed: SignedData) -> tuple[bytes, ...]:
    """Embedded certificates, at most 8, each a plain X.509 certificate."""
    if signed.certificates is None:
        return ()
    elements = signed.certificates.as_list()
    if len(elements) > _MAX_CERTIFICATES:
        raise FormatFailure("SignedData", f"must not embed more than {_MAX_CERTIFICATES} certificates")
    if any(element.tag_bytes != b"\x30" for element in elements):
        raise FormatFailure("SignedData", "only X.509 certificates may be embedded (RFC 5652 §10.2.2)")
    certificates = tuple(full(element) for element in elements)
    if len(set(certificates)) != len(certificates):
        raise FormatFailure("SignedData", "the same certificate must not be embedded twice")
    return certificates


def looks_like_signed_attributes(content: bytes) -> bool:
    """Whether content is itself the DER of signed attributes: then a signature over attributes would pass for one over content."""
    if not content.startswith(b"\x31") or len(content) > MAX_CMS:
        return False
    try:
        attributes = asn1.decode_der(Attributes, der.sequence(content)).attributes.as_list()
    except ValueError:
        return False
    return any(attribute.type == _OID_MESSAGE_DIGEST for attribute in attributes)
