"""Certificates and lists as no authority should issue them, built with another library than ours."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from signing import Authority, Holder, Pki, SigningKey
from tests.signing.lab import AT, PERSON

AUTHORITY_USAGE = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
SIGNER_USAGE = x509.KeyUsage(True, True, False, False, False, False, False, False, False)
END_ENTITY = x509.BasicConstraints(False, None)
Extensions = Sequence[tuple[x509.ExtensionType, bool]]


def private(key: SigningKey) -> ec.EllipticCurvePrivateKey:
    """The private key behind a signing key: the tests may do what the package must not."""
    assert isinstance(key._private, ec.EllipticCurvePrivateKey)
    return key._private


def subordinate(pki: Pki) -> Holder:
    """The state authority, dressed as a holder."""
    authority = pki.subordinates[Authority.STATE]
    return Holder("", authority.certificate_der, authority.key, (pki.root.certificate_der,), PERSON)


def certify(
    issuer: Holder,
    extensions: Extensions = ((END_ENTITY, True), (SIGNER_USAGE, True)),
    *,
    name: str = "Người lạ",
    key: SigningKey | None = None,
    valid_from: datetime = AT - timedelta(days=400),
    days: int = 2000,
    issuer_key: SigningKey | None = None,
) -> Holder:
    """A holder certified under ``issuer`` with exactly these extensions."""
    subject = x509.Name([x509.NameAttribute(NameOID.COUNTRY_NAME, "VN"), x509.NameAttribute(NameOID.COMMON_NAME, name)])
    holder_key = key or SigningKey.derive_p256("oddities", name)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(x509.load_der_x509_certificate(issuer.certificate_der).subject)
        .public_key(holder_key._private.public_key())
        .serial_number(int.from_bytes(name.encode()[:8].ljust(8, b"\x01"), "big") >> 1)
        .not_valid_before(valid_from)
        .not_valid_after(valid_from + timedelta(days=days))
    )
    for value, critical in extensions:
        builder = builder.add_extension(value, critical)
    certificate = builder.sign(private(issuer_key or issuer.key), SHA256(), ecdsa_deterministic=True)
    der = certificate.public_bytes(Encoding.DER)
    return Holder(subject.rfc4514_string(), der, holder_key, (issuer.certificate_der, *issuer.issuer_chain), PERSON)


def authority(issuer: Holder, name: str, *, constraints: x509.BasicConstraints | None, usage: x509.KeyUsage = AUTHORITY_USAGE) -> Holder:
    """An authority below ``issuer``."""
    extensions: list[tuple[x509.ExtensionType, bool]] = [(usage, True)]
    if constraints is not None:
        extensions.append((constraints, True))
    return certify(issuer, extensions, name=name)


def short_rsa_key() -> SigningKey:
    """An RSA key of 1024 bits, which no policy accepts."""
    return SigningKey(rsa.generate_private_key(65537, 1024))


def revocation_list(
    issuer: Holder,
    *,
    at: datetime = AT - timedelta(hours=9),
    days: int = 7,
    revoked: Sequence[tuple[int, x509.ReasonFlags | None]] = (),
    revoked_at: datetime | None = None,
    extensions: Extensions = (),
    entry_extension: x509.ExtensionType | None = None,
    key: SigningKey | None = None,
) -> bytes:
    """A list of ``issuer`` with a CRLNumber and whatever else is asked for."""
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(x509.load_der_x509_certificate(issuer.certificate_der).subject)
        .last_update(at)
        .next_update(at + timedelta(days=days))
        .add_extension(x509.CRLNumber(1), critical=False)
    )
    for value, critical in extensions:
        builder = builder.add_extension(value, critical)
    for serial, reason in revoked:
        entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(revoked_at or at - timedelta(hours=1))
        if reason is not None:
            entry = entry.add_extension(x509.CRLReason(reason), critical=False)
        if entry_extension is not None:
            entry = entry.add_extension(entry_extension, critical=True)
        builder = builder.add_revoked_certificate(entry.build())
    return builder.sign(private(key or issuer.key), SHA256(), ecdsa_deterministic=True).public_bytes(Encoding.DER)
