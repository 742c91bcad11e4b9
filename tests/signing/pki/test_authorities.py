"""Three hierarchies beside each other: what each issues, who trusts it, and that none can be mistaken for a real one."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID

from signing import (
    Authority,
    Holder,
    HolderKind,
    InvalidHolder,
    KeyKind,
    KeyUnusable,
    PathCache,
    Pki,
    PkiSpec,
    SubIndication,
    Tree,
    certificate_facts,
)
from signing.algorithms import RSA_SHA1, RSA_SHA256
from signing.keys import SigningKey
from signing.pki.authorities import PROFILES
from signing.pki.profiles import without_diacritics
from tests.judges import needs_openssl
from tests.signing.lab import AT, ORGANISATION, PERSON, VN
from tests.signing.pki.judges import attime, authority, issuer_of, lists, openssl, pem

G1_PERSON = replace(PERSON, authority=Authority.G1_STATE, key=KeyKind.RSA2048, not_before=datetime(2015, 1, 1, tzinfo=VN))


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    """All three hierarchies; the first generation's RSA keys are made once for this file."""
    return Pki.build(PkiSpec("trees", trees=tuple(Tree), key_cache=tmp_path_factory.mktemp("keys")))


@pytest.mark.parametrize("id", Authority)
def test_no_authority_can_be_mistaken_for_a_real_one(whole: Pki, id: Authority) -> None:
    certificate = x509.load_der_x509_certificate(whole.authority(id).certificate_der)
    for oid in (NameOID.COMMON_NAME, NameOID.ORGANIZATION_NAME):
        value = str(certificate.subject.get_attributes_for_oid(oid)[0].value)
        assert value.endswith(" TEST")
        assert value.isascii() is (id.tree is Tree.G1)
    assert (certificate.issuer == certificate.subject) is id.is_root
    issuer = PROFILES[id].issuer
    above = certificate if issuer is None else x509.load_der_x509_certificate(whole.authority(issuer).certificate_der)
    if id.tree is Tree.G1:
        assert certificate.signature_algorithm_oid.dotted_string == "1.2.840.113549.1.1.5"
    else:
        certificate.verify_directly_issued_by(above)


def test_the_first_generation_is_as_the_field_tells(whole: Pki) -> None:
    """RSA-2048, SHA-1, ASCII names in the order C, O, OU, L, CN, a short serial, the address in subjectAltName alone; 2010 to 2030."""
    holder = whole.issue(G1_PERSON)
    assert holder.subject == (
        "CN=Nguyen Thi Binh,L=Hoa Binh,OU=Phong Cai cach hanh chinh,OU=So Noi vu,O=Uy ban nhan dan tinh Hoa Binh,C=VN"
    )
    certificate = x509.load_der_x509_certificate(holder.certificate_der)
    assert certificate.issuer.rfc4514_string() == "CN=Co quan chung thuc so Chinh phu TEST,O=Ban Co yeu Chinh phu TEST,C=VN"
    assert certificate.serial_number.bit_length() == 31
    assert certificate.public_key().key_size == 2048  # type: ignore[union-attr]
    assert certificate.signature_hash_algorithm.name == "sha1"  # type: ignore[union-attr]
    assert certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value.get_values_for_type(x509.RFC822Name) == [
        PERSON.email
    ]
    root = x509.load_der_x509_certificate(authority(whole, Authority.G1_ROOT))
    assert (root.not_valid_before_utc, root.not_valid_after_utc) == (
        datetime(2010, 3, 10, tzinfo=VN).astimezone(UTC),
        datetime(2030, 3, 5, tzinfo=VN).astimezone(UTC),
    )
    assert holder.key.algorithm is RSA_SHA256  # the token of 2021 digests documents with SHA-256 all the same
    assert len(holder.issuer_chain) == 2


