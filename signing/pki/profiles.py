"""What stands in the certificates: names and extensions of authorities, persons and organisations.

The profiles follow the certificates found in the field (people: C, L, O, OU…, CN, E; organisations: CN, O, L, C), with addresses under
``.test`` (RFC 2606), which cannot exist. The organisation's exchange code is not in a certificate: linking a signer to a sender needs a
register.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from hashlib import sha1
from itertools import pairwise

from signing import der, oids
from signing.errors import InvalidHolder
from signing.pki.authorities import Authority, Tree

_HOST = "ca.truc.test"
_UPPER_BOUNDS = {oids.COMMON_NAME: 64, oids.ORGANIZATION: 64, oids.ORGANIZATIONAL_UNIT: 64, oids.LOCALITY: 128, oids.EMAIL_ADDRESS: 255}
SHORT_NAMES = {
    oids.COMMON_NAME: "CN",
    oids.COUNTRY: "C",
    oids.LOCALITY: "L",
    oids.ORGANIZATION: "O",
    oids.ORGANIZATIONAL_UNIT: "OU",
    oids.STATE_OR_PROVINCE: "ST",
    oids.STREET: "STREET",
    oids.DOMAIN_COMPONENT: "DC",
    oids.USER_ID: "UID",
}
_DIGITAL_SIGNATURE, _NON_REPUDIATION, _KEY_ENCIPHERMENT, _DATA_ENCIPHERMENT, _KEY_CERT_SIGN, _CRL_SIGN = 0, 1, 2, 3, 5, 6

Name = tuple[tuple[str, str], ...]
"""Attributes ``(dotted type, text)`` in the order of the encoded name, one per RDN."""


class HolderKind(StrEnum):
    """Whom a certificate names, and so what its key is for."""

    PERSON = "person"
    ORGANISATION = "organisation"
    TIME_STAMPING = "time-stamping"
    """A unit of the time-stamping authority (RFC 3161 §2.3)."""
    OCSP_RESPONDER = "ocsp-responder"
    """Answers for the authority that certified it (RFC 6960 §4.2.2.2)."""

    @property
    def service(self) -> bool:
        """Whether it names a machine of the authorities themselves, not somebody who signs documents."""
        return self in (HolderKind.TIME_STAMPING, HolderKind.OCSP_RESPONDER)


class KeyKind(StrEnum):
    """Key types a world may ask for."""

    P256 = "P-256"
    RSA2048 = "RSA-2048"
    RSA3072 = "RSA-3072"
    RSA4096 = "RSA-4096"


class RevocationReason(StrEnum):
    """CRLReason (RFC 5280 §5.3.1), without removeFromCRL, which only a delta list could say."""

    UNSPECIFIED = "unspecified"
    KEY_COMPROMISE = "key-compromise"
    CA_COMPROMISE = "ca-compromise"
    AFFILIATION_CHANGED = "affiliation-changed"
    SUPERSEDED = "superseded"
    CESSATION_OF_OPERATION = "cessation-of-operation"
    CERTIFICATE_HOLD = "certificate-hold"
    PRIVILEGE_WITHDRAWN = "privilege-withdrawn"

    @property
    def number(self) -> int:
        """The ENUMERATED value."""
        return _REASON_NUMBERS[self]


_REASON_NUMBERS = {
    RevocationReason.UNSPECIFIED: 0,
    RevocationReason.KEY_COMPROMISE: 1,
    RevocationReason.CA_COMPROMISE: 2,
    RevocationReason.AFFILIATION_CHANGED: 3,
    RevocationReason.SUPERSEDED: 4,
    RevocationReason.CESSATION_OF_OPERATION: 5,
    RevocationReason.CERTIFICATE_HOLD: 6,
    RevocationReason.PRIVILEGE_WITHDRAWN: 9,
}


@dataclass(frozen=True, slots=True)
class HolderSpec:
    """One certificate holder: who, under which authority, from when until when, and whether revoked.

    ``organisation`` is the parent body (O); ``units`` the OU values from the outer to the inner one; ``locality`` the province.
    ``invalid_since`` is when a key that was revoked is known to have been lost already. ``holds`` are the times the certificate was
    suspended, each from an instant until its release (``None``: not released).
    Instants are timezone-aware, whole seconds. The subject name must be the holder's alone: one holder, one key.
    """

    kind: HolderKind
    name: str
    authority: Authority
    not_before: datetime
    not_after: datetime
    organisation: str = ""
    units: tuple[str, ...] = ()
    locality: str = ""
    email: str = ""
    key: KeyKind = KeyKind.P256
    revoked_at: datetime | None = None
    reason: RevocationReason = RevocationReason.UNSPECIFIED
    invalid_since: datetime | None = None
    holds: tuple[tuple[datetime, datetime | None], ...] = ()

    def subject(self) -> Name:
        """The subject name after the holder's kind and the authority's generation."""
        if self.authority.tree is Tree.G1:
            return self._plain_subject()
        country = ((oids.COUNTRY, "VN"),)
        locality = _optional(oids.LOCALITY, self.locality)
        organisation = _optional(oids.ORGANIZATION, self.organisation)
        common_name = ((oids.COMMON_NAME, self.name),)
        if self.kind.service:
            return country + organisation + common_name
        if self.kind is HolderKind.ORGANISATION:
            return common_name + organisation + locality + country
        units = tuple((oids.ORGANIZATIONAL_UNIT, unit) for unit in self.units)
        return country + locality + organisation + units + common_name + _optional(oids.EMAIL_ADDRESS, self.email)

    def _plain_subject(self) -> Name:
        """The first generation's: C, O, OU…, L, CN for all kinds, without diacritics; the address stands in subjectAltName alone."""
        parts = (
            (oids.COUNTRY, "VN"),
            *_optional(oids.ORGANIZATION, self.organisation),
            *((oids.ORGANIZATIONAL_UNIT, unit) for unit in self.units),
            *_optional(oids.LOCALITY, self.locality),
            (oids.COMMON_NAME, self.name),
        )
        return tuple((identifier, without_diacritics(value)) for identifier, value in parts)


