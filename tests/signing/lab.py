"""A small PKI and its people for the tests of signing, and builders of signatures as nobody should write them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from functools import cache
from hashlib import sha256
from typing import Any

from asn1crypto import algos, cms, core, tsp, x509

from signing import Authority, CadesSigner, Holder, HolderKind, HolderSpec, Pki, PkiSpec, Purpose

VN = timezone(timedelta(hours=7))
AT = datetime(2021, 9, 27, 9, 0, tzinfo=VN)
CONTENT = "Kính gửi: Ủy ban nhân dân tỉnh Hòa Bình".encode() * 20
DIGEST = sha256(CONTENT).digest()

PERSON = HolderSpec(
    HolderKind.PERSON,
    "Nguyễn Thị Bình",
    Authority.STATE,
    datetime(2020, 1, 1, tzinfo=VN),
    datetime(2025, 1, 1, tzinfo=VN),
    organisation="Ủy ban nhân dân tỉnh Hòa Bình",
    units=("Sở Nội vụ", "Phòng Cải cách hành chính"),
    locality="Hòa Bình",
    email="binhnt@hoabinh.test",
)
ORGANISATION = HolderSpec(
    HolderKind.ORGANISATION,
    "Sở Nội vụ",
    Authority.STATE,
    datetime(2020, 1, 1, tzinfo=VN),
    datetime(2025, 1, 1, tzinfo=VN),
    organisation="Ủy ban nhân dân tỉnh Hòa Bình",
    locality="Hòa Bình",
)


def new_pki(seed: str = "lab", **spec: Any) -> Pki:
    """A PKI of its own for a test that changes it."""
    return Pki.build(PkiSpec(seed, **spec))


@cache
def pki() -> Pki:
    """The PKI that tests share and only add holders to. Its lists grow by those revoked: what is made of a list is made once and kept."""
    return new_pki()


def person(name: str = PERSON.name, **changes: Any) -> Holder:
    """A person of the shared PKI."""
    return pki().issue(replace(PERSON, name=name, **changes))


def signed(holder: Holder | None = None, digest: bytes = DIGEST, *, embed: bool = True) -> bytes:
    """A good signature over the content."""
    return CadesSigner(holder or person(), embed_certificates=embed, purpose=Purpose.LETTER).sign(digest)


def attribute(kind: str, *values: Any) -> cms.CMSAttribute:
    """A CMS attribute with any number of values."""
    return cms.CMSAttribute({"type": kind, "values": values})


def good_attributes(certificate: bytes, digest: bytes = DIGEST, *, issuer_serial: bool = True) -> list[cms.CMSAttribute]:
    """The three attributes of the profile, in DER order."""
    return [
        attribute("content_type", "data"),
        attribute("message_digest", digest),
        attribute("signing_certificate_v2", ess(certificate, issuer_serial=issuer_serial)),
    ]


def ess(certificate: bytes, *, issuer_serial: bool = True, digest: bytes | None = None) -> tsp.SigningCertificateV2:
    """SigningCertificateV2 naming a certificate."""
    loaded = x509.Certificate.load(certificate)
    identifier: dict[str, Any] = {"cert_hash": digest or sha256(certificate).digest()}
    if issuer_serial:
        identifier["issuer_serial"] = {
            "issuer": [x509.GeneralName("directory_name", loaded.issuer)],
            "serial_number": loaded.serial_number,
        }
    return tsp.SigningCertificateV2({"certs": [tsp.ESSCertIDv2(identifier)]})


def der_set(attributes: Sequence[cms.CMSAttribute]) -> bytes:
    """The attributes as they come, not sorted, tagged SET OF."""
    return bytes(core.Set(contents=b"".join(item.dump() for item in attributes)).dump())


def signer_info(
    holder: Holder,
    attributes: Sequence[cms.CMSAttribute] | None,
    *,
    digest_algorithm: str = "sha256",
    signature_algorithm: str = "sha256_ecdsa",
    signature: bytes | None = None,
    data: bytes = CONTENT,
    unsigned: Sequence[cms.CMSAttribute] = (),
) -> cms.SignerInfo:
    """A SignerInfo over exactly these attributes in this order; without attributes it signs the content itself."""
    certificate = x509.Certificate.load(holder.certificate_der)
    fields: dict[str, Any] = {
        "version": "v1",
        "sid": cms.SignerIdentifier(
            "issuer_and_serial_number",
            cms.IssuerAndSerialNumber({"issuer": certificate.issuer, "serial_number": certificate.serial_number}),
        ),
        "digest_algorithm": algos.DigestAlgorithm({"algorithm": digest_algorithm}),
        "signature_algorithm": algos.SignedDigestAlgorithm({"algorithm": signature_algorithm}),
    }
    covered = data
    if attributes is not None:
        covered = der_set(attributes)
        fields["signed_attrs"] = cms.CMSAttributes(attributes)
    if unsigned:
        fields["unsigned_attrs"] = cms.CMSAttributes(unsigned)
    fields["signature"] = holder.key.sign(covered, Purpose.LETTER) if signature is None else signature
    return cms.SignerInfo(fields)


def signed_data(signers: Sequence[cms.SignerInfo], embedded: Sequence[bytes], **changes: Any) -> bytes:
    """A whole detached CMS around SignerInfos; ``changes`` replace fields of SignedData."""
    fields: dict[str, Any] = {
        "version": "v1",
        "digest_algorithms": [algos.DigestAlgorithm({"algorithm": "sha256"})],
        "encap_content_info": {"content_type": "data"},
        "certificates": [x509.Certificate.load(certificate) for certificate in embedded],
        "signer_infos": signers,
    }
    fields.update(changes)
    message = cms.ContentInfo({"content_type": "signed_data", "content": cms.SignedData(fields)})
    return bytes(message.dump())


def chain_of(holder: Holder) -> tuple[bytes, bytes]:
    """The certificates a signature embeds: signer and issuing authority."""
    return holder.certificate_der, holder.issuer_chain[0]
