"""What a CAdES-B signature says once it was read strictly, and the shapes of those read before.

Signatures by one certificate differ in two values only, the content's digest and the signature value. A shape is everything else, byte for
byte, of a signature the strict decoder has accepted. No rule of the decoder looks at the two values: the digest is the OCTET STRING of an
attribute that stands where DER wants it whatever its value, the signature is the last OCTET STRING. So bytes that equal a known shape
around two values of the same lengths are accepted by the decoder too, and say the same but for these values; comparing is the same check.
"""

from __future__ import annotations

from dataclasses import dataclass
from threading import Lock
from typing import NamedTuple

from signing import der, oids

_DIGEST_SIZE = 32
_MOST_SHAPES = 1024
_LONGEST_KEPT = 4096
_KEY_SIZE = 64
_MARK = der.oid(oids.SIGNING_CERTIFICATE_V2)
"""Where looking for a shape starts; behind it the hash of the signing certificate follows within ``_KEY_SIZE`` bytes."""


@dataclass(frozen=True, slots=True)
class SignerNamed:
    """Who signed, as a signature says; one object for all signatures of a shape.

    ``digest_algorithm`` and ``signature_algorithm`` are names of :mod:`signing.algorithms`, or ``unknown:<hex>`` with the encoded
    identifiers. ``ess_issuer`` and ``ess_serial`` are ``None`` when the signing certificate attribute has no issuerSerial.
    ``certificates`` are the embedded ones, byte for byte, in DER order.
    """

    ess_certificate_sha256: bytes
    ess_issuer: bytes | None
    ess_serial: int | None
    signer_issuer: bytes
    signer_serial: int
    digest_algorithm: str
    signature_algorithm: str
    certificates: tuple[bytes, ...]


class SignedMessage(NamedTuple):
    """What a strictly read CAdES-B signature says; nothing is verified yet.

    ``signed_attributes`` is the DER of the SET OF (tag 0x31), ready for verification.
    """

    message_digest: bytes
    signed_attributes: bytes
    signature: bytes
    signer: SignerNamed


@dataclass(frozen=True, slots=True)
class Shape:
    """The bytes before the digest, between digest and signature, and before and after the digest in the attributes; who signed."""

    head: bytes
    middle: bytes
    attributes_head: bytes
    attributes_tail: bytes
    signer: SignerNamed

    def message(self, data: bytes) -> SignedMessage:
        """The message of bytes of this shape."""
        start = len(self.head)
        end = start + _DIGEST_SIZE
        digest = data[start:end]
        attributes = self.attributes_head + digest + self.attributes_tail
        return SignedMessage(digest, attributes, data[end + len(self.middle) :], self.signer)


class Shapes:
    """Shapes of accepted signatures of at most 4 KiB, at most 1,024 (one takes about 4 KB); threads may share them."""

    def __init__(self, attributes_start: bytes) -> None:
        """``attributes_start`` is what must stand between the attributes' own length and the value of the digest."""
        self._attributes_start = attributes_start
        self._known: dict[tuple[int, bytes], Shape] = {}
        self._lock = Lock()

    def find(self, data: bytes) -> Shape | None:
        """The known shape that bytes equal around their two values; ``None`` where there is none."""
        shape = self._known.get(_key(data))
        if shape is None or not data.startswith(shape.head) or not data.startswith(shape.middle, len(shape.head) + _DIGEST_SIZE):
            return None
        return shape

    def read(self, data: bytes) -> SignedMessage | None:
        """The message of bytes of a known shape; ``None`` for all others."""
        shape = self.find(data)
        return None if shape is None else shape.message(data)

    def keep(self, data: bytes, message: SignedMessage, algorithm: bytes) -> None:
        """Keep the shape of strictly read bytes, the oldest making room; ``algorithm`` is their encoded signature algorithm.

        Only when content-type and message-digest are the first two attributes: no other attribute can then be taken for the digest.
        """
        attributes, after = message.signed_attributes, algorithm + der.octet_string(message.signature)
        header = header_length(attributes)
        if len(data) > _LONGEST_KEPT or len(message.message_digest) != _DIGEST_SIZE or not data.endswith(attributes[1:] + after):
            return
        if not attributes.startswith(self._attributes_start, header):
            return
        head = header + len(self._attributes_start)
        digest_at, signature_at = len(data) - len(after) - len(attributes) + head, len(data) - len(message.signature)
        middle = data[digest_at + _DIGEST_SIZE : signature_at]
        shape = Shape(data[:digest_at], middle, attributes[:head], attributes[head + _DIGEST_SIZE :], message.signer)
        with self._lock:
            while len(self._known) >= _MOST_SHAPES:
                del self._known[next(iter(self._known))]
            self._known[_key(data)] = shape


def _key(data: bytes) -> tuple[int, bytes]:
    """What a shape is found by: the length, and the octets from the mark on, in which the hash of the signing certificate stands."""
    mark = data.rfind(_MARK)
    return len(data), data[mark : mark + _KEY_SIZE]


def header_length(element: bytes) -> int:
    """Octets of tag and length before the value of a DER element."""
    return 2 + (element[1] & 0x7F if element[1] & 0x80 else 0)
