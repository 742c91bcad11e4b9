"""Signature algorithms by name and by their encoded AlgorithmIdentifier.

Two tables. The bulk path (letters, receipts, our own hierarchy) knows :data:`BY_NAME` and the byte strings made from it, and nothing else.
What comes from outside is read by :func:`read_algorithm`, which knows more: RSA-PSS with its parameters, the other curves, Ed25519, DSA.
Whatever neither knows keeps its encoding as ``unknown:<hex>`` and is judged by the algorithm policy.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

from cryptography import x509
from cryptography.hazmat import asn1

from signing import der, oids


class Family(StrEnum):
    """What kind of key an algorithm works with."""

    RSA = "RSA"
    P256 = "P-256"
    RSA_PSS = "RSA-PSS"
    EC = "EC"
    """Any curve we know, or the one the algorithm names."""
    ED25519 = "Ed25519"
    DSA = "DSA"


@dataclass(frozen=True, slots=True)
class SignatureAlgorithm:
    """One signature algorithm: the pair of key family and digest, and how it is written.

    ``encoded`` is the DER AlgorithmIdentifier as we write it: RSA with NULL parameters (RFC 4055 §5), ECDSA without (RFC 5758 §3.2).
    ``curve`` binds an EC algorithm to one curve (``P-256``, ``P-384``, ``P-521``), empty for any; ``mgf_digest`` and ``salt`` (octets) are
    RSA-PSS's.
    """

    name: str
    family: Family
    digest: str
    encoded: bytes
    curve: str = ""
    mgf_digest: str = ""
    salt: int = 0


def _rsa(digest: str, identifier: str) -> SignatureAlgorithm:
    return SignatureAlgorithm(f"rsa-pkcs1-{digest}", Family.RSA, digest, der.sequence(der.oid(identifier), der.NULL))


ECDSA_P256_SHA256 = SignatureAlgorithm("ecdsa-p256-sha256", Family.P256, "sha256", der.sequence(der.oid(oids.ECDSA_WITH_SHA256)))
RSA_SHA1 = _rsa("sha1", oids.SHA1_WITH_RSA)
RSA_SHA256 = _rsa("sha256", oids.SHA256_WITH_RSA)
RSA_SHA384 = _rsa("sha384", oids.SHA384_WITH_RSA)
RSA_SHA512 = _rsa("sha512", oids.SHA512_WITH_RSA)

BY_NAME = {algorithm.name: algorithm for algorithm in (ECDSA_P256_SHA256, RSA_SHA1, RSA_SHA256, RSA_SHA384, RSA_SHA512)}

SHA256_IDENTIFIER = der.sequence(der.oid(oids.SHA256))
"""AlgorithmIdentifier of SHA-256 with absent parameters, as RFC 5754 §2 asks writers to encode it."""


def _digest_identifiers() -> dict[bytes, str]:
    """DER AlgorithmIdentifier → digest name; readers accept absent and NULL parameters alike (RFC 5754 §2)."""
    known: dict[bytes, str] = {}
    for name, identifier in (("sha1", oids.SHA1), ("sha256", oids.SHA256), ("sha384", oids.SHA384), ("sha512", oids.SHA512)):
        known[der.sequence(der.oid(identifier))] = name
        known[der.sequence(der.oid(identifier), der.NULL)] = name
    return known


DIGESTS = _digest_identifiers()

CERTIFICATE_ALGORITHMS = {algorithm.encoded: algorithm for algorithm in BY_NAME.values()}
"""Signature algorithms of certificates and CRLs by their one DER form (RFC 4055 §5 demands NULL for RSA there)."""


def _cms_signature_identifiers() -> dict[tuple[str, bytes], str]:
    """(digest name, DER AlgorithmIdentifier) → algorithm name: the digest of both fields must be one and the same.

    RSA parameters are NULL or absent, nothing else (RFC 5754 §3.2). Plain rsaEncryption, which borrows its digest from another unsigned
    field, is not accepted: it would make one signature readable as two encodings that differ in a byte.
    """
    known: dict[tuple[str, bytes], str] = {}
    for algorithm in BY_NAME.values():
        known[algorithm.digest, algorithm.encoded] = algorithm.name
        if algorithm.family is Family.RSA:
            known[algorithm.digest, der.sequence(algorithm.encoded[2:-2])] = algorithm.name
    return known


CMS_SIGNATURES = _cms_signature_identifiers()

# --- what comes from outside ---------------------------------------------------------------------------------------------------------

CURVES = ("P-256", "P-384", "P-521")
_DIGEST_SIZES = {"sha1": 20, "sha224": 28, "sha256": 32, "sha384": 48, "sha512": 64}
_DIGEST_OIDS = {oids.SHA1: "sha1", oids.SHA224: "sha224", oids.SHA256: "sha256", oids.SHA384: "sha384", oids.SHA512: "sha512"}
_ECDSA_OIDS = {
    "sha1": oids.ECDSA_WITH_SHA1,
    "sha224": oids.ECDSA_WITH_SHA224,
    "sha256": oids.ECDSA_WITH_SHA256,
    "sha384": oids.ECDSA_WITH_SHA384,
    "sha512": oids.ECDSA_WITH_SHA512,
}
_DSA_OIDS = {"sha1": oids.DSA_WITH_SHA1, "sha224": oids.DSA_WITH_SHA224, "sha256": oids.DSA_WITH_SHA256}
_MAX_SALT = 1024
"""Octets; the longest salt that a key of 8192 bits has room for is shorter."""
_PSS_NAME = re.compile(r"rsa-pss-(sha\d+)(?:-mgf1-(sha\d+)-(\d{1,4}))?")

ED25519 = SignatureAlgorithm("ed25519", Family.ED25519, "sha512", der.sequence(der.oid(oids.ED25519)))
"""Ed25519 (RFC 8410 §3), which digests with SHA-512 inside."""
RSA_SHA224 = _rsa("sha224", oids.SHA224_WITH_RSA)


@asn1.sequence
class _Identifier:
    algorithm: x509.ObjectIdentifier
    parameters: asn1.Null | None


@asn1.sequence
class _MaskGeneration:
    algorithm: x509.ObjectIdentifier
    parameters: _Identifier


@asn1.sequence
class _PssParameters:
    digest: Annotated[_Identifier | None, asn1.Explicit(0)]
    mask: Annotated[_MaskGeneration | None, asn1.Explicit(1)]
    salt: Annotated[int | None, asn1.Explicit(2)]
    trailer: Annotated[int | None, asn1.Explicit(3)]


@asn1.sequence
class _PssIdentifier:
    algorithm: x509.ObjectIdentifier
    parameters: _PssParameters


def rsa_pss(digest: str, mgf_digest: str, salt: int) -> SignatureAlgorithm:
    """RSASSA-PSS with its three parameters (RFC 4055 §3.1); the trailer is always 0xBC. The usual choice has the short name."""
    usual = mgf_digest == digest and salt == _DIGEST_SIZES[digest]
    name = f"rsa-pss-{digest}" if usual else f"rsa-pss-{digest}-mgf1-{mgf_digest}-{salt}"
    identifiers = {name: identifier for identifier, name in _DIGEST_OIDS.items()}
    hashed, masked = (der.sequence(der.oid(identifiers[one]), der.NULL) for one in (digest, mgf_digest))
    parameters = (
        *([der.context(0, hashed)] if digest != "sha1" else []),
        *([der.context(1, der.sequence(der.oid(oids.MGF1), masked))] if mgf_digest != "sha1" else []),
        *([der.context(2, der.integer(salt))] if salt != 20 else []),
    )
    encoded = der.sequence(der.oid(oids.RSASSA_PSS), der.sequence(*parameters))
    return SignatureAlgorithm(name, Family.RSA_PSS, digest, encoded, mgf_digest=mgf_digest, salt=salt)


def _ecdsa(digest: str, curve: str) -> SignatureAlgorithm:
    name = f"ecdsa-{curve.replace('-', '').lower()}-{digest}" if curve else f"ecdsa-{digest}"
    return SignatureAlgorithm(name, Family.EC, digest, der.sequence(der.oid(_ECDSA_OIDS[digest])), curve)


def _foreign() -> Mapping[str, SignatureAlgorithm]:
    """Every algorithm with a fixed encoding by name; the bulk path's own keep their identity."""
    known = [
        *(_ecdsa(digest, curve) for digest in _ECDSA_OIDS for curve in ("", *CURVES)),
        *(SignatureAlgorithm(f"dsa-{digest}", Family.DSA, digest, der.sequence(der.oid(number))) for digest, number in _DSA_OIDS.items()),
        *(rsa_pss(digest, digest, size) for digest, size in _DIGEST_SIZES.items()),
        RSA_SHA224,
        ED25519,
    ]
    return {algorithm.name: algorithm for algorithm in known} | BY_NAME


