"""Keys, and the only two places in the house where a signature is made or checked.

Every raw public-key operation passes through :func:`raw_sign` or :func:`raw_verify` and is counted there by what it was for, so that a
run can print how many it did and a test can hold the number against what the trace implies.
"""

from __future__ import annotations

import os
import tempfile
from collections import Counter
from collections.abc import Mapping
from enum import StrEnum
from functools import cache, cached_property, lru_cache
from hashlib import sha256, shake_256
from math import gcd, isqrt
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA1, SHA224, SHA256, SHA384, SHA512, HashAlgorithm
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_private_key,
    load_der_public_key,
)

from signing.algorithms import ECDSA_P256_SHA256, RSA_SHA256, Family, SignatureAlgorithm
from signing.errors import KeyUnusable


class Purpose(StrEnum):
    """What a raw signature operation was for."""

    LETTER = "letter"
    ANNEX = "annex"
    RECEIPT = "receipt"
    REFUSAL = "refusal"
    CERTIFICATE = "certificate"
    CRL = "crl"
    OCSP = "ocsp"
    TIMESTAMP = "timestamp"
    CHECKPOINT = "checkpoint"
    FOREIGN = "foreign"
    """A signature of a file from outside, given to an auditor."""


class Meter:
    """Counts of raw operations by purpose; operations that fail count too, since the work was done."""

    __slots__ = ("signs", "verifies")

    def __init__(self) -> None:
        # Every purpose is present from the start: an increment never runs Counter.__missing__, so threads cannot interleave inside it.
        self.signs: Counter[Purpose] = Counter(dict.fromkeys(Purpose, 0))
        self.verifies: Counter[Purpose] = Counter(dict.fromkeys(Purpose, 0))

    def snapshot(self) -> Mapping[str, Mapping[str, int]]:
        """A copy ``{"signs": {purpose: n}, "verifies": {purpose: n}}``, purposes in their declared order."""
        return {
            "signs": {str(purpose): self.signs[purpose] for purpose in Purpose},
            "verifies": {str(purpose): self.verifies[purpose] for purpose in Purpose},
        }

    def reading(self) -> tuple[int, ...]:
        """All counts, signs first, purposes in their declared order: two readings taken one from the other tell what was done between."""
        return (*self.signs.values(), *self.verifies.values())


READING = (*(("signs", purpose) for purpose in Purpose), *(("verifies", purpose) for purpose in Purpose))
"""What the places of :meth:`Meter.reading` mean."""
METER = Meter()
"""The process-wide count."""

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
PublicKey = ec.EllipticCurvePublicKey | rsa.RSAPublicKey
AnyPublicKey = PublicKey | ed25519.Ed25519PublicKey | dsa.DSAPublicKey
"""What a certificate from outside may hold."""

_HASHES: dict[str, HashAlgorithm] = {
    "sha1": SHA1(),  # noqa: S303 - only to read certificates from before the algorithm policy's end of SHA-1
    "sha224": SHA224(),
    "sha256": SHA256(),
    "sha384": SHA384(),
    "sha512": SHA512(),
}
_PKCS1 = padding.PKCS1v15()
_ECDSA = ec.ECDSA(SHA256())
_ECDSA_DETERMINISTIC = ec.ECDSA(SHA256(), deterministic_signing=True)
_P256 = ec.SECP256R1()
CURVE_NAMES = {"secp256r1": "P-256", "secp384r1": "P-384", "secp521r1": "P-521"}
_ECDSA_BY_DIGEST = {digest: ec.ECDSA(algorithm) for digest, algorithm in _HASHES.items()}
_CURVE_SET = frozenset(CURVE_NAMES.values())
MAX_RSA_BITS = 8192
_P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def raw_sign(key: PrivateKey, data: bytes, algorithm: SignatureAlgorithm, purpose: Purpose) -> bytes:
    """Sign ``data`` and count it. ECDSA nonces follow RFC 6979: the same input gives the same bytes, but for RSA-PSS with a salt."""
    METER.signs[purpose] += 1
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return key.sign(data, _ECDSA_DETERMINISTIC)
    scheme = _pss(algorithm) if algorithm.family is Family.RSA_PSS else _PKCS1
    return key.sign(data, scheme, _HASHES[algorithm.digest])


def _pss(algorithm: SignatureAlgorithm) -> padding.PSS:
    return padding.PSS(padding.MGF1(_HASHES[algorithm.mgf_digest]), algorithm.salt)


