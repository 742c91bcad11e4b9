"""Time-stamp requests and tokens of RFC 3161: read strictly from their exact bytes, requests written too.

Tokens are made in :mod:`signing.pki.timestamp`. Nothing is verified here: a token's own signature is a claim like any other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from cryptography import x509
from cryptography.hazmat import asn1

from signing import der
from signing.algorithms import DIGEST_IDENTIFIERS, DIGEST_SIZES, DIGESTS
from signing.errors import FormatFailure
from signing.formats.certificates import full

MAX_REQUEST = 4 * 1024
_MAX_NONCE_BITS = 256


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


def imprint_algorithm(imprint: _Imprint) -> str:
    """The digest name of a message imprint, whose value must have that digest's length (RFC 3161 §2.4.1)."""
    encoded = full(imprint.algorithm)
    name = DIGESTS.get(encoded, f"unknown:{encoded.hex()}")
    if name in DIGEST_SIZES and DIGEST_SIZES[name] != len(imprint.digest):
        raise FormatFailure("messageImprint", f"hashedMessage must be {DIGEST_SIZES[name]} bytes of {name} (RFC 3161 §2.4.1)")
    return name
