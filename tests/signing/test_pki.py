"""A PKI is a function of a description and a moment: certificates and lists come out byte for byte, after the field's profiles."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from signing import (
    METER,
    Authority,
    HolderKind,
    HolderSpec,
    InvalidHolder,
    KeyKind,
    KeyUnusable,
    PathCache,
    RevocationReason,
    certificate_facts,
)
from signing.formats.certificates import name_text
from tests.judges import needs_openssl
from tests.signing.lab import AT, ORGANISATION, PERSON, VN, new_pki, pki
from tests.signing.oddities import certify, subordinate

GOLDEN = {
    "root": "3091023de879803492813ce16aa37c7b",
    "state": "ae6422125ec854cf95752c0b54cdb59c",
    "person": "ccc20d7f248763de2bfcfad3a4278313",
    "organisation": "f628c8605beedd1d71ac7c79024fe3a0",
    "crl": "d4300ae20b9dc99a4b14c562968fc7bb",
}


def test_same_description_gives_the_same_bytes_in_any_order() -> None:
    """Two runs that meet the same people in another order certify them alike, and publish the same list."""
    specs = [replace(PERSON, name=f"Người {i}", revoked_at=datetime(2021, 3, i + 1, tzinfo=VN) if i % 2 else None) for i in range(6)]
    one, other = new_pki("x"), new_pki("x")
    forward = [one.issue(spec).certificate_der for spec in specs]
    backward = [other.issue(spec).certificate_der for spec in reversed(specs)]
    assert forward == backward[::-1]
    assert one.crls(AT) == other.crls(AT)
    assert new_pki("y").issue(specs[0]).certificate_der != forward[0]


def test_bytes_never_change_between_releases() -> None:
    """Golden letters of every release carry these certificates; a change here would orphan them."""
    pki = new_pki("golden")
    made = {
        "root": pki.root.certificate_der,
        "state": pki.subordinates[Authority.STATE].certificate_der,
        "person": pki.issue(PERSON).certificate_der,
        "organisation": pki.issue(ORGANISATION).certificate_der,
        "crl": pki.crls(AT)[1],
    }
    assert {name: sha256(data).hexdigest()[:32] for name, data in made.items()} == GOLDEN


def test_authorities_cannot_be_mistaken_for_real_ones() -> None:
    """Every authority's subject carries TEST in organisation and common name, and every address is under .test."""
    pki = new_pki()
    for authority in (pki.root, *pki.subordinates.values()):
        certificate = x509.load_der_x509_certificate(authority.certificate_der)
        for oid in (NameOID.COMMON_NAME, NameOID.ORGANIZATION_NAME):
            assert str(certificate.subject.get_attributes_for_oid(oid)[0].value).endswith(" TEST")
    assert "G2" in certificate_facts(pki.root.certificate_der).subject
    holder = x509.load_der_x509_certificate(pki.issue(PERSON).certificate_der)
    points = holder.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    access = holder.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
    addresses = [name.value for point in points for name in point.full_name or []] + [item.access_location.value for item in access]
    assert len(addresses) == 3
    assert all(address.split("/")[2].endswith(".test") for address in addresses)


def test_person_profile() -> None:
    """C, L, O, OU…, CN, E; signature key usages of the field; e-mail as alternative name; an 8-byte serial."""
    holder = new_pki().issue(PERSON)
    certificate = x509.load_der_x509_certificate(holder.certificate_der)
    assert [attribute.rfc4514_attribute_name for attribute in certificate.subject] == [
        "C", "L", "O", "OU", "OU", "CN", "1.2.840.113549.1.9.1",
    ]  # fmt: skip
    assert holder.subject == certificate.subject.rfc4514_string()
    assert certificate.serial_number.bit_length() == 63
    assert certificate.not_valid_before_utc == PERSON.not_before.astimezone(UTC)
    usage = certificate.extensions.get_extension_for_class(x509.KeyUsage)
    assert usage.critical
    assert usage.value == x509.KeyUsage(True, True, True, True, False, False, False, False, False)
    assert list(certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value) == [
        ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.EMAIL_PROTECTION, ExtendedKeyUsageOID.SMARTCARD_LOGON,
    ]  # fmt: skip
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.RFC822Name) == [PERSON.email]


