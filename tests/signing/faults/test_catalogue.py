"""Every vector of the catalogue is built, read and validated, and the verdict is the one its entry expects."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from signing import (
    FAULT_CONTENT,
    FAULT_SEED,
    Fault,
    FaultForm,
    FaultGroup,
    SubIndication,
    Tree,
    Workshop,
    every_fault,
    fault_named,
    fault_words,
    rule_on,
    vectors_of,
)
from signing.evidence import Evidence
from signing.faults.catalogue import LANGUAGES, load_tables
from signing.faults.model import Case
from signing.formats.sandbox import Sandbox
from signing.validation.ades.reach import REACHED, UNREACHED
from signing.validation.report import Indication
from tests.judges import skip_unread

FAULTS = every_fault()
OF_TABLE = (
    "digest-missing", "digest-twice", "digest-two-values", "content-type-missing", "content-type-differs", "certificate-unnamed",
    "certificate-misnamed", "attributes-as-content", "sha1-signature", "digests-mixed", "protection-mismatch", "attributes-reordered",
    "attributes-unsorted", "byte-appended", "length-left-open", "two-signers-one-broken", "two-signers", "no-signers", "server-certificate",
    "encryption-certificate", "authority-signs", "key-too-short", "stamp-missing", "certified-by-person", "path-too-long",
)  # fmt: skip
"""The lines of the table of attacks and pitfalls that any verifier is measured by, in its order."""
OF_THE_RULES = (
    "pss-digest-differs", "pss-mask-differs", "pss-salt-differs", "pss-parameters-absent", "ecdsa-parameters-null", "rsa-parameters-absent",
    "list-indirect", "list-indirect-another", "list-change-lifts", "answer-reaches-back", "answer-forgets-expired", "key-certified-twice",
    "counter-signature-moved",
)  # fmt: skip
"""What follows from that table: parameters of algorithms, lists and answers that say more or less than they seem, keys, confirmations."""
OF_THE_FIELD = (
    "text-overwritten", "signer-expired", "signer-revoked", "revoked-later-stamped", "stamp-missing", "stamp-service-silent",
    "public-authority", "first-generation", "leaf-only", "seal-missing", "comment-added", "stamp-wrong-imprint", "stamp-unit-revoked",
    "list-unavailable", "clock-seven-hours", "not-signed", "dissolved-agency-stamped",
)  # fmt: skip
"""What a trainer of the field expects to find; the wrong signer for the sender and the unsigned annex are the exchange's."""


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as made:
        yield made


def named(fault: Fault) -> str:
    return fault.name


@pytest.mark.parametrize("fault", FAULTS, ids=named)
def test_the_verdict_is_the_expected_one(fault: Fault, sandbox: Sandbox) -> None:
    ruling = rule_on(fault.build(FAULT_SEED), sandbox)
    skip_unread(ruling.remarks)
    assert ruling.meets(fault.expected), (ruling.signatures, ruling.failed, ruling.refusal, ruling.remarks)
    assert [verdict.indication for verdict in ruling.document.signatures] == [
        Indication.TOTAL_PASSED if one is None else verdict.indication
        for one, verdict in zip(fault.expected.signatures, ruling.document.signatures, strict=True)
    ]


@pytest.mark.parametrize("name", OF_TABLE + OF_THE_RULES + OF_THE_FIELD)
def test_what_must_be_in_the_catalogue_is(name: str) -> None:
    assert fault_named(name).name == name


@pytest.mark.parametrize("fault", [one for one in FAULTS if one.group is not FaultGroup.SOUND], ids=named)
def test_a_fault_is_refused_or_at_least_remarked(fault: Fault) -> None:
    """Nothing outside the group of sound files passes in silence: it is not TOTAL-PASSED, or its entry names a remark."""
    expected = fault.expected
    assert expected.indication is not Indication.TOTAL_PASSED or (expected.check and expected.clause)
    if expected.sub_indication is not None and not expected.refused:
        assert expected.check
        assert expected.clause


def test_what_is_sound_passes() -> None:
    sound = [one for one in FAULTS if one.group is FaultGroup.SOUND]
    assert len(sound) >= 5
    assert all(one.expected.indication is Indication.TOTAL_PASSED for one in sound)


@pytest.mark.parametrize("fault", FAULTS, ids=named)
def test_a_vector_is_a_function_of_its_name_and_the_seed(fault: Fault) -> None:
    one, again = fault.build(FAULT_SEED), fault.build(FAULT_SEED)
    assert one == again
    if fault.name not in ("first-generation", "not-signed"):  # the one takes seconds for each seed's keys, the other has no keys at all
        assert fault.build("another").data != one.data