def raw_verify(key: AnyPublicKey, signature: bytes, data: bytes, algorithm: SignatureAlgorithm, purpose: Purpose) -> bool:
    """Whether ``signature`` over ``data`` holds under ``key``; counted. A key of another kind than the algorithm's never does."""
    METER.verifies[purpose] += 1
    family = algorithm.family
    try:
        if family is Family.P256:
            elliptic: Any = key
            if not _is_elliptic(type(key)) or elliptic.key_size != 256:
                return False
            elliptic.verify(signature, data, _ECDSA)
        elif isinstance(key, ec.EllipticCurvePublicKey):
            if family is Family.EC and algorithm.curve in ("", curve_of(key)):
                key.verify(signature, data, _ECDSA_BY_DIGEST[algorithm.digest])
            else:
                return False
        elif isinstance(key, rsa.RSAPublicKey):
            if family is Family.RSA:
                key.verify(signature, data, _PKCS1, _HASHES[algorithm.digest])
            elif family is Family.RSA_PSS:
                key.verify(signature, data, _pss(algorithm), _HASHES[algorithm.digest])
            else:
                return False
        elif isinstance(key, ed25519.Ed25519PublicKey):
            if family is not Family.ED25519:
                return False
            key.verify(signature, data)
        else:
            if family is not Family.DSA:
                return False
            key.verify(signature, data, _HASHES[algorithm.digest])
    except (InvalidSignature, UnsupportedAlgorithm, ValueError):  # ValueError: a salt or digest that the modulus has no room for
        return False
    return True


def load_public_key(spki: bytes) -> PublicKey:
    """The P-256 or RSA key of a DER SubjectPublicKeyInfo; raises :class:`KeyUnusable` for anything else."""
    try:
        key = load_der_public_key(spki)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise KeyUnusable("SubjectPublicKeyInfo", "must hold a well-formed public key of a known kind (RFC 5280 §4.1.2.7)") from error
    if isinstance(key, rsa.RSAPublicKey) and key.key_size <= MAX_RSA_BITS:
        return key
    if isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name == _P256.name:
        return key
    raise KeyUnusable("SubjectPublicKeyInfo", f"must hold a P-256 key or an RSA key of at most {MAX_RSA_BITS} bits")


def fits(key: AnyPublicKey, algorithm: SignatureAlgorithm) -> bool:
    """Whether the algorithm is one for this kind of key (and, for EC, this curve)."""
    family, kind = algorithm.family, kind_of(key)
    if kind in _CURVE_SET:
        return (family is Family.P256 and kind == "P-256") or (family is Family.EC and algorithm.curve in ("", kind))
    return family.value == kind or (family is Family.RSA_PSS and kind == "RSA")


def kind_of(key: AnyPublicKey) -> str:
    """What a key is: ``RSA``, a curve (``P-256`` …), ``Ed25519``, ``DSA``."""
    kind = _kind_of_type(type(key))
    return kind or curve_of(key)


@cache
def _kind_of_type(key: type) -> str:
    """The kind of keys of a class, empty for EC keys. Kept, since asking an abstract class takes longer than reading a certificate."""
    kinds: tuple[tuple[str, type], ...] = (("RSA", rsa.RSAPublicKey), ("Ed25519", ed25519.Ed25519PublicKey), ("DSA", dsa.DSAPublicKey))
    return next((name for name, kind in kinds if issubclass(key, kind)), "")


@cache
def _is_elliptic(key: type) -> bool:
    """Whether keys of a class are EC keys; kept as well."""
    return issubclass(key, ec.EllipticCurvePublicKey)


def curve_of(key: AnyPublicKey) -> str:
    """The curve of an EC key as algorithms name it (``P-256`` …), empty for other keys."""
    return CURVE_NAMES.get(key.curve.name, "") if isinstance(key, ec.EllipticCurvePublicKey) else ""