def test_organisation_profile() -> None:
    """CN, O, L, C, and no exchange code anywhere: that link needs a register."""
    pki = new_pki()
    certificate = x509.load_der_x509_certificate(pki.issue(ORGANISATION).certificate_der)
    assert [attribute.rfc4514_attribute_name for attribute in certificate.subject] == ["CN", "O", "L", "C"]
    issuer = x509.load_der_x509_certificate(pki.subordinates[Authority.STATE].certificate_der)
    certificate.verify_directly_issued_by(issuer)
    issuer.verify_directly_issued_by(x509.load_der_x509_certificate(pki.root.certificate_der))


@pytest.mark.parametrize("name", ['Sở "Văn hóa, Thể thao" + <Du lịch>; \\', "#số một", "Ủy ban nhân dân " + "ộ" * 48])
def test_subject_text_is_rfc_4514(name: str) -> None:
    """Odd characters are escaped as registers expect; a name of 64 characters is one, however many bytes it takes."""
    holder = new_pki().issue(replace(ORGANISATION, name=name))
    if len(name.encode()) <= 64:
        assert holder.subject == x509.load_der_x509_certificate(holder.certificate_der).subject.rfc4514_string()
    assert certificate_facts(holder.certificate_der).subject == holder.subject


def test_foreign_names_read_as_the_reference_reads_them() -> None:
    """Attribute types of other authorities print as the reference prints them; other string types are not of any profile."""
    oids = (NameOID.STATE_OR_PROVINCE_NAME, NameOID.STREET_ADDRESS, NameOID.DOMAIN_COMPONENT, NameOID.USER_ID, NameOID.TITLE)
    name = x509.Name([x509.NameAttribute(oid, f"Giá trị, {i}") for i, oid in enumerate(oids)])
    assert name_text(name.public_bytes()) == name.rfc4514_string()
    with pytest.raises(ValueError, match="UTF8String"):
        name_text(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "A", x509.name._ASN1Type.BMPString)]).public_bytes())


def test_rsa_authorities_certify_as_well(tmp_path: Path) -> None:
    """A world may ask for RSA authorities: certificates and lists hold under them."""
    pki = new_pki(key_cache=tmp_path, authority_key=KeyKind.RSA2048)
    holder = pki.issue(PERSON)
    issuer = x509.load_der_x509_certificate(holder.issuer_chain[0])
    x509.load_der_x509_certificate(holder.certificate_der).verify_directly_issued_by(issuer)
    assert PathCache(pki.trust_store()).verdict(certificate_facts(holder.certificate_der), AT, None).sub_indication is None


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"name": "x" * 65}, "64 characters"),
        ({"name": " "}, "non-empty"),
        ({"name": "Ho\u0300a"}, "NFC"),
        ({"email": "bình@hoabinh.test"}, "ASCII"),
        ({"authority": Authority.ROOT}, "authorities only"),
        ({"not_after": PERSON.not_before}, "first before the second"),
        ({"not_before": datetime(2020, 1, 1)}, "timezone-aware"),
        ({"revoked_at": datetime(2019, 1, 1, tzinfo=VN)}, "before it is valid"),
    ],
)
def test_impossible_holder_is_refused(changes: dict[str, object], rule: str) -> None:
    """A description that cannot become a certificate is refused with its rule, and nothing is kept."""
    pki = new_pki()
    with pytest.raises(InvalidHolder, match=rule):
        pki.issue(replace(PERSON, **changes))  # type: ignore[arg-type]
    assert pki.holders == {}


def test_one_subject_one_holder_one_key() -> None:
    """The same description again gives the same holder without signing; another one for the same name is refused."""
    pki = new_pki()
    holder = pki.issue(PERSON)
    before = METER.snapshot()
    assert pki.issue(PERSON) is holder
    assert METER.snapshot() == before
    with pytest.raises(InvalidHolder, match="one subject, one holder, one key"):
        pki.issue(replace(PERSON, not_after=datetime(2026, 1, 1, tzinfo=VN)))
    keys = {pki.issue(replace(PERSON, name=f"Người {i}")).key.public_der for i in range(300)}
    assert len(keys) == 300


