"""What a time-stamping authority says: tokens and responses of RFC 3161, written from parts, as functions of what they state.

No clock, no counter, no policy: the caller gives moment, serial number and policy; whether the request deserved an answer is its affair.
The profile of the token's CMS is that of EN 319 422: one SignerInfo with content-type, message-digest and signing-certificate-v2.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import IntEnum
from functools import lru_cache
from hashlib import sha256

from signing import der, oids
from signing.algorithms import DIGEST_IDENTIFIERS, DIGEST_SIZES, SHA256_IDENTIFIER
from signing.errors import FormatFailure
from signing.formats.certificates import certificate_facts
from signing.formats.cms import signing_certificate_attribute
from signing.keys import Purpose
from signing.pki.issue import Holder

_TST_INFO = der.oid(oids.TST_INFO)
_CONTENT_TYPE = der.sequence(der.oid(oids.CONTENT_TYPE), der.tlv(der.SET, _TST_INFO))
_MESSAGE_DIGEST = der.oid(oids.MESSAGE_DIGEST)


class Refusal(IntEnum):
    """Why no token is given: the bit of PKIFailureInfo (RFC 3161 §2.4.2)."""

    BAD_ALGORITHM = 0
    BAD_REQUEST = 2
    BAD_DATA_FORMAT = 5
    TIME_NOT_AVAILABLE = 14
    UNACCEPTED_POLICY = 15
    UNACCEPTED_EXTENSION = 16
    ADDITIONAL_INFORMATION_NOT_AVAILABLE = 17
    SYSTEM_FAILURE = 25


def make_token(
    holder: Holder,
    imprint: bytes,
    *,
    at: datetime,
    serial: int,
    policy: str,
    imprint_algorithm: str = "sha256",
    nonce: int | None = None,
    accuracy_ms: int | None = 1000,
    embed: Sequence[bytes] | None = None,
) -> bytes:
    """DER of a TimeStampToken over ``imprint``; one raw signature, counted as ``TIMESTAMP``. Same arguments, same bytes.

    ``at`` is timezone-aware and keeps its fraction; ``policy`` a dotted identifier; ``serial`` must be the authority's own for this token.
    ``accuracy_ms`` bounds genTime in milliseconds, ``None`` leaves it unsaid. ``embed`` are the certificates carried: the holder's and its
    issuer's by default, none for a request without certReq. Raises :class:`FormatFailure` for an imprint that is no such digest.
    """
    info = tst_info(
        holder, imprint, at=at, serial=serial, policy=policy, imprint_algorithm=imprint_algorithm, nonce=nonce, accuracy_ms=accuracy_ms
    )
    embedded = (holder.certificate_der, *holder.issuer_chain[:1]) if embed is None else tuple(embed)
    return sign_token(holder, info, embedded)


def tst_info(
    holder: Holder,
    imprint: bytes,
    *,
    at: datetime,
    serial: int,
    policy: str,
    imprint_algorithm: str = "sha256",
    nonce: int | None = None,
    accuracy_ms: int | None = 1000,
) -> bytes:
    """DER of the TSTInfo (RFC 3161 §2.4.2), with the holder's subject as tsa; arguments as for :func:`make_token`."""
    if DIGEST_SIZES.get(imprint_algorithm) != len(imprint):
        raise FormatFailure("messageImprint", f"must be a digest of a known algorithm, not {len(imprint)} bytes of {imprint_algorithm}")
    subject = certificate_facts(holder.certificate_der).subject_der
    return der.sequence(
        der.integer(1),
        der.oid(policy),
        der.sequence(DIGEST_IDENTIFIERS[imprint_algorithm], der.octet_string(imprint)),
        der.integer(serial),
        der.generalized_time(at),
        b"" if accuracy_ms is None else _accuracy(accuracy_ms),
        b"" if nonce is None else der.integer(nonce),
        der.context(0, der.context(4, subject)),
    )


def sign_token(holder: Holder, info: bytes, embedded: Sequence[bytes]) -> bytes:
    """DER of the CMS SignedData around a TSTInfo; one raw signature, counted as ``TIMESTAMP``."""
    digest = der.sequence(_MESSAGE_DIGEST, der.tlv(der.SET, der.octet_string(sha256(info).digest())))
    attributes = der.set_of((_CONTENT_TYPE, digest, signing_certificate_attribute(holder.certificate_der)))
    signature = holder.key.sign(attributes, Purpose.TIMESTAMP)
    signer_info = der.sequence(
        der.integer(1),
        _signer_id(holder.certificate_der),
        SHA256_IDENTIFIER,
        b"\xa0" + attributes[1:],
        holder.key.algorithm.encoded,
        der.octet_string(signature),
    )
    signed_data = der.sequence(
        der.integer(3),  # the content is not of type data (RFC 5652 §5.1)
        der.tlv(der.SET, SHA256_IDENTIFIER),
        der.sequence(_TST_INFO, der.context(0, der.octet_string(info))),
        der.context(0, *sorted(embedded)) if embedded else b"",
        der.tlv(der.SET, signer_info),
    )
    return der.sequence(der.oid(oids.SIGNED_DATA), der.context(0, signed_data))


def granted(token: bytes) -> bytes:
    """DER of a TimeStampResp that grants ``token`` (PKIStatus 0)."""
    return der.sequence(der.sequence(der.integer(0)), token)


def refused(reason: Refusal, text: str = "") -> bytes:
    """DER of a TimeStampResp without a token: PKIStatus 2 (rejection), the reason's bit, and ``text`` for a human."""
    free_text = der.sequence(der.utf8(text)) if text else b""
    return der.sequence(der.sequence(der.integer(2), free_text, der.named_bits(reason)))


@lru_cache(maxsize=64)
def _signer_id(certificate: bytes) -> bytes:
    facts = certificate_facts(certificate)
    return der.sequence(facts.issuer, der.integer(facts.serial))


def _accuracy(milliseconds: int) -> bytes:
    """Accuracy with the parts that are not zero (RFC 3161 §2.4.2: millis from 1 to 999)."""
    seconds, millis = divmod(milliseconds, 1000)
    return der.sequence(
        der.integer(seconds) if seconds else b"",
        b"\x80" + der.integer(millis)[1:] if millis else b"",
    )
