"""The verdict over time and the blast radius of a key."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from signing import Authority, Indication, SubIndication
from signing.evidence import Evidence
from signing.validation.ades.blast_radius import blast_radius
from signing.validation.ades.policy_file import load_policy
from signing.validation.ades.timeline import Interval, timeline
from tests.signing.ades.lab import ALONE, DAY, World, claim, receipt, when
from tests.signing.lab import AT, PERSON

S = SubIndication
START, END = when("2021-09-01"), when("2026-01-01")


@cache
def story() -> tuple[World, bytes, Evidence]:
    """Signed and stamped, revoked ten days later, with the lists of four days."""
    world = World.make("timeline", revoked_at=AT + 10 * DAY)
    cms = world.lta()
    days = (AT - DAY, AT + DAY, AT + 8 * DAY, AT + 12 * DAY)
    lists = tuple(dict.fromkeys(crl for day in days for crl in world.owner.crls(day)))
    return world, cms, Evidence((world.owner.root.certificate_der,), (), (), lists)


@cache
def told() -> tuple[Interval, ...]:
    _, cms, evidence = story()
    return timeline(claim(cms), evidence, ALONE, START, END)


def test_the_intervals_tell_the_story() -> None:
    intervals = told()
    assert intervals[0].start == START
    assert intervals[-1].end == END
    assert all(one.end == other.start for one, other in pairwise(intervals))
    assert all((one.indication, one.sub_indication) != (other.indication, other.sub_indication) for one, other in pairwise(intervals))
    boundary = next(one for one in intervals if one.start == when("2021-09-26"))
    assert boundary.because.startswith("the CRL of CN=")
    assert [str(one.indication) for one in intervals].count("TOTAL-PASSED") >= 1
    assert intervals[0].sub_indication is S.TRY_LATER


@settings(max_examples=40, deadline=None)
@given(st.integers(0, int((END - START).total_seconds()) - 1))
def test_between_two_boundaries_nothing_changes(offset: int) -> None:
    world, cms, evidence = story()
    at = START + timedelta(seconds=offset)
    verdict = world.judge(cms, at, ALONE, evidence)
    interval = next(one for one in told() if one.start <= at < one.end)
    assert (verdict.indication, verdict.sub_indication) == (interval.indication, interval.sub_indication)


def test_each_side_of_each_boundary_is_as_told() -> None:
    world, cms, evidence = story()
    for interval in told():
        for at in (interval.start, interval.end - timedelta(seconds=1)):
            verdict = world.judge(cms, at, ALONE, evidence)
            assert (verdict.indication, verdict.sub_indication) == (interval.indication, interval.sub_indication)


def changes(world: World, certificate: bytes, since: datetime, *names: str) -> dict[str, SubIndication | None]:
    """Which of four signatures fall at day 20 when a key is compromised: stamped early, stamped late, bare, bare with an early receipt."""
    at = AT + 20 * DAY
    early, late, bare = claim(world.t(AT)), claim(world.t(AT + 9 * DAY)), claim(world.b())
    cases = [
        (replace(early, name="early"), ()),
        (replace(late, name="late"), ()),
        (replace(bare, name="bare"), ()),
        (replace(bare, name="receipt"), receipt(bare, AT)),
    ]
    evidence = Evidence((world.owner.root.certificate_der,), (), (), (*world.owner.crls(at), *world.owner.crls(AT + 4 * DAY)))
    found = blast_radius(cases, evidence, at, load_policy("etsi-baseline"), certificate, since)
    return {change.after.name: change.after.sub_indication for change in found}


def test_the_signers_key_takes_what_is_not_proven_older() -> None:
    world = World.make()
    assert changes(world, world.signer.certificate_der, AT + 5 * DAY) == {"late": S.REVOKED_NO_POE, "bare": S.REVOKED_NO_POE}
    assert changes(world, world.signer.certificate_der, AT) == dict.fromkeys(("early", "late", "bare", "receipt"), S.REVOKED_NO_POE)
    assert changes(world, world.signer.certificate_der, AT + 30 * DAY) == {}


def test_a_stamping_units_key_takes_the_signatures_that_need_its_stamps() -> None:
    world = World.make(revoked_at=AT + 15 * DAY)
    assert changes(world, world.stamping.certificate_der, AT + 5 * DAY) == {"early": S.REVOKED_NO_POE, "late": S.REVOKED_NO_POE}


def test_an_authoritys_key_takes_its_stamps_too() -> None:
    world = World.make()
    authority = world.owner.subordinates[Authority.STATE].certificate_der
    assert changes(world, authority, AT + 5 * DAY) == dict.fromkeys(("early", "late", "bare"), S.REVOKED_CA_NO_POE)


def test_the_roots_key_takes_trust_in_it() -> None:
    world = World.make()
    found = changes(world, world.owner.root.certificate_der, AT + 5 * DAY)
    assert set(found.values()) == {S.NO_CERTIFICATE_CHAIN_FOUND_NO_POE}
    assert {"early", "late", "bare"} <= set(found)


def test_a_key_of_somebody_else_changes_nothing() -> None:
    world = World.make()
    other = world.owner.issue(replace(PERSON, name="Trần Văn Hai"))
    assert changes(world, other.certificate_der, AT) == {}


def test_before_and_after_are_whole_verdicts() -> None:
    world = World.make()
    at = AT + 20 * DAY
    evidence = Evidence((world.owner.root.certificate_der,), (), (), world.owner.crls(at))
    (change,) = blast_radius([(claim(world.b()), ())], evidence, at, ALONE, world.signer.certificate_der, AT)
    assert change.before.indication is Indication.TOTAL_PASSED
    assert change.after.indication is Indication.INDETERMINATE
    assert any("key-compromise" in check.detail for check in change.after.checks)