@pytest.mark.parametrize(
    ("text", "plain"), [("Đặng Thị Hường", "Dang Thi Huong"), ("Ủy ban nhân dân xã Đà Bắc", "Uy ban nhan dan xa Da Bac"), ("A–Z", "A–Z")]
)
def test_diacritics_are_taken_off(text: str, plain: str) -> None:
    assert without_diacritics(text) == plain


def test_a_sha1_path_holds_while_sha1_does(whole: Pki) -> None:
    """The default policy ends SHA-1 with 2016: before, the first generation's path passes; in 2021 its algorithm is what fails."""
    facts = certificate_facts(whole.issue(G1_PERSON).certificate_der)
    paths = PathCache(whole.trust_store())
    assert paths.verdict(facts, datetime(2016, 5, 5, tzinfo=VN), None).sub_indication is None
    late = paths.verdict(facts, AT, None)
    assert late.sub_indication is SubIndication.CRYPTO_CONSTRAINTS_FAILURE
    assert "sha1" in late.checks[-1].detail


def test_the_public_hierarchy_is_not_the_governments(whole: Pki) -> None:
    """The same person certified by the public authority: a path there is, but to a root that nobody here trusts."""
    registered, other = whole.issue(PERSON), whole.issue(replace(PERSON, authority=Authority.PUBLIC))
    assert other.subject == registered.subject
    assert other.key.public_der != registered.key.public_der
    facts = certificate_facts(other.certificate_der)
    assert PathCache(whole.trust_store()).verdict(facts, AT, None).sub_indication is SubIndication.NO_CERTIFICATE_CHAIN_FOUND
    evidence = whole.evidence(AT)
    assert authority(whole, Authority.PUBLIC_ROOT) not in evidence.anchors
    assert authority(whole, Authority.PUBLIC_ROOT) in whole.evidence(AT, [Tree.PUBLIC]).anchors


def test_evidence_of_a_moment(whole: Pki) -> None:
    """Both Government roots, their authorities, and one list of each; time-stamps are trusted from the second generation's root alone."""
    evidence = whole.evidence(AT)
    assert evidence.anchors == (whole.root.certificate_der, authority(whole, Authority.G1_ROOT))
    assert evidence.timestamp_anchors == (whole.root.certificate_der,)
    assert len(evidence.certificates) == 4
    assert [x509.load_der_x509_crl(crl).issuer.rfc4514_string() for crl in evidence.crls] == [
        certificate_facts(authority(whole, id)).subject for id in whole.authorities() if id.tree.government
    ]
    early = whole.evidence(datetime(2010, 6, 1, tzinfo=VN))
    assert early.certificates == (authority(whole, Authority.G1_STATE),)
    assert len(early.crls) == 2  # G1's Party authority began in November
    assert Pki.build(PkiSpec("one")).evidence(AT).anchors == (Pki.build(PkiSpec("one")).root.certificate_der,)


def test_what_the_description_leaves_out_is_not_there() -> None:
    pki = Pki.build(PkiSpec("alone"))
    with pytest.raises(InvalidHolder, match="hierarchy public"):
        pki.issue(replace(PERSON, authority=Authority.PUBLIC))
    assert pki.holders == {}
    with pytest.raises(KeyUnusable, match="key_cache"):
        Pki.build(PkiSpec("alone", trees=(Tree.G2, Tree.G1))).authority(Authority.G1_ROOT)


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"trees": (Tree.G1,)}, "time-stamps come from there"),
        ({"stamper_interval_years": 6}, "without a gap"),
        ({"compromised_stampers": (datetime(2017, 1, 1, tzinfo=VN),)}, "within the root's validity"),
        ({"revoked_authorities": ((Authority.G1_STATE, AT),)}, "own hierarchies"),
        ({"ocsp_validity": timedelta(0)}, "run forward"),
    ],
)
def test_impossible_descriptions_are_refused(changes: dict[str, object], rule: str) -> None:
    with pytest.raises(InvalidHolder, match=rule):
        Pki.build(PkiSpec("x", **changes))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"authority": Authority.G1_STATE}, "RSA-2048 keys only"),
        ({"authority": Authority.G1_ROOT, "key": KeyKind.RSA2048}, "authorities only"),
        ({"authority": Authority.PUBLIC_ROOT}, "authorities only"),
    ],
)
def test_who_certifies_whom(whole: Pki, changes: dict[str, object], rule: str) -> None:
    with pytest.raises(InvalidHolder, match=rule):
        whole.issue(replace(ORGANISATION, **changes))  # type: ignore[arg-type]


