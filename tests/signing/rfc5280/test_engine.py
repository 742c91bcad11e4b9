"""Every sub-indication of a chain by one example, and the order in which the steps are taken."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta, timezone

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from signing import (
    AlgorithmPolicy,
    AlgorithmRule,
    ChainEngine,
    ChainPolicy,
    Evidence,
    RevocationNeed,
    Standing,
    SubIndication,
    Usage,
    validate_chain,
)
from signing.errors import FormatFailure
from signing.validation.rfc5280.checks import ORDER
from tests.signing.rfc5280.workshop import DAY, NOW, Entry, Tree, answer, certify, judged, revoke_list, tree

S = SubIndication
HOLD = x509.ReasonFlags.certificate_hold
COMPROMISE = x509.ReasonFlags.key_compromise


def verdict(one: Tree, **options: object) -> S | None:
    """The sub-indication of a tree's signer with its own lists."""
    options.setdefault("crls", one.lists)
    return judged(one.signer, one.root, (one.authority,), **options).sub_indication  # type: ignore[arg-type]


def test_a_chain_that_holds_says_on_what_it_stands() -> None:
    one = tree()
    found = judged(one.signer, one.root, (one.authority,), one.lists, usage=Usage.SIGNING)
    assert found.passed
    assert found.checks == ORDER
    assert found.chain == (one.signer.der, one.authority.der, one.root.der)
    assert [(each.certificate_sha256, each.standing, each.fresh, each.source) for each in found.revocation] == [
        (one.signer.sha256, Standing.GOOD, True, "crl"),
        (one.authority.sha256, Standing.GOOD, True, "crl"),
    ]
    assert found.at == NOW


def test_the_function_and_the_engine_say_the_same_in_any_order() -> None:
    one, other = tree(), certify("Other", tree().authority)
    evidence = Evidence((one.root.der,), certificates=(one.authority.der,), crls=one.lists)
    engine = ChainEngine(evidence)
    moments = [NOW - 500 * DAY, NOW, NOW + 30 * DAY, NOW + 3000 * DAY]
    fresh = [validate_chain(node.der, evidence, at) for node in (one.signer, other) for at in moments]
    assert [engine.validate(node.der, at) for node in (one.signer, other) for at in moments] == fresh
    assert [engine.validate(node.der, at) for node in (other, one.signer) for at in reversed(moments)] == list(reversed(fresh))


def test_no_chain_says_what_is_missing() -> None:
    one = tree()
    found = judged(one.signer, one.root, (), one.lists)
    assert found.sub_indication is S.NO_CERTIFICATE_CHAIN_FOUND
    assert "CN=Authority,O=TEST,C=VN is at hand" in found.checks[-1].detail


def test_a_foreign_root_and_a_forged_signature_give_no_chain() -> None:
    one = tree()
    stranger = certify("Root", ca=True, label="stranger")
    assert judged(one.signer, stranger, (one.authority,), one.lists).sub_indication is S.NO_CERTIFICATE_CHAIN_FOUND
    forged = certify("Signer", one.authority, signer=stranger.key)
    found = judged(forged, one.root, (one.authority,), one.lists)
    assert found.sub_indication is S.NO_CERTIFICATE_CHAIN_FOUND
    assert "does not hold" in found.checks[-1].detail


def test_bytes_that_are_no_certificate_are_a_verdict() -> None:
    found = validate_chain(b"\x30\x03\x02\x01\x05", Evidence((tree().root.der,)), NOW)
    assert found.sub_indication is S.CERTIFICATE_CHAIN_GENERAL_FAILURE
    assert found.checks[-1].name == "certificate-format"


def test_usage() -> None:
    one = tree()
    assert verdict(one, usage=Usage.SIGNING) is None
    assert verdict(one, usage=Usage.TIMESTAMPING) is S.CHAIN_CONSTRAINTS_FAILURE
    assert verdict(one, usage=Usage.OCSP) is S.CHAIN_CONSTRAINTS_FAILURE
    assert judged(one.authority, one.root, (), one.lists, usage=Usage.SIGNING).sub_indication is S.CHAIN_CONSTRAINTS_FAILURE


