"""What is measured on: a small PKI with a leader and an agency, a moment, and the raw operations that bound everything."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from functools import cache
from pathlib import Path
from tempfile import gettempdir

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256

from signing import Authority, Holder, HolderKind, HolderSpec, KeyKind, Pki, PkiSpec, SignedMessage

VN = timezone(timedelta(hours=7))
MOMENT = datetime(2021, 9, 30, 9, 0, tzinfo=VN)
CONTENT = bytes(range(256)) * 80
"""20 KB of detached content."""

REFERENCE_P256 = {"sign": 45_000, "verify": 15_700}
"""Raw operations per second on the machine on which the absolute figures were set; they are scaled by what this run measures."""


@cache
def pki() -> Pki:
    """One hierarchy for all rows; RSA keys are kept in a cache folder between runs, since making one takes long."""
    return Pki.build(PkiSpec("benchmarks", key_cache=Path(gettempdir()) / "truc-benchmark-keys"))


@cache
def holder(kind: HolderKind, key: KeyKind) -> Holder:
    """A leader or an agency with a key of that kind; the same holder whenever asked."""
    person = kind is HolderKind.PERSON
    return pki().issue(
        HolderSpec(
            kind=kind,
            name=f"{'Nguyễn Văn Thử' if person else 'Ủy ban nhân dân tỉnh Thử Nghiệm'} {key}",
            authority=Authority.STATE,
            not_before=datetime(2020, 1, 1, tzinfo=VN),
            not_after=datetime(2025, 1, 1, tzinfo=VN),
            organisation="Ủy ban nhân dân tỉnh Thử Nghiệm",
            locality="Hòa Bình",
            email="thu@cq.truc.test" if person else "",
            key=key,
        )
    )


def raw_verify(who: Holder, message: SignedMessage, content: bytes = b"") -> Callable[[], None]:
    """The bound of verification: SHA-256 of the content and the one public-key operation, nothing else."""
    key = x509.load_der_x509_certificate(who.certificate_der).public_key()
    attributes, signature = message.signed_attributes, message.signature
    if isinstance(key, rsa.RSAPublicKey):
        scheme, digest = padding.PKCS1v15(), SHA256()

        def verify_rsa() -> None:
            hashlib.sha256(content).digest()
            key.verify(signature, attributes, scheme, digest)

        return verify_rsa
    assert isinstance(key, ec.EllipticCurvePublicKey)
    algorithm = ec.ECDSA(SHA256())

    def verify_ec() -> None:
        hashlib.sha256(content).digest()
        key.verify(signature, attributes, algorithm)

    return verify_ec


def raw_sign(attributes: bytes) -> Callable[[], object]:
    """The bound of signing: one P-256 operation with the nonce of RFC 6979 over bytes as long as the signed attributes."""
    key = ec.derive_private_key(0x5A17, ec.SECP256R1())
    algorithm = ec.ECDSA(SHA256(), deterministic_signing=True)
    return lambda: key.sign(attributes, algorithm)
