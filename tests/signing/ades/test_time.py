"""Revocation, suspension and algorithms against proofs of existence: who was first, and what a second decides."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha1
from pathlib import Path

import pytest
from asn1crypto import algos
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from signing import Authority, Indication, KeyKind, RevocationReason, SubIndication
from signing.evidence import Evidence
from signing.formats.claims import SignatureClaim
from signing.formats.signed_data import read_strict, read_tolerant
from signing.validation.ades.door import validate, validate_document
from signing.validation.ades.policy import Severity, ValidationPolicy
from signing.validation.ades.policy_file import load_policy
from signing.validation.policy import AlgorithmPolicy, AlgorithmRule
from tests.signing.ades.lab import ALONE, DAY, World, claim, crl, receipt, serial_of, unit, when
from tests.signing.lab import AT, CONTENT, PERSON, chain_of, der_set, good_attributes, signed_data, signer_info

S = SubIndication
SECOND = timedelta(seconds=1)
ETSI = load_policy("etsi-baseline")
POLICIES = pytest.mark.parametrize("policy", [ALONE, ETSI], ids=lambda policy: policy.name)


@POLICIES
def test_signed_before_revocation_with_a_time_stamp_passes_without_it_does_not(policy: ValidationPolicy) -> None:
    world = World.make(revoked_at=AT + 10 * DAY, reason=RevocationReason.KEY_COMPROMISE)
    later = AT + 20 * DAY
    assert world.judge(world.t(AT), later, policy).indication is Indication.TOTAL_PASSED
    bare = world.judge(world.b(), later, policy)
    assert bare.sub_indication is S.REVOKED_NO_POE
    assert bare.missing == "a time-stamp on the signature from before 2021-10-07 02:00:00 UTC"
    assert world.judge(world.b(), later, policy, existence=receipt(claim(world.b()), AT)).passed
    assert world.judge(world.t(AT + 11 * DAY), later, policy).sub_indication is S.REVOKED_NO_POE


@POLICIES
@pytest.mark.parametrize(("ahead", "passed"), [(-1, True), (0, False), (1, False)])
def test_the_proof_must_be_strictly_before_the_revocation(policy: ValidationPolicy, ahead: int, passed: bool) -> None:
    """Of two events in one second nobody knows the order: equal is too late, with time (§5.5) and in the past (§5.6)."""
    world = World.make(revoked_at=AT + 10 * DAY)
    stamped = world.t(AT + 10 * DAY + ahead * SECOND)
    assert world.judge(stamped, AT + 20 * DAY, policy).passed is passed
    archived = world.archive(world.with_evidence(stamped, AT + 11 * DAY), AT + 11 * DAY)
    assert world.judge(archived, when("2030-01-01"), policy).passed is passed


@POLICIES
def test_a_compromise_counts_from_its_invalidity_date(policy: ValidationPolicy) -> None:
    world = World.make()
    at, revoked, since = AT + 20 * DAY, AT + 10 * DAY, AT + 5 * DAY
    root = world.owner.crls(at)[0]

    def evidence(reason: x509.ReasonFlags, invalid: datetime | None) -> Evidence:
        listed = crl(world.owner.subordinates[Authority.STATE], at - DAY, [(serial_of(world.signer), revoked, reason, invalid)])
        return Evidence((world.owner.root.certificate_der,), (), (), (root, listed))

    between = world.t(AT + 7 * DAY)
    assert world.judge(between, at, policy, evidence(x509.ReasonFlags.key_compromise, None)).passed
    compromised = world.judge(between, at, policy, evidence(x509.ReasonFlags.key_compromise, since))
    assert compromised.sub_indication is S.REVOKED_NO_POE
    assert compromised.chain is not None
    assert compromised.chain.revocation[0].revoked_at == since
    assert world.judge(world.t(AT), at, policy, evidence(x509.ReasonFlags.key_compromise, since)).passed


@POLICIES
def test_a_certificate_on_hold_waits_and_a_proof_before_the_hold_suffices(policy: ValidationPolicy) -> None:
    world = World.make()
    at, held = AT + 20 * DAY, AT + 10 * DAY
    listed = crl(
        world.owner.subordinates[Authority.STATE], at - DAY, [(serial_of(world.signer), held, x509.ReasonFlags.certificate_hold, None)]
    )
    evidence = Evidence((world.owner.root.certificate_der,), (), (), (world.owner.crls(at)[0], listed))
    assert world.judge(world.b(), at, policy, evidence).sub_indication is S.TRY_LATER
    assert world.judge(world.t(held), at, policy, evidence).sub_indication is S.TRY_LATER
    assert world.judge(world.t(held - SECOND), at, policy, evidence).passed
    released = Evidence(evidence.anchors, (), (), (*evidence.crls, crl(world.owner.subordinates[Authority.STATE], at - timedelta(hours=1))))
    assert world.judge(world.b(), at, policy, released).passed


def test_a_revoked_authority_spoils_what_is_not_proven_older() -> None:
    world = World.make(spec={"revoked_authorities": ((Authority.STATE, AT + 10 * DAY),)})
    other = World.make()
    receipts = receipt(claim(world.b()), AT)
    assert world.judge(world.b(), AT + 20 * DAY).sub_indication is S.REVOKED_CA_NO_POE
    assert world.judge(world.b(), AT + 20 * DAY, existence=receipts).passed
    assert world.judge(world.b(), AT + 20 * DAY, existence=receipt(claim(other.b()), AT + 10 * DAY)).sub_indication is S.REVOKED_CA_NO_POE


def test_a_proof_that_cures_one_revocation_does_not_hide_an_earlier_one() -> None:
    """Signer revoked at day 5, authority at day 10, signature proven at day 7: younger than the first."""
    world = World.make(spec={"revoked_authorities": ((Authority.STATE, AT + 10 * DAY),)}, revoked_at=AT + 5 * DAY)
    proofs = receipt(claim(world.b()), AT + 7 * DAY)
    assert world.judge(world.b(), AT + 20 * DAY, existence=proofs).sub_indication is S.REVOKED_NO_POE


def test_an_algorithm_that_ended_is_cured_by_a_proof_and_one_never_listed_is_not() -> None:
    world = World.make()
    ended = replace(ALONE, algorithms=AlgorithmPolicy({"ecdsa-p256-sha256": AlgorithmRule(256, AT + 30 * DAY)}))
    later = AT + 40 * DAY
    assert world.judge(world.b(), later, ended).sub_indication is S.CRYPTO_CONSTRAINTS_FAILURE_NO_POE
    lists = world.owner.crls(AT + 25 * DAY)
    artefacts = (*lists, world.signer.certificate_der, *world.signer.issuer_chain)
    proofs = receipt(claim(world.b()), AT + 30 * DAY - SECOND, *artefacts)
    evidence = world.evidence(later, *lists)
    assert world.judge(world.b(), later, ended, evidence, proofs).passed
    late = receipt(claim(world.b()), AT + 30 * DAY, *artefacts)
    assert world.judge(world.b(), later, ended, evidence, late).sub_indication is S.CRYPTO_CONSTRAINTS_FAILURE_NO_POE
    lists_unproven = receipt(claim(world.b()), AT + 30 * DAY - SECOND, *artefacts[len(lists) :])
    assert world.judge(world.b(), later, ended, evidence, lists_unproven).sub_indication is S.CRYPTO_CONSTRAINTS_FAILURE_NO_POE
    assert world.judge(world.b(), AT + 29 * DAY, ended).passed
    never = replace(ALONE, algorithms=AlgorithmPolicy({"rsa-pkcs1-sha256": AlgorithmRule(2048)}))
    assert world.judge(world.b(), later, never, existence=proofs).sub_indication is S.CRYPTO_CONSTRAINTS_FAILURE


def test_sha_1_holds_where_the_signature_is_proven_to_be_older_than_its_end(tmp_path: Path) -> None:
    """RSA with SHA-1, as the first generation signed: good with a receipt of 2016, not without; in 2016 it was good by itself."""
    spec = {"not_before": when("2012-01-01"), "key_cache": tmp_path}
    world = World.make("sha-1", spec=spec, not_before=when("2014-01-01"), not_after=when("2019-01-01"), key=KeyKind.RSA2048)
    attributes = good_attributes(world.signer.certificate_der, sha1(CONTENT, usedforsecurity=False).digest())
    private = load_pem_private_key(world.signer.key.private_pem(), None)
    assert isinstance(private, rsa.RSAPrivateKey)
    value = private.sign(der_set(attributes), padding.PKCS1v15(), hashes.SHA1())
    info = signer_info(world.signer, attributes, digest_algorithm="sha1", signature_algorithm="sha1_rsa", signature=value)
    listed = [algos.DigestAlgorithm({"algorithm": "sha1"})]
    (found,) = read_tolerant(signed_data([info], sorted(chain_of(world.signer)), digest_algorithms=listed), CONTENT)
    for policy in (ALONE, ETSI):
        assert world.judge(found, when("2016-06-01"), policy).passed
        assert world.judge(found, when("2018-06-01"), policy).sub_indication is S.CRYPTO_CONSTRAINTS_FAILURE_NO_POE
        assert world.judge(found, when("2018-06-01"), policy, existence=receipt(found, when("2016-06-01"))).passed
        late = receipt(found, when("2017-01-01 07:00"))
        assert world.judge(found, when("2018-06-01"), policy, existence=late).sub_indication is S.CRYPTO_CONSTRAINTS_FAILURE_NO_POE


def test_a_digest_that_ended_is_judged_like_an_algorithm() -> None:
    world = World.make()
    ended = replace(ALONE, digests={"sha256": AT + 5 * DAY})
    assert world.judge(world.b(), AT + 10 * DAY, ended).sub_indication is S.CRYPTO_CONSTRAINTS_FAILURE_NO_POE
    assert world.judge(world.b(), AT + 10 * DAY, ended, existence=receipt(claim(world.b()), AT)).passed
    assert world.judge(world.b(), AT, replace(ALONE, digests={"sha512": None})).sub_indication is S.CRYPTO_CONSTRAINTS_FAILURE


def test_a_copied_token_is_refused_and_proves_nothing() -> None:
    world = World.make(revoked_at=AT + 10 * DAY)
    other = claim(World.make("ades", name="Trần Văn Hai").t(AT))
    own = claim(world.t(AT + 15 * DAY))
    stolen: SignatureClaim = replace(own, signature_tokens=(replace(other.signature_tokens[0], expected=own.signature_tokens[0].expected),))
    verdict = world.judge(stolen, AT + 20 * DAY, ETSI)
    assert verdict.sub_indication is S.REVOKED_NO_POE
    assert [token.sub_indication for token in verdict.tokens] == [S.HASH_FAILURE]
    assert any("something else" in check.detail for check in verdict.warnings)
    fine = World.make()
    copied = replace(claim(fine.t()), signature_tokens=stolen.signature_tokens)
    assert fine.judge(copied, AT + DAY).sub_indication is S.HASH_FAILURE
    assert fine.judge(copied, AT + DAY, ETSI).passed


@pytest.mark.parametrize(
    ("purposes", "critical"),
    [(("1.3.6.1.5.5.7.3.8", "1.3.6.1.5.5.7.3.4"), True), (("1.3.6.1.5.5.7.3.8",), False), (("1.3.6.1.5.5.7.3.4",), True)],
)
def test_a_token_needs_exactly_one_critical_purpose(purposes: tuple[str, ...], critical: bool) -> None:
    world = World.make(revoked_at=AT + 10 * DAY)
    wrong = unit(world.owner, "Not a TSA", purposes=purposes, critical=critical)
    verdict = world.judge(world.t(AT, wrong), AT + 20 * DAY, ETSI)
    assert [token.sub_indication for token in verdict.tokens] == [S.CHAIN_CONSTRAINTS_FAILURE]
    assert verdict.sub_indication is S.REVOKED_NO_POE


def test_time_stamping_authorities_may_have_a_root_of_their_own() -> None:
    world, elsewhere = World.make(revoked_at=AT + 10 * DAY), World.make("elsewhere")
    at = AT + 20 * DAY
    cms = world.with_evidence(world.t(AT, elsewhere.stamping), at, *elsewhere.stamping.issuer_chain[:1])
    lists = (*world.owner.crls(at), *elsewhere.owner.crls(at))
    one_root = Evidence((world.owner.root.certificate_der,), (), (), lists)
    two_roots = Evidence((world.owner.root.certificate_der,), (elsewhere.owner.root.certificate_der,), (), lists)
    stranger = world.judge(cms, at, ALONE, one_root)
    assert stranger.sub_indication is S.REVOKED_NO_POE
    assert [token.sub_indication for token in stranger.tokens] == [S.NO_CERTIFICATE_CHAIN_FOUND]
    assert world.judge(cms, at, ALONE, two_roots).passed


def test_every_signer_is_judged_and_a_document_is_no_better_than_its_worst() -> None:

    world = World.make()
    second = world.owner.issue(replace(PERSON, name="Trần Văn Hai", revoked_at=AT - DAY))
    infos = [signer_info(holder, good_attributes(holder.certificate_der)) for holder in (world.signer, second)]
    infos.sort(key=lambda info: info.dump())
    certificates = sorted({item for holder in (world.signer, second) for item in chain_of(holder)})
    policy = replace(load_policy("field"), checks={**ALONE.checks, "embedded-certificates": Severity.INFORM})
    document = validate_document(read_strict(signed_data(infos, certificates), CONTENT), world.evidence(AT), AT, policy)
    assert sorted(str(one.sub_indication) for one in document.signatures) == ["None", "REVOKED_NO_POE"]
    assert not document.passed
    assert [check.name for check in document.checks if not check.passed] == ["each-signature"]
    assert document.external == ("signer-belongs-to-sender",)
    alone = validate_document(read_strict(world.b(), CONTENT), world.evidence(AT), AT)
    assert [check.name for check in alone.checks if not check.passed] == ["signatures-present"]
    assert validate_document((), world.evidence(AT), AT).passed is False


def test_the_same_arguments_give_the_same_verdict() -> None:
    world = World.make()
    cms = world.lta()
    evidence = world.evidence(when("2030-01-01"))
    assert world.judge(cms, when("2030-01-01"), ALONE, evidence) == world.judge(cms, when("2030-01-01"), ALONE, evidence)


def test_a_moment_asked_about_proves_no_signature_older_than_its_certificate() -> None:
    """The present is a proof of existence, and so is a receipt (§5.5.4 (4)); a moment that is only asked about is none (§5.2.6.4 (1))."""
    world = World.make()
    found, at = claim(world.b()), AT - 3000 * DAY
    evidence = world.evidence(at)
    assert validate(found, evidence, at, ALONE).sub_indication is S.NOT_YET_VALID
    assert validate(found, evidence, at, ALONE, asked=True).sub_indication is S.OUT_OF_BOUNDS_NO_POE
    assert validate(found, evidence, at, ALONE, receipt(found, at - DAY), asked=True).sub_indication is S.NOT_YET_VALID