def test_names_are_stable_and_unique() -> None:
    names = [one.name for one in FAULTS]
    assert len(set(names)) == len(names)
    assert all(name == name.lower() and name.replace("-", "").isalnum() for name in names)
    with pytest.raises(KeyError):
        fault_named("no-such-fault")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_fault_is_told_in_words_and_every_word_is_a_faults(lang: str) -> None:
    for fault in FAULTS:
        words = fault_words(fault.name, lang)
        assert all((words.title, words.what, words.how, words.remedy))
        assert not words.title.endswith(".")
        assert words.what.endswith(".")
        assert words.how.endswith(".")
    files = ("letter", "signer", "chain", "revocation", "time", "format", "policy")
    assert {name for file in files for name in load_tables("signing.faults", f"{file}.toml")} == {fault.name for fault in FAULTS}


def test_shared_sentences_are_all_used() -> None:
    used = {fault_words(fault.name).remedy for fault in FAULTS}
    unused = {name for name, text in load_tables("signing.faults", "remedies.toml").items() if text["en"] not in used}
    assert unused == {"register", "annex", "secret"}, "those three are the exchange's"
    told = " ".join(fault_words(fault.name).difference + fault_words(fault.name).afterwards for fault in FAULTS)
    assert all(text["en"] in told for text in load_tables("signing.faults", "differences.toml").values())


def test_titles_are_told_apart() -> None:
    for lang in LANGUAGES:
        titles = [fault_words(fault.name, lang).title for fault in FAULTS]
        assert len(set(titles)) == len(titles)


def test_every_sub_indication_has_a_vector() -> None:
    """Of the 25, all but NO_POE are a signature's; NO_POE is the token's in the file from the future."""
    assert set(REACHED) | set(UNREACHED) == set(SubIndication)
    assert not set(REACHED) & set(UNREACHED)
    assert all(vectors_of(one) for one in REACHED)
    assert not any(vectors_of(one) for one in UNREACHED)
    assert vectors_of(SubIndication.NO_POE) == ("stamp-from-future",)


def test_the_time_stamp_makes_the_difference() -> None:
    """Signed before the revocation: with a time-stamp passed, without REVOKED_NO_POE; a dissolved agency's the same."""
    for pair in ("revoked-later", "dissolved-agency"):
        stamped, unstamped = (rule_on(fault_named(f"{pair}-{how}").build(FAULT_SEED)) for how in ("stamped", "unstamped"))
        assert stamped.signatures == (None, None)
        assert unstamped.signatures == (SubIndication.REVOKED_NO_POE,) * 2
        assert all("time-stamp" in verdict.missing or "proof" in verdict.missing for verdict in unstamped.document.signatures)


def test_the_artefact_the_vector_is_named_for_makes_the_difference() -> None:
    """The list of changes lifts the hold; the line of a common list counts for the issuer it names; an answer goes back so far."""
    case = fault_named("list-change-lifts").build(FAULT_SEED)
    held = replace(case, evidence=replace(case.evidence, crls=case.evidence.crls[:-1]))
    assert rule_on(held).signatures == (SubIndication.TRY_LATER,)
    for name in ("list-indirect", "list-indirect-another", "answer-reaches-back"):
        case = fault_named(name).build(FAULT_SEED)
        bare = replace(case, evidence=replace(case.evidence, crls=case.evidence.crls[:1], ocsps=()))
        assert rule_on(bare).signatures not in ((None,), (SubIndication.REVOKED_NO_POE,)), name


@pytest.mark.parametrize("fault", [one for one in FAULTS if one.incident is not None], ids=named)
def test_an_incident_befalls_any_letter(fault: Fault, sandbox: Sandbox) -> None:
    """On a letter of another world, with another text, the same incident gives the same verdict, where the file is what it changes."""
    incident = fault.incident
    assert incident is not None
    shop = Workshop.open("another world", trees=tuple(Tree))
    content = replace(FAULT_CONTENT, subject="việc khác", paragraphs=("Nội dung khác./.",))
    letter = shop.letter(incident, content)
    judged = shop.at + timedelta(minutes=10)
    evidence = shop.evidence(judged, trees=(Tree.G2, Tree.G1))
    case = replace(shop.letter_case(letter, judged, evidence), policy=fault.build(FAULT_SEED).policy)
    ruling = rule_on(case, sandbox)
    skip_unread(ruling.remarks)
    assert ruling.meets(fault.expected)


def test_the_engine_never_says_more_than_the_evidence() -> None:
    """Without any evidence nothing passes, and nothing is raised."""
    for fault in FAULTS:
        case = fault.build(FAULT_SEED)
        if fault.form is FaultForm.CMS:
            bare = Case(case.data, case.at, Evidence(()), case.content, case.policy)
            assert None not in rule_on(bare).signatures
