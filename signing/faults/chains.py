"""Faults of the certificates: whose they are, what they are for, and where the chain leads."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from signing import der, oids
from signing.evidence import Evidence
from signing.faults.crooked import (
    AN_AUTHORITY,
    CERTIFIES,
    NOT_AN_AUTHORITY,
    SIGNS,
    Issuer,
    certify,
    extension,
    good_attributes,
    revocation_list,
    signed_data,
    signer_info,
)
from signing.faults.model import Case, Expected, Fault, Finder, Form, Group, Peers
from signing.faults.workshop import DAY, SEAL, Workshop
from signing.formats.certificates import certificate_facts
from signing.keys import SigningKey
from signing.oids import DOCUMENT_SIGNING
from signing.pki.issue import Holder
from signing.pki.profiles import encode_name
from signing.validation.report import SubIndication

S = SubIndication
SERVER_AUTH = "1.3.6.1.5.5.7.3.1"
_STRANGER = ((oids.COUNTRY, "VN"), (oids.ORGANIZATION, "Cơ quan khác TEST"), (oids.COMMON_NAME, "Người lạ"))


def signer_of(
    shop: Workshop,
    name: str,
    extensions: Sequence[bytes] = (NOT_AN_AUTHORITY, SIGNS),
    *,
    issuer: Issuer | None = None,
    key: SigningKey | None = None,
    **more: object,
) -> Holder:
    """A signer certified by the state authority (or ``issuer``) with exactly these extensions."""
    issuer = issuer or Issuer.of(shop.state, shop.pki.root.certificate_der)
    key = key or shop.key(name)
    return certify(issuer, name, extensions, key=key, **more)  # type: ignore[arg-type]


def case_of(shop: Workshop, holder: Holder, *crls: bytes, embedded: Sequence[bytes] | None = None) -> Case:
    """A good signature by that holder with the whole chain below the root embedded, and more lists."""
    below = (holder.certificate_der, *holder.issuer_chain[:-1]) if embedded is None else embedded
    data = signed_data([signer_info(holder, good_attributes(holder))], below)
    case = shop.case(data)
    return replace(case, evidence=case.evidence + Evidence((), crls=crls))


def _leaf(name: str, *extensions: bytes) -> Callable[[str], Case]:
    def build(seed: str) -> Case:
        shop = Workshop.open(seed)
        return case_of(shop, signer_of(shop, name, extensions))

    return build


def _below_root(shop: Workshop, name: str, *extensions: bytes) -> Issuer:
    """Somebody certified by the root who certifies in turn."""
    root = Issuer.of(shop.pki.root)
    return Issuer.holder(certify(root, name, extensions, key=shop.key(name)))


def _under(name: str, *extensions: bytes, subject: object = None) -> Callable[[str], Case]:
    """A good signer below an authority that has these extensions."""

    def build(seed: str) -> Case:
        shop = Workshop.open(seed)
        issuer = _below_root(shop, name, *extensions)
        holder = signer_of(shop, "Người ký", issuer=issuer, subject=subject)
        return case_of(shop, holder, revocation_list(issuer, shop.at - DAY / 2))

    return build


def authority_signs(seed: str) -> Case:
    """The authority's own key under a document."""
    shop = Workshop.open(seed)
    holder = Holder("", shop.state.certificate_der, shop.state.key, (shop.pki.root.certificate_der,), SEAL)
    return case_of(shop, holder)


def certified_by_person(seed: str) -> Case:
    """An official certifies a colleague with the own key."""
    shop = Workshop.open(seed)
    issuer = Issuer.holder(signer_of(shop, "Cán bộ tự cấp chứng thư"))
    return case_of(shop, signer_of(shop, "Người ký", issuer=issuer), revocation_list(issuer, shop.at - DAY / 2))


def path_too_long(seed: str) -> Case:
    """An authority below one that may certify end entities only."""
    shop = Workshop.open(seed)
    state = Issuer.of(shop.state, shop.pki.root.certificate_der)
    issuer = Issuer.holder(certify(state, "CA con trái phép TEST", (AN_AUTHORITY, CERTIFIES), key=shop.key("CA con")))
    return case_of(shop, signer_of(shop, "Người ký", issuer=issuer), revocation_list(issuer, shop.at - DAY / 2))


def outside_constraint(seed: str) -> Case:
    """An authority for one province certifies somebody of another organisation."""
    base = der.context(4, encode_name(((oids.COUNTRY, "VN"), (oids.ORGANIZATION, "Ủy ban nhân dân tỉnh Hòa Bình"))))
    permitted = der.sequence(der.context(0, der.sequence(base)))
    constraint = extension(oids.NAME_CONSTRAINTS, permitted, critical=True)
    return _under("CA tỉnh Hòa Bình TEST", AN_AUTHORITY, CERTIFIES, constraint, subject=_STRANGER)(seed)


def look_alike_root(seed: str) -> Case:
    """A tree that has the Government's names letter for letter, and other keys."""
    shop, other = Workshop.open(seed), Workshop.open(f"{seed}/look-alike")
    return shop.case(other.signed(), evidence=shop.evidence(shop.at))


