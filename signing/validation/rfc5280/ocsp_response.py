"""OCSP responses as read (RFC 6960 §4.2): OCSPResponse or the BasicOCSPResponse in it, strict DER, bounded; facts, no judgement."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Annotated

from cryptography import x509
from cryptography.hazmat import asn1

from signing import der, oids
from signing.errors import FormatFailure
from signing.formats.certificates import ExtensionSchema, SignedObject, epoch, full, read_extensions
from signing.formats.elements import elements
from signing.formats.envelope import MAX_SERIAL_BITS
from signing.validation.rfc5280 import extensions as read
from signing.validation.rfc5280.names import prepared

MAX_OCSP = 256 * 1024
MAX_SINGLE_RESPONSES = 128
MAX_CERTIFICATES = 16
GOOD, REVOKED, UNKNOWN = "good", "revoked", "unknown"
_DIGESTS = {oids.SHA1: "sha1", oids.SHA224: "sha224", oids.SHA256: "sha256", oids.SHA384: "sha384", oids.SHA512: "sha512"}


@asn1.sequence
class _Identifier:
    algorithm: x509.ObjectIdentifier
    parameters: asn1.Null | None


@asn1.sequence
class _CertId:
    algorithm: _Identifier
    name_hash: bytes
    key_hash: bytes
    serial: int


@asn1.sequence
class _Single:
    certificate: _CertId
    status: asn1.TLV
    this_update: asn1.GeneralizedTime
    next_update: Annotated[asn1.GeneralizedTime | None, asn1.Explicit(0)]
    extensions: Annotated[list[ExtensionSchema] | None, asn1.Explicit(1)]


@asn1.sequence
class _ResponseData:
    version: Annotated[int, asn1.Explicit(0), asn1.Default(0)]
    responder: asn1.TLV
    produced_at: asn1.GeneralizedTime
    responses: list[_Single]
    extensions: Annotated[list[ExtensionSchema] | None, asn1.Explicit(1)]


@asn1.sequence
class _Basic:
    tbs: asn1.TLV
    algorithm: asn1.TLV
    signature: asn1.BitString
    certificates: Annotated[list[asn1.TLV] | None, asn1.Explicit(0)]


@asn1.sequence
class _ResponseBytes:
    type: x509.ObjectIdentifier
    response: bytes


@asn1.sequence
class _Response:
    status: asn1.TLV
    content: Annotated[_ResponseBytes | None, asn1.Explicit(0)]


@dataclass(frozen=True, slots=True)
class SingleResponse:
    """What a response says about one certificate; instants are epoch seconds.

    ``digest`` names the hash of ``name_hash`` and ``key_hash``, empty when it is not known. ``archive_cutoff``: certificates that expired
    at or after this instant are still answered for (RFC 6960 §4.4.4). ``unknown_critical`` are types of critical extensions.
    """

    digest: str
    name_hash: bytes
    key_hash: bytes
    serial: int
    status: str
    revoked_at: int | None
    reason: int
    this_update: int
    next_update: int | None
    archive_cutoff: int | None
    invalid_since: int | None
    unknown_critical: frozenset[str]


@dataclass(frozen=True, slots=True, eq=False)
class OcspResponse:
    """A response as read: responder by DER name or by SHA-1 of its key, instants in epoch seconds, embedded certificates as DER."""

    der: bytes
    sha256: bytes
    responder_name: bytes | None
    responder_key: bytes | None
    produced_at: int
    responses: tuple[SingleResponse, ...]
    certificates: tuple[bytes, ...]
    signed: SignedObject
    unknown_critical: frozenset[str]


def read_ocsp(response: bytes) -> OcspResponse:
    """Read a successful OCSPResponse or a BasicOCSPResponse (strict DER, at most 256 KiB); raises :class:`FormatFailure`."""
    if len(response) > MAX_OCSP:
        raise FormatFailure("OCSP response", f"must not be longer than {MAX_OCSP} bytes")
    try:
        return _basic(response, _basic_bytes(response))
    except ValueError as error:
        raise FormatFailure("OCSP response", f"must be a DER-encoded basic OCSP response (RFC 6960 §4.2.1): {error}") from error


def _basic_bytes(response: bytes) -> bytes:
    """The BasicOCSPResponse: what an OCSPResponse holds, or the bytes themselves."""
    ((tag, content),) = elements(response)
    if tag != der.SEQUENCE or not content or content[0] != 0x0A:
        return response
    outer = asn1.decode_der(_Response, response)
    if bytes(outer.status.data) != b"\x00":
        raise ValueError("the responder answered with an error")
    if outer.content is None or outer.content.type.dotted_string != oids.OCSP_BASIC:
        raise ValueError("only basic responses are read")
    return outer.content.response


def _basic(response: bytes, basic: bytes) -> OcspResponse:
    outer = asn1.decode_der(_Basic, basic)
    if outer.tbs.tag_bytes != b"\x30" or outer.signature.padding_bits():
        raise ValueError("response data are a SEQUENCE, a signature is whole octets")
    data: _ResponseData = outer.tbs.parse(_ResponseData)
    certificates = outer.certificates or []
    if data.version != 0 or not 1 <= len(data.responses) <= MAX_SINGLE_RESPONSES or len(certificates) > MAX_CERTIFICATES:
        raise ValueError(f"version 1, 1 to {MAX_SINGLE_RESPONSES} answers, at most {MAX_CERTIFICATES} certificates")
    name, key = _responder(data.responder)
    return OcspResponse(
        der=response,
        sha256=sha256(response).digest(),
        responder_name=name,
        responder_key=key,
        produced_at=epoch(data.produced_at),
        responses=tuple(_single(single) for single in data.responses),
        certificates=tuple(full(certificate) for certificate in certificates),
        signed=SignedObject(full(outer.tbs), full(outer.algorithm), outer.signature.as_bytes()),
        unknown_critical=_critical(data.extensions or [], frozenset()),
    )


def _responder(element: asn1.TLV) -> tuple[bytes | None, bytes | None]:
    content = bytes(element.data)
    if element.tag_bytes == b"\xa1":
        prepared(content)
        return content, None
    ((tag, key),) = elements(content)
    if element.tag_bytes != b"\xa2" or tag != 0x04:
        raise ValueError("a responder is named by its name or by the hash of its key")
    return None, key


def _single(single: _Single) -> SingleResponse:
    if single.certificate.serial.bit_length() > MAX_SERIAL_BITS:
        raise ValueError("a serial number is not longer than anybody's")
    status, revoked_at, reason = _status(single.status)
    extensions = read_extensions(single.extensions or [])
    values = {extension.identifier: extension.value for extension in extensions}
    cutoff, invalid = values.get(oids.OCSP_ARCHIVE_CUTOFF), values.get(oids.INVALIDITY_DATE)
    return SingleResponse(
        digest=_DIGESTS.get(single.certificate.algorithm.algorithm.dotted_string, ""),
        name_hash=single.certificate.name_hash,
        key_hash=single.certificate.key_hash,
        serial=single.certificate.serial,
        status=status,
        revoked_at=revoked_at,
        reason=reason,
        this_update=epoch(single.this_update),
        next_update=None if single.next_update is None else epoch(single.next_update),
        archive_cutoff=None if cutoff is None else read.generalized_time(cutoff),
        invalid_since=None if invalid is None else read.generalized_time(invalid),
        unknown_critical=_critical(single.extensions or [], frozenset({oids.OCSP_ARCHIVE_CUTOFF, oids.INVALIDITY_DATE, oids.REASON_CODE})),
    )


def _status(element: asn1.TLV) -> tuple[str, int | None, int]:
    tag, content = element.tag_bytes, bytes(element.data)
    if tag == b"\x80" and not content:
        return GOOD, None, 0
    if tag == b"\x82" and not content:
        return UNKNOWN, None, 0
    parts = elements(content)
    if tag != b"\xa1" or not 1 <= len(parts) <= 2 or parts[0][0] != 0x18:
        raise ValueError("a status is good, revoked or unknown")
    reason = 0
    if len(parts) == 2:
        if parts[1][0] != 0xA0:
            raise ValueError("a revocation reason has tag 0")
        reason = read.enumerated(parts[1][1])
    return REVOKED, read.epoch_of(parts[0][1]), reason


def _critical(extensions: Sequence[ExtensionSchema], handled: frozenset[str]) -> frozenset[str]:
    return frozenset(one.identifier for one in read_extensions(extensions) if one.critical and one.identifier not in handled)
