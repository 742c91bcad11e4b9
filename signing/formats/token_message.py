"""Time-stamp tokens on the bulk path: what a token states, and its CMS as the one :class:`SignedMessage` every validator knows.

Tokens of one unit differ in three values only: the TSTInfo, its digest, and the signature value. As with signatures on letters
(:mod:`signing.formats.message`), a shape is everything else, byte for byte, of a token the strict reader has accepted; no rule of that
reader looks at the three values, the TSTInfo being an OCTET STRING to it. The TSTInfo itself is decoded strictly every time.
"""

from __future__ import annotations

from dataclasses import dataclass
from threading import Lock

from signing import der, oids
from signing.algorithms import SHA256_IDENTIFIER
from signing.errors import FormatFailure
from signing.formats.message import SignedMessage, SignerNamed, header_length
from signing.formats.timestamp import MAX_TOKEN, TimestampInfo, Token, read_info, read_token

_DIGEST_SIZE = 32
_MOST_SHAPES = 256
_LONGEST_KEPT = 16 * 1024
_KEY_SIZE = 64
_CONTENT_SIZE = 20
"""Octets of the content's type and of the headers of [0] and OCTET STRING behind it."""
_Key = tuple[int, bytes, bytes]
_TST_INFO = der.oid(oids.TST_INFO)
_MARK = der.oid(oids.SIGNING_CERTIFICATE_V2)
_SIGNED_DATA = der.oid(oids.SIGNED_DATA)
_CONTENT_TYPE = der.sequence(der.oid(oids.CONTENT_TYPE), der.tlv(der.SET, _TST_INFO))
_DIGEST_HEAD = der.sequence(der.oid(oids.MESSAGE_DIGEST), der.tlv(der.SET, der.octet_string(bytes(_DIGEST_SIZE))))[:-_DIGEST_SIZE]
_ATTRIBUTES_START = _CONTENT_TYPE + _DIGEST_HEAD
_BEFORE_CONTENT = der.integer(3) + der.tlv(der.SET, SHA256_IDENTIFIER)


@dataclass(frozen=True, slots=True)
class TokenMessage:
    """A token as read; nothing is verified. ``message`` is its CMS signature, made over the encoded ``info``."""

    info: TimestampInfo
    message: SignedMessage


@dataclass(frozen=True, slots=True)
class _Shape:
    """Bytes before the TSTInfo, between it and its digest, between digest and signature; the attributes around the digest; who signed."""

    head: bytes
    info_size: int
    middle: bytes
    tail: bytes
    attributes_head: bytes
    attributes_tail: bytes
    signer: SignerNamed


class _Shapes:
    """Shapes of accepted tokens of at most 16 KiB, at most 256 (one takes some 4 KB); threads may share them."""

    def __init__(self) -> None:
        self._known: dict[_Key, _Shape] = {}
        self._lock = Lock()

    def read(self, data: bytes) -> TokenMessage | None:
        """The token in bytes that equal a known shape around the three values; ``None`` for all others."""
        shape = self._known.get(_key(data))
        if shape is None or not data.startswith(shape.head):
            return None
        info_at = len(shape.head)
        info_end = info_at + shape.info_size
        digest_at = info_end + len(shape.middle)
        digest_end = digest_at + _DIGEST_SIZE
        if not data.startswith(shape.middle, info_end) or not data.startswith(shape.tail, digest_end):
            return None
        digest = data[digest_at:digest_end]
        attributes = shape.attributes_head + digest + shape.attributes_tail
        message = SignedMessage(digest, attributes, data[digest_end + len(shape.tail) :], shape.signer)
        return TokenMessage(read_info(data[info_at:info_end]), message)

    def keep(self, data: bytes, token: Token, message: SignedMessage) -> None:
        """Keep the shape of a strictly read token; only where each of the three values stands where it must, so none is mistaken."""
        info, attributes = token.info.encoded, message.signed_attributes
        encapsulated = der.sequence(_TST_INFO, der.context(0, der.octet_string(info)))
        at = _contents(data, len(_SIGNED_DATA))
        after = token.envelope.signers[0].fields[4] + der.octet_string(message.signature)
        header = header_length(attributes)
        placed = data.startswith(_BEFORE_CONTENT + encapsulated, at) and data.endswith(attributes[1:] + after)
        if not placed or not attributes.startswith(_ATTRIBUTES_START, header) or len(data) > _LONGEST_KEPT:
            return
        info_end = at + len(_BEFORE_CONTENT) + len(encapsulated)
        before = header + len(_ATTRIBUTES_START)
        digest_at = len(data) - len(after) - len(attributes) + before
        digest_end, signature_at = digest_at + _DIGEST_SIZE, len(data) - len(message.signature)
        shape = _Shape(
            data[: info_end - len(info)], len(info), data[info_end:digest_at], data[digest_end:signature_at],
            attributes[:before], attributes[before + _DIGEST_SIZE :], message.signer,
        )  # fmt: skip
        with self._lock:
            while len(self._known) >= _MOST_SHAPES:
                del self._known[next(iter(self._known))]
            self._known[_key(data)] = shape