def _optional(identifier: str, value: str) -> Name:
    return ((identifier, value),) if value else ()


def without_diacritics(text: str) -> str:
    """Vietnamese text as the first generation wrote it: base letters only, ``đ`` as ``d``."""
    decomposed = unicodedata.normalize("NFD", text)
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter)).replace("đ", "d").replace("Đ", "D")


def check_holder(spec: HolderSpec) -> None:
    """Raise :class:`InvalidHolder` for what cannot stand in a certificate (upper bounds of RFC 5280 appendix A, in characters)."""
    name = spec.subject()
    subject = rfc4514(name)
    for identifier, value in name:
        if not value.strip() or not unicodedata.is_normalized("NFC", value) or not value.isprintable():
            raise InvalidHolder(subject, f"the name part {value!r} must be printable, non-empty text in NFC")
        if len(value) > _UPPER_BOUNDS.get(identifier, 64):
            raise InvalidHolder(subject, f"{value!r} is longer than the {_UPPER_BOUNDS[identifier]} characters RFC 5280 appendix A allows")
    if spec.email and not spec.email.isascii():
        raise InvalidHolder(subject, "an e-mail address must be ASCII (RFC 5280 §4.2.1.6)")
    if spec.authority.is_root and not spec.kind.service:
        raise InvalidHolder(subject, "the root certifies authorities only")
    if spec.authority.tree is Tree.G1 and spec.key is not KeyKind.RSA2048:
        raise InvalidHolder(subject, "the first generation certifies RSA-2048 keys only")
    if spec.not_before.tzinfo is None or spec.not_after.tzinfo is None or spec.not_before >= spec.not_after:
        raise InvalidHolder(subject, "validity must be two timezone-aware instants, the first before the second")
    if spec.revoked_at is not None or spec.holds or spec.invalid_since is not None:
        _check_revocation(spec, subject)


