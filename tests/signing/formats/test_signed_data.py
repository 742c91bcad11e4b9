"""Two readers of one CMS: what is in good order both read alike; what is not the strict one refuses and the tolerant one names."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256

import pytest
from asn1crypto import algos, cms, core
from hypothesis import given
from hypothesis import strategies as st

from signing import FormatFailure, Purpose, der, oids
from signing.algorithms import SHA256_IDENTIFIER
from signing.formats import cades, strict, tolerant
from signing.formats.claims import Level
from signing.formats.envelope import MAX_SIGNED_DATA, Attribute, Envelope
from signing.formats.signed_data import disagreement, read_strict, read_tolerant
from tests.signing.formats import fixtures, mutations
from tests.signing.formats.lab import Stamper
from tests.signing.lab import AT, CONTENT, DIGEST, chain_of, der_set, good_attributes, person, signed, signed_data, signer_info
from tests.signing.test_cms import REFUSED as ODDITIES


@pytest.mark.parametrize("number", range(len(fixtures.cms_files())))
def test_both_readers_say_the_same_of_files_in_good_order(number: int) -> None:
    data = fixtures.cms_files()[number]
    one, other = read_strict(data, CONTENT if number < 6 else None), read_tolerant(data, CONTENT if number < 6 else None)
    assert disagreement(one, other) == ""
    assert all(claim.signer.deviations == () and claim.findings == () for claim in (*one, *other))


def test_the_readers_agree_on_a_thousand_changed_files() -> None:
    """The campaign of 100,000 is `python -m tests.signing.formats.mutations 100000`."""
    counts, found = mutations.campaign(1000)
    assert [what for what, _ in found] == []
    assert counts["strict tolerant"] > 200
    assert counts["- tolerant"] > 200
    assert counts["- -"] > 100


def test_the_comparison_sees_a_difference_in_every_part() -> None:
    """What compares must be able to say no: one thing changed at a time."""
    whole = fixtures.levels()["B-LTA"]
    claims = read_strict(whole, CONTENT)
    others: dict[str, bytes | tuple[bytes, bytes]] = {
        "2 signers": fixtures.two_signers(),
        "content": (whole, CONTENT + b"x"),
        "certificates": fixtures.levels()["B-T"],
        "signature_tokens": cades.add_signature_timestamp(whole, Stamper(AT.replace(hour=10))),
        "message_digest": signed(digest=bytes(32)),
        "level": cades.add_archive_timestamp(fixtures.levels()["B-LT"], Stamper(AT), CONTENT),
    }
    for what, other in others.items():
        data, content = other if isinstance(other, tuple) else (other, CONTENT)
        said = disagreement(claims, read_strict(data, content))
        assert said, what
        assert what in said or what in ("message_digest", "level")


def test_what_a_claim_says() -> None:
    holder = person()
    (claim,) = read_strict(signed(), CONTENT)
    signer = claim.signer
    assert claim.name == "signer 1"
    assert claim.level is Level.B
    assert claim.content("sha256") == signer.message_digest == DIGEST
    assert claim.content("md5") is None
    assert signer.ess_certificates[0][:2] == ("sha256", sha256(holder.certificate_der).digest())
    assert (signer.issuer, signer.serial) == signer.ess_certificates[0][2:]
    assert (signer.digest_algorithm, signer.signature_algorithm) == ("sha256", "ecdsa-p256-sha256")
    assert set(claim.certificates) == set(chain_of(holder))
    (absent,) = read_strict(signed())
    assert absent.content("sha256") is None


def test_rich_attributes_are_read() -> None:
    (claim,) = read_strict(fixtures.rich_attributes())
    assert claim.signer.algorithm_protection is True
    assert claim.signer.claimed_at is not None
    assert claim.signer.claimed_at.utctimetuple() == datetime(2021, 9, 26, 19, 0, tzinfo=UTC).utctimetuple()
    assert claim.content("sha256") == DIGEST


def test_every_signer_is_reported() -> None:
    claims = read_strict(fixtures.two_signers(), CONTENT)
    assert [claim.name for claim in claims] == ["signer 1", "signer 2"]
    assert claims[0].signer.signature != claims[1].signer.signature


def test_attached_and_given_content_must_be_the_same() -> None:
    data = fixtures.rich_attributes()
    assert read_strict(data, CONTENT)
    with pytest.raises(FormatFailure, match="not the content the signature carries"):
        read_strict(data, b"other")
    (claim,) = read_tolerant(data, b"other")
    assert "not the content the signature carries" in claim.findings[0][0]
    assert claim.content("sha256") == sha256(b"other").digest() != claim.signer.message_digest


def _key_identifier() -> bytes:
    holder = person()
    info = signer_info(holder, good_attributes(holder.certificate_der))
    info["sid"] = cms.SignerIdentifier("subject_key_identifier", b"\x01" * 20)
    info["version"] = "v3"
    return signed_data([info], sorted(chain_of(holder)), version="v3")


def test_a_signer_may_be_named_by_key_identifier() -> None:
    (claim,) = read_strict(_key_identifier(), CONTENT)
    assert (claim.signer.issuer, claim.signer.serial, claim.signer.key_id) == (None, None, b"\x01" * 20)
    assert disagreement((claim,), read_tolerant(_key_identifier(), CONTENT)) == ""


def _with(*more: bytes, drop: str = "") -> bytes:
    """A signature over the good attributes and more encoded ones, in DER order."""
    holder = person()
    encoded = [item.dump() for item in good_attributes(holder.certificate_der) if item["type"].native != drop]
    parsed = [cms.CMSAttribute.load(item) for item in sorted([*encoded, *more])]
    return signed_data([signer_info(holder, parsed)], sorted(chain_of(holder)))


def _attribute(kind: str, *values: bytes) -> bytes:
    return der.sequence(der.oid(kind), der.set_of(values))


def test_policy_and_version_one_attributes_are_read_alike() -> None:
    policy = der.sequence(der.oid("1.2.3.4"), der.sequence(der.sequence(der.oid(oids.SHA256)), der.octet_string(bytes(32))))
    first = der.sequence(der.sequence(der.sequence(der.octet_string(bytes(20)))))
    data = _with(_attribute(oids.SIGNATURE_POLICY_IDENTIFIER, policy), _attribute(oids.SIGNING_CERTIFICATE, first))
    (claim,) = read_strict(data, CONTENT)
    assert claim.signer.policy_id == "1.2.3.4"
    assert claim.signer.ess_certificates[1] == ("sha1", bytes(20), None, None)
    assert disagreement((claim,), read_tolerant(data, CONTENT)) == ""
    only_first = _with(_attribute(oids.SIGNING_CERTIFICATE, first), drop="signing_certificate_v2")
    assert disagreement(read_strict(only_first, CONTENT), read_tolerant(only_first, CONTENT)) == ""


def test_content_time_stamps_are_read() -> None:
    data = _with(_attribute(oids.CONTENT_TIME_STAMP, Stamper(AT)(DIGEST)))
    (claim,) = read_strict(data, CONTENT)
    assert claim.content_tokens[0].expected("sha256") == claim.content_tokens[0].imprint == DIGEST
    assert claim.content_tokens[0].covers == {DIGEST}


NOW_ALLOWED = {
    "two signers, both good",
    "content embedded",
    "lists embedded",
    "unsigned attribute",
    "two digest algorithms",
    "algorithm protection",  # names other algorithms: the claim says so
    "signing-certificate-v2 spells its default",  # with NULL parameters, which is not the default's encoding
    "signing-certificate-v2 hash too short",  # no certificate has that hash: for the validation to say
}
"""What the bulk path's narrow profile refuses and CAdES as a whole allows."""
UNREADABLE = {"last byte missing", "no signers", "not signed data", "empty", "a certificate twice"}
NOTED = {
    "message-digest missing": "message-digest is missing",
    "message-digest twice": "does not stand exactly once",
    "message-digest with two values": "does not stand exactly once",
    "content-type missing": "content-type is missing",
    "content-type is not eContentType": "content-type is missing or is not eContentType",
    "an attribute certificate": "version of SignedData",
    "signed-attributes confusion": "signedAttrs must be present",
    "attributes re-ordered after signing": "signedAttrs is not in the order of DER",
    "signed over unsorted attributes": "signedAttrs is not in the order of DER",
    "one byte appended": "1 bytes follow the CMS",
    "indefinite outer length": "indefinite length",
    "outer length in more octets than needed": "fewest octets",
    "version 3": "version of SignedData",
    "another digest algorithm listed": "does not list the signer's",
    "signer named by key identifier": "version of the SignerInfo",
    "another content type": "content-type is missing or is not eContentType",
    "too long": "65536 bytes follow the CMS",
}