_SHAPES = _Shapes()


def parse_token(data: bytes) -> TokenMessage:
    """Read a TimeStampToken strictly (RFC 3161 §2.4.2, EN 319 422); raises :class:`FormatFailure` for every other sequence of bytes.

    The bulk profile: one signer named by issuer and serial number, its certificate by SHA-256, SHA-256 over the TSTInfo. A token of
    another profile may still be a good one; :func:`~signing.formats.timestamp.read_token` reads it for the long way.
    """
    return _SHAPES.read(data) or decode_token(data)


def read_statement(data: bytes) -> TimestampInfo:
    """What a token of any profile states; raises :class:`FormatFailure` for bytes that are no token."""
    known = _SHAPES.read(data)
    return read_token(data).info if known is None else known.info


def decode_token(data: bytes) -> TokenMessage:
    """As :func:`parse_token`, always by the strict reader; the shape is kept for the next token of the same unit."""
    if len(data) > MAX_TOKEN:
        raise FormatFailure("TimeStampToken", f"must not be longer than {MAX_TOKEN} bytes")
    token = read_token(data)
    message = _message(token)
    _SHAPES.keep(data, token, message)
    return TokenMessage(token.info, message)


def _message(token: Token) -> SignedMessage:
    signer = token.envelope.signers[0]
    claim = signer.claim
    if claim.issuer is None or claim.serial is None:
        raise FormatFailure("TimeStampToken", "its signer must be named by issuer and serial number (EN 319 422)")
    algorithm, digest, issuer, serial = claim.ess_certificates[0]
    if algorithm != "sha256":
        raise FormatFailure("TimeStampToken", "must name its certificate by SHA-256 (RFC 5816 §2.2.1)")
    if claim.message_digest is None or claim.signed_attributes is None or claim.policy_id is not None or signer.unsigned:
        raise FormatFailure("TimeStampToken", "must have signed attributes of its profile and no unsigned ones (EN 319 422)")
    if claim.algorithm_protection is False:
        raise FormatFailure("TimeStampToken", "its CMSAlgorithmProtection names other algorithms (RFC 6211 §3)")
    if any(item[:1] != b"\x30" for item in token.envelope.certificates) or token.envelope.revocation:
        raise FormatFailure("TimeStampToken", "must carry X.509 certificates and nothing else (EN 319 422)")
    certificates = token.envelope.certificates
    named = SignerNamed(digest, issuer, serial, claim.issuer, claim.serial, claim.digest_algorithm, claim.signature_algorithm, certificates)
    return SignedMessage(claim.message_digest, claim.signed_attributes, claim.signature, named)


def _contents(data: bytes, name: int) -> int:
    """Where the values of SignedData begin, behind ContentInfo's header, its type of that length, the tag [0] and SignedData's header."""
    at = header_length(data) + name
    at += header_length(data[at : at + 8])
    return at + header_length(data[at : at + 8])


def _key(data: bytes) -> _Key:
    """What a shape is found by: the length, how long its TSTInfo is (behind the content's type), and the hash of the unit's certificate.

    Serial numbers and signatures vary by an octet each, so the length alone would take two shapes for one.
    """
    content, mark = data.find(_TST_INFO), data.rfind(_MARK)
    return len(data), data[content : content + _CONTENT_SIZE], data[mark : mark + _KEY_SIZE]
