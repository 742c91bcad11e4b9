"""Signature algorithms by name and by their encoded AlgorithmIdentifier.

Only these byte strings are recognised; whatever else stands in a signature keeps its dotted identifier and is judged by the algorithm
policy.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from signing import der, oids


class Family(StrEnum):
    """What kind of key an algorithm works with."""

    RSA = "RSA"
    P256 = "P-256"


@dataclass(frozen=True, slots=True)
class SignatureAlgorithm:
    """One signature algorithm: the pair of key family and digest, and how it is written.

    ``encoded`` is the DER AlgorithmIdentifier as we write it: RSA with NULL parameters (RFC 4055 §5), ECDSA without (RFC 5758 §3.2).
    """

    name: str
    family: Family
    digest: str
    encoded: bytes


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

DIGEST_SIZES = {"sha1": 20, "sha256": 32, "sha384": 48, "sha512": 64}
"""Bytes of each digest by name."""
DIGEST_IDENTIFIERS = {
    name: der.sequence(der.oid(identifier))
    for name, identifier in (("sha1", oids.SHA1), ("sha256", oids.SHA256), ("sha384", oids.SHA384), ("sha512", oids.SHA512))
}
"""Digest name → AlgorithmIdentifier as we write it, parameters absent (RFC 5754 §2)."""
