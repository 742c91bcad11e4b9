"""Public keys of certificates from outside, of more kinds than the bulk path knows, and which algorithms go with them.

Nothing is verified here: :meth:`ForeignKey.verify` passes through :func:`signing.keys.raw_verify`, which counts.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat import asn1
from cryptography.hazmat.primitives.asymmetric import dsa, ed25519, rsa
from cryptography.hazmat.primitives.serialization import load_der_public_key

from signing import der, oids
from signing.algorithms import Family, SignatureAlgorithm, bound_to, read_algorithm
from signing.errors import KeyUnusable
from signing.keys import CURVE_NAMES, MAX_RSA_BITS, AnyPublicKey, Purpose, curve_of, fits, raw_verify

_MAX_RSA_EXPONENT_BITS = 64
"""A longer exponent makes a verification take as long as a signature; nobody uses one."""
_MAX_DSA_BITS = 3072


@asn1.sequence
class _PlainIdentifier:
    algorithm: x509.ObjectIdentifier


@asn1.sequence
class _PlainSpki:
    """A SubjectPublicKeyInfo whose algorithm has no parameters."""

    algorithm: _PlainIdentifier
    key: asn1.BitString


@asn1.sequence
class _Spki:
    algorithm: asn1.TLV
    key: asn1.BitString


@asn1.sequence
class _DsaKey:
    """A SEQUENCE around the DSAPublicKey, since the decoder wants a class at the root."""

    y: int


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """A public key of a certificate from outside. ``pss`` restricts an id-RSASSA-PSS key to that scheme (RFC 4055 §1.2, §3.3).

    With ``pss_only`` and no ``pss`` the key is for RSA-PSS with whatever parameters. ``identity`` is a digest of all that makes the key.
    """

    public: AnyPublicKey
    identity: bytes
    pss_only: bool = False
    pss: SignatureAlgorithm | None = None

    def algorithm(self, encoded: bytes) -> SignatureAlgorithm | None:
        """The algorithm of a DER AlgorithmIdentifier when used with this key; ``None`` when it is not known or does not fit the key."""
        read = read_algorithm(encoded)
        if read is None:
            return None
        bound = bound_to(read, curve_of(self.public))
        return bound if self.fits(bound) else None

    def fits(self, algorithm: SignatureAlgorithm) -> bool:
        """Whether the algorithm is one for this kind of key."""
        if not fits(self.public, algorithm):
            return False
        return not self.pss_only or (algorithm.family is Family.RSA_PSS and self._allows_pss(algorithm))

    def verify(self, signature: bytes, data: bytes, algorithm: SignatureAlgorithm, purpose: Purpose) -> bool:
        """Whether a signature holds; one raw operation, none when the algorithm does not fit the key."""
        return self.fits(algorithm) and raw_verify(self.public, signature, data, algorithm, purpose)

    def _allows_pss(self, algorithm: SignatureAlgorithm) -> bool:
        bound = self.pss
        return bound is None or (
            (algorithm.digest, algorithm.mgf_digest) == (bound.digest, bound.mgf_digest) and algorithm.salt >= bound.salt
        )


def load_foreign_key(spki: bytes, issuer: ForeignKey | None = None) -> ForeignKey:
    """The key of a DER SubjectPublicKeyInfo from outside: RSA, P-256, P-384, P-521, Ed25519 or DSA; raises :class:`KeyUnusable`.

    A DSA key without parameters takes those of ``issuer`` (RFC 3279 §2.3.2, RFC 5280 §6.1.4 (f)).
    """
    inherited = _inherited_dsa(spki, issuer)
    if inherited is not None and issuer is not None:
        return ForeignKey(inherited, sha256(spki + issuer.identity).digest())
    try:
        key = load_der_public_key(spki)
        identifier = asn1.decode_der(_Spki, spki).algorithm
        pss_only = bytes(identifier.data).startswith(der.oid(oids.RSASSA_PSS))
        encoded = der.tlv(der.SEQUENCE, bytes(identifier.data))
    except (ValueError, UnsupportedAlgorithm) as error:
        raise KeyUnusable("SubjectPublicKeyInfo", "must hold a well-formed public key of a known kind (RFC 5280 §4.1.2.7)") from error
    if not isinstance(key, AnyPublicKey) or not _within_bounds(key):
        raise KeyUnusable("SubjectPublicKeyInfo", "must hold an RSA, P-256, P-384, P-521, Ed25519 or DSA key of usual size")
    identity = sha256(spki).digest()
    if not pss_only:
        return ForeignKey(key, identity)
    restriction = read_algorithm(encoded)
    if restriction is None and encoded != der.sequence(der.oid(oids.RSASSA_PSS)):
        raise KeyUnusable("SubjectPublicKeyInfo", "must restrict an RSA-PSS key by known parameters (RFC 4055 §3.1)")
    return ForeignKey(key, identity, True, restriction)


def _within_bounds(key: AnyPublicKey) -> bool:
    """Sizes bounded, for a verification's time grows with them."""
    if isinstance(key, rsa.RSAPublicKey):
        return key.key_size <= MAX_RSA_BITS and key.public_numbers().e.bit_length() <= _MAX_RSA_EXPONENT_BITS
    if isinstance(key, dsa.DSAPublicKey):
        return key.key_size <= _MAX_DSA_BITS
    return isinstance(key, ed25519.Ed25519PublicKey) or key.curve.name in CURVE_NAMES


def _inherited_dsa(spki: bytes, issuer: ForeignKey | None) -> dsa.DSAPublicKey | None:
    """A DSA key that leaves its parameters to its issuer, ``None`` for every other key."""
    if issuer is None or not isinstance(issuer.public, dsa.DSAPublicKey):
        return None
    try:
        bare = asn1.decode_der(_PlainSpki, spki)
        if bare.algorithm.algorithm.dotted_string != oids.DSA:
            return None
        y = asn1.decode_der(_DsaKey, der.sequence(bare.key.as_bytes())).y
        return dsa.DSAPublicNumbers(y, issuer.public.public_numbers().parameter_numbers).public_key()
    except ValueError:
        return None