@pytest.mark.parametrize("case", sorted(NOTED))
def test_oddities_are_refused_strictly_and_named_tolerantly(case: str) -> None:
    """The table of signing.md §3 at the layer of the format: files that OpenSSL or pyHanko let pass among them."""
    data = ODDITIES[case][0]()
    with pytest.raises(FormatFailure):
        read_strict(data, CONTENT)
    (claim,) = read_tolerant(data, CONTENT)
    assert any(NOTED[case] in rule for rule, _ in claim.signer.deviations)
    assert all(clause for _, clause in claim.signer.deviations)


def test_a_signature_that_names_no_certificate_is_no_breach_of_cms() -> None:
    """CAdES demands the attribute, so the strict reader refuses; to the tolerant one its absence is a fact for the policy to weigh."""
    data = ODDITIES["signing-certificate-v2 missing"][0]()
    with pytest.raises(FormatFailure):
        read_strict(data, CONTENT)
    (claim,) = read_tolerant(data, CONTENT)
    assert (claim.signer.ess_certificates, claim.signer.deviations) == ((), ())


@pytest.mark.parametrize("case", ["last byte missing", "no signers", "not signed data", "empty"])
def test_what_says_too_little_is_refused_by_both(case: str) -> None:
    data = ODDITIES[case][0]()
    for read in (read_strict, read_tolerant):
        with pytest.raises(FormatFailure):
            read(data, CONTENT)


