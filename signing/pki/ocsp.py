"""Certificate status answered one by one (RFC 6960): a function of a request, what an authority knows, and a moment.

Requests are read strictly and bounded; answers are written directly. A responder speaks for the one authority that certified it, so a
request that asks about several authorities' certificates is none of anybody's business here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum
from hashlib import new as new_digest
from hashlib import sha1
from typing import Annotated, NamedTuple

from cryptography import x509
from cryptography.hazmat import asn1

from signing import der, oids
from signing.algorithms import DIGESTS
from signing.errors import FormatFailure
from signing.formats.certificates import certificate_facts, full
from signing.keys import Purpose
from signing.pki.behaviour import HONEST, Behaviour, Service, Wrong, spoil
from signing.pki.crl import Revocation
from signing.pki.issue import CertificationAuthority, Holder
from signing.pki.profiles import RevocationReason, invalidity_extension

MAX_REQUEST = 16 * 1024
MAX_ASKED = 16
"""Most certificates asked about at once."""
_MAX_EXTENSIONS = 8
_NONCE_SIZES = range(1, 129)  # RFC 9654 §2.1
_MAX_SERIAL_BITS = 168
_HASHES = {"sha1": 20, "sha256": 32}
_IDENTIFIERS = {"sha1": oids.SHA1, "sha256": oids.SHA256}
_NONCE = x509.ObjectIdentifier(oids.OCSP_NONCE)


class Failure(IntEnum):
    """OCSPResponseStatus of answers that hold no status (RFC 6960 §4.2.1)."""

    MALFORMED_REQUEST = 1
    INTERNAL_ERROR = 2
    TRY_LATER = 3
    UNAUTHORIZED = 6


class IssuerHashes(NamedTuple):
    """How a CertID names an issuer: digest name, digest of its DER name, digest of its public key's bits."""

    algorithm: str
    name: bytes
    key: bytes


@dataclass(frozen=True, slots=True)
class CertId:
    """One certificate asked about: its issuer's hashes, its serial number, and the exact DER to be echoed."""

    issuer: IssuerHashes
    serial: int
    der: bytes


@dataclass(frozen=True, slots=True)
class OcspRequest:
    """What is asked: at least one certificate, and the nonce (its OCTET STRING's content) if there is one."""

    asked: tuple[CertId, ...]
    nonce: bytes | None


@dataclass(frozen=True, slots=True)
class Status:
    """What an authority knows of a serial number at a moment; unknown unless it issued it."""

    known: bool
    revocation: Revocation | None = None


@dataclass(frozen=True, slots=True)
class Desk:
    """Who answers for an authority at a moment: its delegate, since when nothing is forgotten, and what is known of a serial number."""

    delegate: Holder
    since: datetime
    status: Callable[[int], Status]


@asn1.sequence
class _Extension:
    identifier: x509.ObjectIdentifier
    critical: Annotated[bool, asn1.Default(False)]
    value: bytes


@asn1.sequence
class _CertId:
    algorithm: asn1.TLV
    name: bytes
    key: bytes
    serial: int


@asn1.sequence
class _Asked:
    certificate: asn1.TLV
    extensions: Annotated[list[_Extension] | None, asn1.Explicit(0)]


@asn1.sequence
class _One:
    """``[n] EXPLICIT ANY``, which is the same as ``[n] IMPLICIT SEQUENCE`` of one element; the decoder knows no optional ANY."""

    element: asn1.TLV


@asn1.sequence
class _Tbs:
    requestor: Annotated[_One | None, asn1.Implicit(1)]
    asked: list[_Asked]
    extensions: Annotated[list[_Extension] | None, asn1.Explicit(2)]


@asn1.sequence
class _Request:
    tbs: _Tbs
    signature: Annotated[_One | None, asn1.Implicit(0)]


@asn1.sequence
class _Spki:
    algorithm: asn1.TLV
    key: asn1.BitString


def issuer_hashes(authority: CertificationAuthority) -> tuple[IssuerHashes, ...]:
    """The ways a CertID may name an authority, one for each digest that is accepted."""
    key = _key_bits(authority.certificate_der)
    return tuple(IssuerHashes(name, _digest(name, authority.name_der), _digest(name, key)) for name in _HASHES)