@pytest.mark.parametrize(
    ("purposes", "critical", "usage", "holds"),
    [
        ([ExtendedKeyUsageOID.TIME_STAMPING], True, Usage.TIMESTAMPING, True),
        ([ExtendedKeyUsageOID.TIME_STAMPING], False, Usage.TIMESTAMPING, False),
        ([ExtendedKeyUsageOID.TIME_STAMPING, ExtendedKeyUsageOID.EMAIL_PROTECTION], True, Usage.TIMESTAMPING, False),
        ([ExtendedKeyUsageOID.TIME_STAMPING], True, Usage.SIGNING, False),
        ([ExtendedKeyUsageOID.EMAIL_PROTECTION, ExtendedKeyUsageOID.CLIENT_AUTH], False, Usage.SIGNING, True),
        ([ExtendedKeyUsageOID.CLIENT_AUTH], False, Usage.SIGNING, False),
        ([ExtendedKeyUsageOID.OCSP_SIGNING], False, Usage.OCSP, True),
        ([ExtendedKeyUsageOID.CLIENT_AUTH], True, Usage.ANY, True),
    ],
)
def test_extended_key_usage(purposes: list[x509.ObjectIdentifier], critical: bool, usage: Usage, holds: bool) -> None:
    one = tree(extensions=((x509.ExtendedKeyUsage(purposes), critical),))
    assert verdict(one, usage=usage) is (None if holds else S.CHAIN_CONSTRAINTS_FAILURE)


def test_key_usage_without_signatures_is_not_for_signing() -> None:
    only_encipher = x509.KeyUsage(False, False, True, False, False, False, False, False, False)
    assert verdict(tree(usage=only_encipher), usage=Usage.SIGNING) is S.CHAIN_CONSTRAINTS_FAILURE


def test_revoked_signer_and_revoked_authority() -> None:
    one = tree()
    gone = (one.lists[0], revoke_list(one.authority, [one.signer]))
    found = judged(one.signer, one.root, (one.authority,), gone)
    assert found.sub_indication is S.REVOKED_NO_POE
    assert found.revocation[0].revoked_at == NOW - 10 * DAY
    assert verdict(one, crls=(revoke_list(one.root, [one.authority]), one.lists[1])) is S.REVOKED_CA_NO_POE


def test_a_revocation_after_the_moment_does_not_count_yet() -> None:
    one = tree()
    later = (one.lists[0], revoke_list(one.authority, [Entry(one.signer.serial, NOW + timedelta(hours=1))]))
    found = judged(one.signer, one.root, (one.authority,), later)
    assert found.passed
    assert found.revocation[0].revoked_at == NOW + timedelta(hours=1)
    assert "later" in found.revocation[0].detail
    assert judged(one.signer, one.root, (one.authority,), later, at=NOW + timedelta(hours=1)).sub_indication is S.REVOKED_NO_POE


def test_on_hold_is_try_later() -> None:
    one = tree()
    held = (one.lists[0], revoke_list(one.authority, [Entry(one.signer.serial, reason=HOLD)]))
    found = judged(one.signer, one.root, (one.authority,), held)
    assert found.sub_indication is S.TRY_LATER
    assert found.revocation[0].standing is Standing.ON_HOLD


def test_before_and_after_its_validity() -> None:
    one = tree()
    assert verdict(tree(since=NOW + DAY)) is S.NOT_YET_VALID
    assert verdict(tree(until=NOW - DAY / 2), crls=one.lists) is S.OUT_OF_BOUNDS_NOT_REVOKED
    assert verdict(tree(until=NOW - 2 * DAY)) is S.OUT_OF_BOUNDS_NO_POE
    assert verdict(tree(until=NOW)) is None
    assert verdict(tree(until=NOW), at=NOW + timedelta(seconds=1)) is S.OUT_OF_BOUNDS_NOT_REVOKED


def test_an_expired_authority_is_a_general_failure() -> None:
    root = certify("Root", ca=True)
    authority = certify("Authority", root, ca=True, until=NOW - DAY)
    signer = certify("Signer", authority)
    found = judged(signer, root, (authority,), (revoke_list(root), revoke_list(authority)))
    assert found.sub_indication is S.CERTIFICATE_CHAIN_GENERAL_FAILURE
    assert found.checks[-1].name == "authority-validity"


