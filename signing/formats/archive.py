"""The archive-time-stamp-v3 of CAdES (EN 319 122-1 §5.5): what it stamps, and what of a signature its hash index reaches.

Reader and writer share these functions: the imprint is made of the same bytes either way.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from hashlib import sha256

from cryptography.hazmat import asn1

from signing import der, oids
from signing.algorithms import DIGEST_IDENTIFIERS, DIGEST_SIZES
from signing.errors import FormatFailure
from signing.formats.artefacts import Artefacts, attribute_artefacts, revocation_artefact
from signing.formats.certificates import full
from signing.formats.envelope import Envelope, SignerEnvelope, digest_name
from signing.formats.schemas import HashIndex as HashIndexSchema

_CLAUSE = "EN 319 122-1 §5.5.2"


@dataclass(frozen=True, slots=True)
class HashIndex:
    """One ATSHashIndexV3: its DER, the digest it uses, and the digests of what it reaches."""

    encoded: bytes
    algorithm: str
    certificates: frozenset[bytes]
    revocation: frozenset[bytes]
    attributes: frozenset[bytes]


def read_hash_index(encoded: bytes) -> HashIndex:
    """Read an ATSHashIndexV3; raises :class:`FormatFailure`."""
    try:
        index = asn1.decode_der(HashIndexSchema, encoded)
    except ValueError as error:
        raise FormatFailure("ats-hash-index-v3", f"must be DER ({_CLAUSE}): {error}") from error
    algorithm = digest_name(full(index.algorithm))
    if algorithm not in DIGEST_SIZES:
        raise FormatFailure("ats-hash-index-v3", f"must use a known digest ({_CLAUSE})")
    return HashIndex(encoded, algorithm, frozenset(index.certificates), frozenset(index.crls), frozenset(index.attributes))


def index_of(token: Envelope) -> HashIndex:
    """The one hash index that an archive token must carry as unsigned attribute; raises :class:`FormatFailure`."""
    values = token.signers[0].values(oids.ATS_HASH_INDEX_V3)
    if len(values) != 1:
        raise FormatFailure("archive-time-stamp-v3", f"must carry one ats-hash-index-v3, not {len(values)} ({_CLAUSE})")
    return read_hash_index(values[0])


def stamped(envelope: Envelope, signer: SignerEnvelope, content_digest: bytes, index: bytes) -> bytes:
    """The octets whose digest an archive-time-stamp-v3 holds (EN 319 122-1 §5.5.3): type and digest of the content, signer, index."""
    return b"".join((der.oid(envelope.content_type), content_digest, *signer.fields, index))


class Reach:
    """All that an archive-time-stamp-v3 of one signer can reach, each digest computed once however many tokens ask."""

    def __init__(self, envelope: Envelope, signer: SignerEnvelope) -> None:
        self._signature = sha256(signer.claim.signature).digest()
        self._certificates = tuple((item, frozenset((sha256(item).digest(),))) for item in envelope.certificates)
        self._revocation = tuple((item, _hashes(revocation_artefact(item))) for item in envelope.revocation)
        self._attributes = tuple(
            (der.oid(attribute.type) + value, _hashes(attribute_artefacts(attribute.type, value)) | {sha256(value).digest()})
            for attribute in signer.unsigned
            for value in attribute.values
        )
        self._digests: dict[tuple[str, bytes], bytes] = {}

    def index(self, algorithm: str = "sha256") -> bytes:
        """DER of the ATSHashIndexV3 over everything there is now."""
        return der.sequence(
            DIGEST_IDENTIFIERS[algorithm],
            *(
                der.sequence(*(der.octet_string(self._digest(algorithm, item)) for item, _ in group))
                for group in (self._certificates, self._revocation, self._attributes)
            ),
        )

    def reached(self, index: HashIndex) -> frozenset[bytes]:
        """SHA-256 of each artefact, inner token and the signature value that the index reaches.

        Raises :class:`FormatFailure` when it names something that is not there: then its token says nothing (EN 319 122-1 §5.5.2).
        """
        found = {self._signature}
        for name, group, listed in (
            ("certificate", self._certificates, index.certificates),
            ("revocation list or response", self._revocation, index.revocation),
            ("unsigned attribute", self._attributes, index.attributes),
        ):
            left = set(listed)
            for item, hashes in group:
                digest = self._digest(index.algorithm, item)
                if digest in listed:
                    found |= hashes
                    left.discard(digest)
            if left:
                raise FormatFailure("ats-hash-index-v3", f"names {len(left)} digests of no {name} in the signature ({_CLAUSE})")
        return frozenset(found)

    def _digest(self, algorithm: str, data: bytes) -> bytes:
        key = algorithm, data
        if key not in self._digests:
            self._digests[key] = hashlib.new(algorithm, data, usedforsecurity=False).digest()
        return self._digests[key]


def _hashes(artefacts: Artefacts) -> frozenset[bytes]:
    return frozenset(sha256(item).digest() for item in artefacts.everything)
