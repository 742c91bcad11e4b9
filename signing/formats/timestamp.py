"""Time-stamp requests and tokens of RFC 3161: read strictly from their exact bytes, requests written too.

Tokens are made in :mod:`signing.pki.timestamp`. Nothing is verified here: a token's own signature is a claim like any other.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from cryptography import x509
from cryptography.hazmat import asn1

from signing import der, oids
from signing.algorithms import DIGEST_IDENTIFIERS, DIGEST_SIZES
from signing.errors import FormatFailure
from signing.formats.artefacts import carried
from signing.formats.certificates import full
from signing.formats.claims import Digest, TokenClaim
from signing.formats.envelope import Envelope, EnvelopeReader, digest_name
from signing.formats.strict import read_envelope

MAX_REQUEST = 4 * 1024
MAX_TOKEN = 256 * 1024
"""Longest token or response read, in bytes."""
_MAX_NONCE_BITS = 256
_MAX_SERIAL_BITS = 512
_MAX_ACCURACY = 86_400
_GRANTED = (0, 1)


@asn1.sequence
class _Imprint:
    algorithm: asn1.TLV
    digest: bytes


@asn1.sequence
class _Extension:
    identifier: x509.ObjectIdentifier
    critical: Annotated[bool, asn1.Default(False)]
    value: bytes


@asn1.sequence
class _Request:
    version: int
    imprint: _Imprint
    policy: x509.ObjectIdentifier | None
    nonce: int | None
    certificates: Annotated[bool, asn1.Default(False)]
    extensions: Annotated[list[_Extension] | None, asn1.Implicit(0)]


@asn1.sequence
class _Accuracy:
    seconds: int | None
    millis: Annotated[int | None, asn1.Implicit(0)]
    micros: Annotated[int | None, asn1.Implicit(1)]


@asn1.sequence
class _Info:
    version: int
    policy: x509.ObjectIdentifier
    imprint: _Imprint
    serial: int
    generated_at: asn1.GeneralizedTime
    accuracy: _Accuracy | None
    ordering: Annotated[bool, asn1.Default(False)]
    nonce: int | None
    tsa: Annotated[list[asn1.TLV] | None, asn1.Implicit(0)]
    """[0] EXPLICIT GeneralName, which the decoder has as a SEQUENCE OF one."""
    extensions: Annotated[list[_Extension] | None, asn1.Implicit(1)]


@asn1.sequence
class _Response:
    status: list[asn1.TLV]
    token: list[asn1.TLV] | None


@dataclass(frozen=True, slots=True)
class TimestampInfo:
    """A TSTInfo (RFC 3161 §2.4.2): its DER and what it says. ``accuracy_seconds`` is 0 where none is given; ``tsa`` a DER GeneralName."""

    encoded: bytes
    policy: str
    imprint_algorithm: str
    imprint: bytes
    serial: int
    generated_at: datetime
    accuracy_seconds: float
    nonce: int | None
    tsa: bytes | None


@dataclass(frozen=True, slots=True)
class Token:
    """A time-stamp token taken apart: its DER, its CMS and its TSTInfo."""

    der: bytes
    envelope: Envelope
    info: TimestampInfo


@dataclass(frozen=True, slots=True)
class TimestampRequest:
    """What is asked of a time-stamping authority (RFC 3161 §2.4.1).

    ``imprint_algorithm`` is a digest name or ``unknown:<hex>``; ``extensions`` are the dotted types asked for, which an authority must
    refuse unless it knows them.
    """

    imprint_algorithm: str
    imprint: bytes
    policy: str | None = None
    nonce: int | None = None
    certificates: bool = False
    extensions: tuple[str, ...] = ()


def make_request(
    imprint: bytes, *, imprint_algorithm: str = "sha256", policy: str | None = None, nonce: int | None = None, certificates: bool = True
) -> bytes:
    """DER of a TimeStampReq over a digest. Raises :class:`FormatFailure` for an imprint that is no digest of that algorithm."""
    if DIGEST_SIZES.get(imprint_algorithm) != len(imprint):
        raise FormatFailure("messageImprint", f"must be a digest of a known algorithm, not {len(imprint)} bytes of {imprint_algorithm}")
    return der.sequence(
        der.integer(1),
        der.sequence(DIGEST_IDENTIFIERS[imprint_algorithm], der.octet_string(imprint)),
        b"" if policy is None else der.oid(policy),
        b"" if nonce is None else der.integer(nonce),
        der.TRUE if certificates else b"",
    )


def read_request(data: bytes) -> TimestampRequest:
    """Read a TimeStampReq (strict DER, at most 4 KiB); raises :class:`FormatFailure`."""
    if len(data) > MAX_REQUEST:
        raise FormatFailure("TimeStampReq", f"must not be longer than {MAX_REQUEST} bytes")
    try:
        request = asn1.decode_der(_Request, data)
    except ValueError as error:
        raise FormatFailure("TimeStampReq", f"must be the strict DER of a request (RFC 3161 §2.4.1, X.690 §10): {error}") from error
    if request.version != 1:
        raise FormatFailure("TimeStampReq", "version must be 1 (RFC 3161 §2.4.1)")
    if request.nonce is not None and request.nonce.bit_length() > _MAX_NONCE_BITS:
        raise FormatFailure("TimeStampReq", f"nonce must not have more than {_MAX_NONCE_BITS} bits")
    algorithm = imprint_algorithm(request.imprint)
    return TimestampRequest(
        algorithm,
        request.imprint.digest,
        None if request.policy is None else request.policy.dotted_string,
        request.nonce,
        request.certificates,
        tuple(extension.identifier.dotted_string for extension in request.extensions or ()),
    )


def read_token(data: bytes, read: EnvelopeReader = read_envelope) -> Token:
    """Take a TimeStampToken apart (RFC 3161 §2.4.2): one signer over one TSTInfo, which is strict DER whoever reads the CMS around it.

    Raises :class:`FormatFailure`.
    """
    if len(data) > MAX_TOKEN:
        raise FormatFailure("TimeStampToken", f"must not be longer than {MAX_TOKEN} bytes")
    envelope = read(data)
    if envelope.content_type != oids.TST_INFO or envelope.content is None:
        raise FormatFailure("TimeStampToken", "must hold a TSTInfo as attached content (RFC 3161 §2.4.2)")
    if len(envelope.signers) != 1:
        raise FormatFailure("TimeStampToken", f"must have one signer, not {len(envelope.signers)} (RFC 3161 §2.4.2)")
    return Token(data, envelope, read_info(envelope.content))


def read_info(data: bytes) -> TimestampInfo:
    """Read a TSTInfo (strict DER); raises :class:`FormatFailure`. genTime may have a fraction down to microseconds."""
    try:
        info = asn1.decode_der(_Info, data)
        generated_at = info.generated_at.as_datetime()
    except ValueError as error:
        raise FormatFailure("TSTInfo", f"must be strict DER (RFC 3161 §2.4.2, X.690 §10): {error}") from error
    if info.version != 1:
        raise FormatFailure("TSTInfo", "version must be 1 (RFC 3161 §2.4.2)")
    if info.serial.bit_length() > _MAX_SERIAL_BITS or (info.nonce or 0).bit_length() > _MAX_NONCE_BITS:
        raise FormatFailure("TSTInfo", f"serialNumber and nonce must have at most {_MAX_SERIAL_BITS} and {_MAX_NONCE_BITS} bits")
    if any(extension.critical for extension in info.extensions or ()):
        raise FormatFailure("TSTInfo", "a critical extension is not known (RFC 3161 §2.4.2)")
    if info.tsa is not None and len(info.tsa) != 1:
        raise FormatFailure("TSTInfo", "tsa must be one GeneralName (RFC 3161 §2.4.2)")
    return TimestampInfo(
        data,
        info.policy.dotted_string,
        imprint_algorithm(info.imprint),
        info.imprint.digest,
        info.serial,
        generated_at,
        _seconds(info.accuracy),
        info.nonce,
        full(info.tsa[0]) if info.tsa else None,
    )


def token_claim(token: Token, expected: Digest, covers: frozenset[bytes]) -> TokenClaim:
    """The claim of a token at its place: ``expected`` digests what it should have stamped, ``covers`` what then existed."""
    info, found = token.info, carried(token.envelope)
    return TokenClaim(
        token.der,
        info.encoded,
        info.generated_at,
        info.accuracy_seconds,
        info.imprint_algorithm,
        info.imprint,
        expected,
        info.serial,
        info.policy,
        info.nonce,
        token.envelope.signers[0].claim,
        found.certificates,
        found.crls,
        covers,
        info.tsa,
    )


def read_response(data: bytes) -> bytes:
    """The token in a TimeStampResp that grants one (status 0 or 1); raises :class:`FormatFailure` with the status otherwise."""
    if len(data) > MAX_TOKEN:
        raise FormatFailure("TimeStampResp", f"must not be longer than {MAX_TOKEN} bytes")
    try:
        response = asn1.decode_der(_Response, data)
    except ValueError as error:
        raise FormatFailure("TimeStampResp", f"must be strict DER (RFC 3161 §2.4.2): {error}") from error
    status = int.from_bytes(response.status[0].data, signed=True) if response.status else -1
    if status not in _GRANTED or response.token is None:
        raise FormatFailure("TimeStampResp", f"grants no token: status {status} (RFC 3161 §2.4.2)")
    return der.sequence(*map(full, response.token))


def answers(token: TimestampInfo, request: TimestampRequest) -> str:
    """Why a token is no answer to a request, or nothing (RFC 3161 §2.4.2): same imprint, policy and nonce as were asked for."""
    if (token.imprint_algorithm, token.imprint) != (request.imprint_algorithm, request.imprint):
        return "the token stamps another imprint than was asked for"
    if token.nonce != request.nonce:
        return "the token repeats another nonce than was sent"
    if request.policy is not None and token.policy != request.policy:
        return "the token is under another policy than was asked for"
    return ""


def _seconds(accuracy: _Accuracy | None) -> float:
    """Accuracy in seconds; millis and micros are each 1 to 999 where present (RFC 3161 §2.4.2)."""
    if accuracy is None:
        return 0.0
    for part in (accuracy.millis, accuracy.micros):
        if part is not None and not 1 <= part <= 999:
            raise FormatFailure("TSTInfo", "millis and micros must be 1 to 999 (RFC 3161 §2.4.2)")
    seconds = accuracy.seconds or 0
    if not 0 <= seconds <= _MAX_ACCURACY:
        raise FormatFailure("TSTInfo", f"accuracy must be at most {_MAX_ACCURACY} seconds")
    return seconds + (accuracy.millis or 0) / 1000 + (accuracy.micros or 0) / 1_000_000


def imprint_algorithm(imprint: _Imprint) -> str:
    """The digest name of a message imprint, whose value must have that digest's length (RFC 3161 §2.4.1)."""
    name = digest_name(full(imprint.algorithm))
    if name in DIGEST_SIZES and DIGEST_SIZES[name] != len(imprint.digest):
        raise FormatFailure("messageImprint", f"hashedMessage must be {DIGEST_SIZES[name]} bytes of {name} (RFC 3161 §2.4.1)")
    return name
