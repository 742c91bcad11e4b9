"""What operators do by hand: agencies locked out, secrets replaced, dead letters put back, mail sent again; and the record of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import delete, text, update

from exchange import members
from exchange.administration import Action, Deed
from exchange.api import Bearer, Caller, Fetched, Scope, Submission
from exchange.audit import audit_archive
from exchange.axis import Axis
from exchange.domain.identifiers import OrganId
from exchange.domain.lifecycle import DeliveryState, StatusCode
from exchange.errors import LockedOut, NotParked, NotResendable, Unauthenticated, UnknownMember
from exchange.receipts import package_id_of
from exchange.stages import verify
from exchange.store.tables import intervention
from tests.exchange.axis.field import (
    ALIAS,
    DEPARTMENT,
    DISTRICT,
    MEMBERS,
    PROVINCE,
    STRANGER,
    Doc,
    at,
    caller,
    file_url,
    open_field,
    report,
    secret,
    send,
    states,
    take,
)

DEED = Deed("an", "its machine was stolen")
NONE = package_id_of("nobody", bytes(32))

CALLS: dict[str, Callable[[Axis, Caller], object]] = {
    "submit": lambda axis, who: axis.submit(who, [Submission(Doc(DEPARTMENT, (PROVINCE,), "10").package())], at(0)),
    "waiting": lambda axis, who: axis.waiting(who, at(0)),
    "fetch": lambda axis, who: axis.fetch(who, [NONE], at(0)),
    "confirm": lambda axis, who: axis.confirm(who, [Fetched(NONE, True)], at(0)),
    "deliveries": lambda axis, who: axis.deliveries(who, [NONE]),
}


@pytest.mark.parametrize("call", CALLS)
def test_an_agency_that_is_locked_out_is_answered_nothing(axis: Axis, call: str) -> None:
    axis.administration.lock(DEPARTMENT, DEED)
    for organ in (DEPARTMENT, ALIAS):
        with pytest.raises(LockedOut) as caught:
            CALLS[call](axis, Caller(organ, secret(DEPARTMENT)))
        assert (caught.value.organ, caught.value.reason) == (str(organ), DEED.reason)
    assert axis.administration.unlock(DEPARTMENT, replace(DEED, reason="found"))
    assert axis.waiting(caller(DEPARTMENT), at(0)) == ()


@pytest.mark.parametrize("scope", [Scope.SUBMIT, Scope.RECEIVE, Scope.AUDIT])
def test_a_token_is_worth_nothing_once_its_agency_is_locked_out(axis: Axis, scope: Scope, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not before the two seconds are over in which a token is believed without a look."""
    bearer = Bearer(axis.token(caller(DEPARTMENT)).value)
    assert axis.authorize(bearer, scope) == DEPARTMENT
    axis.administration.lock(DEPARTMENT, DEED)
    with pytest.raises(LockedOut):
        axis.token(caller(DEPARTMENT))
    monkeypatch.setattr(members, "_FRESH_SECONDS", 0)
    with pytest.raises(LockedOut):
        axis.authorize(bearer, scope)
    axis.administration.unlock(DEPARTMENT, DEED)
    assert axis.authorize(bearer, scope) == DEPARTMENT


def test_who_does_not_know_the_secret_does_not_learn_of_the_lock(axis: Axis) -> None:
    axis.administration.lock(DEPARTMENT, DEED)
    with pytest.raises(Unauthenticated):
        axis.waiting(Caller(DEPARTMENT, "guessed"), at(0))


def test_a_new_secret_does_not_unlock(axis: Axis) -> None:
    axis.administration.lock(DEPARTMENT, DEED)
    axis.enrol(DEPARTMENT, "new")
    with pytest.raises(LockedOut):
        axis.waiting(Caller(DEPARTMENT, "new"), at(0))
    axis.administration.rotate(DEPARTMENT, "newer", DEED)
    with pytest.raises(LockedOut):
        axis.waiting(Caller(DEPARTMENT, "newer"), at(0))


