"""CMS SignedData taken apart: what both readers, strict and tolerant, give to the same assembly of claims.

Everything is raw bytes as they stood in the file (or, after BER, in definite lengths); nothing is verified.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from signing import der, oids
from signing.algorithms import CMS_SIGNATURES, DIGESTS, read_algorithm
from signing.errors import FormatFailure
from signing.formats.ber import Leave
from signing.formats.claims import SignerClaim

MAX_SIGNED_DATA = 16 * 1024 * 1024
"""Longest CMS read, in bytes, attached content and revocation lists included."""
MAX_SIGNERS = 16
MAX_ATTRIBUTES = 64
MAX_VALUES = 16
MAX_SERIAL_BITS = 512
"""Longest serial number, which RFC 5280 §4.1.2.2 bounds to 20 octets; Python refuses to write out much longer ones."""
MAX_ARTEFACTS = 128
"""Most certificates, and most revocation data, in one SignedData."""

MAX_COUNTER_ELEMENTS = 20_000
"""Most elements in one counter-signature, those over it left out."""
_COUNTER_SIGNATURE = der.oid(oids.COUNTER_SIGNATURE)

OWN_READERS = Leave(
    frozenset(((0x30, 0xA0, 0x30, 0xA0, 0x30), (0x30, 0xA0, 0x30, 0xA1, 0x30))),
    (0x30, 0xA0, 0x30, 0x31, 0x30, 0xA1, 0x30),
    _COUNTER_SIGNATURE,
)
"""Where in a ContentInfo certificates, lists and counter-signatures stand: taken as they are, since they have readers of their own."""
NEXT_COUNTER_SIGNATURES = Leave(frozenset(), (0x30, 0xA1, 0x30), _COUNTER_SIGNATURE)
"""Where in a SignerInfo those over it stand."""
SIGNED_ATTRIBUTES_RULE = "signedAttrs must be present (EN 319 122-1 §5.1.1; draft-ietf-lamps-cms-euf-cma-signeddata)"


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute: dotted type and values, each with its tag and length."""

    type: str
    values: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class SignerEnvelope:
    """One SignerInfo: what it claims, its six signed-over fields as they are encoded (EN 319 122-1 §5.5.3), and what is not signed.

    ``content_tokens`` are values of the signed attribute content-time-stamp.
    """

    claim: SignerClaim
    fields: tuple[bytes, ...]
    unsigned: tuple[Attribute, ...]
    content_tokens: tuple[bytes, ...] = ()

    def values(self, kind: str) -> tuple[bytes, ...]:
        """All values of the unsigned attributes of one type, in their order."""
        return tuple(value for attribute in self.unsigned if attribute.type == kind for value in attribute.values)


@dataclass(frozen=True, slots=True)
class Envelope:
    """One SignedData: content type and octets (``None`` when detached), CertificateChoices, RevocationInfoChoices and SignerInfos."""

    digest_algorithms: tuple[bytes, ...]
    content_type: str
    content: bytes | None
    certificates: tuple[bytes, ...]
    revocation: tuple[bytes, ...]
    signers: tuple[SignerEnvelope, ...]


EnvelopeReader = Callable[[bytes], Envelope]


def digest_name(encoded: bytes) -> str:
    """The digest of an encoded AlgorithmIdentifier, or ``unknown:<hex>``."""
    return DIGESTS.get(encoded, f"unknown:{encoded.hex()}")


def signature_name(digest: str, encoded: bytes) -> str:
    """The signature algorithm of a digest name and an encoded AlgorithmIdentifier, or ``unknown:<hex>``: both must name one digest.

    One of others than the house's own has no curve in its name, which only the key says.
    """
    known = CMS_SIGNATURES.get((digest, encoded))
    foreign = read_algorithm(encoded) if known is None else None
    return known or (foreign.name if foreign is not None and foreign.digest == digest else f"unknown:{encoded.hex()}")


def bounded_serial(serial: int) -> int:
    """A certificate's serial number, if it is not longer than anybody's; raises :class:`FormatFailure`."""
    if serial.bit_length() > MAX_SERIAL_BITS:
        raise FormatFailure("serialNumber", f"must not have more than {MAX_SERIAL_BITS} bits (RFC 5280 §4.1.2.2)")
    return serial


def signed_data_version(
    content_type: str, certificates: Iterable[bytes], revocation: Iterable[bytes], signer_versions: Iterable[int]
) -> int:
    """The version a SignedData of these parts must have (RFC 5652 §5.1)."""
    kinds = {certificate[0] for certificate in certificates}
    if 0xA3 in kinds or any(item[0] == 0xA1 for item in revocation):
        return 5
    if 0xA2 in kinds:
        return 4
    if 0xA1 in kinds or 3 in signer_versions or content_type != oids.DATA:
        return 3
    return 1


def plain_algorithm(encoded: bytes) -> bytes:
    """An AlgorithmIdentifier with NULL parameters as one with none: both say the same (RFC 5754 §2)."""
    body = encoded[1 + len(der.length(_size(encoded))) :] if len(encoded) > 1 else b""
    return der.sequence(body[:-2]) if body.endswith(der.NULL) and body[:1] == b"\x06" and len(body) == body[1] + 4 else encoded


def _size(encoded: bytes) -> int:
    count = encoded[1] & 0x7F if encoded[1] & 0x80 else 0
    return int.from_bytes(encoded[2 : 2 + count]) if count else encoded[1]