def twin_embedded(seed: str) -> Case:
    """The certificate carried has the signer's name and number, and another key."""
    shop = Workshop.open(seed)
    facts = certificate_facts(shop.signer.certificate_der)
    issuer = Issuer.of(shop.state, shop.pki.root.certificate_der)
    twin = certify(issuer, "", (NOT_AN_AUTHORITY, SIGNS), key=shop.key("twin"), subject=shop.signer.spec.subject(), serial=facts.serial)
    info = signer_info(shop.signer, good_attributes(shop.signer))
    return shop.case(signed_data([info], (twin.certificate_der, *shop.signer.issuer_chain[:1])))


def key_certified_twice(seed: str) -> Case:
    """Another person's certificate for the signer's key: SignerInfo names that one, the signed attribute the signer's."""
    shop = Workshop.open(seed)
    claimant = signer_of(shop, "Người nhận vơ chữ ký TEST", key=shop.signer.key)
    info = signer_info(claimant, good_attributes(shop.signer))
    below = (claimant.certificate_der, shop.signer.certificate_der, *shop.signer.issuer_chain[:1])
    return shop.case(signed_data([info], below))


def not_embedded(seed: str) -> Case:
    """No certificate travels with the signature."""
    shop = Workshop.open(seed)
    return shop.case(shop.signed(embed=False))


def spare_certificate(seed: str) -> Case:
    """A certificate travels along that has nothing to do with the signature."""
    shop = Workshop.open(seed)
    stranger = shop.person(name="Lê Thị Cúc", email="cuclt@hoabinh.test")
    data = signed_data(
        [signer_info(shop.signer, good_attributes(shop.signer))],
        (shop.signer.certificate_der, shop.signer.issuer_chain[0], stranger.certificate_der),
    )
    return shop.case(data)


_GENERAL = Expected((S.CERTIFICATE_CHAIN_GENERAL_FAILURE,), "chain-structure", "RFC 5280 §6.1")
_USAGE = Expected((S.CHAIN_CONSTRAINTS_FAILURE,), "key-usage", "RFC 5280 §4.2.1.3, §4.2.1.12")
_NO_CHAIN = Expected((S.NO_CERTIFICATE_CHAIN_FOUND,), "certificate-chain", "EN 319 102-1 §5.2.6.4 (2)")
_UNIDENTIFIED = Expected((S.NO_SIGNING_CERTIFICATE_FOUND,), "signing-certificate", "EN 319 102-1 §5.2.3")
_AXIS = (Finder.AXIS,)


def _fault(name: str, build: Callable[[str], Case], expected: Expected, openssl: bool, pyhanko: bool) -> Fault:
    return Fault(name, Group.CHAIN, Form.CMS, _AXIS, expected, build, Peers((openssl,), (pyhanko,)))


_PURPOSE = extension(oids.EXTENDED_KEY_USAGE, der.sequence(der.oid(SERVER_AUTH)))
_ENCIPHERS = extension(oids.KEY_USAGE, der.named_bits(2), critical=True)
_UNKNOWN = extension("2.999.1.5", der.NULL, critical=True)
_CERTIFIES_ONLY = extension(oids.KEY_USAGE, der.named_bits(5), critical=True)
_LISTS_ONLY = extension(oids.KEY_USAGE, der.named_bits(6), critical=True)
_DOCUMENTS = extension(oids.EXTENDED_KEY_USAGE, der.sequence(der.oid(DOCUMENT_SIGNING)))

FAULTS = (
    _fault("server-certificate", _leaf("máy chủ TEST", NOT_AN_AUTHORITY, SIGNS, _PURPOSE), _USAGE, True, True),
    _fault("encryption-certificate", _leaf("Khóa mã hóa TEST", NOT_AN_AUTHORITY, _ENCIPHERS), _USAGE, True, False),
    _fault("authority-signs", authority_signs, _USAGE, True, False),
    _fault("certified-by-person", certified_by_person, _GENERAL, False, False),
    _fault("path-too-long", path_too_long, _GENERAL, False, False),
    _fault("authority-unmarked", _under("CA thiếu cờ TEST", CERTIFIES), _GENERAL, False, False),
    _fault("authority-may-not-certify", _under("CA không được cấp TEST", AN_AUTHORITY, _LISTS_ONLY), _GENERAL, False, False),
    _fault("outside-constraint", outside_constraint, _GENERAL, False, False),
    _fault(
        "critical-extension-unknown", _leaf("Phần mở rộng lạ TEST", NOT_AN_AUTHORITY, SIGNS, _DOCUMENTS, _UNKNOWN), _GENERAL, False, False
    ),
    _fault(
        "authority-may-not-list",
        _under("CA không được ký danh sách TEST", AN_AUTHORITY, _CERTIFIES_ONLY),
        Expected((S.TRY_LATER,), "revocation-known", "EN 319 102-1 §5.2.6.4"),
        False,
        False,
    ),
    _fault("look-alike-root", look_alike_root, _NO_CHAIN, False, False),
    _fault("certificate-twin", twin_embedded, _UNIDENTIFIED, False, False),
    _fault("key-certified-twice", key_certified_twice, _UNIDENTIFIED, False, False),
    _fault("certificate-absent", not_embedded, _UNIDENTIFIED, False, False),
    _fault(
        "certificate-spare",
        spare_certificate,
        Expected((S.SIG_CONSTRAINTS_FAILURE,), "embedded-certificates", "EN 319 102-1 §5.2.8"),
        True,
        True,
    ),
)
"""Chains of detached signatures; what befalls the certificates of letters stands in :mod:`signing.faults.signers`."""
