"""Hierarchies, lists and responses of any shape for the tests of path validation, built with another library than ours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from signing import ChainEngine, ChainPolicy, ChainVerdict, Evidence, Usage

NOW = datetime(2024, 6, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
SIGNER_USAGE = x509.KeyUsage(True, True, False, False, False, False, False, False, False)
AUTHORITY_USAGE = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
LIST_USAGE = x509.KeyUsage(False, False, False, False, False, False, True, False, False)
Extensions = Sequence[tuple[x509.ExtensionType, bool]]


@dataclass(frozen=True, slots=True)
class Node:
    """A certificate and its private key."""

    certificate: x509.Certificate
    key: Any

    @property
    def der(self) -> bytes:
        """The certificate's encoding."""
        return self.certificate.public_bytes(Encoding.DER)

    @property
    def serial(self) -> int:
        """Its serial number."""
        return self.certificate.serial_number

    @property
    def sha256(self) -> bytes:
        """The digest verdicts name it by."""
        return sha256(self.der).digest()


def name(common: str, *more: tuple[x509.ObjectIdentifier, str]) -> x509.Name:
    """``C=VN, O=TEST, …, CN``."""
    parts = [(NameOID.COUNTRY_NAME, "VN"), (NameOID.ORGANIZATION_NAME, "TEST"), *more, (NameOID.COMMON_NAME, common)]
    return x509.Name([x509.NameAttribute(kind, text) for kind, text in parts])


def key_for(label: str) -> ec.EllipticCurvePrivateKey:
    """A P-256 key that is always the same for a label."""
    return ec.derive_private_key(int.from_bytes(sha256(label.encode()).digest(), "big") % (_ORDER - 1) + 1, ec.SECP256R1())


def certify(
    common: str,
    issuer: Node | None = None,
    *,
    ca: bool = False,
    path_length: int | None = None,
    usage: x509.KeyUsage | None = None,
    extensions: Extensions = (),
    plain: bool = False,
    key: Any = None,
    label: str = "",
    subject: x509.Name | None = None,
    serial: int | None = None,
    since: datetime = NOW - 400 * DAY,
    until: datetime = NOW + 2000 * DAY,
    signer: Any = None,
    digest: Any = None,
    padding: Any = None,
) -> Node:
    """A certificate under ``issuer`` (self-signed without one); ``plain`` leaves out basic constraints, key usage and key identifiers.

    ``label`` chooses another key than the name does; ``signer`` signs in the issuer's place.
    """
    private = key or key_for(label or common)
    own = subject or name(common)
    signing_key = signer or (private if issuer is None else issuer.key)
    number = serial or int.from_bytes(sha256(f"{common}/{label}/{since}".encode()).digest()[:8], "big") >> 1 or 1
    builder = (
        x509.CertificateBuilder()
        .subject_name(own)
        .issuer_name(own if issuer is None else issuer.certificate.subject)
        .public_key(private.public_key())
        .serial_number(number)
        .not_valid_before(since)
        .not_valid_after(until)
    )
    if not plain:
        builder = builder.add_extension(x509.BasicConstraints(ca, path_length if ca else None), True)
        builder = builder.add_extension(usage or (AUTHORITY_USAGE if ca else SIGNER_USAGE), True)
        builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(private.public_key()), False)
        above = private.public_key() if issuer is None else issuer.certificate.public_key()
        builder = builder.add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(above), False)  # type: ignore[arg-type]
    for value, critical in extensions:
        builder = builder.add_extension(value, critical)
    return Node(builder.sign(signing_key, digest or _digest_for(signing_key), rsa_padding=padding), private)