def make_request(issuer: bytes, serials: Sequence[int], *, digest: str = "sha256", nonce: bytes | None = None) -> bytes:
    """DER of an OCSPRequest about certificates of one issuer, which is given as its certificate; ``digest`` is sha1 or sha256."""
    facts = certificate_facts(issuer)
    algorithm = der.sequence(der.oid(_IDENTIFIERS[digest]), der.NULL)  # NULL as clients of the field write it; readers take both
    hashes = (der.octet_string(_digest(digest, what)) for what in (facts.subject_der, _key_bits(issuer)))
    head = b"".join((algorithm, *hashes))
    asked = (der.sequence(der.sequence(head, der.integer(serial))) for serial in serials)
    extensions = b"" if nonce is None else der.context(2, der.sequence(_extension(oids.OCSP_NONCE, der.octet_string(nonce))))
    return der.sequence(der.sequence(der.sequence(*asked), extensions))


def read_request(data: bytes) -> OcspRequest:
    """Read an OCSPRequest (strict DER, at most 16 KiB and 16 certificates); raises :class:`FormatFailure`.

    A requestor's name and signature are allowed and not looked at: what is answered is public.
    """
    if len(data) > MAX_REQUEST:
        raise FormatFailure("OCSPRequest", f"must not be longer than {MAX_REQUEST} bytes")
    try:
        tbs = asn1.decode_der(_Request, data).tbs
        if not 1 <= len(tbs.asked) <= MAX_ASKED:
            raise FormatFailure("OCSPRequest", f"must ask about 1 to {MAX_ASKED} certificates")
        nonce = _nonce(tbs.extensions or ())
        for asked in tbs.asked:
            _refuse_critical(asked.extensions or ())
        return OcspRequest(tuple(_cert_id(asked.certificate) for asked in tbs.asked), nonce)
    except ValueError as error:
        raise FormatFailure("OCSPRequest", f"must be the strict DER of a request (RFC 6960 §4.1, X.690 §10): {error}") from error


def respond(
    request: bytes,
    desk: Callable[[IssuerHashes, datetime], Desk | None],
    at: datetime,
    validity: timedelta,
    behaviour: Behaviour = HONEST,
) -> bytes:
    """DER of the OCSPResponse at a moment (whole seconds); one raw signature counted as ``OCSP`` where statuses are given.

    ``desk`` finds who answers for an issuer then. Not ours, or several authorities at once: *unauthorized*; what cannot be read:
    *malformedRequest*.
    """
    behaviour.check(Service.OCSP)
    if behaviour.wrong is Wrong.UNAVAILABLE:
        return failure(Failure.TRY_LATER)
    try:
        asked = read_request(request)
    except FormatFailure:
        return failure(Failure.MALFORMED_REQUEST)
    desks = [desk(issuer, behaviour.knows(at)) for issuer in {one.issuer for one in asked.asked}]
    answering = desks[0]
    if answering is None or any(other is None or other.delegate is not answering.delegate for other in desks):
        return failure(Failure.UNAUTHORIZED)
    return _answer(asked, answering, behaviour.says(at).replace(microsecond=0), validity, behaviour.wrong)


def failure(status: Failure) -> bytes:
    """DER of an OCSPResponse without statuses."""
    return der.sequence(der.enumerated(status))


def _answer(asked: OcspRequest, desk: Desk, at: datetime, validity: timedelta, wrong: Wrong | None) -> bytes:
    produced = der.generalized_time(at)
    updates = produced + der.context(0, der.generalized_time(at + validity))
    singles = (_single(one, desk.status(one.serial), updates, desk.since) for one in asked.asked)
    nonce = asked.nonce
    if wrong is Wrong.NONCE:
        nonce = spoil(nonce or bytes(16))
    extensions = () if nonce is None else (der.context(1, der.sequence(_extension(oids.OCSP_NONCE, der.octet_string(nonce)))),)
    responder = der.context(2, der.octet_string(sha1(_key_bits(desk.delegate.certificate_der), usedforsecurity=False).digest()))
    data = der.sequence(responder, produced, der.sequence(*singles), *extensions)
    signature = desk.delegate.key.sign(data, Purpose.OCSP)
    basic = der.sequence(
        data,
        desk.delegate.key.algorithm.encoded,
        der.bit_string(spoil(signature) if wrong is Wrong.SIGNATURE else signature),
        der.context(0, der.sequence(desk.delegate.certificate_der)),
    )
    return der.sequence(der.enumerated(0), der.context(0, der.sequence(der.oid(oids.OCSP_BASIC), der.octet_string(basic))))