def _check_revocation(spec: HolderSpec, subject: str) -> None:
    """What a holder's register entries must be: one after the other, within validity's beginning, revoked for good at the end."""
    if spec.revoked_at is not None and spec.revoked_at < spec.not_before:
        raise InvalidHolder(subject, "cannot be revoked before it is valid")
    if spec.revoked_at is None and spec.invalid_since is not None:
        raise InvalidHolder(subject, "cannot be known to be invalid without being revoked")
    if spec.reason is RevocationReason.CERTIFICATE_HOLD:
        raise InvalidHolder(subject, "a hold is described by the times it lasts, not as the reason of a revocation")
    moments = [spec.not_before]
    for number, (since, until) in enumerate(spec.holds, 1):
        if until is None and number < len(spec.holds):
            raise InvalidHolder(subject, "only the last hold may be without a release")
        moments += [since] if until is None else [since, until]
    moments += [spec.revoked_at] if spec.revoked_at is not None else []
    if any(later < earlier for earlier, later in pairwise(moments)):
        raise InvalidHolder(subject, "holds and revocation must follow each other in the order of time")


def encode_name(name: Name) -> bytes:
    """DER Name: PrintableString for the country, IA5String for the e-mail address, UTF8String otherwise (RFC 5280 §4.1.2.4)."""
    parts = []
    for identifier, text in name:
        if identifier == oids.COUNTRY:
            value = der.printable(text)
        elif identifier == oids.EMAIL_ADDRESS:
            value = der.ia5(text)
        else:
            value = der.utf8(text)
        parts.append(der.tlv(der.SET, der.sequence(der.oid(identifier), value)))
    return der.sequence(*parts)


def rfc4514(name: Name) -> str:
    """The name as text, last RDN first (RFC 4514 §2); equals what ``cryptography`` prints for the certificate's subject."""
    return ",".join(f"{SHORT_NAMES.get(identifier, identifier)}={_escape(value)}" for identifier, value in reversed(name))


def _escape(value: str) -> str:
    """Escapes of RFC 4514 §2.4."""
    text = value.replace("\\", "\\\\")
    for character in '"+,;<>':
        text = text.replace(character, f"\\{character}")
    text = text.replace("\0", "\\00")
    if text.startswith(("#", " ")):
        text = "\\" + text
    if text.endswith(" "):
        text = text[:-1] + "\\ "
    return text


def key_identifier(spki: bytes) -> bytes:
    """20-byte key identifier: SHA-1 of the whole SubjectPublicKeyInfo (RFC 5280 §4.2.1.2 leaves the derivation free); a label only."""
    return sha1(spki, usedforsecurity=False).digest()


def _extension(identifier: str, value: bytes, *, critical: bool = False) -> bytes:
    parts = (der.oid(identifier), der.TRUE, der.octet_string(value)) if critical else (der.oid(identifier), der.octet_string(value))
    return der.sequence(*parts)


def _uri(address: str) -> bytes:
    return der.tlv(0x86, address.encode("ascii"))


def authority_key_extension(issuer_key_id: bytes) -> bytes:
    """AuthorityKeyIdentifier with the key identifier alone (RFC 5280 §4.2.1.1)."""
    return _extension(oids.AUTHORITY_KEY_IDENTIFIER, der.sequence(der.tlv(0x80, issuer_key_id)))


def crl_number_extension(number: int) -> bytes:
    """CRLNumber (RFC 5280 §5.2.3)."""
    return _extension(oids.CRL_NUMBER, der.integer(number))


def reason_extension(reason: RevocationReason) -> bytes:
    """ReasonCode of a CRL entry; must be absent for *unspecified* (RFC 5280 §5.3.1)."""
    return _extension(oids.REASON_CODE, der.enumerated(reason.number))


def invalidity_extension(since: datetime) -> bytes:
    """InvalidityDate of a CRL entry: GeneralizedTime whatever the year (RFC 5280 §5.3.2)."""
    return _extension(oids.INVALIDITY_DATE, der.generalized_time(since.replace(microsecond=0)))


