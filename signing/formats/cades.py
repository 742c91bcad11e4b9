"""Augmenting a CAdES signature: B-T, B-LT, B-LTA and renewal (EN 319 122-1 §5.3–§5.5, §6), each a new artefact.

Bytes and artefacts in, new bytes out; what was delivered is never changed. Signature values and signed attributes stay as they are, byte
for byte. Only strict DER is augmented: a hash index over anything looser would not be the same for the next reader.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256

from signing import der, oids
from signing.errors import FormatFailure
from signing.formats.archive import Reach, stamped
from signing.formats.artefacts import Artefacts, carried, revocation_choice
from signing.formats.assembly import digest_of
from signing.formats.claims import Digest
from signing.formats.envelope import Attribute, Envelope, SignerEnvelope, signed_data_version
from signing.formats.strict import read_envelope
from signing.formats.timestamp import Token, read_token

Stamp = Callable[[bytes], bytes]
"""A time-stamp service: SHA-256 digest (32 bytes) in, DER of a TimeStampToken out."""


def add_signature_timestamp(cms: bytes, stamp: Stamp, *, signer: int = 0) -> bytes:
    """B-T: the signature value of the signer (counted from 0) stamped, as unsigned attribute signature-time-stamp (§5.3).

    Raises :class:`FormatFailure` for a CMS or token that is not strict DER, or a token over something else.
    """
    envelope = read_envelope(cms)
    chosen = _signer(envelope, signer)
    token = _token(stamp, sha256(chosen.claim.signature).digest())
    return encode(_with_attribute(envelope, signer, Attribute(oids.SIGNATURE_TIME_STAMP, (token.der,))))


def add_evidence(cms: bytes, artefacts: Artefacts) -> bytes:
    """B-LT: certificates, lists and OCSP responses added to SignedData.certificates and .crls (§5.4; RFC 5652 §5.1, RFC 5940).

    What is there already is not added again. Raises :class:`FormatFailure`.
    """
    envelope = read_envelope(cms)
    there = carried(envelope)
    certificates = (*envelope.certificates, *(item for item in artefacts.certificates if item not in there.certificates))
    new_ocsps = (revocation_choice(item) for item in artefacts.ocsps if item not in there.ocsps)
    revocation = (*envelope.revocation, *(item for item in artefacts.crls if item not in there.crls), *new_ocsps)
    augmented = encode(replace(envelope, certificates=tuple(dict.fromkeys(certificates)), revocation=tuple(dict.fromkeys(revocation))))
    read_envelope(augmented)  # bounds hold for what is written as for what is read
    return augmented


def add_archive_timestamp(cms: bytes, stamp: Stamp, content: bytes | Digest | None = None, *, signer: int = 0) -> bytes:
    """B-LTA, and its renewal: an archive-time-stamp-v3 over content, signer and everything else there is now (§5.5).

    ``content`` is needed where the signature is detached: its bytes, or its digest function. Raises :class:`FormatFailure`.
    """
    envelope = read_envelope(cms)
    chosen = _signer(envelope, signer)
    index = Reach(envelope, chosen).index()
    digest = _content_digest(envelope, content)
    token = _token(stamp, sha256(stamped(envelope, chosen, digest, index)).digest())
    if token.envelope.signers[0].values(oids.ATS_HASH_INDEX_V3):
        raise FormatFailure("TimeStampToken", "brings an ats-hash-index-v3 of its own (EN 319 122-1 §5.5.2)")
    indexed = encode(_with_attribute(token.envelope, 0, Attribute(oids.ATS_HASH_INDEX_V3, (index,))))
    return encode(_with_attribute(envelope, signer, Attribute(oids.ARCHIVE_TIME_STAMP_V3, (indexed,))))


def encode(envelope: Envelope) -> bytes:
    """DER of the ContentInfo; a strictly read envelope gives the bytes it was read from."""
    versions = (3 if signer.claim.key_id is not None else 1 for signer in envelope.signers)
    content = b"" if envelope.content is None else der.context(0, der.octet_string(envelope.content))
    signed_data = der.sequence(
        der.integer(signed_data_version(envelope.content_type, envelope.certificates, envelope.revocation, versions)),
        der.set_of(envelope.digest_algorithms),
        der.sequence(der.oid(envelope.content_type), content),
        der.context(0, *sorted(envelope.certificates)) if envelope.certificates else b"",
        der.context(1, *sorted(envelope.revocation)) if envelope.revocation else b"",
        der.set_of(_signer_info(signer) for signer in envelope.signers),
    )
    return der.sequence(der.oid(oids.SIGNED_DATA), der.context(0, signed_data))


def _signer_info(signer: SignerEnvelope) -> bytes:
    attributes = sorted(der.sequence(der.oid(attribute.type), der.set_of(attribute.values)) for attribute in signer.unsigned)
    return der.sequence(*signer.fields, der.context(1, *attributes) if attributes else b"")


def _signer(envelope: Envelope, number: int) -> SignerEnvelope:
    if not 0 <= number < len(envelope.signers):
        raise FormatFailure("SignedData", f"has no signer {number + 1}")
    return envelope.signers[number]


def _with_attribute(envelope: Envelope, number: int, attribute: Attribute) -> Envelope:
    """The envelope with one more unsigned attribute of a signer."""
    signers = list(envelope.signers)
    signers[number] = replace(signers[number], unsigned=(*signers[number].unsigned, attribute))
    return replace(envelope, signers=tuple(signers))


def _token(stamp: Stamp, digest: bytes) -> Token:
    """The service's token, which must be over the digest it was given."""
    token = read_token(stamp(digest))
    if (token.info.imprint_algorithm, token.info.imprint) != ("sha256", digest):
        raise FormatFailure("TimeStampToken", "stamps another imprint than was asked for (RFC 3161 §2.4.2)")
    return token


def _content_digest(envelope: Envelope, content: bytes | Digest | None) -> bytes:
    """SHA-256 of what was signed."""
    if envelope.content is not None:
        content = envelope.content
    source = digest_of(content) if isinstance(content, bytes) else content
    digest = None if source is None else source("sha256")
    if digest is None:
        raise FormatFailure("content", "is needed to archive a detached signature (EN 319 122-1 §5.5.3)")
    return digest
