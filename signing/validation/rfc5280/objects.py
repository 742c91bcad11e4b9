"""Certificates and revocation lists from outside: tolerant of content, strict of encoding.

What RFC 5280 tells issuers but PKITS and the world break without harm is read (serial numbers of any sign, versions 1 to 3, names of any
string type); what is no DER, or an extension we act on that is malformed, is not. Facts, no judgement.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from itertools import islice, pairwise
from typing import Annotated, TypeVar

from cryptography.hazmat import asn1

from signing import der, oids
from signing.errors import FormatFailure
from signing.formats.ber import Walker
from signing.formats.certificates import (
    MAX_CERTIFICATE,
    MAX_CRL,
    ExtensionSchema,
    SignedObject,
    ValiditySchema,
    epoch,
    full,
    read_extensions,
    signed_object,
)
from signing.formats.elements import integer, only
from signing.formats.envelope import MAX_SERIAL_BITS
from signing.validation.rfc5280 import extensions as read
from signing.validation.rfc5280.listed import Index, index_of, serial_octets
from signing.validation.rfc5280.names import attributes, prepared

_T = TypeVar("_T")
_V1, _V3 = 0, 2
KEY_COMPROMISE, CA_COMPROMISE, ON_HOLD, REMOVE_FROM_CRL = 1, 2, 6, 8
"""CRLReason numbers that something hangs on (RFC 5280 §5.3.1)."""
_HANDLED_IN_LISTS = {
    oids.AUTHORITY_KEY_IDENTIFIER,
    oids.CRL_NUMBER,
    oids.DELTA_CRL_INDICATOR,
    oids.ISSUING_DISTRIBUTION_POINT,
    oids.FRESHEST_CRL,
    oids.EXPIRED_CERTS_ON_CRL,
}
_TIMES = (b"\x17", b"\x18")
_MOST_FIELDS = 16
_HANDLED_IN_ENTRIES = {oids.REASON_CODE, oids.INVALIDITY_DATE, oids.CERTIFICATE_ISSUER, oids.HOLD_INSTRUCTION}


@asn1.sequence
class _TbsCertificate:
    version: Annotated[int, asn1.Explicit(0), asn1.Default(_V1)]
    serial: int
    signature: asn1.TLV
    issuer: asn1.TLV
    validity: ValiditySchema
    subject: asn1.TLV
    spki: asn1.TLV
    issuer_id: Annotated[asn1.BitString | None, asn1.Implicit(1)]
    subject_id: Annotated[asn1.BitString | None, asn1.Implicit(2)]
    extensions: Annotated[list[ExtensionSchema] | None, asn1.Explicit(3)]


@asn1.sequence
class _Entry:
    serial: int
    at: asn1.UTCTime | asn1.GeneralizedTime
    extensions: list[ExtensionSchema] | None


@asn1.sequence
class _TbsList:
    """Without revokedCertificates, which are cut out before (see :mod:`signing.validation.rfc5280.listed`)."""

    version: int | None
    signature: asn1.TLV
    issuer: asn1.TLV
    this_update: asn1.UTCTime | asn1.GeneralizedTime
    next_update: asn1.UTCTime | asn1.GeneralizedTime | None
    extensions: Annotated[list[ExtensionSchema] | None, asn1.Explicit(0)]


@dataclass(frozen=True, slots=True, eq=False)
class Certificate:
    """A certificate as read. Instants are epoch seconds, both inclusive; extensions that are absent are ``None`` (or empty).

    ``issuer`` and ``subject`` are DER names, ``critical`` the types of critical extensions, ``version`` 1 to 3.
    """

    der: bytes
    sha256: bytes
    version: int
    serial: int
    issuer: bytes
    subject: bytes
    spki: bytes
    not_before: int
    not_after: int
    signed: SignedObject
    critical: frozenset[str]
    present: frozenset[str]
    authority: tuple[bool, int | None] | None
    key_usage: frozenset[int] | None
    extended_usage: tuple[str, ...] | None
    alternative_names: tuple[read.GeneralName, ...]
    policies: tuple[str, ...] | None
    policy_mappings: tuple[tuple[str, str], ...]
    policy_constraints: tuple[int | None, int | None]
    inhibit_any_policy: int | None
    constraints: read.Subtrees | None
    authority_key: bytes | None
    subject_key: bytes | None
    distribution_points: tuple[read.DistributionPoint, ...]

    @property
    def self_issued(self) -> bool:
        """Whether issuer and subject are the same name (RFC 5280 §3.2)."""
        return self.issuer == self.subject or prepared(self.issuer) == prepared(self.subject)

    @property
    def is_authority(self) -> bool:
        """Whether basic constraints say cA."""
        return self.authority is not None and self.authority[0]


@dataclass(frozen=True, slots=True)
class Revoked:
    """One entry of a list: instant of revocation and, where told, of invalidity (epoch seconds), CRLReason number, 0 when absent."""

    at: int
    reason: int
    invalid_since: int | None = None

    @property
    def since(self) -> int:
        """From when the certificate is not to be relied on: a compromise counts from its invalidity date (RFC 5280 §5.3.2)."""
        if self.invalid_since is not None and self.reason in (KEY_COMPROMISE, CA_COMPROMISE):
            return min(self.at, self.invalid_since)
        return self.at


@dataclass(frozen=True, eq=False)
class Crl:
    """A revocation list as read; instants are epoch seconds.

    ``listed`` are the entries, not yet looked at. ``unknown_critical`` are types of critical extensions of the list itself that are not
    acted on.
    """

    der: bytes
    sha256: bytes
    issuer: bytes
    this_update: int
    next_update: int | None
    listed: bytes
    signed: SignedObject
    unknown_critical: frozenset[str]
    point: read.IssuingPoint
    number: int | None
    base: int | None
    """BaseCRLNumber of a delta list, ``None`` for a complete one."""
    authority_key: bytes | None
    keeps_expired_since: int | None
    """expiredCertsOnCRL: certificates that expired at or after this instant stay listed."""

    @cached_property
    def index(self) -> Index:
        """Where each entry stands; raises :class:`FormatFailure`. Costs a walk over the list, so its signature should hold first."""
        try:
            return index_of(self.listed, self.issuer, _marks)
        except ValueError as error:
            raise FormatFailure("CRL", f"must be a DER-encoded CRL (RFC 5280 §5.1): {error}") from error

    def find(self, issuer: bytes, serial: int) -> Revoked | None:
        """The entry of a certificate by the DER name of its issuer and its serial number; raises :class:`FormatFailure`."""
        place = self.index.places.get(prepared(issuer), {}).get(serial_octets(serial))
        try:
            return None if place is None else _revoked(self.listed[place[0] : place[1]])
        except ValueError as error:
            raise FormatFailure("CRL", f"must be a DER-encoded CRL (RFC 5280 §5.1): {error}") from error


def read_certificate(certificate: bytes) -> Certificate:
    """Read an X.509 certificate of version 1 to 3 (strict DER, at most 16 KiB); raises :class:`FormatFailure`."""
    if len(certificate) > MAX_CERTIFICATE:
        raise FormatFailure("certificate", f"must not be longer than {MAX_CERTIFICATE} bytes")
    try:
        return _certificate(certificate)
    except ValueError as error:
        raise FormatFailure("certificate", f"must be a DER-encoded X.509 certificate (RFC 5280 §4.1): {error}") from error


def read_crl(crl: bytes) -> Crl:
    """Read a CRL of version 1 or 2 (strict DER, at most 8 MiB) but for its entries; raises :class:`FormatFailure`."""
    if len(crl) > MAX_CRL:
        raise FormatFailure("CRL", f"must not be longer than {MAX_CRL} bytes")
    try:
        return _crl(crl)
    except ValueError as error:
        raise FormatFailure("CRL", f"must be a DER-encoded CRL (RFC 5280 §5.1): {error}") from error


def _certificate(certificate: bytes) -> Certificate:
    signed, element = signed_object(certificate)
    tbs: _TbsCertificate = element.parse(_TbsCertificate)
    if tbs.version not in (0, 1, _V3):
        raise ValueError("a version is 1, 2 or 3")
    if tbs.extensions is not None and tbs.version != _V3:
        raise ValueError("extensions need version 3")
    if full(tbs.signature) != signed.algorithm:
        raise ValueError("the signature algorithm must be the same inside and outside")
    if tbs.serial.bit_length() > MAX_SERIAL_BITS:
        raise ValueError("a serial number is not longer than anybody's")
    issuer, subject = full(tbs.issuer), full(tbs.subject)
    prepared(issuer)
    attributes(subject)
    found = read_extensions(tbs.extensions or [])
    values = {extension.identifier: extension.value for extension in found}
    return Certificate(
        der=certificate,
        sha256=sha256(certificate).digest(),
        version=tbs.version + 1,
        serial=tbs.serial,
        issuer=issuer,
        subject=subject,
        spki=full(tbs.spki),
        not_before=epoch(tbs.validity.not_before),
        not_after=epoch(tbs.validity.not_after),
        signed=signed,
        critical=frozenset(extension.identifier for extension in found if extension.critical),
        present=frozenset(values),
        authority=_decode(values, oids.BASIC_CONSTRAINTS, read.basic_constraints),
        key_usage=_decode(values, oids.KEY_USAGE, read.key_usage),
        extended_usage=_decode(values, oids.EXTENDED_KEY_USAGE, read.identifiers),
        alternative_names=_decode(values, oids.SUBJECT_ALT_NAME, read.general_names) or (),
        policies=_decode(values, oids.CERTIFICATE_POLICIES, read.policies),
        policy_mappings=_decode(values, oids.POLICY_MAPPINGS, read.policy_mappings) or (),
        policy_constraints=_decode(values, oids.POLICY_CONSTRAINTS, read.policy_constraints) or (None, None),
        inhibit_any_policy=_decode(values, oids.INHIBIT_ANY_POLICY, read.inhibit_any_policy),
        constraints=_decode(values, oids.NAME_CONSTRAINTS, read.name_constraints),
        authority_key=_decode(values, oids.AUTHORITY_KEY_IDENTIFIER, read.authority_key),
        subject_key=_decode(values, oids.SUBJECT_KEY_IDENTIFIER, read.subject_key),
        distribution_points=_decode(values, oids.CRL_DISTRIBUTION_POINTS, read.distribution_points) or (),
    )


def _crl(crl: bytes) -> Crl:
    signed, _ = signed_object(crl)
    head, listed = _without_entries(signed.tbs)
    tbs = asn1.decode_der(_TbsList, head)
    if tbs.version not in (None, 1) or (tbs.version is None and tbs.extensions is not None):
        raise ValueError("a list has version 2, or version 1 and no extensions")
    if full(tbs.signature) != signed.algorithm:
        raise ValueError("the signature algorithm must be the same inside and outside")
    issuer = full(tbs.issuer)
    prepared(issuer)
    found = read_extensions(tbs.extensions or [])
    values = {extension.identifier: extension.value for extension in found}
    return Crl(
        der=crl,
        sha256=sha256(crl).digest(),
        issuer=issuer,
        this_update=epoch(tbs.this_update),
        next_update=None if tbs.next_update is None else epoch(tbs.next_update),
        listed=listed,
        signed=signed,
        unknown_critical=frozenset(one.identifier for one in found if one.critical and one.identifier not in _HANDLED_IN_LISTS),
        point=_decode(values, oids.ISSUING_DISTRIBUTION_POINT, read.issuing_point) or read.IssuingPoint(),
        number=_decode(values, oids.CRL_NUMBER, _number),
        base=_decode(values, oids.DELTA_CRL_INDICATOR, _number),
        authority_key=_decode(values, oids.AUTHORITY_KEY_IDENTIFIER, read.authority_key),
        keeps_expired_since=_decode(values, oids.EXPIRED_CERTS_ON_CRL, read.generalized_time),
    )


def _decode(values: Mapping[str, bytes], identifier: str, reader: Callable[[bytes], _T]) -> _T | None:
    value = values.get(identifier)
    return None if value is None else reader(value)


def _number(value: bytes) -> int:
    return integer(only(value, 0x02))


def _marks(entry: bytes) -> tuple[bytes | None, frozenset[str]]:
    """The certificate issuer an entry names, and its critical extensions that are not acted on; raises ValueError."""
    extensions = read_extensions(asn1.decode_der(_Entry, entry).extensions or [])
    values = {extension.identifier: extension.value for extension in extensions}
    named = _decode(values, oids.CERTIFICATE_ISSUER, read.general_names)
    unknown = frozenset(one.identifier for one in extensions if one.critical and one.identifier not in _HANDLED_IN_ENTRIES)
    return None if named is None else _directory_name(named), unknown


def _revoked(encoded: bytes) -> Revoked:
    """One entry as read; raises ValueError."""
    entry = asn1.decode_der(_Entry, encoded)
    values = {extension.identifier: extension.value for extension in read_extensions(entry.extensions or [])}
    reason = _decode(values, oids.REASON_CODE, read.enumerated) or 0
    return Revoked(epoch(entry.at), reason, _decode(values, oids.INVALIDITY_DATE, read.generalized_time))


def _without_entries(tbs: bytes) -> tuple[bytes, bytes]:
    """A TBSCertList without its revokedCertificates, and the content of these: a SEQUENCE that follows a time."""
    walker = Walker(tbs)
    outer = walker.element(0, len(tbs))
    parts = list(islice(walker.children(outer), _MOST_FIELDS))
    for before, part in pairwise(parts):
        if part.tag == b"\x30" and before.tag in _TIMES:
            return der.sequence(tbs[outer.content : part.start], tbs[part.end : outer.stop]), tbs[part.content : part.stop]
    return tbs, b""


def _directory_name(names: Sequence[read.GeneralName]) -> bytes:
    for name in names:
        if name.kind == read.DIRECTORY:
            return name.value
    raise ValueError("a certificate issuer is named by a directory name")