def test_rsa_needs_a_place_to_keep_keys(tmp_path: Path) -> None:
    """A world that asks for RSA without a cache directory hears so; with one, the holder signs with RSA."""
    spec = replace(PERSON, key=KeyKind.RSA2048)
    with pytest.raises(KeyUnusable, match="key_cache"):
        new_pki().issue(spec)
    holder = new_pki(key_cache=tmp_path).issue(spec)
    assert holder.key.algorithm.name == "rsa-pkcs1-sha256"
    assert new_pki(key_cache=tmp_path).issue(spec).certificate_der == holder.certificate_der


def _revoked(day: int, number: int, reason: RevocationReason = RevocationReason.UNSPECIFIED) -> HolderSpec:
    return replace(PERSON, name=f"Người {number}", revoked_at=datetime(2021, 9, day, 14, 30, tzinfo=VN), reason=reason)


def test_list_at_a_moment_names_only_what_was_revoked_by_then() -> None:
    """Lists appear at 00:00 (+07:00); a revocation of the afternoon stands in the next day's list, with its reason."""
    pki = new_pki()
    first = pki.issue(_revoked(25, 1, RevocationReason.KEY_COMPROMISE))
    second = pki.issue(_revoked(27, 2))
    lists = [_state_list(pki.crls(datetime(2021, 9, day, hour, tzinfo=VN))) for day, hour in ((25, 23), (27, 9), (27, 23), (28, 0))]
    serials = [x509.load_der_x509_certificate(holder.certificate_der).serial_number for holder in (first, second)]
    assert [[serial in {entry.serial_number for entry in crl} for serial in serials] for crl in lists] == [
        [False, False], [True, False], [True, False], [True, True],
    ]  # fmt: skip
    last = lists[-1]
    assert last.last_update_utc == datetime(2021, 9, 28, tzinfo=VN).astimezone(UTC)
    assert last.next_update_utc == last.last_update_utc + timedelta(days=7)
    entry = last.get_revoked_certificate_by_serial_number(serials[0])
    assert entry is not None
    assert entry.revocation_date_utc == datetime(2021, 9, 25, 14, 30, tzinfo=VN).astimezone(UTC)
    assert entry.extensions.get_extension_for_class(x509.CRLReason).value.reason is x509.ReasonFlags.key_compromise
    other = last.get_revoked_certificate_by_serial_number(serials[1])
    assert other is not None
    assert len(other.extensions) == 0


def test_list_numbers_rise_by_the_day_and_signatures_hold() -> None:
    """CRLNumber grows by one a day whichever lists were asked for; every list holds under its issuer's key."""
    pki = new_pki()
    lists = {day: _state_list(pki.crls(datetime(2021, 9, day, 12, tzinfo=VN))) for day in (30, 27)}
    numbers = {day: crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number for day, crl in lists.items()}
    assert numbers[30] - numbers[27] == 3
    issuer = x509.load_der_x509_certificate(pki.subordinates[Authority.STATE].certificate_der)
    assert all(crl.is_signature_valid(issuer.public_key()) for crl in lists.values())  # type: ignore[arg-type]


def test_lists_are_signed_once_and_none_exists_before_the_first_day() -> None:
    """Asking again the same day costs nothing; before the root existed there was no list."""
    pki = new_pki()
    before = METER.signs.copy()
    first = pki.crls(datetime(2021, 9, 27, 1, tzinfo=VN))
    assert pki.crls(datetime(2021, 9, 27, 23, tzinfo=VN)) == first
    assert sum((METER.signs - before).values()) == len(first) == 3
    assert pki.crls(datetime(2018, 8, 21, 23, 59, 59, tzinfo=VN)) == ()
    assert len(pki.crls(datetime(2018, 8, 22, tzinfo=VN))) == 3