def test_what_is_sent_to_an_agency_that_is_locked_out_waits_for_it(axis: Axis) -> None:
    axis.administration.lock(DEPARTMENT, DEED)
    receipt = send(axis, PROVINCE, Doc(PROVINCE, (DEPARTMENT,), "10").package(), 0)
    axis.settle(at(5000))
    assert states(axis, receipt, PROVINCE) == {"H28.20": DeliveryState.WAITING}
    axis.administration.unlock(DEPARTMENT, DEED)
    assert len(take(axis, DEPARTMENT, 5000)) == 1


def test_a_secret_that_was_replaced_is_worth_nothing(axis: Axis) -> None:
    axis.administration.rotate(DEPARTMENT, "new", DEED)
    with pytest.raises(Unauthenticated):
        axis.waiting(caller(DEPARTMENT), at(0))
    assert axis.waiting(Caller(DEPARTMENT, "new"), at(0)) == ()


def test_only_members_can_be_acted_on(axis: Axis) -> None:
    hands = axis.administration
    acts: list[Callable[[OrganId], object]] = [
        lambda organ: hands.lock(organ, DEED), lambda organ: hands.unlock(organ, DEED), lambda organ: hands.rotate(organ, "x", DEED),
        lambda organ: hands.replay(organ, at(0), at(1), DEED),
    ]  # fmt: skip
    for act in acts:
        with pytest.raises(UnknownMember):
            act(STRANGER)
    assert hands.record() == ()


def test_members_are_listed_with_their_locks(axis: Axis) -> None:
    assert not axis.administration.unlock(DISTRICT, DEED)
    axis.administration.lock(DISTRICT, DEED)
    axis.administration.lock(DISTRICT, replace(DEED, reason="still"))
    found = {str(one.organ): (one.locked_since is not None, one.reason) for one in axis.administration.members() if one.organ in MEMBERS}
    assert found == dict.fromkeys(("G12", "H17", "H28", "H28.20"), (False, "")) | {"H28.30": (True, "still")}


def test_dead_letters_are_put_back_one_by_one_or_all(axis: Axis, monkeypatch: pytest.MonkeyPatch) -> None:
    receipts = [send(axis, PROVINCE, Doc(PROVINCE, (DEPARTMENT,), str(number)).package(), 0) for number in (10, 11, 12)]

    def broken(*_: object, **__: object) -> object:
        raise ArithmeticError("out of paper")

    with monkeypatch.context() as patched:
        patched.setattr(verify, "judge", broken)
        object.__setattr__(axis._desk.settings, "max_attempts", 1)
        axis.settle(at(10))
    dead = axis.administration.parked()
    assert [(one.package_id, one.attempts, one.error) for one in dead] == [
        (receipt.package_id, 1, "ArithmeticError: out of paper") for receipt in receipts
    ]
    with pytest.raises(NotParked):
        axis.administration.requeue([receipts[0].package_id, "no such package"], DEED)
    assert len(axis.administration.parked()) == 3
    assert axis.administration.requeue([receipts[1].package_id], DEED) == 1
    assert [one.package_id for one in axis.administration.parked()] == [receipts[0].package_id, receipts[2].package_id]
    assert axis.administration.requeue(None, DEED) == 2
    axis.settle(at(5000))
    assert len(take(axis, DEPARTMENT, 5000)) == 3