def _single(one: CertId, status: Status, updates: bytes, since: datetime) -> bytes:
    """SingleResponse; as far back as ``since`` nothing is forgotten (§4.4.4), and a key's loss is dated as in a list (§4.4.5)."""
    extensions = _extension(oids.OCSP_ARCHIVE_CUTOFF, der.generalized_time(since))
    if status.revocation is not None and status.revocation.invalid_since is not None:
        extensions += invalidity_extension(status.revocation.invalid_since)
    return der.sequence(one.der, _status(status), updates, der.context(1, der.sequence(extensions)))


def _status(status: Status) -> bytes:
    """CertStatus (RFC 6960 §4.2.1); the reason is left out when unspecified."""
    if status.revocation is None:
        return b"\x80\x00" if status.known else b"\x82\x00"
    reason = status.revocation.reason
    given = () if reason is RevocationReason.UNSPECIFIED else (der.context(0, der.enumerated(reason.number)),)
    return der.context(1, der.generalized_time(status.revocation.at.replace(microsecond=0)), *given)


def _extension(identifier: str, value: bytes) -> bytes:
    return der.sequence(der.oid(identifier), der.octet_string(value))


def _nonce(extensions: Sequence[_Extension]) -> bytes | None:
    """The nonce among the request's extensions; others are passed over unless critical (RFC 6960 §4.4)."""
    if len({extension.identifier for extension in extensions}) != len(extensions):
        raise ValueError("an extension must not occur twice")
    nonces = [extension.value for extension in extensions if extension.identifier == _NONCE]
    _refuse_critical([extension for extension in extensions if extension.identifier != _NONCE])
    if not nonces:
        return None
    (value,) = nonces
    content = value[3:] if len(value) == 131 else value[2:]  # 128 octets, the most allowed, have a length of two octets
    if der.octet_string(content) != value or len(content) not in _NONCE_SIZES:
        raise ValueError("a nonce must be an OCTET STRING of 1 to 128 octets (RFC 9654 §2.1)")
    return content


def _refuse_critical(extensions: Sequence[_Extension]) -> None:
    if len(extensions) > _MAX_EXTENSIONS or any(extension.critical for extension in extensions):
        raise ValueError("no critical extension but the nonce is known, and not many others are borne")


def _cert_id(element: asn1.TLV) -> CertId:
    if element.tag_bytes != b"\x30":
        raise ValueError("reqCert must be a SEQUENCE")
    parsed: _CertId = element.parse(_CertId)
    encoded = full(parsed.algorithm)
    algorithm = DIGESTS.get(encoded, f"unknown:{encoded.hex()}")
    if _HASHES.get(algorithm, len(parsed.name)) != len(parsed.name) or len(parsed.name) != len(parsed.key):
        raise ValueError("issuerNameHash and issuerKeyHash must be digests of hashAlgorithm")
    if parsed.serial.bit_length() > _MAX_SERIAL_BITS:
        raise ValueError("a serial number must not be longer than 20 octets")
    return CertId(IssuerHashes(algorithm, parsed.name, parsed.key), parsed.serial, full(element))


def _key_bits(certificate: bytes) -> bytes:
    """The public key's bits: the BIT STRING's value without tag, length and count of unused bits."""
    return bytes(asn1.decode_der(_Spki, certificate_facts(certificate).spki).key.as_bytes())


def _digest(name: str, data: bytes) -> bytes:
    return new_digest(name, data, usedforsecurity=False).digest()
