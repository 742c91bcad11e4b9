"""Attacks through the door: members against their partners, against the axis, and against their own slips. Real packages, real keys."""

from __future__ import annotations

from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from exchange.api import Caller, Fetched, Receipt, Submission
from exchange.axis import Axis
from exchange.domain.lifecycle import DeliveryState, Operation, StatusCode
from exchange.domain.negotiation import Kind, Step
from exchange.edxml.model import Business, ReceiverChange, Replacement
from exchange.errors import Unauthenticated, UnknownPackage
from exchange.outbox import Reach, Stage, claim
from exchange.receipts import read_refusal
from exchange.stages.runner import Done, Runner
from tests.exchange.axis.field import (
    ALIAS,
    DEPARTMENT,
    DISTRICT,
    NEIGHBOUR,
    PROVINCE,
    TODAY,
    Doc,
    at,
    caller,
    file_url,
    letter,
    open_field,
    report,
    secret,
    send,
    states,
    take,
    total,
)  # fmt: skip

S, C = DeliveryState, StatusCode
DOC = Doc(PROVINCE, (DEPARTMENT,), "15")
OLD = (Replacement(DOC.header.document_id),)
NEW = Doc(PROVINCE, (DEPARTMENT,), "16", business=Business(Operation.REPLACE, "sai số liệu", replacements=OLD))


@pytest.fixture
def sent(axis: Axis) -> Receipt:
    """One document, fetched by the department."""
    receipt = send(axis, PROVINCE, DOC.package(), 0)
    axis.settle(at(60))
    take(axis, DEPARTMENT, 60)
    return receipt


def rules(axis: Axis, organ: Any, seconds: float) -> list[str]:
    """Rules of the refusals waiting in a mailbox, other mail left out."""
    return [read_refusal(data).refusal.rule for data in take(axis, organ, seconds) if data.startswith(b"{")]


def adding(reason: str, number: str = "15", about: Doc = DOC) -> Doc:
    """An update about one document that adds the district."""
    business = Business(Operation.UPDATE, reason, document_id=about.header.document_id, changes=(ReceiverChange(DISTRICT, True),))
    return Doc(PROVINCE, (DISTRICT,), number, letter=letter(PROVINCE, (DEPARTMENT,), number, TODAY), business=business)


def test_writing_both_codes_of_a_recipient_does_not_silence_it(axis: Axis) -> None:
    """The alias gets the document, the code proper fails as a duplicate; the recipient's reports must find the one it has."""
    doc = replace(DOC, recipients=(ALIAS, DEPARTMENT))
    receipt = send(axis, PROVINCE, doc.package(), 0)
    axis.settle(at(60))
    take(axis, DEPARTMENT, 60)
    for code in (C.ARRIVED, C.REGISTERED):
        send(axis, DEPARTMENT, report(DEPARTMENT, doc, code), 70)
    axis.settle(at(100))
    assert rules(axis, DEPARTMENT, 100) == []
    assert states(axis, receipt, PROVINCE) == {"H28.99": S.REGISTERED, "H28.20": S.FAILED}


def test_the_same_recipient_added_twice_in_one_call_is_added_once(axis: Axis, sent: Receipt) -> None:
    answers = axis.submit(caller(PROVINCE), [Submission(adding(reason).package()) for reason in ("một", "hai")], at(100))
    assert all(isinstance(answer, Receipt) for answer in answers)
    assert total(axis) == 2
    axis.settle(at(200))
    assert states(axis, sent, PROVINCE) == {"H28.20": S.FETCHED, "H28.30": S.WAITING}
    assert [(one.kind, str(one.recipient)) for one in axis.negotiations()] == [(Kind.UPDATE, "H28.30")]


@pytest.mark.parametrize("own", [DEPARTMENT, NEIGHBOUR])
@pytest.mark.parametrize("genuine", [True, False])
def test_a_take_back_that_overtakes_the_verdict_holds(axis: Axis, genuine: bool, own: object) -> None:
    """Two workers: one routes the 13 while the other still judges the document, which must then not be sent after all."""
    doc = replace(DOC, recipients=(DEPARTMENT, NEIGHBOUR))
    sent = doc if genuine else replace(doc, letter=letter(PROVINCE, (DISTRICT,), "15", TODAY))
    receipt = send(axis, PROVINCE, sent.package(), 0)
    send(axis, PROVINCE, report(PROVINCE, doc, C.TAKE_BACK, "gửi nhầm", to=own), 1)  # type: ignore[arg-type]
    Runner(axis._desk).run(Stage.ROUTE, Reach(round(at(5).timestamp())))
    axis.settle(at(100))
    (other,) = {DEPARTMENT, NEIGHBOUR} - {own}
    assert states(axis, receipt, PROVINCE) == {str(own): S.TAKEN_BACK, str(other): S.WAITING if genuine else S.FAILED}
    assert axis.waiting(caller(own), at(100)) == ()  # type: ignore[arg-type]
    assert axis.depth() == {"verify": 0, "route": 0}


