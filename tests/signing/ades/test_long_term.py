"""A letter's signature renewed by plan holds in 2040; what is missing when a renewal is, is named."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import pytest

from signing import Holder, Indication, SigningKey, SubIndication
from signing.evidence import Evidence
from signing.validation.ades.policy import ValidationPolicy
from signing.validation.ades.policy_file import load_policy
from tests.signing.ades.lab import ALONE, DAY, World, claim, receipt, unit, when
from tests.signing.lab import AT

S = SubIndication
NOW = when("2040-06-01 09:00")
HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Plan:
    """A world with three stamping units, and the file after each step of the plan."""

    world: World
    steps: tuple[bytes, ...]


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    """Signed and archived in 2021 by an RSA unit; renewed before RSA-2048 ends (2031) and before the second unit ends (2036)."""
    return made(tmp_path_factory.getbasetemp() / "keys")


@cache
def made(keys: Path, *, patient: bool = False) -> Plan:
    """``patient``: after each stamp the next day's lists are added too, as the standard to the letter needs."""
    world = World.make("plan", spec={"authority_years": 28})
    first = unit(world.owner, "TSA 1", end=when("2035-01-01"), key=SigningKey.rsa(2048, keys, "plan", "TSA 1"))
    second = unit(world.owner, "TSA 2", when("2028-01-01"), when("2036-01-01"))
    third = unit(world.owner, "TSA 3", when("2034-01-01"), when("2044-01-01"))

    def renewed(cms: bytes, at: datetime, holder: Holder) -> bytes:
        archived = world.archive(world.with_evidence(cms, at, holder.certificate_der, first.certificate_der), at + HOUR, holder)
        return world.with_evidence(archived, at + DAY) if patient else archived

    stamped = world.t(AT, first)
    archived = renewed(stamped, AT + DAY, first)
    again = renewed(archived, when("2030-06-01 09:00"), second)
    return Plan(world, (world.b(), stamped, archived, again, renewed(again, when("2035-06-01 09:00"), third)))


def test_renewed_by_plan_it_holds_in_2040(plan: Plan) -> None:
    verdict = plan.world.judge(plan.steps[4], NOW)
    assert verdict.indication is Indication.TOTAL_PASSED, verdict.checks
    assert verdict.best_signature_time == AT
    assert verdict.level == "B-LTA"
    assert all(token.indication is Indication.TOTAL_PASSED for token in verdict.tokens)
    assert verdict.claimed_at is None
    assert not verdict.missing


def test_to_the_letter_of_the_standard_each_renewal_needs_the_next_list(plan: Plan, tmp_path_factory: pytest.TempPathFactory) -> None:
    patient, policy = made(tmp_path_factory.getbasetemp() / "keys", patient=True), load_policy("etsi-baseline")
    assert patient.world.judge(patient.steps[4], NOW, policy).passed
    assert not plan.world.judge(plan.steps[4], NOW, policy).passed


def test_at_every_step_it_holds_until_the_next_is_due(plan: Plan) -> None:
    for step, at in ((1, when("2024-12-01")), (2, when("2030-12-01")), (3, when("2035-12-01"))):
        assert plan.world.judge(plan.steps[step], at).passed
    assert not plan.world.judge(plan.steps[2], when("2031-02-01")).passed
    assert not plan.world.judge(plan.steps[3], when("2036-02-01")).passed


def test_without_the_last_renewal_that_is_named(plan: Plan) -> None:
    verdict = plan.world.judge(plan.steps[3], NOW)
    assert verdict.indication is Indication.INDETERMINATE
    assert verdict.sub_indication is S.OUT_OF_BOUNDS_NO_POE
    authority = "CN=CA phục vụ các cơ quan Nhà nước G2 TEST,O=Ban Cơ yếu Chính phủ TEST,C=VN"
    assert verdict.missing == (
        f"another archive time-stamp, with the CRL of {authority} of its day, from before 2035-12-31 17:00:01 UTC, "
        "while that of C=VN,CN=TSA 2 from 2030-06-01 03:00:00 UTC held"
    )


def test_without_the_first_renewal_the_end_of_the_algorithm_is_named(plan: Plan) -> None:
    verdict = plan.world.judge(plan.steps[2], when("2034-06-01"))
    assert verdict.indication is Indication.INDETERMINATE
    assert verdict.missing.startswith("another archive time-stamp from before 2031-01-01 00:00:00 UTC, while that of C=VN,CN=TSA 1")


