"""A PKI as a function of a description and a moment: authorities, the holders they certify, and what they say about them.

Names follow the Government's two hierarchies and carry TEST, so that nothing issued here can be mistaken for a real certificate.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from signing import oids
from signing.algorithms import RSA_SHA1
from signing.errors import InvalidHolder
from signing.evidence import Evidence, TrustStore
from signing.formats.certificates import certificate_facts
from signing.pki import stamping, units
from signing.pki.authorities import PROFILES, VN, Authority, Tree, authorities_of
from signing.pki.behaviour import HONEST, Behaviour
from signing.pki.crl import sign_crl
from signing.pki.issue import CertificationAuthority, Holder, Request, make_authority, serial_number, sign_certificate
from signing.pki.ocsp import Desk, IssuerHashes, Status, issuer_hashes, make_request
from signing.pki.ocsp import respond as answer_ocsp
from signing.pki.profiles import (
    HolderSpec,
    Name,
    RevocationReason,
    authority_extensions,
    check_holder,
    encode_name,
    holder_extensions,
    key_identifier,
    rfc4514,
)
from signing.pki.register import Key, Register
from signing.pki.spec import PkiSpec

_SHORT_SERIAL = 4
"""Octets of the first generation's serial numbers. The field's have three, of which a few thousand holders would share some."""


@dataclass(slots=True)
class Pki:
    """The authorities of one world and the holders they certified.

    Deterministic: the same spec and the same holder specs give the same bytes, in whatever order they are asked for.
    """

    spec: PkiSpec
    holders: dict[str, Holder] = field(default_factory=dict)
    """By :func:`known_as`. The services' own certificates are not among them."""
    stampers: tuple[HolderSpec, ...] = ()
    """Every time-stamping unit there will be, oldest first."""
    _authorities: dict[Authority, CertificationAuthority] = field(default_factory=dict)
    _services: dict[str, Holder] = field(default_factory=dict)
    _register: Register = field(default_factory=Register)
    _crls: dict[tuple[Authority, int], bytes] = field(default_factory=dict)
    _ocsp_names: dict[IssuerHashes, Authority] = field(default_factory=dict)

    @classmethod
    def build(cls, spec: PkiSpec) -> Pki:
        """Make the second generation's root and subordinates (three raw signatures); other authorities are made when first needed."""
        spec.check()
        pki = cls(spec, stampers=units.stamping_units(spec))
        for id in pki.authorities():
            issuer = PROFILES[id].issuer
            if issuer is not None:
                pki._register.enter((issuer, pki._authority_serial(id)), id, spec.validity(id)[0])
        for id, at in spec.revoked_authorities:
            issuer = PROFILES[id].issuer
            if issuer is not None:
                pki._register.revoke((issuer, pki._authority_serial(id)), at, RevocationReason.CA_COMPROMISE, None)
        for unit in pki.stampers:
            pki._enter(unit, rfc4514(unit.subject()))
        for id in authorities_of(Tree.G2):
            pki.authority(id)
        return pki

    @property
    def root(self) -> CertificationAuthority:
        """The second generation's root."""
        return self.authority(Authority.ROOT)

    @property
    def subordinates(self) -> dict[Authority, CertificationAuthority]:
        """The second generation's two authorities."""
        return {id: self.authority(id) for id in authorities_of(Tree.G2) if not id.is_root}

    def authorities(self) -> tuple[Authority, ...]:
        """The authorities there are, by hierarchy, roots first."""
        return tuple(id for tree in Tree if tree in self.spec.trees for id in authorities_of(tree))

    def authority(self, id: Authority) -> CertificationAuthority:
        """An authority, made on first use. Raises :class:`InvalidHolder` where the description has not its hierarchy."""
        if id.tree not in self.spec.trees:
            raise InvalidHolder(PROFILES[id].common_name, f"belongs to the hierarchy {id.tree}, which this PKI's description leaves out")
        made = self._authorities.get(id)
        if made is None:
            made = self._authorities[id] = self._make_authority(id)
        return made

    def issue(self, spec: HolderSpec) -> Holder:
        """Certify a holder (one raw signature). The same spec again gives the same holder; another spec for the same subject is refused."""
        name = spec.subject()
        subject = rfc4514(name)
        known = known_as(spec.authority, subject)
        existing = self.holders.get(known)
        if existing is not None:
            if existing.spec == spec:
                return existing
            raise InvalidHolder(subject, "is already certified with another description; one subject, one holder, one key")
        check_holder(spec)
        holder = self._certify(spec, name, subject)  # before it is entered: what cannot be certified leaves nothing behind
        self._enter(spec, subject)
        self.holders[known] = holder
        return holder

    def revoke(
        self, subject: str, at: datetime, reason: RevocationReason = RevocationReason.UNSPECIFIED, invalid_since: datetime | None = None
    ) -> None:
        """Enter a holder's certificate in its issuer's CRLs from the first one made at or after ``at``; ``subject`` as it is known here."""
        key = self._holder_key(subject)
        self._register.revoke(key, at, reason, invalid_since)
        self._forget(key[0], at)

    def hold(self, subject: str, at: datetime) -> None:
        """Suspend a holder's certificate (certificateHold) from ``at`` on."""
        key = self._holder_key(subject)
        self._register.hold(key, at)
        self._forget(key[0], at)

    def release(self, subject: str, at: datetime) -> None:
        """End a suspension: lists made from ``at`` on no longer name the certificate."""
        key = self._holder_key(subject)
        self._register.release(key, at)
        self._forget(key[0], at)

    def crl(self, authority: Authority, at: datetime) -> bytes | None:
        """The authority's freshest CRL published at or before ``at``, or ``None`` before its first; signed on first use, then kept.

        An authority that has ended publishes no more: its last list stays the freshest.
        """
        not_before, not_after = self.spec.validity(authority)
        number = (min(at, not_after) - self._first_crl(authority)) // self.spec.crl_interval + 1
        if number < 1 or self._crl_time(authority, number) < _midnight(not_before):
            return None
        cached = self._crls.get((authority, number))
        if cached is None:
            issuer, this_update = self.authority(authority), self._crl_time(authority, number)
            entries = self._register.entries(authority)
            cached = sign_crl(issuer, number, this_update, this_update + self.spec.crl_validity, entries)
            self._crls[authority, number] = cached
        return cached

    def crls(self, at: datetime) -> tuple[bytes, ...]:
        """The freshest CRLs of every authority at ``at``: root, state, Party, then other hierarchies'; empty before the first."""
        found = (self.crl(authority, at) for authority in self.authorities())
        return tuple(crl for crl in found if crl is not None)

    def trust_store(self) -> TrustStore:
        """The Government's roots as anchors, their subordinates as known authorities, and this PKI's CRLs at any moment."""
        government = [self.authority(id) for id in self.authorities() if id.tree.government]
        by_name = {authority.name_der: authority.id for authority in government}

        def source(issuer_name: bytes, at: datetime) -> bytes | None:
            id = by_name.get(issuer_name)
            return None if id is None else self.crl(id, at)

        anchors = tuple(authority.certificate_der for authority in government if authority.id.is_root)
        return TrustStore(anchors, tuple(authority.certificate_der for authority in government if not authority.id.is_root), source)

    def evidence(self, at: datetime, trees: Iterable[Tree] = (Tree.G2, Tree.G1)) -> Evidence:
        """What an auditor is given at ``at``: roots of the hierarchies trusted, their authorities, and the CRLs of that moment.

        Time-stamps are trusted from the second generation's root alone. Hierarchies the description leaves out are passed over.
        """
        wanted = set(trees)
        ids = [id for id in self.authorities() if id.tree in wanted]
        lists = (self.crl(id, at) for id in ids)
        return Evidence(
            anchors=tuple(self.authority(id).certificate_der for id in ids if id.is_root),
            timestamp_anchors=(self.root.certificate_der,),
            certificates=tuple(self.authority(id).certificate_der for id in ids if not id.is_root and self.spec.validity(id)[0] <= at),
            crls=tuple(crl for crl in lists if crl is not None),
        )

    def time_stamping(self, at: datetime, *, revoked: bool = False) -> Holder:
        """The time-stamping unit in use at ``at``; with ``revoked``, the last one that was revoked by then.

        Raises :class:`InvalidHolder` outside the root's validity, or where no unit was revoked.
        """
        unit = units.revoked_unit(self.stampers, at) if revoked else units.stamping_unit(self.stampers, at)
        if unit is None:
            kind = "revoked by then (PkiSpec.compromised_stampers)" if revoked else "in use at that moment"
            raise InvalidHolder(f"time-stamping unit at {at.isoformat()}", f"no unit is {kind}")
        return self._service(unit)

    def stamp(self, digest: bytes, at: datetime) -> bytes:
        """A time-stamp token over a SHA-256 digest (32 bytes), as the authority gives it at ``at``: DER of a TimeStampToken."""
        return stamping.stamp(self.time_stamping(at), self.spec.seed, digest, at)

    def timestamp(self, request: bytes, at: datetime, behaviour: Behaviour = HONEST) -> bytes:
        """DER of the TimeStampResp to a DER TimeStampReq at ``at``; never raises for what the request holds."""
        return stamping.respond(request, self.time_stamping, self.spec.seed, at, behaviour)

    def ocsp(self, request: bytes, at: datetime, behaviour: Behaviour = HONEST) -> bytes:
        """DER of the OCSPResponse to a DER OCSPRequest at ``at``; never raises for what the request holds."""
        return answer_ocsp(request, self._desk, at, self.spec.ocsp_validity, behaviour)

    def status(self, certificate: bytes, at: datetime) -> bytes:
        """DER of the OCSPResponse about one certificate, given as DER, at ``at``: what a signer embeds for the long term.

        Raises :class:`InvalidHolder` for a certificate of no authority of this PKI.
        """
        facts = certificate_facts(certificate)
        issuer = next((made for made in map(self.authority, self.authorities()) if made.name_der == facts.issuer), None)
        if issuer is None:
            raise InvalidHolder(facts.subject, "was certified by no authority of this PKI")
        return self.ocsp(make_request(issuer.certificate_der, [facts.serial]), at)

    def _desk(self, issuer: IssuerHashes, at: datetime) -> Desk | None:
        """Who answers for the authority with these hashes at a moment; nobody before it exists and after it has ended."""
        if not self._ocsp_names:
            made = [self.authority(id) for id in self.authorities()]
            self._ocsp_names.update({hashes: authority.id for authority in made for hashes in issuer_hashes(authority)})
        id = self._ocsp_names.get(issuer)
        if id is None:
            return None
        delegate = units.responder(self.spec, id, at)
        if delegate is None:
            return None
        first = self.spec.validity(id)[0]
        return Desk(self._service(delegate), first, lambda serial: self._status(id, serial, at))

    def _status(self, id: Authority, serial: int, at: datetime) -> Status:
        entry = self._register.entry((id, serial), at)
        if entry is not None:
            return Status(known=True, revocation=entry)
        known = self._register.knows((id, serial), at)
        return Status(known or any(self._serial(id, rfc4514(spec.subject())) == serial for spec in units.responders(self.spec, id, at)))

    def _service(self, spec: HolderSpec) -> Holder:
        """A unit's or a responder's certificate and key, made on first use."""
        holder = self._services.get(spec.name)
        if holder is None:
            name = spec.subject()
            holder = self._services[spec.name] = self._certify(spec, name, rfc4514(name))
        return holder

    def _certify(self, spec: HolderSpec, name: Name, subject: str) -> Holder:
        """Make a holder's key and certificate; ``name`` and ``subject`` are the description's, as parts and as text."""
        issuer = self.authority(spec.authority)
        key = self.spec.make_key(spec.key, known_as(spec.authority, subject))
        spki = key.public_der
        extensions = holder_extensions(spec, spki, issuer.key_id)
        request = Request(encode_name(name), spki, self._serial(spec.authority, subject), spec.not_before, spec.not_after, extensions)
        certificate = sign_certificate(request, issuer.name_der, issuer.key)
        return Holder(subject, certificate, key, self._chain(spec.authority), spec)

    def _enter(self, spec: HolderSpec, subject: str) -> None:
        """What the register knows of a certificate from its description."""
        key = (spec.authority, self._serial(spec.authority, subject))
        self._register.enter(key, subject, spec.not_before)
        if not spec.holds and spec.revoked_at is None:
            return
        for since, until in spec.holds:
            self._register.hold(key, since)
            if until is not None:
                self._register.release(key, until)
        if spec.revoked_at is not None:
            self._register.revoke(key, spec.revoked_at, spec.reason, spec.invalid_since)
        self._forget(spec.authority, min([since for since, _ in spec.holds] or [spec.revoked_at or spec.not_before]))

    def _holder_key(self, subject: str) -> Key:
        holder = self.holders.get(subject)
        if holder is None:
            raise InvalidHolder(subject, "was never certified here")
        return holder.spec.authority, self._serial(holder.spec.authority, holder.subject)

    def _serial(self, issuer: Authority, subject: str) -> int:
        return serial_number(self.spec.seed, subject, _SHORT_SERIAL if issuer.tree is Tree.G1 else 8)

    def _authority_serial(self, id: Authority) -> int:
        return self._serial(id, rfc4514(_authority_name(id)))

    def _chain(self, issuer: Authority) -> tuple[bytes, ...]:
        """The certificates above a holder, nearest first."""
        above = PROFILES[issuer].issuer
        return (self.authority(issuer).certificate_der, *(() if above is None else self._chain(above)))

    def _make_authority(self, id: Authority) -> CertificationAuthority:
        """A root (no path length limit) or a subordinate that may certify end entities only."""
        profile = PROFILES[id]
        issuer = None if profile.issuer is None else self.authority(profile.issuer)
        name = _authority_name(id)
        key = self.spec.make_key(self.spec.authority_key_kind(id), rfc4514(name))
        if id.tree is Tree.G1:
            key = key.signing_with(RSA_SHA1)
        spki = key.public_der
        if issuer is None:
            extensions = authority_extensions(spki, key_identifier(spki), None, None)
        else:
            extensions = authority_extensions(spki, issuer.key_id, issuer.id, 0)
        request = Request(encode_name(name), spki, self._authority_serial(id), *self.spec.validity(id), extensions)
        return make_authority(id, request, key, issuer)

    def _forget(self, authority: Authority, since: datetime) -> None:
        """Drop lists made before it was known what they must say."""
        for key in [key for key in self._crls if key[0] is authority and self._crl_time(*key) >= since]:
            del self._crls[key]

    def _first_crl(self, authority: Authority) -> datetime:
        return _midnight(self.spec.validity(authorities_of(authority.tree)[0])[0])

    def _crl_time(self, authority: Authority, number: int) -> datetime:
        return self._first_crl(authority) + (number - 1) * self.spec.crl_interval


def known_as(authority: Authority, subject: str) -> str:
    """How a holder is known: by its subject, with ``public:`` before it in the hierarchy that may repeat anybody's name."""
    return subject if authority.tree.government else f"{authority.tree}:{subject}"


def _midnight(moment: datetime) -> datetime:
    return moment.astimezone(VN).replace(hour=0, minute=0, second=0)


def _authority_name(id: Authority) -> Name:
    profile = PROFILES[id]
    return ((oids.COUNTRY, "VN"), (oids.ORGANIZATION, profile.operator), (oids.COMMON_NAME, profile.common_name))