def test_later_revocation_enters_the_lists_after_it_only() -> None:
    """A revocation during the run changes tomorrow's list, even one already made; it cannot be entered twice."""
    pki = new_pki()
    holder = pki.issue(PERSON)
    today, tomorrow = (pki.crls(AT + timedelta(days=day)) for day in (0, 1))
    pki.revoke(holder.subject, AT, RevocationReason.SUPERSEDED)
    assert pki.crls(AT) == today
    changed = _state_list(pki.crls(AT + timedelta(days=1)))
    assert pki.crls(AT + timedelta(days=1)) != tomorrow
    assert changed.get_revoked_certificate_by_serial_number(certificate_facts(holder.certificate_der).serial) is not None
    with pytest.raises(InvalidHolder, match="already revoked"):
        pki.revoke(holder.subject, AT)
    with pytest.raises(InvalidHolder, match="never certified"):
        pki.revoke("CN=nobody", AT)


def test_revoked_authority_stands_in_the_root_list() -> None:
    """The root's list names a subordinate it revoked, from the day after."""
    pki = new_pki(revoked_authorities=((Authority.PARTY, AT),))
    serial = certificate_facts(pki.subordinates[Authority.PARTY].certificate_der).serial
    today, tomorrow = (x509.load_der_x509_crl(pki.crls(AT + timedelta(days=day))[0]) for day in (0, 1))
    assert today.get_revoked_certificate_by_serial_number(serial) is None
    assert tomorrow.get_revoked_certificate_by_serial_number(serial) is not None


def test_dates_beyond_2049_are_generalized_time() -> None:
    """RFC 5280 §4.1.2.5: UTCTime through 2049, GeneralizedTime from 2050."""
    holder = new_pki().issue(replace(PERSON, kind=HolderKind.PERSON, not_after=datetime(2051, 1, 1, tzinfo=VN)))
    assert x509.load_der_x509_certificate(holder.certificate_der).not_valid_after_utc.year == 2050
    assert b"20501231170000Z" in holder.certificate_der


@needs_openssl
def test_openssl_accepts_chain_and_lists(tmp_path: Path) -> None:
    """OpenSSL builds the same path with all lists, and refuses the revoked holder."""
    pki = new_pki()
    good, revoked = pki.issue(PERSON), pki.issue(_revoked(25, 1))
    (tmp_path / "root.pem").write_bytes(_pem(pki.root.certificate_der, "CERTIFICATE"))
    (tmp_path / "sub.pem").write_bytes(_pem(good.issuer_chain[0], "CERTIFICATE"))
    (tmp_path / "crls.pem").write_bytes(b"".join(_pem(crl, "X509 CRL") for crl in pki.crls(AT)))
    for name, holder, status in (("good", good, 0), ("revoked", revoked, 2)):
        (tmp_path / name).write_bytes(_pem(holder.certificate_der, "CERTIFICATE"))
        command = ["openssl", "verify", "-x509_strict", "-crl_check_all", "-CAfile", "root.pem", "-untrusted", "sub.pem"]
        command += ["-CRLfile", "crls.pem", "-attime", str(int(AT.timestamp())), name]
        run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert run.returncode == status, run.stderr
    assert "certificate revoked" in run.stderr


def _state_list(crls: tuple[bytes, ...]) -> x509.CertificateRevocationList:
    return x509.load_der_x509_crl(crls[1])


def _pem(data: bytes, label: str) -> bytes:
    from base64 import encodebytes

    return f"-----BEGIN {label}-----\n".encode() + encodebytes(data) + f"-----END {label}-----\n".encode()


def test_facts_of_strangers_long_certificates_are_not_kept() -> None:
    """Eight embedded certificates of 15 KB in every signature of every annex would fill hundreds of megabytes."""
    filler = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), bytes(12_000))
    authority = subordinate(pki())
    stranger = certify(authority, ((filler, False),)).certificate_der
    assert certificate_facts(stranger) == certificate_facts(stranger)
    assert certificate_facts(stranger) is not certificate_facts(stranger)
    usual = certify(authority).certificate_der
    assert certificate_facts(usual) is certificate_facts(usual)