def test_a_key_signs_with_algorithms_of_its_family_only() -> None:
    with pytest.raises(KeyUnusable, match="does not fit"):
        SigningKey.derive_p256("x", "y").signing_with(RSA_SHA1)


def test_an_authority_that_has_ended_publishes_no_more(whole: Pki) -> None:
    """Its last list stays the freshest there is, and goes stale."""
    end = whole.authority(Authority.G1_STATE).not_after
    assert whole.crl(Authority.G1_STATE, datetime(2040, 1, 1, tzinfo=VN)) == whole.crl(Authority.G1_STATE, end)
    assert whole.crl(Authority.ROOT, datetime(2040, 1, 1, tzinfo=VN)) != whole.crl(Authority.ROOT, end)


@needs_openssl
@pytest.mark.parametrize("tree", Tree)
def test_openssl_builds_each_chain_and_refuses_the_revoked(whole: Pki, tree: Tree, tmp_path: Path) -> None:
    """With every list, at the moment, strictly; SHA-1 needs the security level lowered. The same lists refuse the revoked holder."""
    id = {Tree.G2: Authority.STATE, Tree.G1: Authority.G1_STATE, Tree.PUBLIC: Authority.PUBLIC}[tree]
    key = KeyKind.RSA2048 if tree is Tree.G1 else KeyKind.P256
    good = whole.issue(replace(ORGANISATION, name="Sở Tư pháp", authority=id, key=key))
    bad = whole.issue(replace(ORGANISATION, name="Sở Y tế", authority=id, key=key, revoked_at=AT - timedelta(days=3)))
    pem(tmp_path, "root.pem", good.issuer_chain[-1])
    pem(tmp_path, "sub.pem", issuer_of(good))
    crls = lists(tmp_path, whole, AT)
    for name, holder in (("good.pem", good), ("bad.pem", bad)):
        pem(tmp_path, name, holder.certificate_der)
    command = ["verify", "-x509_strict", "-crl_check_all", "-CAfile", "root.pem", "-untrusted", "sub.pem", "-CRLfile", crls, *attime(AT)]
    lowered = ["-auth_level", "0"] if tree is Tree.G1 else []
    accepted = openssl(tmp_path, *command, *lowered, "good.pem")
    assert accepted.returncode == 0, accepted.stderr
    refused = openssl(tmp_path, *command, *lowered, "bad.pem")
    assert (refused.returncode, "certificate revoked" in refused.stderr) == (2, True)


@needs_openssl
def test_openssl_reads_every_profile(whole: Pki, tmp_path: Path) -> None:
    """``openssl x509 -text`` names what it finds: no field is shown as bytes."""
    holders: list[Holder] = [whole.issue(G1_PERSON), whole.time_stamping(AT)]
    for name, holder in enumerate(holders):
        pem(tmp_path, f"{name}.pem", holder.certificate_der)
    person, unit = (openssl(tmp_path, "x509", "-noout", "-text", "-in", f"{name}.pem").stdout for name in range(2))
    assert "sha1WithRSAEncryption" in person
    assert "http://crl.ca.truc.test/g1-state.crl" in person
    assert "X509v3 Extended Key Usage: critical\n                Time Stamping\n" in unit
    assert "X509v3 Key Usage: critical\n                Digital Signature, Non Repudiation\n" in unit
    assert holders[1].spec.kind is HolderKind.TIME_STAMPING