def test_an_expired_anchor_binds_unless_it_is_but_a_name_and_a_key() -> None:
    root = certify("Root", ca=True, until=NOW - DAY)
    signer = certify("Signer", root)
    lists = (revoke_list(root),)
    assert judged(signer, root, (), lists).sub_indication is S.CERTIFICATE_CHAIN_GENERAL_FAILURE
    assert judged(signer, root, (), lists, policy=ChainPolicy(anchor_constraints=False)).passed


def test_unknown_and_stale_status_is_try_later() -> None:
    one = tree()
    assert verdict(one, crls=()) is S.TRY_LATER
    assert verdict(one, crls=one.lists[:1]) is S.TRY_LATER
    assert verdict(one, at=NOW + 7 * DAY) is S.TRY_LATER


def test_what_is_required_of_revocation() -> None:
    one = tree()
    lenient = ChainPolicy(revocation=RevocationNeed.IF_AVAILABLE, authority_revocation=RevocationNeed.IF_AVAILABLE)
    ignorant = ChainPolicy(revocation=RevocationNeed.IGNORE, authority_revocation=RevocationNeed.IGNORE)
    gone = revoke_list(one.authority, [one.signer])
    assert verdict(one, crls=(), policy=lenient) is None
    assert verdict(one, crls=(gone,), policy=lenient) is S.REVOKED_NO_POE
    stale = revoke_list(one.authority, since=NOW - 30 * DAY, until=NOW - 20 * DAY)
    assert verdict(one, crls=(stale,), policy=lenient) is S.TRY_LATER
    assert verdict(one, crls=(gone,), policy=ignorant) is None
    found = judged(one.signer, one.root, (one.authority,), (), policy=ignorant)
    assert found.revocation == ()


def test_only_retroactive_policies_use_what_was_issued_later() -> None:
    one = tree()
    later = (revoke_list(one.root, since=NOW + DAY), revoke_list(one.authority, since=NOW + DAY))
    found = judged(one.signer, one.root, (one.authority,), later)
    assert found.sub_indication is S.TRY_LATER
    assert found.revocation[-1].rejected[0][1] == "it was issued after the moment"
    assert judged(one.signer, one.root, (one.authority,), later, policy=ChainPolicy(retroactive=True)).passed


def test_freshness_by_age() -> None:
    one = tree()
    strict = ChainPolicy(max_age=timedelta(hours=12))
    assert verdict(one, policy=strict) is S.TRY_LATER
    assert verdict(one, policy=ChainPolicy(max_age=timedelta(hours=24))) is None
    assert verdict(one, policy=ChainPolicy(max_age=timedelta(days=30)), at=NOW + 20 * DAY) is None


def test_algorithms_of_certificates_and_lists() -> None:
    one = tree()
    ends = AlgorithmPolicy({"ecdsa-p256-sha256": AlgorithmRule(256, NOW)})
    assert verdict(one, policy=ChainPolicy(algorithms=ends)) is S.CRYPTO_CONSTRAINTS_FAILURE
    assert verdict(one, policy=ChainPolicy(algorithms=ends), at=NOW - timedelta(seconds=1)) is None
    assert verdict(one, policy=ChainPolicy(algorithms=AlgorithmPolicy({}))) is S.CRYPTO_CONSTRAINTS_FAILURE


def test_a_revocation_weighs_more_than_validity_and_usage_more_than_both() -> None:
    one = tree(until=NOW - DAY)
    gone = (one.lists[0], revoke_list(one.authority, [one.signer]))
    assert verdict(one, crls=gone) is S.REVOKED_NO_POE
    assert verdict(one, crls=gone, usage=Usage.TIMESTAMPING) is S.CHAIN_CONSTRAINTS_FAILURE


def test_an_anchor_alone_is_trusted_without_being_asked_about() -> None:
    root = certify("Root", ca=True)
    assert judged(root, root).passed
    assert judged(root, root, at=NOW + 3000 * DAY).sub_indication is S.OUT_OF_BOUNDS_NO_POE
    assert judged(root, root, usage=Usage.SIGNING).sub_indication is S.CHAIN_CONSTRAINTS_FAILURE