def test_a_replacement_of_several_is_asked_for_all_or_for_none(axis: Axis, sent: Receipt) -> None:
    """Else the request about the first stays open for ever, and nobody can recall that document any more."""
    half = replace(NEW, business=replace(NEW.business, replacements=(*OLD, Replacement("never sent"))))
    assert states(axis, send(axis, PROVINCE, half.package(), 100), PROVINCE) == {"H28.20": S.RECEIVED}
    axis.settle(at(200))
    assert axis.negotiations() == ()
    assert rules(axis, PROVINCE, 200) == ["unknown-document"]


def test_a_document_named_twice_in_a_replacement_is_replaced_once(axis: Axis, sent: Receipt) -> None:
    twice = replace(NEW, business=replace(NEW.business, replacements=OLD + OLD))
    send(axis, PROVINCE, twice.package(), 100)
    axis.settle(at(200))
    take(axis, DEPARTMENT, 200)
    send(axis, DEPARTMENT, report(DEPARTMENT, NEW, C.REGISTERED), 210)
    axis.settle(at(300))
    assert states(axis, sent, PROVINCE) == {"H28.20": S.REPLACED}
    assert [one.step for one in axis.negotiations()] == [Step.AGREED]


@pytest.mark.parametrize("end", [C.RETURNED, C.TAKE_BACK, "failed"])
def test_a_replacement_that_ended_leaves_the_old_document_open_to_recall(axis: Axis, sent: Receipt, end: object) -> None:
    send(axis, PROVINCE, NEW.package(), 100)
    axis.settle(at(200))
    if end is C.RETURNED:
        take(axis, DEPARTMENT, 200)
        send(axis, DEPARTMENT, report(DEPARTMENT, NEW, C.RETURNED, "sai"), 210)
    elif end is C.TAKE_BACK:
        take(axis, DEPARTMENT, 200)
        send(axis, PROVINCE, report(PROVINCE, NEW, C.TAKE_BACK, "nhầm", to=DEPARTMENT), 210)
        axis.settle(at(220))
        send(axis, DEPARTMENT, report(DEPARTMENT, NEW, C.AGREED), 230)
    else:
        (line,) = axis.waiting(caller(DEPARTMENT), at(200))
        axis.confirm(caller(DEPARTMENT), [Fetched(line.package_id, False, "hỏng")], at(200))
    axis.settle(at(300))
    send(axis, PROVINCE, replace(DOC, business=Business(Operation.RECALL, "ban hành nhầm")).package(), 400)
    axis.settle(at(500))
    about_old = [(one.kind, one.step) for one in axis.negotiations() if one.document.number == "15"]
    assert about_old == [(Kind.REPLACE, Step.REFUSED), (Kind.RECALL, Step.ASKED)]


def test_an_update_cannot_carry_one_letter_as_another_document(axis: Axis, sent: Receipt) -> None:
    """Number 99 was never sent: under the DocumentId of number 15 it would travel unnumbered and unanswerable."""
    send(axis, PROVINCE, adding("bổ sung", "99").package(), 100)
    assert total(axis) == 1
    axis.settle(at(200))
    assert rules(axis, PROVINCE, 200) == ["unknown-document"]
    assert take(axis, DISTRICT, 200) == []


def test_a_recall_cannot_show_one_number_and_mean_another(axis: Axis, sent: Receipt) -> None:
    send(axis, PROVINCE, replace(DOC, number="16").package(), 70)
    axis.settle(at(80))
    take(axis, DEPARTMENT, 80)
    crossed = Business(Operation.RECALL, "ban hành nhầm", document_id=replace(DOC, number="16").header.document_id)
    send(axis, PROVINCE, replace(DOC, business=crossed).package(), 100)
    axis.settle(at(200))
    assert axis.negotiations() == ()
    assert rules(axis, PROVINCE, 200) == ["unknown-document"]


