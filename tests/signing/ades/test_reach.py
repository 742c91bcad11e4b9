"""Each sub-indication of EN 319 102-1 has one vector here, built for the test; the table of how they are reached is the package's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256

import pytest

from signing import Authority, CadesSigner, Indication, Purpose, SubIndication, der, oids
from signing.algorithms import SHA256_IDENTIFIER
from signing.evidence import Evidence
from signing.formats.claims import Level
from signing.formats.signed_data import read_tolerant
from signing.validation.ades.policy import ChainRules
from signing.validation.ades.policy_file import read_policy
from signing.validation.ades.reach import REACHED, UNREACHED
from signing.validation.policy import AlgorithmPolicy, AlgorithmRule
from signing.validation.verdicts import SignatureVerdict
from tests.signing.ades.lab import ALONE, DAY, World, attribute_der, claim, receipt, when, with_attributes
from tests.signing.lab import AT, CONTENT, DIGEST, attribute, chain_of, ess, good_attributes, signed, signed_data, signer_info

S = SubIndication
SIGNATURE_POLICY = der.sequence(der.oid("1.2.3.4"), der.sequence(SHA256_IDENTIFIER, der.octet_string(bytes(32))))
TOTAL_FAILED = {S.FORMAT_FAILURE, S.HASH_FAILURE, S.SIG_CRYPTO_FAILURE, S.REVOKED, S.EXPIRED, S.NOT_YET_VALID}

Vector = Callable[[], SignatureVerdict]


def content_type() -> SignatureVerdict:
    world = World.make()
    holder = world.signer
    attributes = [
        attribute("content_type", "signed_data"),
        attribute("message_digest", DIGEST),
        attribute("signing_certificate_v2", ess(holder.certificate_der)),
    ]
    (found,) = read_tolerant(signed_data([signer_info(holder, attributes)], chain_of(holder)), CONTENT)
    return world.judge(found, AT)


def content_changed() -> SignatureVerdict:
    world = World.make()
    return world.judge(claim(world.b(), CONTENT + b"."), AT)


def value_of_another() -> SignatureVerdict:
    world = World.make()
    other = claim(signed(world.signer, bytes(32))).signer.signature
    info = signer_info(world.signer, good_attributes(world.signer.certificate_der), signature=other)
    return world.judge(signed_data([info], sorted(chain_of(world.signer))), AT)


def stamped_content(world: World, at: datetime) -> bytes:
    """A signature whose content was time-stamped first."""
    token = world.stamp(at)(sha256(CONTENT).digest())
    return with_attributes(world.signer, attribute_der(oids.CONTENT_TIME_STAMP, token))


def revoked_before_content() -> SignatureVerdict:
    world = World.make(revoked_at=AT - DAY)
    return world.judge(stamped_content(world, AT), AT + DAY)


def expired_before_content() -> SignatureVerdict:
    world = World.make(not_after=AT - DAY)
    return world.judge(stamped_content(world, AT), AT + DAY)


def before_certificate() -> SignatureVerdict:
    world = World.make(not_before=AT + DAY)
    return world.judge(world.b(), AT)


def required_level() -> SignatureVerdict:
    world = World.make()
    return world.judge(world.b(), AT, replace(ALONE, required_level=Level.T))


def wrong_purpose() -> SignatureVerdict:
    world = World.make()
    cms = CadesSigner(world.stamping, purpose=Purpose.LETTER).sign(DIGEST)
    return world.judge(cms, AT)


def certificate_policy() -> SignatureVerdict:
    world = World.make()
    rules = ChainRules(acceptable_policies=frozenset({"1.2.3"}), require_explicit_policy=True)
    return world.judge(world.b(), AT, replace(ALONE, chain=rules))


def unlisted_algorithm() -> SignatureVerdict:
    world = World.make()
    listed = AlgorithmPolicy({"rsa-pkcs1-sha256": AlgorithmRule(2048)})
    return world.judge(world.b(), AT, replace(ALONE, algorithms=listed))


def policy_with(line: str) -> SignatureVerdict:
    """A signature that invokes policy 1.2.3.4, judged under a policy file with that line more."""
    text = "[algorithms]\necdsa-p256-sha256 = { min_key_bits = 256 }\n[digests]\nsha256 = {}\n[signature_policies]\n" + line
    policy = read_policy("own.toml", b'name = "own"\n[checks]\nalgorithm-protection-present = "IGNORE"\n' + text.encode())
    world = World.make()
    cms = with_attributes(world.signer, attribute_der(oids.SIGNATURE_POLICY_IDENTIFIER, SIGNATURE_POLICY))
    return world.judge(cms, AT, policy)


def content_after_signature() -> SignatureVerdict:
    world = World.make()
    from signing.formats.cades import add_signature_timestamp

    cms = add_signature_timestamp(stamped_content(world, AT + timedelta(hours=2)), world.stamp(AT))
    return world.judge(cms, AT + DAY)


def certificate_absent() -> SignatureVerdict:
    world = World.make()
    return world.judge(signed(world.signer, embed=False), AT)


def other_root() -> SignatureVerdict:
    world, other = World.make(), World.make("other")
    return world.judge(world.b(), AT, evidence=other.evidence(AT))


def anchor_ended() -> SignatureVerdict:
    world = World.make()
    anchor = sha256(world.owner.root.certificate_der).digest()
    return world.judge(world.b(), AT, replace(ALONE, anchor_sunsets={anchor: AT - DAY}))


def revoked() -> SignatureVerdict:
    world = World.make(revoked_at=AT - DAY)
    return world.judge(world.b(), AT)


def authority_revoked() -> SignatureVerdict:
    world = World.make(spec={"revoked_authorities": ((Authority.STATE, AT - DAY),)})
    return world.judge(world.b(), AT)


def expired_not_revoked() -> SignatureVerdict:
    world = World.make(not_after=AT)
    return world.judge(world.b(), AT + DAY, evidence=world.evidence(AT + DAY, *world.owner.crls(AT)))


def expired_unknown() -> SignatureVerdict:
    world = World.make(not_after=AT)
    return world.judge(world.b(), AT + 30 * DAY)


def issuer_not_proven() -> SignatureVerdict:
    """Receipts over signature, signer's certificate and lists from 2021, judged when their issuer has expired, unproven itself."""
    world = World.make()
    lists = world.owner.crls(AT + DAY)
    found = claim(world.b())
    proofs = (*receipt(found, AT, world.signer.certificate_der), *receipt(found, AT + 2 * DAY, *lists))
    evidence = Evidence((world.owner.root.certificate_der,), (), (), (*lists, *world.owner.crls(AT + 30 * DAY)))
    return world.judge(found, when("2039-01-01"), evidence=evidence, existence=proofs)


