"""Signatures, certificates and lists that break a rule, put together from encoded parts: no writer of the house would make them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from signing import der, oids
from signing.algorithms import SHA256_IDENTIFIER
from signing.faults.workshop import CONTENT, DAY, LEADER, SIGNED_AT
from signing.formats.certificates import certificate_facts
from signing.formats.cms import signing_certificate_attribute
from signing.keys import Purpose, SigningKey
from signing.pki.issue import CertificationAuthority, Holder, Request, serial_number, sign_certificate
from signing.pki.profiles import Name, authority_key_extension, crl_number_extension, encode_name, key_identifier, rfc4514

DATA_TYPE = der.sequence(der.oid(oids.CONTENT_TYPE), der.set_of([der.oid(oids.DATA)]))


def attribute(identifier: str, *values: bytes) -> bytes:
    """One attribute with encoded values."""
    return der.sequence(der.oid(identifier), der.set_of(values))


def digest_attribute(content: bytes = CONTENT) -> bytes:
    """message-digest of the content."""
    return attribute(oids.MESSAGE_DIGEST, der.octet_string(sha256(content).digest()))


def good_attributes(holder: Holder, content: bytes = CONTENT) -> list[bytes]:
    """The three attributes of the profile, in DER order."""
    return [DATA_TYPE, digest_attribute(content), signing_certificate_attribute(holder.certificate_der)]


def signer_info(
    holder: Holder,
    attributes: Sequence[bytes] | None,
    *,
    digest_algorithm: bytes = SHA256_IDENTIFIER,
    signature_algorithm: bytes | None = None,
    signature: bytes | None = None,
    content: bytes = CONTENT,
    unsigned: Sequence[bytes] = (),
) -> bytes:
    """A SignerInfo over exactly these attributes in this order; over the content itself where there are none."""
    covered = content if attributes is None else der.tlv(der.SET, *attributes)
    facts = certificate_facts(holder.certificate_der)
    return der.sequence(
        der.integer(1),
        der.sequence(facts.issuer, der.integer(facts.serial)),
        digest_algorithm,
        b"" if attributes is None else der.context(0, *attributes),
        signature_algorithm or holder.key.algorithm.encoded,
        der.octet_string(holder.key.sign(covered, Purpose.LETTER) if signature is None else signature),
        der.context(1, *unsigned) if unsigned else b"",
    )


def signed_data(
    signer_infos: Iterable[bytes],
    certificates: Iterable[bytes],
    *,
    content: bytes | None = None,
    digest_algorithms: Sequence[bytes] = (SHA256_IDENTIFIER,),
) -> bytes:
    """A ContentInfo around SignerInfos; detached unless ``content`` is given."""
    inside = b"" if content is None else der.context(0, der.octet_string(content))
    return der.sequence(
        der.oid(oids.SIGNED_DATA),
        der.context(
            0,
            der.sequence(
                der.integer(1),
                der.set_of(digest_algorithms),
                der.sequence(der.oid(oids.DATA), inside),
                der.context(0, *sorted(certificates)),
                der.set_of(signer_infos),
            ),
        ),
    )


def signed_with(holder: Holder, *more: bytes) -> bytes:
    """A signature over the content with more signed attributes than the profile's three."""
    return signed_data([signer_info(holder, sorted([*good_attributes(holder), *more]))], chain_of(holder))


def chain_of(holder: Holder) -> tuple[bytes, ...]:
    """What a signature embeds: the signer's certificate and its authority's."""
    return (holder.certificate_der, *holder.issuer_chain[:1])


def extension(identifier: str, value: bytes, *, critical: bool = False) -> bytes:
    """One encoded extension."""
    return der.sequence(der.oid(identifier), der.TRUE if critical else b"", der.octet_string(value))


NOT_AN_AUTHORITY = extension(oids.BASIC_CONSTRAINTS, der.sequence(), critical=True)
AN_AUTHORITY = extension(oids.BASIC_CONSTRAINTS, der.sequence(der.TRUE), critical=True)
SIGNS = extension(oids.KEY_USAGE, der.named_bits(0, 1), critical=True)
CERTIFIES = extension(oids.KEY_USAGE, der.named_bits(5, 6), critical=True)


@dataclass(frozen=True, slots=True)
class Issuer:
    """Whoever certifies: a name, a key, and the certificates above, its own first."""

    name_der: bytes
    key: SigningKey
    chain: tuple[bytes, ...]

    @classmethod
    def of(cls, authority: CertificationAuthority, *above: bytes) -> Issuer:
        """An authority of a PKI."""
        return cls(authority.name_der, authority.key, (authority.certificate_der, *above))

    @classmethod
    def holder(cls, holder: Holder) -> Issuer:
        """A certificate holder who certifies, entitled or not."""
        return cls(certificate_facts(holder.certificate_der).subject_der, holder.key, (holder.certificate_der, *holder.issuer_chain))


def certify(
    issuer: Issuer,
    name: str,
    extensions: Sequence[bytes],
    *,
    key: SigningKey | None = None,
    not_before: datetime = SIGNED_AT - 400 * DAY,
    not_after: datetime = SIGNED_AT + 1600 * DAY,
    subject: Name | None = None,
    serial: int | None = None,
) -> Holder:
    """A holder certified with exactly these extensions, key identifiers added."""
    subject = subject or ((oids.COUNTRY, "VN"), (oids.LOCALITY, "Hòa Bình"), (oids.COMMON_NAME, name))
    key = key or SigningKey.derive_p256("crooked", f"{name}\x00{issuer.name_der.hex()}")
    text = rfc4514(subject)
    identifiers = (
        extension(oids.SUBJECT_KEY_IDENTIFIER, der.octet_string(key_identifier(key.public_der))),
        authority_key_extension(key_identifier(issuer.key.public_der)),
    )
    number = serial or serial_number(name, f"{text}{not_before}")
    request = Request(encode_name(subject), key.public_der, number, not_before, not_after, der.sequence(*extensions, *identifiers))
    return Holder(text, sign_certificate(request, issuer.name_der, issuer.key), key, issuer.chain, LEADER)


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a crooked list: serial number, instant, encoded extensions."""

    serial: int
    at: datetime
    extensions: tuple[bytes, ...] = ()


def revocation_list(
    issuer: Issuer,
    this_update: datetime,
    *,
    days: int = 7,
    entries: Sequence[Entry] = (),
    extensions: Sequence[bytes] = (),
    key: SigningKey | None = None,
) -> bytes:
    """A list that says exactly this, signed by the issuer's key or another."""
    signing_key = key or issuer.key
    lines = [
        der.sequence(der.integer(entry.serial), der.time(entry.at), der.sequence(*entry.extensions) if entry.extensions else b"")
        for entry in entries
    ]
    parts = (authority_key_extension(key_identifier(issuer.key.public_der)), crl_number_extension(int(this_update.timestamp())))
    tbs = der.sequence(
        der.integer(1),
        signing_key.algorithm.encoded,
        issuer.name_der,
        der.time(this_update),
        der.time(this_update + days * DAY),
        der.sequence(*lines) if lines else b"",
        der.context(0, der.sequence(*parts, *extensions)),
    )
    return der.sequence(tbs, signing_key.algorithm.encoded, der.bit_string(signing_key.sign(tbs, Purpose.CRL)))


def serial_of(holder: Holder) -> int:
    """The serial number of a holder's certificate."""
    return certificate_facts(holder.certificate_der).serial