def test_mail_is_sent_again_byte_for_byte_and_what_was_said_of_it_stays(axis: Axis) -> None:
    doc = Doc(PROVINCE, (DEPARTMENT, DISTRICT), "10")
    receipt = send(axis, PROVINCE, doc.package(), 0)
    axis.settle(at(5000))
    first = take(axis, DEPARTMENT, 5000)
    send(axis, DEPARTMENT, report(DEPARTMENT, doc, StatusCode.ARRIVED), 5100)
    axis.settle(at(5200))
    before = axis.history(receipt.package_id, DEPARTMENT)
    axis.administration.resend(receipt.package_id, DEPARTMENT, DEED)
    assert take(axis, DEPARTMENT, 6000) == first
    assert axis.waiting(caller(DEPARTMENT), at(7000)) == ()
    assert axis.history(receipt.package_id, DEPARTMENT) == before
    (line,) = [one for one in axis.export_deliveries() if one.recipient == DEPARTMENT]
    assert (line.state, line.transport, line.transport_at) == (DeliveryState.ARRIVED, "fetched", at(5000))


def test_only_what_was_fetched_can_be_sent_again(axis: Axis) -> None:
    receipt = send(axis, PROVINCE, Doc(PROVINCE, (DEPARTMENT, DISTRICT), "10").package(), 0)
    axis.settle(at(5000))
    axis.confirm(caller(DISTRICT), [Fetched(receipt.package_id, False, "disk full")], at(5000))
    for organ, rule in ((DEPARTMENT, "waits to be fetched"), (DISTRICT, "reported that it failed"), (PROVINCE, "never in that mailbox")):
        with pytest.raises(NotResendable, match=rule):
            axis.administration.resend(receipt.package_id, organ, DEED)


def test_everything_an_agency_fetched_in_a_time_is_sent_again(axis: Axis) -> None:
    for number in (10, 11, 12):
        send(axis, PROVINCE, Doc(PROVINCE, (DEPARTMENT,), str(number)).package(), 0)
        axis.settle(at(number * 1000))
        take(axis, DEPARTMENT, number * 1000)
    assert axis.administration.replay(DEPARTMENT, at(11_000), at(12_000), DEED) == 2
    assert axis.administration.replay(DEPARTMENT, at(11_000), at(12_000), DEED) == 0
    assert len(take(axis, DEPARTMENT, 20_000)) == 2


def test_every_act_leaves_a_line_that_cannot_be_changed(axis: Axis) -> None:
    hands = axis.administration
    hands.lock(DEPARTMENT, DEED)
    hands.unlock(DEPARTMENT, Deed("an", "found"))
    hands.rotate(DEPARTMENT, "new", Deed("binh", "yearly"))
    hands.requeue(None, Deed("binh", "mended"))
    assert [(one.operator, one.action, one.organ, one.reason, one.rows) for one in hands.record()] == [
        ("binh", Action.REQUEUE, "", "mended", 0), ("binh", Action.ROTATE, "H28.20", "yearly", 1),
        ("an", Action.UNLOCK, "H28.20", "found", 1), ("an", Action.LOCK, "H28.20", "its machine was stolen", 1),
    ]  # fmt: skip
    assert len(hands.record(1)) == 1
    for statement in (delete(intervention), update(intervention).values(reason="none")):
        with pytest.raises(Exception, match="append-only"), axis._store.writing() as work:
            work.run(statement)


def test_an_audit_holds_mail_sent_again_against_the_record(tmp_path: Path) -> None:
    axis = open_field(file_url(tmp_path / "axis.db"))
    receipt = send(axis, PROVINCE, Doc(PROVINCE, (DEPARTMENT,), "10").package(), 0)
    axis.settle(at(5000))
    take(axis, DEPARTMENT, 5000)
    axis.administration.resend(receipt.package_id, DEPARTMENT, DEED)
    axis.seal(at(6000))
    assert [one.rule for one in audit_archive(tmp_path / "axis.db").findings if one.rule == "mailbox-differs"] == []
    with axis._store.writing() as work:
        work.run(text("DROP TRIGGER intervention_no_delete"))
        work.run(delete(intervention))
    axis.close()
    assert [one.rule for one in audit_archive(tmp_path / "axis.db").findings if one.rule == "mailbox-differs"] == ["mailbox-differs"]
