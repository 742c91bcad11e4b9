"""Which algorithms and key sizes are good until when (EN 319 102-1 §5.2.8; the cryptographic constraints of a validation policy)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from math import inf

from cryptography.hazmat.primitives.asymmetric import ed25519, rsa

from signing.algorithms import BY_NAME, algorithm_named
from signing.keys import AnyPublicKey, fits, kind_of


@dataclass(frozen=True, slots=True)
class AlgorithmRule:
    """An accepted signature algorithm: smallest key in bits, and the instant it ends (``None``: no end in sight)."""

    min_key_bits: int
    until: datetime | None = None


_RSA_2048_END = datetime(2031, 1, 1, tzinfo=UTC)
_SHA1_END = datetime(2017, 1, 1, tzinfo=UTC)
_ED25519_BITS = 256

_DEFAULT_RULES: Mapping[str, AlgorithmRule] = {
    "ecdsa-p256-sha256": AlgorithmRule(256),
    "rsa-pkcs1-sha256": AlgorithmRule(2048, _RSA_2048_END),
    "rsa-pkcs1-sha384": AlgorithmRule(2048, _RSA_2048_END),
    "rsa-pkcs1-sha512": AlgorithmRule(2048, _RSA_2048_END),
    "rsa-pkcs1-sha1": AlgorithmRule(2048, _SHA1_END),
}


@dataclass(frozen=True, slots=True, eq=False)
class AlgorithmPolicy:
    """An allow-list: what is not named is not accepted.

    The defaults give PKCS#1 v1.5 with 2048 bits until the end of 2030 (112-bit strength, NIST SP 800-57 part 1 table 4) and SHA-1 until
    the end of 2016; SHA-1 can only occur in certificates, for content is digested with SHA-256 alone.
    """

    rules: Mapping[str, AlgorithmRule] = field(default_factory=lambda: dict(_DEFAULT_RULES))

    def sunsets(self) -> tuple[int, ...]:
        """Epoch seconds at which some algorithm ends."""
        return tuple(sorted({int(rule.until.timestamp()) for rule in self.rules.values() if rule.until is not None}))

    def refusal(self, algorithm: str, key: AnyPublicKey, at: int) -> str:
        """Why ``algorithm`` with ``key`` is not accepted at epoch second ``at``; empty when it is."""
        rule = self.rules.get(algorithm)
        if rule is None:
            return f"signature algorithm {algorithm} is not on the list"
        known = BY_NAME.get(algorithm) or algorithm_named(algorithm)
        if known is None or not fits(key, known):
            return f"signature algorithm {algorithm} does not fit a key of kind {kind_of(key)}"
        bits = _ED25519_BITS if isinstance(key, ed25519.Ed25519PublicKey) else key.key_size
        if bits < rule.min_key_bits:
            return f"a key of {bits} bits is too short for {algorithm}; {rule.min_key_bits} are needed"
        if rule.until is not None and at >= int(rule.until.timestamp()):
            return f"{algorithm} is no longer accepted since {rule.until:%Y-%m-%d}"
        return _exponent_refusal(key)

    def accepted_until(self, algorithm: str, key: AnyPublicKey) -> float | None:
        """The epoch second at which ``algorithm`` with ``key`` ends to be accepted, infinity for none; ``None`` when it never was."""
        rule = self.rules.get(algorithm)
        if rule is None or self.refusal(algorithm, key, _BEGINNING):
            return None
        return inf if rule.until is None else int(rule.until.timestamp())


_BEGINNING = -(1 << 62)
"""Before every end."""


def _exponent_refusal(key: AnyPublicKey) -> str:
    """A small public exponent is a known weakness of careless RSA implementations (FIPS 186-5 §A.1.1 asks for more than 2^16)."""
    if isinstance(key, rsa.RSAPublicKey) and key.public_numbers().e <= 0x10000:
        return "an RSA public exponent must be greater than 65536"
    return ""


DEFAULT = AlgorithmPolicy()
"""The policy used where none is given."""

_FOREIGN_RULES: Mapping[str, AlgorithmRule] = {
    **_DEFAULT_RULES,
    **{f"ecdsa-{curve}-{digest}": AlgorithmRule(256) for curve in ("p256", "p384", "p521") for digest in ("sha256", "sha384", "sha512")},
    **{f"rsa-pss-{digest}": AlgorithmRule(2048, _RSA_2048_END) for digest in ("sha256", "sha384", "sha512")},
    "ed25519": AlgorithmRule(256),
}
FOREIGN = AlgorithmPolicy(_FOREIGN_RULES)
"""The policy for hierarchies that are not ours: what ETSI TS 119 312 lists beside our own.

RSA-PSS only with MGF1 over the same digest and a salt of the digest's length. DSA is read and verified but on no list of today.
"""