@pytest.mark.parametrize("case", sorted(NOW_ALLOWED))
def test_what_cades_allows_beyond_the_bulk_profile_is_read(case: str) -> None:
    data = ODDITIES[case][0]()
    assert disagreement(read_strict(data, CONTENT), read_tolerant(data, CONTENT)) == ""


def test_the_whole_table_is_accounted_for() -> None:
    """No line of the bulk path's table is without a test here."""
    assert set(ODDITIES) == set(NOTED) | UNREADABLE | NOW_ALLOWED | {"signing-certificate-v2 missing"}


def test_the_default_digest_written_out_is_refused_strictly_and_named_tolerantly() -> None:
    certificate_hash = der.octet_string(sha256(person().certificate_der).digest())
    value = der.sequence(der.sequence(der.sequence(SHA256_IDENTIFIER, certificate_hash)))
    data = _with(_attribute(oids.SIGNING_CERTIFICATE_V2, value), drop="signing_certificate_v2")
    with pytest.raises(FormatFailure, match="default"):
        read_strict(data, CONTENT)
    (claim,) = read_tolerant(data, CONTENT)
    assert "writes out the default digest" in claim.signer.deviations[0][0]
    assert claim.signer.ess_certificates[0][:2] == ("sha256", sha256(person().certificate_der).digest())