_FOREIGN = _foreign()


def _encodings() -> Mapping[bytes, SignatureAlgorithm]:
    """DER AlgorithmIdentifier → algorithm, for those whose encoding says all; RSA's with and without NULL."""
    known: dict[bytes, SignatureAlgorithm] = {}
    for algorithm in _FOREIGN.values():
        if algorithm.family not in (Family.P256, Family.RSA_PSS) and not algorithm.curve:
            known[algorithm.encoded] = algorithm
        if algorithm.family is Family.RSA:
            known[der.sequence(algorithm.encoded[2:-2])] = algorithm
    return known


_FOREIGN_ENCODED = _encodings()


def read_algorithm(encoded: bytes) -> SignatureAlgorithm | None:
    """The signature algorithm of a DER AlgorithmIdentifier from outside, ``None`` when it is not known or its parameters are not its own.

    RSA parameters may be absent, for responders are found that leave the NULL of RFC 4055 §5 out. An ECDSA identifier names no curve: the
    algorithm read is bound to one by :func:`bound_to`. RSA-PSS must state its parameters (RFC 4055 §3.1): MGF1 over a known digest, a salt
    of 0 to 1024 octets, trailer 1.
    """
    return _FOREIGN_ENCODED.get(encoded) or _read_pss(encoded)