def algorithm_ended() -> SignatureVerdict:
    world = World.make()
    ended = AlgorithmPolicy({"ecdsa-p256-sha256": AlgorithmRule(256, AT - DAY)})
    return world.judge(world.b(), AT, replace(ALONE, algorithms=ended))


def stale_list() -> SignatureVerdict:
    world = World.make()
    return world.judge(world.b(), AT, evidence=world.evidence(AT - 30 * DAY))


def no_content() -> SignatureVerdict:
    world = World.make()
    return world.judge(claim(world.b(), None), AT)


VECTORS: dict[SubIndication, Vector] = {
    S.FORMAT_FAILURE: content_type,
    S.HASH_FAILURE: content_changed,
    S.SIG_CRYPTO_FAILURE: value_of_another,
    S.REVOKED: revoked_before_content,
    S.EXPIRED: expired_before_content,
    S.NOT_YET_VALID: before_certificate,
    S.SIG_CONSTRAINTS_FAILURE: required_level,
    S.CHAIN_CONSTRAINTS_FAILURE: wrong_purpose,
    S.CERTIFICATE_CHAIN_GENERAL_FAILURE: certificate_policy,
    S.CRYPTO_CONSTRAINTS_FAILURE: unlisted_algorithm,
    S.POLICY_PROCESSING_ERROR: lambda: policy_with('"1.2.3.4" = "nowhere.toml"'),
    S.SIGNATURE_POLICY_NOT_AVAILABLE: lambda: policy_with('"1.2.3.5" = "field"'),
    S.TIMESTAMP_ORDER_FAILURE: content_after_signature,
    S.NO_SIGNING_CERTIFICATE_FOUND: certificate_absent,
    S.NO_CERTIFICATE_CHAIN_FOUND: other_root,
    S.NO_CERTIFICATE_CHAIN_FOUND_NO_POE: anchor_ended,
    S.REVOKED_NO_POE: revoked,
    S.REVOKED_CA_NO_POE: authority_revoked,
    S.OUT_OF_BOUNDS_NOT_REVOKED: expired_not_revoked,
    S.OUT_OF_BOUNDS_NO_POE: expired_unknown,
    S.REVOCATION_OUT_OF_BOUNDS_NO_POE: issuer_not_proven,
    S.CRYPTO_CONSTRAINTS_FAILURE_NO_POE: algorithm_ended,
    S.TRY_LATER: stale_list,
    S.SIGNED_DATA_NOT_FOUND: no_content,
}


def test_every_sub_indication_is_reached_or_said_not_to_be() -> None:
    assert set(REACHED) | set(UNREACHED) == set(SubIndication)
    assert not set(REACHED) & set(UNREACHED)
    assert set(VECTORS) | {S.NO_POE} == set(REACHED)


@pytest.mark.parametrize("sub_indication", VECTORS)
def test_vector(sub_indication: SubIndication) -> None:
    verdict = VECTORS[sub_indication]()
    assert verdict.sub_indication is sub_indication, verdict.checks
    expected = Indication.TOTAL_FAILED if sub_indication in TOTAL_FAILED else Indication.INDETERMINATE
    assert verdict.indication is expected
    reason = next(check for check in verdict.checks if not check.passed)
    assert reason.detail
    assert reason.clause


def test_a_token_from_the_future_has_no_proof() -> None:
    world = World.make()
    verdict = world.judge(world.t(AT + DAY), AT)
    assert verdict.passed
    assert verdict.best_signature_time == AT
    assert [token.sub_indication for token in verdict.tokens] == [S.NO_POE]