def test_operations_reach_only_ones_own_documents(axis: Axis, sent: Receipt) -> None:
    """Recall, update and replace of another agency's document, by its DocumentId and by its number."""
    mine = Doc(DISTRICT, (DEPARTMENT,), "15")
    theirs = DOC.header.document_id
    for number, operation in zip(count(15), (Operation.RECALL, Operation.UPDATE, Operation.REPLACE), strict=False):
        changes = (ReceiverChange(DISTRICT, True),) if operation is Operation.UPDATE else ()
        business = Business(operation, "của tôi", document_id=theirs, changes=changes, replacements=OLD)
        send(axis, DISTRICT, replace(mine, number=str(number), business=business).package(), 100 + number)
    axis.settle(at(300))
    assert rules(axis, DISTRICT, 300) == ["unknown-document"] * 3
    assert axis.negotiations() == ()
    assert states(axis, sent, PROVINCE) == {"H28.20": S.FETCHED}
    assert take(axis, DEPARTMENT, 300) == []


@pytest.mark.parametrize("code", list(StatusCode))
def test_a_stranger_to_a_document_has_no_say_about_it(axis: Axis, sent: Receipt, code: StatusCode) -> None:
    """Neither as its recipient nor as its sender, and the recipient does not speak for the sender (13)."""
    send(axis, DISTRICT, report(DISTRICT, DOC, code), 100)
    send(axis, DISTRICT, report(DISTRICT, DOC, code, to=DEPARTMENT), 101)
    if code is C.TAKE_BACK:
        send(axis, DEPARTMENT, report(DEPARTMENT, DOC, code), 102)
    axis.settle(at(200))
    assert rules(axis, DISTRICT, 200) == ["unknown-document"] * 2
    assert states(axis, sent, PROVINCE) == {"H28.20": S.FETCHED}
    assert axis.negotiations() == ()


def test_the_same_refused_package_again_is_the_same_receipt_and_no_second_judgement(axis: Axis) -> None:
    bad = replace(DOC, letter=letter(PROVINCE, (NEIGHBOUR,), "15", TODAY)).package()
    first = send(axis, PROVINCE, bad, 0)
    axis.settle(at(60))
    assert rules(axis, PROVINCE, 60) == ["recipient-mismatch"]
    assert send(axis, PROVINCE, bad, 100) == first
    axis.settle(at(200))
    assert rules(axis, PROVINCE, 200) == []
    assert (len(axis.judgements_since()), total(axis)) == (1, 1)


@pytest.mark.parametrize("number", ["7", "07", "007", "0 7", "00000000007"])
def test_no_spelling_of_a_number_gives_it_twice(axis: Axis, number: str) -> None:
    send(axis, PROVINCE, Doc(PROVINCE, (DEPARTMENT,), "07").package(), 0)
    again = Doc(PROVINCE, (DISTRICT,), "07", others={"number": number}).package()
    (answer,) = axis.submit(caller(PROVINCE), [Submission(again)], at(1))
    assert getattr(answer, "rule", None) == "duplicate-number"


@pytest.mark.parametrize("number", ["7a", "０７", "٠٧", "7/8", "-7", "+7", "7.0", "²"])
def test_what_is_no_number_gets_no_letter_through(axis: Axis, number: str) -> None:
    send(axis, PROVINCE, Doc(PROVINCE, (DEPARTMENT,), "07", others={"number": number}).package(), 0)
    axis.settle(at(60))
    assert rules(axis, PROVINCE, 60) == ["number-mismatch"]


@pytest.mark.parametrize("evil", ["' OR '1'='1", "x' UNION SELECT secret FROM member --", "%", "_", "\0"])
def test_ids_are_values_and_never_sql(axis: Axis, sent: Receipt, evil: str) -> None:
    for call in (axis.fetch, lambda who, ids, when: axis.deliveries(who, ids)):
        with pytest.raises(UnknownPackage):
            call(caller(PROVINCE), [evil], at(100))
    assert axis.history(evil, DEPARTMENT) == ()


def test_a_refusal_stays_readable_whatever_it_quotes(axis: Axis) -> None:
    """A line feed before a combining tilde: over the whole statement, NFC made an unreadable escape of the two."""
    send(axis, PROVINCE, replace(DOC, others={"notation": "UBND\n\u0303VX"}).package(), 0)
    axis.settle(at(60))
    (notice,) = [read_refusal(data) for data in take(axis, PROVINCE, 60)]
    assert notice.refusal.rule == "notation-mismatch"
    assert "\n\u0303" in notice.refusal.detail