def test_timestamps_lead_to_their_own_anchors() -> None:
    root, stamps = certify("Root", ca=True), certify("Stamps", ca=True)
    unit = certify("Unit", stamps, extensions=((x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), True),))
    engine = ChainEngine(Evidence((root.der,), timestamp_anchors=(stamps.der,), crls=(revoke_list(stamps),)))
    assert engine.validate(unit.der, NOW, usage=Usage.TIMESTAMPING).passed
    assert engine.validate(unit.der, NOW).sub_indication is S.NO_CERTIFICATE_CHAIN_FOUND


def test_revocation_of_a_given_chain() -> None:
    one = tree()
    engine = ChainEngine(Evidence((one.root.der,), certificates=(one.authority.der,), crls=one.lists))
    (chain,) = engine.candidate_paths(one.signer.der)
    assert chain == (one.signer.der, one.authority.der, one.root.der)
    assert engine.revocation_of(chain, NOW).standing is Standing.GOOD
    assert engine.revocation_of(chain[1:], NOW).certificate_sha256 == one.authority.sha256
    with pytest.raises(FormatFailure):
        engine.revocation_of((one.signer.der, one.root.der), NOW)
    with pytest.raises(FormatFailure):
        engine.revocation_of((b"no", one.root.der), NOW)
    assert not list(engine.candidate_paths(b"no"))


def test_certificates_that_travel_along_are_candidates_and_no_more() -> None:
    one = tree()
    assert judged(one.signer, one.root, (), one.lists, extra=(one.authority.der, b"rubbish", one.signer.der)).passed
    own_root = certify("Evil", ca=True)
    evil = certify("Signer", own_root)
    found = judged(evil, one.root, (), (*one.lists, revoke_list(own_root)), extra=(own_root.der,))
    assert found.sub_indication is S.NO_CERTIFICATE_CHAIN_FOUND


def test_the_path_that_got_furthest_is_the_one_reported() -> None:
    """Two certificates of one authority key: one expired, one whose path fails later."""
    root = certify("Root", ca=True)
    old = certify("Authority", root, ca=True, until=NOW - DAY)
    new = certify("Authority", root, ca=True, until=NOW + DAY)
    signer = certify("Signer", new)
    found = judged(signer, root, (old, new), (revoke_list(root), revoke_list(new, [signer])))
    assert found.sub_indication is S.REVOKED_NO_POE
    assert found.chain[1] == new.der
    assert judged(signer, root, (old, new), (revoke_list(root), revoke_list(new))).passed


def test_an_ocsp_answer_does_instead_of_a_list() -> None:
    one = tree()
    found = judged(one.signer, one.root, (one.authority,), one.lists[:1], (answer(one.signer, one.authority),))
    assert found.passed
    assert found.revocation[0].source == "ocsp"


def test_whole_seconds_decide_at_the_bounds() -> None:
    one = tree()
    exact = (one.lists[0], revoke_list(one.authority, [Entry(one.signer.serial, NOW)]))
    assert verdict(one, crls=exact) is S.REVOKED_NO_POE
    assert verdict(one, crls=exact, at=NOW - timedelta(seconds=1)) is None


def test_a_moment_in_another_zone_is_the_same_moment() -> None:
    one = tree()
    vietnam = NOW.astimezone(timezone(timedelta(hours=7)))
    assert judged(one.signer, one.root, (one.authority,), one.lists, at=vietnam).sub_indication is None
    assert replace(judged(one.signer, one.root, (one.authority,), one.lists, at=vietnam), at=NOW) == judged(
        one.signer, one.root, (one.authority,), one.lists
    )


def test_an_end_entity_cannot_issue() -> None:
    """Without cA the path ends, whatever the key usage says."""
    one = tree(usage=x509.KeyUsage(True, False, False, False, False, True, True, False, False))
    child = certify("Child", one.signer)
    found = judged(child, one.root, (one.authority, one.signer), (*one.lists, revoke_list(one.signer)))
    assert found.sub_indication is S.CERTIFICATE_CHAIN_GENERAL_FAILURE
    assert "is not an authority" in found.checks[-1].detail
