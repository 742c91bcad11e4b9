"""A time-stamping authority for the tests of the formats, beside the people of the shared lab."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import cache
from hashlib import sha256

from signing import Authority, Holder, HolderKind, HolderSpec, Pki, SigningKey, der, oids
from signing.pki.issue import Request, serial_number, sign_certificate
from signing.pki.profiles import authority_key_extension, encode_name, key_identifier, rfc4514
from signing.pki.timestamp import make_token
from tests.signing.lab import VN, pki

POLICY = "1.3.6.1.4.1.32473.1"
"""A time-stamp policy under the arc reserved for documentation (RFC 5612)."""


@cache
def tsa(name: str = "TSA TEST", world: Callable[[], Pki] = pki) -> Holder:
    """A time-stamping unit under a lab's state authority: the single critical purpose timeStamping (RFC 3161 §2.3)."""
    authority = world().subordinates[Authority.STATE]
    spec = HolderSpec(HolderKind.ORGANISATION, name, Authority.STATE, datetime(2018, 9, 1, tzinfo=VN), datetime(2038, 1, 1, tzinfo=VN))
    key = SigningKey.derive_p256("formats lab", name)
    extensions = der.sequence(
        _extension(oids.BASIC_CONSTRAINTS, der.sequence(), critical=True),
        _extension(oids.KEY_USAGE, der.named_bits(0), critical=True),
        _extension(oids.EXTENDED_KEY_USAGE, der.sequence(der.oid(oids.TIME_STAMPING)), critical=True),
        _extension(oids.SUBJECT_KEY_IDENTIFIER, der.octet_string(key_identifier(key.public_der))),
        authority_key_extension(authority.key_id),
    )
    subject = spec.subject()
    serial = serial_number("formats lab", rfc4514(subject))
    request = Request(encode_name(subject), key.public_der, serial, spec.not_before, spec.not_after, extensions)
    certificate = sign_certificate(request, authority.name_der, authority.key)
    return Holder(rfc4514(subject), certificate, key, (authority.certificate_der, world().root.certificate_der), spec)


def _extension(identifier: str, value: bytes, *, critical: bool = False) -> bytes:
    return der.sequence(der.oid(identifier), der.TRUE if critical else b"", der.octet_string(value))


class Stamper:
    """A time-stamp service of the lab: SHA-256 digests in, tokens out, at one moment, numbered from 1."""

    def __init__(self, at: datetime, holder: Holder | None = None) -> None:
        self.at = at
        self.holder = holder or tsa()
        self.digests: list[bytes] = []

    def __call__(self, digest: bytes) -> bytes:
        self.digests.append(digest)
        return make_token(self.holder, digest, at=self.at, serial=len(self.digests), policy=POLICY)


def sha(data: bytes) -> bytes:
    """SHA-256."""
    return sha256(data).digest()
