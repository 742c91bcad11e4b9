"""Signatures over something nobody signed, or by somebody other than it seems."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256

import pytest
from asn1crypto import algos, cms, core

from signing import (
    Evidence,
    Holder,
    Purpose,
    SigningKey,
    SubIndication,
    der,
    load_policy,
    oids,
    read_signed,
    validate_claim,
    validate_document,
)
from signing.formats.signed_data import read_strict, read_tolerant
from tests.signing.ades.lab import ALONE, DAY, World, attribute_der, claim, with_attributes
from tests.signing.lab import AT, CONTENT, DIGEST, PERSON, chain_of, der_set, good_attributes, signed, signed_data, signer_info
from tests.signing.rfc5280.workshop import NOW, certify, revoke_list

ETSI = load_policy("etsi-baseline")
ROOT = certify("Root", ca=True)
LISTS = (revoke_list(ROOT),)


def holder(common: str, **options: object) -> Holder:
    """A signer of the workshop."""
    node = certify(common, ROOT, **options)  # type: ignore[arg-type]
    return Holder(common, node.der, SigningKey(node.key), (ROOT.der,), PERSON)


_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
EVIDENCE = Evidence((ROOT.der,), crls=LISTS)
ONE = holder("One")


def passed(data: bytes, content: bytes | None = CONTENT, policy: object = ETSI) -> bool:
    """Whether the first signature of whatever this is passes."""
    found = read_signed(data, content)
    return bool(found.claims) and validate_claim(found.claims[0], EVIDENCE, NOW, policy).passed  # type: ignore[arg-type]


def test_the_honest_signature_passes() -> None:
    """What every attack here begins with."""
    assert passed(signed(ONE))


def test_one_key_under_two_certificates_is_one_signer() -> None:
    """Leader and organ must be two: a renewed certificate of the same key makes two certificates, not two signers."""
    twins = (holder("Leader", label="shared key"), holder("Organ", label="shared key"))
    others = (holder("Leader", label="shared key"), holder("Organ"))
    policy = replace(load_policy("field"), checks={**load_policy("field").checks, "embedded-certificates": ETSI.severity("level")})
    for pair, accepted in ((others, True), (twins, False)):
        infos = sorted((signer_info(one, good_attributes(one.certificate_der)) for one in pair), key=lambda info: info.dump())
        data = signed_data(infos, sorted({item for one in pair for item in chain_of(one)}))
        claims = tuple(replace(found, certificates=()) for found in read_strict(data, CONTENT))
        evidence = replace(EVIDENCE, certificates=tuple(one.certificate_der for one in pair))
        verdict = validate_document(claims, evidence, NOW, policy)
        assert all(one.passed for one in verdict.signatures)
        assert verdict.passed is accepted


def test_attributes_taken_for_content() -> None:
    """A signature over attributes is one over their bytes as content: given as content, with and without attributes of its own."""
    attributes = der_set(good_attributes(ONE.certificate_der))
    value = ONE.key.sign(attributes, Purpose.LETTER)
    bare = signed_data([signer_info(ONE, None, signature=value)], sorted(chain_of(ONE)))
    wrapped = signed(ONE, sha256(attributes).digest())
    for data in (bare, wrapped):
        for policy in (ETSI, ALONE):
            assert not passed(data, attributes, policy)


@pytest.mark.parametrize("content_type", ["1.2.840.113549.1.9.16.1.4", "1.2.840.113549.1.7.2", "1.2.3.4"])
def test_the_content_is_called_something_else(content_type: str) -> None:
    """eContentType is not signed, only its attribute is: a text presented as a time-stamp's content, or the reverse (RFC 5652 §5.6)."""
    info = signer_info(ONE, good_attributes(ONE.certificate_der))
    data = signed_data([info], sorted(chain_of(ONE)), version="v3", encap_content_info={"content_type": content_type})
    assert not passed(data)


@pytest.mark.parametrize(
    ("digest", "algorithm"),
    [("sha512", "sha512_ecdsa"), ("sha256", "sha512_ecdsa"), ("sha512", "sha256_ecdsa"), ("sha256", "sha256_rsa"), ("sha1", "sha1_ecdsa")],
)
def test_algorithms_named_other_than_they_were(digest: str, algorithm: str) -> None:
    """Both identifiers are unsigned: relabelled, the value must not hold by another reading of itself (RFC 6211)."""
    value = ONE.key.sign(der_set(good_attributes(ONE.certificate_der)), Purpose.LETTER)
    info = signer_info(ONE, good_attributes(ONE.certificate_der), digest_algorithm=digest, signature_algorithm=algorithm, signature=value)
    data = signed_data([info], sorted(chain_of(ONE)), digest_algorithms=[algos.DigestAlgorithm({"algorithm": digest})])
    assert not passed(data)


