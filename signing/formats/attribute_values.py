"""What the signed attributes of a foreign CMS say, read by asn1crypto; each that cannot be read becomes a recorded breach."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from asn1crypto import cms, core

from signing import der, oids
from signing.algorithms import SHA256_IDENTIFIER
from signing.formats.envelope import MAX_VALUES, bounded_serial, digest_name, plain_algorithm
from signing.formats.opaque import AnySequence, Notes, dotted, optional, raw

_SEQUENCE = 0x30
_DIRECTORY_NAME = 0xA4
EssEntry = tuple[str, bytes, bytes | None, int | None]


def content_type(notes: Notes, attributes: dict[str, bytes], content_type: str) -> str | None:
    """The content-type attribute, noted unless it is eContentType; a counter-signature, which has no content type, must have none."""
    value = attributes.get(oids.CONTENT_TYPE)
    found: str | None = None
    if value is not None:
        found = notes.tried("content-type", "RFC 5652 §11.1", lambda: dotted(core.ObjectIdentifier.load(value, strict=True)), None)
    if not content_type:
        if value is not None:
            notes.note("a counter-signature has a content-type", "RFC 5652 §11.4")
    elif found != content_type:
        notes.note("content-type is missing or is not eContentType", "RFC 5652 §5.6, §11.1")
    return found


def message_digest(notes: Notes, attributes: dict[str, bytes]) -> bytes | None:
    """The message-digest attribute."""
    value = attributes.get(oids.MESSAGE_DIGEST)
    if value is None:
        notes.note("message-digest is missing", "RFC 5652 §11.2")
        return None
    digest: bytes | None = notes.tried("message-digest", "RFC 5652 §11.2", lambda: core.OctetString.load(value, strict=True).native, None)
    return digest


def ess(notes: Notes, attributes: dict[str, bytes]) -> tuple[EssEntry, ...]:
    """What signing-certificate-v2 and version 1 name, version 2 first: digest name, digest, issuer and serial number where given."""
    second, first = attributes.get(oids.SIGNING_CERTIFICATE_V2), attributes.get(oids.SIGNING_CERTIFICATE)
    nothing: tuple[EssEntry, ...] = ()
    found = nothing
    if second is not None:
        found += notes.tried("signing-certificate-v2", "RFC 5035 §3", lambda: _ess_v2(notes, second), nothing)
    if first is not None:
        found += notes.tried("signing-certificate", "RFC 2634 §5.4", lambda: _ess_v1(notes, first), nothing)
    # That there is none is plain from the claim, and what it costs the policy's affair (signing-certificate-attribute): no breach of CMS.
    return found[:MAX_VALUES]


def _identifiers(value: bytes) -> tuple[tuple[bytes, ...], ...]:
    """The parts of each ESSCertID or ESSCertIDv2 in a signing-certificate attribute of either version."""
    certificates = raw(AnySequence.load(value, strict=True), 2, "signing-certificate")[0]
    return tuple(_parts(item, 3) for item in raw(AnySequence.load(certificates, strict=True), MAX_VALUES, "signing-certificate"))


def _parts(value: bytes, most: int) -> tuple[bytes, ...]:
    """The elements of a SEQUENCE."""
    return raw(AnySequence.load(value, strict=True), most, "signing-certificate")


def _ess_v2(notes: Notes, value: bytes) -> tuple[EssEntry, ...]:
    entries = []
    for parts in _identifiers(value):
        algorithm, *rest = parts if parts[0][0] == _SEQUENCE else (SHA256_IDENTIFIER, *parts)
        if parts[0] == SHA256_IDENTIFIER:
            notes.note("signing-certificate-v2 writes out the default digest SHA-256", "X.690 §11.5")
        entries.append((digest_name(algorithm), *_hash_and_issuer(notes, rest)))
    return tuple(entries)


def _ess_v1(notes: Notes, value: bytes) -> tuple[EssEntry, ...]:
    return tuple(("sha1", *_hash_and_issuer(notes, parts)) for parts in _identifiers(value))


def _hash_and_issuer(notes: Notes, parts: Sequence[bytes]) -> tuple[bytes, bytes | None, int | None]:
    """certHash and the optional issuerSerial (RFC 5035 §3)."""
    digest: bytes = core.OctetString.load(parts[0], strict=True).native
    if len(parts) == 1:
        return digest, None, None
    names, number = _parts(parts[1], 2)
    serial: int = bounded_serial(core.Integer.load(number, strict=True).native)
    named = _parts(names, MAX_VALUES)
    if len(named) != 1 or named[0][0] != _DIRECTORY_NAME:
        notes.note("issuerSerial does not name the issuer by one directoryName", "RFC 5035 §3")
        return digest, None, serial
    return digest, bytes(core.Any.load(named[0]).contents), serial


def algorithm_protection(notes: Notes, attributes: dict[str, bytes], digest: bytes, signature: bytes) -> bool | None:
    """Whether CMSAlgorithmProtection names the SignerInfo's algorithms (RFC 6211 §3); ``None`` where it is absent."""
    value = attributes.get(oids.CMS_ALGORITHM_PROTECTION)
    if value is None:
        return None

    def agrees() -> bool:
        protection = cms.CMSAlgorithmProtection.load(value, strict=True)
        named = optional(protection["signature_algorithm"])
        if named is None or optional(protection["mac_algorithm"]) is not None:
            return False
        protected = plain_algorithm(protection["digest_algorithm"].dump()), plain_algorithm(b"\x30" + named.dump()[1:])
        return protected == (plain_algorithm(digest), plain_algorithm(signature))

    return notes.tried("CMSAlgorithmProtection", "RFC 6211 §2", agrees, otherwise=False)


def policy(notes: Notes, attributes: dict[str, bytes]) -> str | None:
    """The explicit signature policy, by its identifier."""
    value = attributes.get(oids.SIGNATURE_POLICY_IDENTIFIER)
    if value is None or value[:1] == der.NULL[:1]:
        return None

    def identifier() -> str:
        parts = raw(AnySequence.load(value, strict=True), 3, "signature-policy-identifier")
        return dotted(core.ObjectIdentifier.load(parts[0], strict=True))

    return notes.tried("signature-policy-identifier", "EN 319 122-1 §5.2.9", identifier, None)


def signing_time(notes: Notes, attributes: dict[str, bytes]) -> datetime | None:
    """The signing-time attribute."""
    value = attributes.get(oids.SIGNING_TIME)
    if value is None:
        return None

    def moment() -> datetime:
        """Year 0 is a class of asn1crypto's own, no zone is nobody's time: neither can be held against another instant."""
        found = cms.Time.load(value, strict=True).native
        if not isinstance(found, datetime) or found.tzinfo is None:
            raise ValueError("it is no instant with its zone")
        return found.astimezone(UTC)

    otherwise: datetime | None = None
    return notes.tried("signing-time", "RFC 5652 §11.3", moment, otherwise)