def _digest_for(key: Any) -> Any:
    return None if "ed25519" in type(key).__name__.lower() else SHA256()


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a list."""

    serial: int
    at: datetime = NOW - 10 * DAY
    reason: x509.ReasonFlags | None = None
    invalid_since: datetime | None = None
    issuer: x509.Name | None = None
    extensions: Extensions = ()


def revoke_list(
    issuer: Node,
    entries: Sequence[Entry | Node] = (),
    *,
    since: datetime = NOW - DAY,
    until: datetime | None = NOW + 6 * DAY,
    number: int = 1,
    base: int | None = None,
    extensions: Extensions = (),
    key: Any = None,
    digest: Any = None,
) -> bytes:
    """A CRL of ``issuer``; a node stands for an entry without a reason."""
    builder = x509.CertificateRevocationListBuilder().issuer_name(issuer.certificate.subject).last_update(since)
    builder = builder.next_update(until or since + 3650 * DAY)
    builder = builder.add_extension(x509.CRLNumber(number), False)
    if base is not None:
        builder = builder.add_extension(x509.DeltaCRLIndicator(base), True)
    for value, critical in extensions:
        builder = builder.add_extension(value, critical)
    for entry in entries:
        builder = builder.add_revoked_certificate(_revoked(Entry(entry.serial) if isinstance(entry, Node) else entry))
    signing_key = key or issuer.key
    return builder.sign(signing_key, digest or _digest_for(signing_key)).public_bytes(Encoding.DER)


def _revoked(entry: Entry) -> x509.RevokedCertificate:
    builder = x509.RevokedCertificateBuilder().serial_number(entry.serial).revocation_date(entry.at)
    if entry.reason is not None:
        builder = builder.add_extension(x509.CRLReason(entry.reason), False)
    if entry.invalid_since is not None:
        builder = builder.add_extension(x509.InvalidityDate(entry.invalid_since), False)
    if entry.issuer is not None:
        builder = builder.add_extension(x509.CertificateIssuer([x509.DirectoryName(entry.issuer)]), True)
    for value, critical in entry.extensions:
        builder = builder.add_extension(value, critical)
    return builder.build()


def answer(
    target: Node,
    issuer: Node,
    responder: Node | None = None,
    *,
    revoked_at: datetime | None = None,
    reason: x509.ReasonFlags | None = None,
    unknown: bool = False,
    since: datetime = NOW - DAY,
    until: datetime | None = NOW + DAY,
    by_name: bool = False,
    embed: bool = True,
    named: Node | None = None,
    digest: Any = None,
    extensions: Extensions = (),
) -> bytes:
    """An OCSP response by ``responder`` (the issuer itself without one) about ``target``; ``named`` answers for another issuer's."""
    speaker = responder or issuer
    status = ocsp.OCSPCertStatus.UNKNOWN if unknown else ocsp.OCSPCertStatus.REVOKED if revoked_at else ocsp.OCSPCertStatus.GOOD
    builder = ocsp.OCSPResponseBuilder().add_response(
        target.certificate, (named or issuer).certificate, digest or SHA1(), status, since, until, revoked_at, reason
    )
    encoding = ocsp.OCSPResponderEncoding.NAME if by_name else ocsp.OCSPResponderEncoding.HASH
    builder = builder.responder_id(encoding, speaker.certificate)
    if responder is not None and embed:
        builder = builder.certificates([responder.certificate])
    for value, critical in extensions:
        builder = builder.add_extension(value, critical)
    return builder.sign(speaker.key, _digest_for(speaker.key)).public_bytes(Encoding.DER)


def responder_for(issuer: Node, common: str = "Responder", *, no_check: bool = True, **options: Any) -> Node:
    """A delegated responder, for longer than its issuer: the library dates every answer by the machine's clock, whatever day that is."""
    options.setdefault("until", NOW + 20_000 * DAY)
    extensions: list[tuple[x509.ExtensionType, bool]] = [(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING]), False)]
    if no_check:
        extensions.append((x509.OCSPNoCheck(), False))
    return certify(common, issuer, extensions=(*extensions, *options.pop("extensions", ())), **options)


@dataclass(frozen=True, slots=True)
class Tree:
    """Root, authority and signer with nothing special, and the lists of both authorities."""

    root: Node
    authority: Node
    signer: Node
    lists: tuple[bytes, ...]


def tree(**options: Any) -> Tree:
    """The usual tree; ``options`` are the signer's."""
    root = certify("Root", ca=True)
    authority = certify("Authority", root, ca=True)
    signer = certify("Signer", authority, **options)
    return Tree(root, authority, signer, (revoke_list(root), revoke_list(authority)))


def judged(
    target: Node,
    anchor: Node,
    between: Sequence[Node] = (),
    crls: Sequence[bytes] = (),
    ocsps: Sequence[bytes] = (),
    *,
    at: datetime = NOW,
    usage: Usage = Usage.ANY,
    policy: ChainPolicy | None = None,
    extra: Sequence[bytes] = (),
) -> ChainVerdict:
    """The verdict on a target with these artefacts."""
    evidence = Evidence((anchor.der,), certificates=tuple(one.der for one in between), crls=tuple(crls), ocsps=tuple(ocsps))
    return ChainEngine(evidence, policy or ChainPolicy()).validate(target.der, at, usage=usage, extra=extra)


def spki(node: Node) -> bytes:
    """The DER SubjectPublicKeyInfo of a node."""
    return node.certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
