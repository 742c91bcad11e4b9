"""Signed objects of every level, made by the house's own writers, and worlds whose lists, units and policies a test may bend."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from asn1crypto import cms
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

from signing import Authority, Holder, HolderKind, HolderSpec, Pki, SigningKey, der, oids
from signing.evidence import Evidence
from signing.formats import cades
from signing.formats.artefacts import Artefacts
from signing.formats.claims import SignatureClaim
from signing.formats.signed_data import read_strict
from signing.pki.issue import CertificationAuthority, Request, serial_number, sign_certificate
from signing.pki.profiles import authority_key_extension, encode_name, key_identifier, rfc4514
from signing.pki.timestamp import make_token
from signing.validation.ades.door import validate
from signing.validation.ades.policy import ValidationPolicy
from signing.validation.ades.policy_file import load_policy
from signing.validation.verdicts import ProofOfExistence, SignatureVerdict
from tests.signing.lab import AT, CONTENT, PERSON, VN, chain_of, good_attributes, new_pki, signed, signed_data, signer_info

TSA_POLICY = "1.3.6.1.4.1.32473.1"
DAY = timedelta(days=1)
ALONE = replace(load_policy("field"), signatures=1, in_order=False)
"""The policy of the field for one signature by itself."""


def when(text: str) -> datetime:
    """``2021-09-27 09:00`` in Vietnamese time; midnight when there is no hour."""
    return datetime.fromisoformat(text).replace(tzinfo=VN)


UNIT_START, UNIT_END = when("2018-09-01"), when("2038-01-01")


def extension(identifier: str, value: bytes, *, critical: bool = False) -> bytes:
    """One encoded extension."""
    return der.sequence(der.oid(identifier), der.TRUE if critical else b"", der.octet_string(value))


def unit(
    owner: Pki,
    name: str = "TSA TEST",
    start: datetime = UNIT_START,
    end: datetime = UNIT_END,
    *,
    purposes: Sequence[str] = (oids.TIME_STAMPING,),
    critical: bool = True,
    key: SigningKey | None = None,
) -> Holder:
    """A time-stamping unit under the state authority (RFC 3161 §2.3: one critical purpose)."""
    authority = owner.subordinates[Authority.STATE]
    spec = HolderSpec(HolderKind.ORGANISATION, name, Authority.STATE, start, end)
    key = key or SigningKey.derive_p256(owner.spec.seed, name)
    purpose = der.sequence(*(der.oid(one) for one in purposes))
    extensions = der.sequence(
        extension(oids.BASIC_CONSTRAINTS, der.sequence(), critical=True),
        extension(oids.KEY_USAGE, der.named_bits(0), critical=True),
        extension(oids.EXTENDED_KEY_USAGE, purpose, critical=critical),
        extension(oids.SUBJECT_KEY_IDENTIFIER, der.octet_string(key_identifier(key.public_der))),
        authority_key_extension(authority.key_id),
    )
    subject = spec.subject()
    serial = serial_number(owner.spec.seed, rfc4514(subject))
    request = Request(encode_name(subject), key.public_der, serial, start, end, extensions)
    certificate = sign_certificate(request, authority.name_der, authority.key)
    return Holder(rfc4514(subject), certificate, key, (authority.certificate_der, owner.root.certificate_der), spec)


@dataclass
class World:
    """One PKI, one signer, one stamping unit; methods make artefacts at instants."""

    owner: Pki
    signer: Holder
    stamping: Holder
    serials: int = 0
    proofs: list[ProofOfExistence] = field(default_factory=list)

    @classmethod
    def make(cls, seed: str = "ades", *, spec: dict[str, Any] | None = None, **person: Any) -> World:
        """A world of that seed; ``spec`` bends the PKI, the rest the person."""
        owner = new_pki(seed, **(spec or {}))
        return cls(owner, owner.issue(replace(PERSON, **person)), unit(owner))

    def stamp(self, at: datetime, holder: Holder | None = None) -> cades.Stamp:
        """A time-stamp service at one instant."""

        def make(digest: bytes) -> bytes:
            self.serials += 1
            return make_token(holder or self.stamping, digest, at=at, serial=self.serials, policy=TSA_POLICY)

        return make

    def b(self) -> bytes:
        """B-B over the content."""
        return signed(self.signer)

    def t(self, at: datetime = AT, holder: Holder | None = None) -> bytes:
        """B-T, stamped at ``at``."""
        return cades.add_signature_timestamp(self.b(), self.stamp(at, holder))

    def with_evidence(self, cms: bytes, at: datetime, *certificates: bytes) -> bytes:
        """Chains and the lists of that day added; the anchor travels with nothing."""
        chain = (self.stamping.certificate_der, self.signer.issuer_chain[0], *certificates)
        return cades.add_evidence(cms, Artefacts(chain, self.owner.crls(at)))

    def archive(self, cms: bytes, at: datetime, holder: Holder | None = None) -> bytes:
        """One more archive time-stamp."""
        return cades.add_archive_timestamp(cms, self.stamp(at, holder), CONTENT)

    def lta(self, at: datetime = AT) -> bytes:
        """B-LTA: stamped at ``at``, lists of the next day, archived an hour after they came."""
        return self.archive(self.with_evidence(self.t(at), at + DAY), at + DAY + timedelta(hours=1))

    def evidence(self, at: datetime, *more: bytes) -> Evidence:
        """The root and the lists of a moment, and more lists."""
        return Evidence((self.owner.root.certificate_der,), (), (), (*self.owner.crls(at), *more))

    def judge(
        self,
        cms: bytes | SignatureClaim,
        at: datetime,
        policy: ValidationPolicy = ALONE,
        evidence: Evidence | None = None,
        existence: Sequence[ProofOfExistence] = (),
    ) -> SignatureVerdict:
        """The verdict with the lists of the control time."""
        found = claim(cms) if isinstance(cms, bytes) else cms
        return validate(found, evidence or self.evidence(at), at, policy, existence)


def claim(cms: bytes, content: bytes | None = CONTENT) -> SignatureClaim:
    """The one claim of a CMS, read strictly."""
    (found,) = read_strict(cms, content)
    return found


def receipt(found: SignatureClaim, at: datetime, *artefacts: bytes) -> tuple[ProofOfExistence, ...]:
    """The axis' receipt over a signature and artefacts, as proofs of existence."""
    objects = (found.signer.signature, *artefacts)
    return tuple(ProofOfExistence(sha256(one).digest(), at, "receipt", None) for one in objects)