class SigningKey:
    """A private key that signs with one algorithm, and its public half as DER.

    P-256 keys are a function of ``(seed, subject)``; RSA keys are generated once and kept in a disk cache under a name derived from both.
    """

    def __init__(self, private: PrivateKey, algorithm: SignatureAlgorithm | None = None) -> None:
        usual = RSA_SHA256 if isinstance(private, rsa.RSAPrivateKey) else ECDSA_P256_SHA256
        self._private = private
        self.algorithm: SignatureAlgorithm = algorithm or usual

    @classmethod
    def derive_p256(cls, seed: str, subject: str) -> SigningKey:
        """The P-256 key of ``subject`` in the world of ``seed``: HKDF-SHA256 (RFC 5869) reduced into [1, n-1] (FIPS 186-5 §A.2.1)."""
        derivation = HKDF(SHA256(), length=48, salt=seed.encode(), info=b"truc p-256 key\x00" + subject.encode())
        scalar = int.from_bytes(derivation.derive(subject.encode()), "big") % (_P256_ORDER - 1) + 1
        return cls(ec.derive_private_key(scalar, _P256))

    @classmethod
    def rsa(cls, bits: int, cache_dir: Path, seed: str, subject: str) -> SigningKey:
        """The RSA key of ``subject``, made on first use and read from ``cache_dir`` afterwards; ``bits`` is 2048, 3072 or 4096."""
        if bits not in (2048, 3072, 4096):
            raise KeyUnusable(subject, f"an RSA key has 2048, 3072 or 4096 bits, not {bits}")
        name = sha256(f"{bits}\x00{seed}\x00{subject}".encode()).hexdigest()
        path = cache_dir / f"rsa-{bits}-{name}.der"
        if not path.exists():
            _store_once(path, rsa.generate_private_key(65537, bits))
        try:
            key = load_der_private_key(path.read_bytes(), None)
        except ValueError as error:
            raise KeyUnusable(str(path), "must hold an unencrypted PKCS#8 private key; delete the file to have it made again") from error
        if not isinstance(key, rsa.RSAPrivateKey) or key.key_size != bits:
            raise KeyUnusable(str(path), f"must hold an RSA key of {bits} bits; delete the file to have it made again")
        return cls(key)

    @classmethod
    def derive_rsa(cls, bits: int, seed: str, subject: str) -> SigningKey:
        """The RSA key of ``subject`` as a function of ``(seed, subject)``; ``bits`` is 1024 or 2048. About half a second for 2048.

        For objects that must come out the same on any machine without a cache. Those of 1024 bits are there to be refused.
        """
        return cls(_derived_rsa(bits, f"{seed}\x00{subject}"))

    def signing_with(self, algorithm: SignatureAlgorithm) -> SigningKey:
        """The same key, signing with another algorithm for keys of its kind (SHA-1, for authorities of the first generation)."""
        if not fits(self._private.public_key(), algorithm):
            raise KeyUnusable(algorithm.name, f"does not fit a key of kind {self.algorithm.family}")
        return SigningKey(self._private, algorithm)

    @cached_property
    def public_der(self) -> bytes:
        """The public key as DER SubjectPublicKeyInfo."""
        return self._private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    @property
    def max_signature_size(self) -> int:
        """Upper bound of a signature's length in bytes: 72 for P-256 (DER), the modulus for RSA."""
        return 72 if self.algorithm.family is Family.P256 else (self._private.key_size + 7) // 8

    def sign(self, data: bytes, purpose: Purpose) -> bytes:
        """Sign ``data``; one raw operation."""
        return raw_sign(self._private, data, self.algorithm, purpose)

    def secret_for(self, use: str) -> bytes:
        """32 bytes that nobody without the private key can compute (HKDF-SHA256, RFC 5869), one such secret for each ``use``.

        No raw operation: every process that holds the key has the secret without being told it.
        """
        private = self._private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        return HKDF(SHA256(), length=32, salt=None, info=b"truc secret\x00" + use.encode()).derive(private)

    def private_pem(self) -> bytes:
        """The private key as unencrypted PKCS#8 PEM, for handing a simulated token to another tool."""
        return self._private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


@lru_cache(maxsize=32)
def _derived_rsa(bits: int, label: str) -> rsa.RSAPrivateKey:
    """Two probable primes (FIPS 186-5 §A.1.3) searched from a SHAKE-256 stream, one beginning in each of its halves."""
    if bits not in (1024, 2048):
        raise KeyUnusable(label.rsplit("\x00", maxsplit=1)[-1], f"a derived RSA key has 1024 or 2048 bits, not {bits}")
    half = bits // 16
    stream = shake_256(f"truc rsa-{bits}\x00{label}".encode()).digest(2 * half)
    p, q = _prime_from(stream[:half]), _prime_from(stream[half:])
    exponent = 65537
    private = pow(exponent, -1, (p - 1) * (q - 1) // gcd(p - 1, q - 1))
    public = rsa.RSAPublicNumbers(exponent, p * q)
    return rsa.RSAPrivateNumbers(p, q, private, private % (p - 1), private % (q - 1), pow(q, -1, p), public).private_key(
        unsafe_skip_rsa_key_validation=True
    )  # made here


def _prime_from(start: bytes) -> int:
    """The first prime at or after a number with its two highest bits set, one that 65537 can be the exponent for."""
    candidate = int.from_bytes(start) | 3 << (8 * len(start) - 2) | 1
    while candidate % 65537 == 1 or any(candidate % prime == 0 for prime in _SMALL_PRIMES) or not _probably_prime(candidate):
        candidate += 2
    return candidate


def _probably_prime(number: int) -> bool:
    """Miller and Rabin with the first 16 primes as bases: 2^-32 at worst, and these keys guard nothing."""
    odd, twos = number - 1, 0
    while odd % 2 == 0:
        odd, twos = odd // 2, twos + 1
    for base in _SMALL_PRIMES[:16]:
        value = pow(base, odd, number)
        if value in (1, number - 1):
            continue
        if all((value := value * value % number) != number - 1 for _ in range(twos - 1)):
            return False
    return True


_SMALL_PRIMES = tuple(number for number in range(3, 2000, 2) if all(number % divisor for divisor in range(3, isqrt(number) + 1, 2)))


def _store_once(path: Path, key: rsa.RSAPrivateKey) -> None:
    """Write the key under its name unless another process did so first: a name never changes its key."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=".rsa-")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()))
        try:
            os.link(temporary, path)
        except FileExistsError:
            return
    finally:
        os.unlink(temporary)