def test_a_twin_of_the_signing_certificate() -> None:
    """The same key, issuer and serial number under another subject, embedded instead of the certificate signed with (RFC 5035 §3)."""
    twin = certify("Minister", ROOT, label="One", serial=certify("One", ROOT).serial)
    data = signed_data([signer_info(ONE, good_attributes(ONE.certificate_der))], [twin.der])
    (found,) = read_signed(data, CONTENT).claims
    assert validate_claim(found, EVIDENCE, NOW, ETSI).sub_indication is SubIndication.NO_SIGNING_CERTIFICATE_FOUND
    assert validate_claim(replace(found, certificates=(ONE.certificate_der, twin.der)), EVIDENCE, NOW, ETSI).passed


def other_value(value: bytes) -> bytes:
    """(r, n - s) of an ECDSA value (r, s), which holds where that does (SEC 1 §4.1)."""
    r, s = (item.native for item in core.SequenceOf.load(value, spec=core.Integer))
    return der.sequence(der.integer(r), der.integer(_ORDER - s))


def test_a_second_ecdsa_value_is_of_the_same_signer_and_has_no_past() -> None:
    """Whoever has a signature can make another value of it: proofs of the first do not count for it, and nobody else has signed."""
    world = World.make()
    first = claim(world.t())
    token = cms.CMSAttribute({"type": "signature_time_stamp_token", "values": [cms.ContentInfo.load(first.signature_tokens[0].der)]})
    attributes = good_attributes(world.signer.certificate_der)
    info = signer_info(world.signer, attributes, signature=other_value(first.signer.signature), unsigned=[token])
    second = signed_data([info], sorted(chain_of(world.signer)))
    verdict = world.judge(second, AT + DAY, ETSI)
    assert verdict.passed
    assert verdict.chain is not None
    assert verdict.chain.chain[0] == world.signer.certificate_der
    assert verdict.best_signature_time == AT + DAY
    assert verdict.tokens[0].sub_indication is SubIndication.HASH_FAILURE
    assert world.judge(second, AT + DAY, ALONE).sub_indication is SubIndication.HASH_FAILURE


@pytest.mark.parametrize("bits", [600, 4000, 100_000])
def test_a_serial_number_nobody_can_write(bits: int) -> None:
    """SignerInfo with a serial number of thousands of digits: Python refuses to print it, and whoever reports the claim would fail."""
    loaded = cms.ContentInfo.load(signed(ONE))
    info = loaded["content"]["signer_infos"][0]
    info["sid"] = cms.SignerIdentifier(
        "issuer_and_serial_number", cms.IssuerAndSerialNumber({"issuer": info["sid"].chosen["issuer"], "serial_number": 1 << bits})
    )
    found = read_signed(loaded.dump(force=True), CONTENT)
    assert repr(found)
    assert found.refusal is not None


def test_a_signature_of_an_empty_content_is_not_one_of_no_content() -> None:
    """Detached without its content at hand nothing is verified; with an empty one only what was made over an empty one."""
    world = World.make()
    (absent,) = read_strict(world.b())
    (empty,) = read_tolerant(world.b(), b"")
    assert world.judge(absent, AT).sub_indication is SubIndication.SIGNED_DATA_NOT_FOUND
    assert world.judge(empty, AT).sub_indication is SubIndication.HASH_FAILURE


def test_a_policy_that_nobody_gave_is_not_followed() -> None:
    """The signer names a policy by a path or by nothing known: it chooses nothing (EN 319 102-1 §5.2.4)."""
    world = World.make()
    named = der.sequence(der.oid("1.2.3.4"), der.sequence(der.sequence(der.oid(oids.SHA256)), der.octet_string(DIGEST)))
    found = with_attributes(world.signer, attribute_der(oids.SIGNATURE_POLICY_IDENTIFIER, named))
    assert world.judge(found, AT).sub_indication is SubIndication.SIGNATURE_POLICY_NOT_AVAILABLE
