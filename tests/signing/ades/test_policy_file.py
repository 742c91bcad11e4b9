"""Policy files: strict keys, one sentence for what is wrong, and the weights they give to checks."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signing import SubIndication
from signing.formats.claims import Level
from signing.formats.signed_data import read_tolerant
from signing.validation.ades.policy import CHECKS, Severity, ValidationPolicy
from signing.validation.ades.policy_file import PolicyFileError, load_policy, policies, read_policy
from signing.validation.policy import DEFAULT, FOREIGN
from tests.signing.ades.lab import ALONE, World, claim, receipt
from tests.signing.lab import AT, CONTENT

S = SubIndication
WHOLE = b"""
name = "own"
[algorithms]
ecdsa-p256-sha256 = { min_key_bits = 256, until = 2040-01-01T00:00:00+07:00 }
[digests]
sha256 = {}
"""


def test_the_policies_that_come_with_the_project() -> None:
    assert policies() == ("etsi-baseline", "field")
    field, etsi = load_policy(), load_policy("etsi-baseline")
    assert field.name == "field"
    assert set(field.checks) == set(etsi.checks) == set(CHECKS), "a policy of the project says what every check costs"
    assert dict(field.algorithms.rules) == dict(DEFAULT.rules), "the bulk path and the policy of the field must not differ"
    assert set(etsi.algorithms.rules) == set(FOREIGN.rules)
    assert all(rule.until == FOREIGN.rules[name].until for name, rule in etsi.algorithms.rules.items())
    assert field.signatures == 2
    assert field.external == ("signer-belongs-to-sender",)


def test_the_page_lists_what_a_policy_weighs() -> None:
    page = (Path(__file__).parents[3] / "docs" / "verify.md").read_text("utf-8")
    rows = [f"| `{name}` | {one.asks} | {one.usual} | `{one.sub_indication}` | {one.clause} |" for name, one in CHECKS.items()]
    assert page.partition("## What a policy weighs")[2].strip().splitlines()[-len(rows) :] == rows


def test_a_file_of_ones_own(tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_bytes(WHOLE + b'[time]\nrequired_level = "B-T"\ntimestamp_delay_seconds = 86400\nrevocation_max_age_seconds = 3600\n')
    policy = load_policy(path)
    assert policy.required_level is Level.T
    assert policy.timestamp_delay == timedelta(days=1)
    assert policy.max_age == timedelta(hours=1)
    assert policy.algorithms.rules["ecdsa-p256-sha256"].until == datetime(2039, 12, 31, 17, tzinfo=UTC)
    assert policy.severity("level") is Severity.FAIL


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        (b"nam = 1\n", "own.toml: nam: is no key of this table; did you mean name?"),
        (b"[checks]\nlevl = 'FAIL'\n", "own.toml: checks.levl: is no check that can be weighed; did you mean level?"),
        (b"[checks]\nsignature-value = 'IGNORE'\n", "own.toml: checks.signature-value: is no check that can be weighed; did you mean "),
        (b"[checks]\nlevel = 'fail'\n", "own.toml: checks.level: must be one of FAIL, WARN, INFORM, IGNORE, not 'fail'"),
        (b"[time]\nslide_to = 'now'\n", "own.toml: time.slide_to: must be one of issuance, next-update, not 'now'"),
        (b"[time]\ntolerance_seconds = -1\n", "own.toml: time.tolerance_seconds: must be from 0 to 3162240000, not -1"),
        (b"[chain]\nmax_length = 99\n", "own.toml: chain.max_length: must be from 2 to 16, not 99"),
        (b"[chain]\nacceptable_policies = [1]\n", "own.toml: chain.acceptable_policies: must be a list of texts"),
        (b"[document]\nin_order = 1\n", "own.toml: document.in_order: must be true or false, not 1"),
        (
            b"[anchor_sunsets]\nab = 2030-01-01T00:00:00Z\n",
            "own.toml: anchor_sunsets.ab: an anchor is named by the SHA-256 of its certificate",
        ),
        (
            b"[signature_policies]\n'1.2.x' = 'field'\n",
            "own.toml: signature_policies.1.2.x: a signature policy is named by its dotted object",
        ),
        (b"[signature_policies]\n'1.2.3' = 'own'\n", "own.toml: signature_policies.1.2.3: must name another policy than this one"),
        (b"[checks\n", "own.toml: is not TOML ("),
        (b"title = '\xff'\n", "own.toml: byte "),
        (b"#" * 70000, "own.toml: a policy file is not longer than 65536 bytes"),
    ],
)
def test_a_bad_file_is_refused_in_one_sentence(more: bytes, sentence: str) -> None:
    top, _, tables = WHOLE.partition(b"[algorithms]")
    data = top + more + b"[algorithms]" + tables if more.startswith((b"nam", b"title")) else WHOLE + more
    with pytest.raises(PolicyFileError) as refused:
        read_policy("own.toml", data)
    assert str(refused.value).startswith(sentence)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (b"name = 'a'\n[digests]\nsha256 = {}\n", "own.toml: algorithms: must name at least one signature algorithm"),
        (b"[algorithms]\n", "own.toml: name: is missing"),
        (WHOLE.replace(b"sha256 = {}", b"md5 = {}"), "own.toml: digests.md5: is no digest; there are sha1, sha256"),
        (
            WHOLE.replace(b"ecdsa-p256", b"ecdsa-p265"),
            "own.toml: algorithms.ecdsa-p265-sha256: is no signature algorithm; did you mean ecdsa-p256",
        ),
        (
            WHOLE.replace(b"min_key_bits = 256", b"min_key_bits = '256'"),
            "own.toml: algorithms.ecdsa-p256-sha256.min_key_bits: must be a whole",
        ),
        (WHOLE.replace(b"min_key_bits = 256", b"bits = 256"), "own.toml: algorithms.ecdsa-p256-sha256.bits: is no key of this table"),
        (
            WHOLE.replace(b"+07:00", b""),
            "own.toml: algorithms.ecdsa-p256-sha256.until: must be an instant with its offset in whole seconds",
        ),
    ],
)
def test_what_a_file_must_say(wrong: bytes, sentence: str) -> None:
    with pytest.raises(PolicyFileError) as refused:
        read_policy("own.toml", wrong)
    assert str(refused.value).startswith(sentence)


def test_a_policy_that_is_not_there() -> None:
    with pytest.raises(PolicyFileError, match="no such policy; there are etsi-baseline, field"):
        load_policy("feild")
    with pytest.raises(PolicyFileError, match="the file cannot be read"):
        load_policy("nowhere/own.toml")


@given(st.binary(max_size=200))
def test_no_bytes_raise_anything_else(data: bytes) -> None:
    with suppress(PolicyFileError):
        read_policy("any.toml", WHOLE + data)


def weighed(policy: ValidationPolicy, **checks: Severity) -> ValidationPolicy:
    return replace(policy, checks={**policy.checks, **{name.replace("_", "-"): severity for name, severity in checks.items()}})


@pytest.mark.parametrize("severity", Severity)
def test_a_check_costs_what_the_policy_says(severity: Severity) -> None:
    world = World.make()
    verdict = world.judge(world.b(), AT, weighed(replace(ALONE, required_level=Level.T), level=severity))
    assert verdict.sub_indication is (S.SIG_CONSTRAINTS_FAILURE if severity is Severity.FAIL else None)
    assert [check.name for check in verdict.warnings] == (["level"] if severity is Severity.WARN else [])
    assert [check.name for check in verdict.information] == (["level"] if severity is Severity.INFORM else [])
    assert ("level" in [check.name for check in verdict.checks]) is (severity is Severity.FAIL)


@pytest.mark.parametrize("severity", Severity)
def test_a_deviation_costs_what_the_policy_says(severity: Severity) -> None:
    world = World.make()
    (found,) = read_tolerant(world.b() + b"\0", CONTENT)
    assert found.signer.deviations
    rule, clause = found.signer.deviations[0]
    policy = replace(ALONE, deviations={"*": Severity.FAIL, rule: severity})
    verdict = world.judge(found, AT, policy)
    assert world.judge(found, AT, replace(ALONE, deviations={"*": Severity.FAIL, clause: severity})) == verdict
    assert verdict.sub_indication is (S.FORMAT_FAILURE if severity is Severity.FAIL else None)
    told = {Severity.WARN: verdict.warnings, Severity.INFORM: verdict.information}.get(severity, ())
    assert [check.clause for check in told] == ([clause] if told else [])
    assert world.judge(found, AT, ALONE).sub_indication is S.FORMAT_FAILURE
    assert world.judge(found, AT, load_policy("etsi-baseline")).passed


def test_a_clock_seven_hours_ahead_is_told_apart_from_one_that_is_wrong() -> None:
    world = World.make()
    found = claim(world.t())

    def claimed(at: datetime) -> list[tuple[str, str]]:
        verdict = world.judge(replace(found, signer=replace(found.signer, claimed_at=at)), AT + timedelta(days=1), ALONE)
        assert verdict.passed
        return [("WARN", check.name) for check in verdict.warnings] + [("INFORM", check.name) for check in verdict.information]

    assert claimed(AT - timedelta(minutes=5)) == []
    assert claimed(AT + timedelta(hours=6, minutes=55)) == [("INFORM", "seven-hour-clock")]
    assert claimed(AT + timedelta(hours=3)) == [("WARN", "claimed-time-before-proof")]


def test_a_time_stamp_must_follow_within_the_delay() -> None:
    world = World.make()
    found = claim(world.t(AT + timedelta(hours=5)))
    policy = weighed(replace(ALONE, timestamp_delay=timedelta(hours=4)), timestamp_delay=Severity.FAIL)

    def delayed(at: datetime | None) -> SubIndication | None:
        moved = replace(found, signer=replace(found.signer, claimed_at=at))
        return world.judge(moved, AT + timedelta(days=1), policy).sub_indication

    assert delayed(AT + timedelta(hours=1)) is None
    assert delayed(AT) is S.SIG_CONSTRAINTS_FAILURE
    assert delayed(None) is S.SIG_CONSTRAINTS_FAILURE


def test_an_explicit_signature_policy_is_validated_under_the_policy_it_names() -> None:
    world = World.make()
    strict = read_policy("strict.toml", WHOLE.replace(b"own", b"strict") + b'[checks]\nalgorithm-protection-present = "FAIL"\n')
    policy = replace(ALONE, signature_policies={"1.2.3.4": strict})
    found = claim(world.b())
    invoked = replace(found, signer=replace(found.signer, policy_id="1.2.3.4"))
    verdict = world.judge(invoked, AT, policy)
    assert verdict.policy == "strict"
    assert verdict.sub_indication is S.SIG_CONSTRAINTS_FAILURE
    assert world.judge(found, AT, policy).passed


def test_revocation_data_may_be_bounded_in_age() -> None:
    world = World.make()
    short = replace(ALONE, max_age=timedelta(hours=1))
    assert world.judge(world.b(), AT, short).sub_indication is S.TRY_LATER
    assert world.judge(world.b(), AT.replace(hour=1, minute=0), short).passed


def test_a_key_that_is_too_short_was_never_good() -> None:
    world = World.make()
    text = WHOLE.replace(b"min_key_bits = 256", b"min_key_bits = 384")
    verdict = world.judge(world.b(), AT, read_policy("own.toml", text), existence=receipt(claim(world.b()), AT))
    assert verdict.sub_indication is S.CRYPTO_CONSTRAINTS_FAILURE