@pytest.mark.parametrize(
    ("digest", "signature", "names"),
    [
        ("sha1", "sha1_rsa", ("sha1", "rsa-pkcs1-sha1")),
        ("sha256", "sha1_rsa", ("sha256", "unknown")),
        ("sha256", "sha256_dsa", ("sha256", "dsa-sha256")),
    ],
)
def test_weak_and_mismatched_algorithms_are_named_for_the_policy(digest: str, signature: str, names: tuple[str, str]) -> None:
    """SHA-1, and a digest in one field with another in the next: never taken half from one and half from the other."""
    holder = person()
    info = signer_info(holder, good_attributes(holder.certificate_der), digest_algorithm=digest, signature_algorithm=signature)
    data = signed_data([info], sorted(chain_of(holder)), digest_algorithms=[algos.DigestAlgorithm({"algorithm": digest})])
    for read in (read_strict, read_tolerant):
        (claim,) = read(data, CONTENT)
        assert (claim.signer.digest_algorithm, claim.signer.signature_algorithm.split(":")[0]) == names


def test_one_broken_signer_of_two_does_not_hide_behind_the_other() -> None:
    holders = person(), person("Trần Văn Hai")
    infos = [signer_info(holders[0], good_attributes(holders[0].certificate_der))]
    infos.append(signer_info(holders[1], good_attributes(holders[1].certificate_der, digest=bytes(32))))
    infos.sort(key=lambda info: info.dump())
    data = signed_data(infos, sorted({item for holder in holders for item in chain_of(holder)}))
    held = [claim.signer.message_digest == claim.content("sha256") for claim in read_strict(data, CONTENT)]
    assert sorted(held) == [False, True]


def test_algorithm_protection_that_names_others_says_so() -> None:
    (claim,) = read_tolerant(ODDITIES["algorithm protection"][0](), CONTENT)
    assert claim.signer.algorithm_protection is False


def test_a_certificate_twice_counts_once() -> None:
    data = ODDITIES["a certificate twice"][0]()
    with pytest.raises(FormatFailure, match="twice"):
        read_strict(data, CONTENT)
    (claim,) = read_tolerant(data, CONTENT)
    assert len(claim.certificates) == 1


def test_content_that_is_signed_attributes_is_flagged() -> None:
    attributes = der_set(good_attributes(person().certificate_der))
    with pytest.raises(FormatFailure, match="itself the encoding of signed attributes"):
        read_strict(signed(digest=sha256(attributes).digest()), attributes)
    (claim,) = read_tolerant(signed(digest=sha256(attributes).digest()), attributes)
    assert claim.findings[0][1] == "draft-ietf-lamps-cms-euf-cma-signeddata"


def test_the_confusion_forgery_shows_no_attributes_to_the_tolerant_reader() -> None:
    (claim,) = read_tolerant(ODDITIES["signed-attributes confusion"][0](), CONTENT)
    assert claim.signer.signed_attributes is None
    assert claim.signer.message_digest is None


def test_ber_content_is_joined_and_noted() -> None:
    """A constructed OCTET STRING in an indefinite length, as streaming signers write it."""
    data = fixtures.rich_attributes()
    primitive = der.octet_string(CONTENT)
    pieces = b"\x24\x80" + der.octet_string(CONTENT[:400]) + der.octet_string(CONTENT[400:]) + b"\0\0"
    at = data.index(primitive)
    tail = data[at + len(primitive) :]
    opened = data[:at].replace(data[at - 4 : at], b"\xa0\x80") + pieces + b"\0\0"
    assert len(primitive) > 127
    whole = _indefinite(opened, tail)
    with pytest.raises(FormatFailure, match=r"indefinite|constructed"):
        read_strict(whole)
    (claim,) = read_tolerant(whole)
    assert claim.content("sha256") == DIGEST
    assert {rule for rule, _ in claim.signer.deviations} >= {"an element has an indefinite length, which DER forbids"}