def test_what_is_said_to_be_missing_does_suffice(plan: Plan) -> None:
    """The renewal that is named, made at the last second it is named for, turns the verdict."""
    world, third = plan.world, unit(plan.world.owner, "TSA 3", when("2034-01-01"), when("2044-01-01"))
    last = when("2036-01-01")
    lists = world.with_evidence(plan.steps[3], last - HOUR, third.certificate_der)
    assert world.judge(world.archive(lists, last, third), NOW).passed
    assert not world.judge(world.archive(lists, last + timedelta(seconds=1), third), NOW).passed


def test_at_b_b_a_single_time_stamp_is_missing(plan: Plan) -> None:
    """With the lists of its time at hand the letter lacks one proof that it is as old; without them, one that brings them along."""
    world = plan.world
    evidence = Evidence((world.owner.root.certificate_der,), (), (), (*world.owner.crls(NOW), *world.owner.crls(AT + DAY)))
    verdict = world.judge(plan.steps[0], NOW, evidence=evidence)
    assert verdict.sub_indication is S.OUT_OF_BOUNDS_NO_POE
    assert verdict.missing == "a time-stamp on the signature from before 2021-10-04 17:00:01 UTC"
    proofs = receipt(claim(plan.steps[0]), when("2021-10-05"))
    assert world.judge(plan.steps[0], NOW, evidence=evidence, existence=proofs).passed


def test_at_b_b_with_the_lists_of_2040_an_archive_time_stamp_is_missing_and_suffices(plan: Plan) -> None:
    """What stands for it here: a proof of that second for the signature, its chain and the lists of the day, not of the next."""
    world = plan.world
    missing = world.judge(plan.steps[0], NOW).missing
    found = re.fullmatch(r"an archive time-stamp, with the CRLs of its day, from before ([-0-9: ]+) UTC", missing)
    assert found is not None, missing
    end = datetime.fromisoformat(found[1]).replace(tzinfo=UTC)
    for at, passes in ((end - timedelta(seconds=1), True), (end, False)):
        lists = world.owner.crls(at)
        evidence = Evidence((world.owner.root.certificate_der,), (), (), (*world.owner.crls(NOW), *lists))
        existence = receipt(claim(plan.steps[0]), at, *world.signer.issuer_chain, world.signer.certificate_der, *lists)
        assert world.judge(plan.steps[0], NOW, evidence=evidence, existence=existence).passed is passes, at


def test_soon_after_expiry_a_b_b_signature_lacks_a_time_stamp_on_it() -> None:
    world = World.make(not_after=AT + 10 * DAY)
    end = AT + 10 * DAY
    verdict = world.judge(world.b(), end + DAY, evidence=world.evidence(end + DAY, *world.owner.crls(end)))
    assert verdict.sub_indication is S.OUT_OF_BOUNDS_NOT_REVOKED
    assert verdict.missing == "a time-stamp on the signature from before 2021-10-07 02:00:01 UTC"
    assert world.judge(world.t(end), end + DAY, evidence=world.evidence(end + DAY, *world.owner.crls(end))).passed


def test_lists_older_than_the_signature_are_not_enough_for_the_archive() -> None:
    """To the letter of the standard a list must be younger than the proof it speaks for; the field asks that it was fresh then."""
    world, policy = World.make(), load_policy("etsi-baseline")
    hasty = world.archive(world.with_evidence(world.t(), AT), AT + HOUR)
    verdict = world.judge(hasty, when("2030-01-01"), policy)
    assert verdict.sub_indication is S.OUT_OF_BOUNDS_NO_POE
    assert verdict.missing.startswith("a CRL of CN=CA phục vụ các cơ quan Nhà nước G2 TEST")
    assert world.judge(world.lta(), when("2030-01-01"), policy).passed
    assert world.judge(hasty, when("2030-01-01"), ALONE).passed


@pytest.mark.parametrize("policy", [ALONE, load_policy("etsi-baseline")], ids=lambda policy: policy.name)
def test_a_fresh_list_is_named_where_it_is_all_that_lacks(policy: ValidationPolicy) -> None:
    world = World.make()
    verdict = world.judge(world.b(), AT, policy, world.evidence(AT - 20 * DAY))
    assert verdict.sub_indication is S.TRY_LATER
    assert verdict.missing.startswith("a time-stamp on the signature from before")  # no single list helps: both are stale
    root_fresh = Evidence((world.owner.root.certificate_der,), (), (), (*world.owner.crls(AT)[:1], *world.owner.crls(AT - 20 * DAY)[1:]))
    verdict = world.judge(world.b(), AT, policy, root_fresh)
    assert verdict.missing.startswith("a CRL of CN=CA phục vụ các cơ quan Nhà nước G2 TEST")
    assert "issued after 2021-09-06" in verdict.missing