def authority_extensions(spki: bytes, issuer_key_id: bytes, issuer: Authority | None, path_length: int | None) -> bytes:
    """Extensions of an authority's certificate; ``issuer`` is ``None`` for the root, which names no issuer to fetch."""
    path = () if path_length is None else (der.integer(path_length),)
    parts = [
        _extension(oids.BASIC_CONSTRAINTS, der.sequence(der.TRUE, *path), critical=True),
        _extension(oids.KEY_USAGE, der.named_bits(_KEY_CERT_SIGN, _CRL_SIGN), critical=True),
        _extension(oids.SUBJECT_KEY_IDENTIFIER, der.octet_string(key_identifier(spki))),
        authority_key_extension(issuer_key_id),
    ]
    return der.sequence(*parts, *(_distribution(issuer) if issuer else ()))


def holder_extensions(spec: HolderSpec, spki: bytes, issuer_key_id: bytes) -> bytes:
    """Extensions of a holder's certificate after its kind."""
    if spec.kind.service:
        return _service_extensions(spec, spki, issuer_key_id)
    return _signer_extensions(spec, spki, issuer_key_id)


def _service_extensions(spec: HolderSpec, spki: bytes, issuer_key_id: bytes) -> bytes:
    """A time-stamping unit: one critical purpose (RFC 3161 §2.3). A responder: its purpose, and nobody need ask about itself (RFC 6960)."""
    stamps = spec.kind is HolderKind.TIME_STAMPING
    usages = (_DIGITAL_SIGNATURE, _NON_REPUDIATION) if stamps else (_DIGITAL_SIGNATURE,)
    purpose = oids.TIME_STAMPING if stamps else oids.OCSP_SIGNING
    parts = [
        _extension(oids.BASIC_CONSTRAINTS, der.sequence(), critical=True),
        _extension(oids.KEY_USAGE, der.named_bits(*usages), critical=True),
        _extension(oids.EXTENDED_KEY_USAGE, der.sequence(der.oid(purpose)), critical=stamps),
        _extension(oids.SUBJECT_KEY_IDENTIFIER, der.octet_string(key_identifier(spki))),
        authority_key_extension(issuer_key_id),
    ]
    tail = _distribution(spec.authority) if stamps else (_extension(oids.OCSP_NO_CHECK, der.NULL),)
    return der.sequence(*parts, *tail)


def _signer_extensions(spec: HolderSpec, spki: bytes, issuer_key_id: bytes) -> bytes:
    """A person's or an organisation's (same key and extended key usages in the field)."""
    usages = der.named_bits(_DIGITAL_SIGNATURE, _NON_REPUDIATION, _KEY_ENCIPHERMENT, _DATA_ENCIPHERMENT)
    purposes = der.sequence(*(der.oid(usage) for usage in (oids.CLIENT_AUTH, oids.EMAIL_PROTECTION, oids.SMART_CARD_LOGON)))
    parts = [
        _extension(oids.BASIC_CONSTRAINTS, der.sequence(), critical=True),
        _extension(oids.KEY_USAGE, usages, critical=True),
        _extension(oids.EXTENDED_KEY_USAGE, purposes),
        _extension(oids.SUBJECT_KEY_IDENTIFIER, der.octet_string(key_identifier(spki))),
        authority_key_extension(issuer_key_id),
    ]
    if spec.email:
        parts.append(_extension(oids.SUBJECT_ALT_NAME, der.sequence(der.tlv(0x81, spec.email.encode("ascii")))))
    return der.sequence(*parts, *_distribution(spec.authority))


def _distribution(issuer: Authority) -> tuple[bytes, bytes]:
    """CRL distribution point and authority information access of certificates issued by ``issuer``."""
    point = der.sequence(der.context(0, der.context(0, _uri(f"http://crl.{_HOST}/{issuer}.crl"))))
    access = der.sequence(
        der.sequence(der.oid(oids.ACCESS_OCSP), _uri(f"http://ocsp.{_HOST}/")),
        der.sequence(der.oid(oids.ACCESS_CA_ISSUERS), _uri(f"http://{_HOST}/{issuer}.crt")),
    )
    return (
        _extension(oids.CRL_DISTRIBUTION_POINTS, der.sequence(point)),
        _extension(oids.AUTHORITY_INFORMATION_ACCESS, access),
    )