def _indefinite(opened: bytes, tail: bytes) -> bytes:
    """The same CMS with every element around the content in indefinite length."""
    head = der.oid(oids.SIGNED_DATA)
    start = opened.index(head) + len(head)
    inner = opened[start + 4 + 4 :]  # past [0] and SEQUENCE, each with two length octets
    at = inner.index(b"\x30\x82", 10)
    encapsulated = inner[:at] + b"\x30\x80" + inner[at + 4 :] + b"\0\0"
    return b"\x30\x80" + head + b"\xa0\x80\x30\x80" + encapsulated + tail + b"\0\0" * 3


def test_rsa_encryption_is_refused_strictly_and_named_tolerantly() -> None:
    """OpenSSL writes it; the digest is then that of another, unsigned field."""
    holder = person()
    info = signer_info(holder, good_attributes(holder.certificate_der))
    info["signature_algorithm"] = algos.SignedDigestAlgorithm({"algorithm": "rsassa_pkcs1v15"})
    data = signed_data([info], sorted(chain_of(holder)))
    with pytest.raises(FormatFailure, match="rsaEncryption"):
        read_strict(data, CONTENT)
    (claim,) = read_tolerant(data, CONTENT)
    assert claim.signer.signature_algorithm == "rsa-pkcs1-sha256"
    assert "rsaEncryption" in claim.signer.deviations[0][0]


def test_an_unreadable_token_is_refused_strictly_and_a_finding_tolerantly() -> None:
    envelope = strict.read_envelope(signed())
    signer = replace(envelope.signers[0], unsigned=(Attribute(oids.SIGNATURE_TIME_STAMP, (signed(),)),))
    data = cades.encode(replace(envelope, signers=(signer,)))
    with pytest.raises(FormatFailure, match="TSTInfo"):
        read_strict(data, CONTENT)
    (claim,) = read_tolerant(data, CONTENT)
    assert claim.level is Level.B
    assert "signature-time-stamp cannot be read" in claim.findings[0][0]


@pytest.mark.parametrize("reader", [strict.read_envelope, tolerant.read_envelope])
def test_size_is_bounded(reader: Callable[[bytes], Envelope]) -> None:
    with pytest.raises(FormatFailure, match="longer"):
        reader(bytes(MAX_SIGNED_DATA + 1))


@pytest.mark.parametrize("reader", [read_strict, read_tolerant])
@pytest.mark.parametrize(
    "data",
    [
        b"\x30\x80" * 20_000,
        b"\x30\x80" + b"\x30\x00" * 300_000,
        b"\xa0\x84\xff\xff\xff\xff",
        b"\x24\x80" * 31 + b"\0\0" * 31,
        core.Sequence(contents=core.ObjectIdentifier(oids.SIGNED_DATA).dump() + b"\xa0\x80" * 5000).dump(),
    ],
    ids=["deep", "many", "long", "strings", "nested"],
)
def test_bombs_cost_little_and_end_in_a_format_failure(reader: Callable[[bytes], object], data: bytes) -> None:
    with pytest.raises(FormatFailure):
        reader(data)


@given(st.binary(max_size=400) | st.tuples(st.integers(0, 4000), st.integers(0, 4200), st.binary(max_size=9)))
def test_hostile_bytes_are_a_format_failure_or_claims(data: bytes | tuple[int, int, bytes]) -> None:
    if isinstance(data, tuple):
        start, end, middle = data
        whole = fixtures.levels()["B-T"]
        data = whole[:start] + middle + whole[end:]
    for read in (read_strict, read_tolerant):
        try:
            claims = read(data, CONTENT)
        except FormatFailure:
            continue
        assert claims


def test_a_signature_checks_under_what_the_claim_gives() -> None:
    """Signed attributes come out as the bytes that were signed: signing them again gives the same signature (RFC 6979)."""
    for read in (read_strict, read_tolerant):
        (claim,) = read(signed(), CONTENT)
        assert claim.signer.signed_attributes is not None
        assert person().key.sign(claim.signer.signed_attributes, Purpose.LETTER) == claim.signer.signature
