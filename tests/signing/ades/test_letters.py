"""Whole letters under the policy of the field: two signatures in order, at every level, now and when their certificates have expired."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache

import pytest

from signing import CadesSigner, Holder, Indication, Purpose, SubIndication
from signing.evidence import Evidence
from signing.formats.artefacts import Artefacts
from signing.formats.claims import Level
from signing.formats.letter.augment import augment_letter
from signing.formats.signed_object import SignedKind, read_signed
from signing.validation.ades.door import DocumentVerdict, validate_document
from signing.validation.ades.policy_file import load_policy
from tests.signing.ades.lab import World, unit, when
from tests.signing.letter import lab, long_term

S = SubIndication
HOUR = timedelta(hours=1)


def judged(letter: bytes, at: datetime, *lists: bytes, policy: str = "field") -> DocumentVerdict:
    """The verdict on a letter read through the one door, with the lists of the control time."""
    found = read_signed(letter)
    assert found.kind is SignedKind.LETTER
    evidence = Evidence((lab.pki().root.certificate_der,), (), (), (*lab.pki().crls(at), *lists))
    return validate_document(found.claims, evidence, at, load_policy(policy))


@pytest.mark.parametrize("policy", ["field", "etsi-baseline"])
@pytest.mark.parametrize("name", ["B-B", "B-T", "B-LT", "B-LTA", "renewed"])
def test_a_letter_passes_at_every_level_while_its_signers_are_valid(name: str, policy: str) -> None:
    document = judged(long_term.levels()[name], long_term.LATER + HOUR, policy=policy)
    assert document.passed, [(check.name, check.detail) for verdict in document.signatures for check in verdict.checks if not check.passed]
    assert [verdict.level for verdict in document.signatures] == ["B-LTA" if name == "renewed" else name] * 2
    assert all(not verdict.warnings for verdict in document.signatures)


NOW = when("2040-06-01 09:00")


@cache
def lasting() -> tuple[World, tuple[bytes, ...]]:
    """A letter signed in 2021 by people whose certificates end in 2025, and after each step of its plan: stamped, stored, renewed twice."""
    world = World.make("letters", spec={"authority_years": 28})
    validity = {"not_before": when("2020-01-01"), "not_after": when("2025-01-01")}
    people = [world.owner.issue(replace(signer.holder.spec, **validity)) for signer in (lab.leader(), lab.seal())]
    leader, seal = (CadesSigner(holder, purpose=Purpose.LETTER) for holder in people)
    whole = lab.PRESS.issue(lab.PRESS.sign(lab.CONTENT, leader, at=lab.AT), "107", lab.DAY, seal, at=lab.AT)
    units = [
        unit(world.owner, f"TSA {end}", when(f"{start}-01-01"), when(f"{end}-01-01"))
        for start, end in ((2019, 2030), (2028, 2036), (2034, 2044))
    ]

    def renewed(letter: bytes, at: datetime, holder: Holder) -> bytes:
        artefacts = Artefacts((*(one.certificate_der for one in units), *holder.issuer_chain[:1]), world.owner.crls(at))
        return augment_letter(letter, Level.LTA, world.stamp(at + HOUR, holder), artefacts)

    stamped = augment_letter(whole, Level.T, world.stamp(lab.AT + HOUR, units[0]))
    stored = renewed(stamped, lab.AT + timedelta(days=1), units[0])
    again = renewed(stored, when("2029-06-01 09:00"), units[1])
    return world, (whole, stamped, stored, again, renewed(again, when("2035-06-01 09:00"), units[2]))


def judged_in_2040(step: int) -> DocumentVerdict:
    world, steps = lasting()
    evidence = Evidence((world.owner.root.certificate_der,), (), (), world.owner.crls(NOW))
    return validate_document(read_signed(steps[step]).claims, evidence, NOW)


def test_a_letter_renewed_before_each_unit_ends_holds_in_2040() -> None:
    document = judged_in_2040(4)
    assert document.passed, [check for verdict in document.signatures for check in verdict.checks if not check.passed]
    assert {verdict.best_signature_time for verdict in document.signatures} == {lab.AT + HOUR}
    assert all(token.indication is Indication.TOTAL_PASSED for verdict in document.signatures for token in verdict.tokens)


def test_without_the_last_renewal_it_does_not_and_that_is_named() -> None:
    for verdict in judged_in_2040(3).signatures:
        assert verdict.sub_indication is S.OUT_OF_BOUNDS_NO_POE
        assert verdict.missing.startswith("another archive time-stamp, with the CRL of CN=CA phục vụ")
        assert "from before 2035-12-31 17:00:01 UTC, while that of C=VN,CN=TSA 2036 from 2029-06-01" in verdict.missing


def test_at_b_b_an_archive_time_stamp_is_missing_or_with_the_lists_of_its_time_a_plain_one() -> None:
    world, steps = lasting()
    with_lists = "an archive time-stamp, with the CRLs of its day, from before 2024-12-31 17:00:01 UTC"
    assert {verdict.missing for verdict in judged_in_2040(0).signatures} == {with_lists}
    lists = (*world.owner.crls(NOW), *world.owner.crls(lab.AT + timedelta(days=1)))
    evidence = Evidence((world.owner.root.certificate_der,), (), (), lists)
    document = validate_document(read_signed(steps[0]).claims, evidence, NOW)
    assert {verdict.missing for verdict in document.signatures} == {"a time-stamp on the signature from before 2021-10-04 17:00:01 UTC"}


@pytest.mark.parametrize("place", range(50, 100, 7))
def test_a_changed_letter_passes_nowhere(place: int) -> None:
    letter = bytearray(long_term.levels()["B-LTA"])
    letter[len(lab.whole()) * place // 100] ^= 1
    evidence = Evidence((lab.pki().root.certificate_der,), (), (), lab.pki().crls(lab.AT))
    assert not validate_document(read_signed(bytes(letter)).claims, evidence, lab.AT + HOUR).passed