def test_a_stolen_secret_is_worth_nothing_once_it_was_replaced_anywhere(tmp_path: Path) -> None:
    """The axis serves in one process and the operator enrols in another."""
    serving = open_field(file_url(tmp_path / "axis.db"))
    operating = open_field(file_url(tmp_path / "axis.db"))
    assert serving.waiting(caller(PROVINCE), at(0)) == ()
    operating.enrol(PROVINCE, "a new one")
    for stolen in (secret(PROVINCE), secret(PROVINCE) + "\0", "", "\ud800"):
        with pytest.raises(Unauthenticated):
            serving.waiting(Caller(PROVINCE, stolen), at(1))
    assert serving.waiting(Caller(PROVINCE, "a new one"), at(1)) == ()
    serving.close()
    operating.close()


def test_a_heap_of_operations_that_must_wait_keeps_nobody_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three recalls of a document another worker still judges, a claim of two rows: they came first again at every claim."""
    axis = open_field(claim_size=2)
    send(axis, PROVINCE, DOC.package(), 0)
    with axis._store.writing() as work:
        assert len(claim(work, Stage.VERIFY, 1, until=round(at(9).timestamp()), lease="slow worker", seconds=60)) == 1
    for number in range(3):
        send(axis, PROVINCE, replace(DOC, business=Business(Operation.RECALL, f"lần {number}")).package(), 1)
    receipt = send(axis, DISTRICT, Doc(DISTRICT, (DEPARTMENT,), "10").package(), 2)
    rounds = count()
    run = Runner.run

    def bounded(runner: Runner, stage: Stage, reach: Reach) -> Done:
        assert next(rounds) < 20, "the axis turns in a circle"
        return run(runner, stage, reach)

    monkeypatch.setattr(Runner, "run", bounded)
    axis.settle(at(60))
    assert states(axis, receipt, DISTRICT) == {"H28.20": S.WAITING}
    assert axis.depth()["route"] == 3
    axis.close()


def test_a_document_id_given_to_several_documents_hides_none_of_them(axis: Axis) -> None:
    one, other = (Doc(PROVINCE, (DEPARTMENT,), number, others={"document_id": "X"}) for number in ("15", "16"))
    for doc in (one, other):
        send(axis, PROVINCE, doc.package(), 0)
    axis.settle(at(60))
    take(axis, DEPARTMENT, 60)
    send(axis, PROVINCE, replace(other, business=Business(Operation.RECALL, "nhầm", document_id="X")).package(), 100)
    axis.settle(at(200))
    assert [one.document.number for one in axis.negotiations()] == ["16"]


def test_no_mailbox_opens_to_others_nor_before_its_time(axis: Axis, sent: Receipt) -> None:
    """Neither to the sender, nor to a third member, nor to the recipient before the package is there."""
    for organ, when in ((DISTRICT, 60), (PROVINCE, 60), (DEPARTMENT, -1)):
        with pytest.raises(UnknownPackage):
            axis.fetch(caller(organ), [sent.package_id], at(when))
        with pytest.raises(UnknownPackage):
            axis.confirm(caller(organ), [Fetched(sent.package_id, False, "x")], at(when))
    with pytest.raises(UnknownPackage):
        axis.deliveries(caller(DEPARTMENT), [sent.package_id])
    assert states(axis, sent, PROVINCE) == {"H28.20": S.FETCHED}


def test_long_lists_of_packages_are_answered_like_short_ones(axis: Axis, sent: Receipt) -> None:
    """More identifiers than a statement may have parameters: a driver's error is no answer."""
    guesses = [f"{number:024x}" for number in range(300_000)]
    with pytest.raises(UnknownPackage):
        axis.fetch(caller(PROVINCE), guesses, at(100))
    with pytest.raises(UnknownPackage):
        axis.deliveries(caller(PROVINCE), guesses)
    for number in range(600):
        (answer,) = axis.submit(caller(DEPARTMENT), [Submission(report(DEPARTMENT, DOC, C.ARRIVED, str(number)))], at(70))
        assert isinstance(answer, Receipt)
    axis.settle(at(300))
    lines = axis.waiting(caller(PROVINCE), at(300), 1000)
    packages = axis.fetch(caller(PROVINCE), [line.package_id for line in lines], at(300))
    assert [package.envelope for package in packages] == list(lines)
    assert len({package.read() for package in packages}) == len(lines) == 600
    assert len(axis.deliveries(caller(PROVINCE), [sent.package_id] * 1200)) == 1
