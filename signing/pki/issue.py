"""Issuing certificates: the to-be-signed bytes are written directly, so that the same description always gives the same certificate."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from signing import der
from signing.keys import Purpose, SigningKey
from signing.pki.authorities import Authority
from signing.pki.profiles import HolderSpec, key_identifier

_VERSION_3 = der.context(0, der.integer(2))


@dataclass(frozen=True, slots=True)
class CertificationAuthority:
    """An authority that can sign: its certificate, encoded name, key and key identifier (20 bytes)."""

    id: Authority
    certificate_der: bytes
    name_der: bytes
    key: SigningKey
    key_id: bytes
    not_before: datetime
    not_after: datetime


@dataclass(frozen=True, slots=True)
class Holder:
    """A certificate holder with the token: certificate, key, and the chain above, nearest issuer first.

    ``subject`` is the RFC 4514 text by which registers know the holder.
    """

    subject: str
    certificate_der: bytes
    key: SigningKey
    issuer_chain: tuple[bytes, ...]
    spec: HolderSpec


@dataclass(frozen=True, slots=True)
class Request:
    """What is to be certified: encoded subject name, public key (SubjectPublicKeyInfo), serial, validity and encoded extensions."""

    subject_der: bytes
    spki: bytes
    serial: int
    not_before: datetime
    not_after: datetime
    extensions: bytes


def serial_number(seed: str, subject: str, octets: int = 8) -> int:
    """A positive serial of exactly so many octets, derived from the world's seed and the subject."""
    digest = bytearray(sha256(f"serial\x00{seed}\x00{subject}".encode()).digest()[:octets])
    digest[0] = digest[0] & 0x7F | 0x40
    return int.from_bytes(digest, "big")


def sign_certificate(request: Request, issuer_name_der: bytes, issuer_key: SigningKey) -> bytes:
    """The DER certificate (RFC 5280 §4.1); one raw signature counted as ``CERTIFICATE``."""
    algorithm = issuer_key.algorithm.encoded
    tbs = der.sequence(
        _VERSION_3,
        der.integer(request.serial),
        algorithm,
        issuer_name_der,
        der.sequence(der.time(request.not_before), der.time(request.not_after)),
        request.subject_der,
        request.spki,
        der.context(3, request.extensions),
    )
    return der.sequence(tbs, algorithm, der.bit_string(issuer_key.sign(tbs, Purpose.CERTIFICATE)))


def make_authority(id: Authority, request: Request, key: SigningKey, issuer: CertificationAuthority | None) -> CertificationAuthority:
    """An authority certified by ``issuer``, or by itself when there is none."""
    if issuer is None:
        certificate = sign_certificate(request, request.subject_der, key)
    else:
        certificate = sign_certificate(request, issuer.name_der, issuer.key)
    return CertificationAuthority(
        id, certificate, request.subject_der, key, key_identifier(request.spki), request.not_before, request.not_after
    )
