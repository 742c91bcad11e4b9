"""Each fault of a package is judged as its entry says, and survives the wire."""

from __future__ import annotations

import pytest

from exchange.edxml.attached import MemorySink
from exchange.edxml.reader import read
from exchange.faults import PackageFault, package_fault_words, package_faults, sound_package
from exchange.verification import Attachment, judge
from signing import FAULT_SEED, every_fault

FAULTS = package_faults()


def named(fault: PackageFault) -> str:
    return fault.name


def test_the_sound_package_passes_without_a_remark() -> None:
    judgement = sound_package(FAULT_SEED).judgement()
    assert (judgement.violations, judgement.findings) == ((), ())
    assert len(judgement.reports) == 3


@pytest.mark.parametrize("fault", FAULTS, ids=named)
def test_the_judgement_names_the_fault(fault: PackageFault) -> None:
    judgement = fault.build(FAULT_SEED).judgement()
    assert judgement.accepted is fault.accepted
    said = judgement.findings if fault.accepted else judgement.violations
    assert fault.rule in [one.rule for one in said]
    assert all(one.detail for one in said)


@pytest.mark.parametrize("fault", FAULTS, ids=named)
def test_the_package_says_the_same_after_the_wire(fault: PackageFault) -> None:
    case, sink = fault.build(FAULT_SEED), MemorySink()
    package = read(case.package(), sink)
    attachments = [Attachment(one.name, sink.data[one.ref]) for one in package.attachments]
    arrived = judge(package.edoc, attachments, case.directory, case.validator, case.at)
    own = case.judgement()
    assert [one.rule for one in (*arrived.violations, *arrived.findings)] == [one.rule for one in (*own.violations, *own.findings)]


@pytest.mark.parametrize("fault", FAULTS, ids=named)
def test_a_package_is_a_function_of_its_name_and_the_seed(fault: PackageFault) -> None:
    assert fault.build(FAULT_SEED).package() == fault.build(FAULT_SEED).package() != fault.build("another").package()


def test_both_halves_of_the_catalogue_have_names_and_words_of_their_own() -> None:
    names = [fault.name for fault in FAULTS]
    assert len(set(names)) == len(names)
    assert not set(names) & {fault.name for fault in every_fault()}
    for fault in FAULTS:
        for lang in ("en", "vi"):
            words = package_fault_words(fault.name, lang)
            assert all((words.title, words.what, words.how, words.remedy, fault.clause, fault.finders))
