"""A PKI as a function of a description and a moment: one root, an authority for state bodies and one for Party bodies.

Names follow the second-generation Government hierarchy and carry TEST, so that nothing issued here can be mistaken for a real certificate.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path

from signing import oids
from signing.errors import InvalidHolder, KeyUnusable
from signing.evidence import TrustStore
from signing.keys import SigningKey
from signing.pki.crl import Revocation, sign_crl
from signing.pki.issue import CertificationAuthority, Holder, Request, make_authority, serial_number, sign_certificate
from signing.pki.profiles import (
    Authority,
    HolderSpec,
    KeyKind,
    Name,
    RevocationReason,
    authority_extensions,
    check_holder,
    encode_name,
    holder_extensions,
    key_identifier,
    rfc4514,
)

_VN = timezone(timedelta(hours=7))
_OPERATOR = "Ban Cơ yếu Chính phủ TEST"
_COMMON_NAMES = {
    Authority.ROOT: "RootCA chuyên dùng Chính phủ G2 TEST",
    Authority.STATE: "CA phục vụ các cơ quan Nhà nước G2 TEST",
    Authority.PARTY: "CA phục vụ các cơ quan Đảng G2 TEST",
}
_SUBORDINATES = (Authority.STATE, Authority.PARTY)


@dataclass(frozen=True, slots=True)
class PkiSpec:
    """What a PKI is made from.

    Keys and serials derive from ``seed``. CRLs appear every ``crl_interval`` counted from 00:00 (+07:00) of the root's first day and are
    good for ``crl_validity``. ``revoked_authorities`` pairs an authority with the instant the root revoked it. ``key_cache`` is where RSA
    keys are kept, needed only when one is asked for.
    """

    seed: str
    not_before: datetime = datetime(2018, 8, 22, tzinfo=_VN)
    not_after: datetime = datetime(2048, 8, 14, tzinfo=_VN)
    authority_years: int = 20
    crl_interval: timedelta = timedelta(days=1)
    crl_validity: timedelta = timedelta(days=7)
    authority_key: KeyKind = KeyKind.P256
    revoked_authorities: tuple[tuple[Authority, datetime], ...] = ()
    key_cache: Path | None = None

    def make_key(self, kind: KeyKind, subject: str) -> SigningKey:
        """The key of ``subject``: derived (P-256), or from the disk cache (RSA)."""
        if kind is KeyKind.P256:
            return SigningKey.derive_p256(self.seed, subject)
        if self.key_cache is None:
            raise KeyUnusable(subject, "an RSA key needs a key_cache directory to be kept in")
        return SigningKey.rsa(int(kind.removeprefix("RSA-")), self.key_cache, self.seed, subject)


@dataclass(slots=True)
class Pki:
    """The authorities of one world and the holders they certified.

    Deterministic: the same spec and the same holder specs give the same bytes, in whatever order they are asked for.
    """

    spec: PkiSpec
    root: CertificationAuthority
    subordinates: dict[Authority, CertificationAuthority]
    holders: dict[str, Holder] = field(default_factory=dict)
    _revocations: dict[Authority, list[Revocation]] = field(default_factory=lambda: {authority: [] for authority in Authority})
    _crls: dict[tuple[Authority, int], bytes] = field(default_factory=dict)
    _serials: dict[tuple[Authority, int], str] = field(default_factory=dict)

    @classmethod
    def build(cls, spec: PkiSpec) -> Pki:
        """Make the root and both subordinate authorities (three raw signatures)."""
        if spec.not_before.tzinfo is None or spec.not_before >= spec.not_after or spec.crl_interval <= timedelta(0):
            raise InvalidHolder(_COMMON_NAMES[Authority.ROOT], "validity and CRL interval must run forward, instants timezone-aware")
        root = _authority(spec, Authority.ROOT, None)
        pki = cls(spec, root, {id: _authority(spec, id, root) for id in _SUBORDINATES})
        for id, at in spec.revoked_authorities:
            pki._revocations[Authority.ROOT].append(Revocation(at, _authority_serial(spec, id), RevocationReason.CA_COMPROMISE))
        return pki

    def issue(self, spec: HolderSpec) -> Holder:
        """Certify a holder (one raw signature). The same spec again gives the same holder; another spec for the same subject is refused."""
        name = spec.subject()
        subject = rfc4514(name)
        existing = self.holders.get(subject)
        if existing is not None:
            if existing.spec == spec:
                return existing
            raise InvalidHolder(subject, "is already certified with another description; one subject, one holder, one key")
        check_holder(spec)
        issuer = self.subordinates[spec.authority]
        key = self.spec.make_key(spec.key, subject)
        serial = serial_number(self.spec.seed, subject)
        if self._serials.setdefault((spec.authority, serial), subject) != subject:
            raise InvalidHolder(subject, "its derived serial number is taken by another holder; change the seed")
        spki = key.public_der
        request = Request(encode_name(name), spki, serial, spec.not_before, spec.not_after, holder_extensions(spec, spki, issuer.key_id))
        certificate = sign_certificate(request, issuer.name_der, issuer.key)
        holder = Holder(subject, certificate, key, (issuer.certificate_der, self.root.certificate_der), spec)
        self.holders[subject] = holder
        if spec.revoked_at is not None:
            self.revoke(subject, spec.revoked_at, spec.reason)
        return holder

    def revoke(self, subject: str, at: datetime, reason: RevocationReason = RevocationReason.UNSPECIFIED) -> None:
        """Enter a holder's certificate in its issuer's CRLs from the first one made at or after ``at``."""
        holder = self.holders.get(subject)
        if holder is None:
            raise InvalidHolder(subject, "was never certified here")
        authority = holder.spec.authority
        serial = serial_number(self.spec.seed, subject)
        if any(revocation.serial == serial for revocation in self._revocations[authority]):
            raise InvalidHolder(subject, "is already revoked")
        self._revocations[authority].append(Revocation(at, serial, reason))
        for key in [key for key in self._crls if key[0] is authority and self._crl_time(key[1]) >= at]:
            del self._crls[key]

    def crl(self, authority: Authority, at: datetime) -> bytes | None:
        """The authority's freshest CRL published at or before ``at``, or ``None`` before its first; signed on first use, then kept."""
        number = (at - self._first_crl()) // self.spec.crl_interval + 1
        if number < 1:
            return None
        cached = self._crls.get((authority, number))
        if cached is None:
            issuer = self.root if authority is Authority.ROOT else self.subordinates[authority]
            this_update = self._crl_time(number)
            cached = sign_crl(issuer, number, this_update, this_update + self.spec.crl_validity, self._revocations[authority])
            self._crls[authority, number] = cached
        return cached

    def crls(self, at: datetime) -> tuple[bytes, ...]:
        """The freshest CRLs of root, state and Party authority at ``at``; empty before the first."""
        found = (self.crl(authority, at) for authority in Authority)
        return tuple(crl for crl in found if crl is not None)

    def trust_store(self) -> TrustStore:
        """The root as anchor, both subordinates as known authorities, and this PKI's CRLs at any moment."""
        authorities = {authority.name_der: authority.id for authority in (self.root, *self.subordinates.values())}

        def source(issuer_name: bytes, at: datetime) -> bytes | None:
            authority = authorities.get(issuer_name)
            return None if authority is None else self.crl(authority, at)

        known = tuple(self.subordinates[id].certificate_der for id in _SUBORDINATES)
        return TrustStore((self.root.certificate_der,), known, source)

    def _first_crl(self) -> datetime:
        return self.spec.not_before.astimezone(_VN).replace(hour=0, minute=0, second=0)

    def _crl_time(self, number: int) -> datetime:
        return self._first_crl() + (number - 1) * self.spec.crl_interval


def _authority_name(id: Authority) -> Name:
    return ((oids.COUNTRY, "VN"), (oids.ORGANIZATION, _OPERATOR), (oids.COMMON_NAME, _COMMON_NAMES[id]))


def _authority_serial(spec: PkiSpec, id: Authority) -> int:
    return serial_number(spec.seed, rfc4514(_authority_name(id)))


def _authority(spec: PkiSpec, id: Authority, issuer: CertificationAuthority | None) -> CertificationAuthority:
    """Root (no path length limit) or a subordinate that may certify end entities only."""
    name = _authority_name(id)
    key = spec.make_key(spec.authority_key, rfc4514(name))
    spki = key.public_der
    if issuer is None:
        not_after = spec.not_after
        extensions = authority_extensions(spki, key_identifier(spki), None, None)
    else:
        not_after = min(spec.not_after, spec.not_before.replace(year=spec.not_before.year + spec.authority_years))
        extensions = authority_extensions(spki, issuer.key_id, issuer.id, 0)
    request = Request(encode_name(name), spki, _authority_serial(spec, id), spec.not_before, not_after, extensions)
    return make_authority(id, request, key, issuer)