_FOREIGN_OIDS = tuple({der.oid(oids.RSASSA_PSS), *(encoded[2 : 4 + encoded[3]] for encoded in _FOREIGN_ENCODED)})


def does_not_fit(name: str) -> bool:
    """Whether an ``unknown:<hex>`` is of a known algorithm, with parameters, or a digest beside it, that do not belong to it."""
    encoded = bytes.fromhex(name.removeprefix("unknown:")) if name.startswith("unknown:") else b""
    return len(encoded) > 1 and encoded[2 + (encoded[1] & 0x7F if encoded[1] & 0x80 else 0) :].startswith(_FOREIGN_OIDS)


def algorithm_named(name: str) -> SignatureAlgorithm | None:
    """The algorithm of that name, from either table or with RSA-PSS parameters spelt out; ``None`` when there is none."""
    known = _FOREIGN.get(name)
    if known is not None:
        return known
    spelt = _PSS_NAME.fullmatch(name)
    if spelt is None or spelt[1] not in _DIGEST_SIZES or spelt[2] not in _DIGEST_SIZES or int(spelt[3]) > _MAX_SALT:
        return None
    return rsa_pss(spelt[1], spelt[2], int(spelt[3]))


def bound_to(algorithm: SignatureAlgorithm, curve: str) -> SignatureAlgorithm:
    """An EC algorithm bound to the curve of the key it is used with; others as they are."""
    if algorithm.family is not Family.EC or algorithm.curve:
        return algorithm
    return _FOREIGN.get(f"ecdsa-{curve.replace('-', '').lower()}-{algorithm.digest}", algorithm)


def _read_pss(encoded: bytes) -> SignatureAlgorithm | None:
    try:
        read = asn1.decode_der(_PssIdentifier, encoded)
    except ValueError:
        return None
    parameters = read.parameters
    if read.algorithm.dotted_string != oids.RSASSA_PSS or parameters.trailer not in (None, 1):
        return None
    digest = "sha1" if parameters.digest is None else _DIGEST_OIDS.get(parameters.digest.algorithm.dotted_string)
    mask = parameters.mask
    if mask is not None and mask.algorithm.dotted_string != oids.MGF1:
        return None
    mgf_digest = "sha1" if mask is None else _DIGEST_OIDS.get(mask.parameters.algorithm.dotted_string)
    salt = 20 if parameters.salt is None else parameters.salt
    if digest is None or mgf_digest is None or not 0 <= salt <= _MAX_SALT:
        return None
    return rsa_pss(digest, mgf_digest, salt)


def foreign_names() -> frozenset[str]:
    """Names of every algorithm with a fixed encoding, for a policy that lists them all."""
    return frozenset(_FOREIGN)


DIGEST_SIZES = {"sha1": 20, "sha256": 32, "sha384": 48, "sha512": 64}
"""Bytes of each digest by name."""
DIGEST_IDENTIFIERS = {
    name: der.sequence(der.oid(identifier))
    for name, identifier in (("sha1", oids.SHA1), ("sha256", oids.SHA256), ("sha384", oids.SHA384), ("sha512", oids.SHA512))
}
"""Digest name → AlgorithmIdentifier as we write it, parameters absent (RFC 5754 §2)."""