def crl(
    authority: CertificationAuthority,
    this_update: datetime,
    revoked: Sequence[tuple[int, datetime, x509.ReasonFlags, datetime | None]] = (),
    *,
    days: int = 7,
    digest: hashes.HashAlgorithm | None = None,
) -> bytes:
    """A list with any reasons and invalidity dates: (serial, revoked, reason, invalid since)."""
    issuer = x509.load_der_x509_certificate(authority.certificate_der)
    builder = x509.CertificateRevocationListBuilder().issuer_name(issuer.subject)
    builder = builder.last_update(this_update).next_update(this_update + timedelta(days=days))
    builder = builder.add_extension(x509.CRLNumber(int(this_update.timestamp())), critical=False)
    builder = builder.add_extension(x509.AuthorityKeyIdentifier(authority.key_id, None, None), critical=False)
    for serial, at, reason, invalid in revoked:
        entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(at)
        entry = entry.add_extension(x509.CRLReason(reason), critical=False)
        if invalid is not None:
            entry = entry.add_extension(x509.InvalidityDate(invalid.astimezone(UTC)), critical=False)
        builder = builder.add_revoked_certificate(entry.build())
    key = load_pem_private_key(authority.key.private_pem(), None)
    return builder.sign(key, digest or hashes.SHA256()).public_bytes(Encoding.DER)


def serial_of(holder: Holder) -> int:
    """The serial number of a holder's certificate."""
    return x509.load_der_x509_certificate(holder.certificate_der).serial_number


def with_attributes(holder: Holder, *more: bytes) -> bytes:
    """A signature over the content with more signed attributes (DER) than the profile's three."""
    attributes = sorted([one.dump() for one in good_attributes(holder.certificate_der)] + list(more))
    loaded = [cms.CMSAttribute.load(one) for one in attributes]
    return signed_data([signer_info(holder, loaded)], sorted(chain_of(holder)))


def attribute_der(identifier: str, value: bytes) -> bytes:
    """One attribute with one value."""
    return der.sequence(der.oid(identifier), der.tlv(der.SET, value))
