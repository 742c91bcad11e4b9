"""The table of transitions: what it allows, what it refuses, and that it is whole."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.domain.calendar import VN
from exchange.domain.identifiers import DocumentKey, OrganId
from exchange.domain.lifecycle import (
    STANDINGS,
    TRANSITIONS,
    DeliveryState,
    Event,
    MailState,
    Mover,
    Operation,
    StatusCode,
    allowed,
    apply,
    event_of,
    move_mail,
    print_table,
)
from exchange.domain.negotiation import Kind, Negotiation, Step, answer, ask, registered
from exchange.errors import IllegalTransition, NegotiationClosed

S, E = DeliveryState, Event
NOW = datetime(2021, 9, 27, 9, tzinfo=VN)
KEY = DocumentKey(OrganId("H28.20"), "7", "STTTT", 2021)


def walk(*events: Event) -> DeliveryState:
    state = S.RECEIVED
    for event in events:
        state = apply(state, event)
    return state


def test_the_straight_way_ends_done() -> None:
    codes = [E.ARRIVED, E.REGISTERED, E.ASSIGNED, E.IN_PROCESS, E.DONE]
    assert walk(E.ROUTED, E.DELIVERED, E.FETCHED, *codes) is S.DONE


def test_vendors_leave_out_01_and_send_03_then_05_at_once() -> None:
    assert walk(E.ROUTED, E.DELIVERED, E.FETCHED, E.REGISTERED, E.IN_PROCESS) is S.IN_PROCESS


def test_a_transport_report_after_the_status_changes_nothing() -> None:
    assert walk(E.ROUTED, E.DELIVERED, E.ARRIVED, E.FETCHED) is S.ARRIVED


@pytest.mark.parametrize("state", [S.REGISTERED, S.ASSIGNED, S.IN_PROCESS, S.DONE, S.FAILED, S.RECEIVED, S.IN_TRANSIT])
def test_a_return_is_possible_only_before_acceptance(state: DeliveryState) -> None:
    with pytest.raises(IllegalTransition):
        apply(state, E.RETURNED)


@pytest.mark.parametrize("state", [S.RETURNED, S.ARRIVED, S.FETCHED, S.WAITING, S.FAILED])
def test_done_is_not_reached_from_none_01_or_02(state: DeliveryState) -> None:
    assert not allowed(state, E.DONE)


def test_the_axis_refuses_by_failing_the_transport_never_by_02() -> None:
    assert apply(S.RECEIVED, E.REFUSED_BY_AXIS) is S.FAILED
    assert S.FAILED.standing.code is None
    assert all(row.mover is not Mover.AXIS for row in TRANSITIONS if row.event is E.RETURNED)


def test_every_state_says_whose_move_it_is_and_can_be_reached() -> None:
    assert set(STANDINGS) == set(S)
    reached = {S.RECEIVED} | {row.target for row in TRANSITIONS}
    assert reached == set(S)
    for state, standing in STANDINGS.items():
        assert (standing.mover is Mover.NOBODY) == (not standing.move), state


def test_the_table_has_no_two_rows_for_one_question() -> None:
    asked = [(row.state, row.event) for row in TRANSITIONS]
    assert len(set(asked)) == len(asked)


def test_the_table_prints_every_state_event_and_rule() -> None:
    printed = print_table()
    for row in TRANSITIONS:
        assert row.state.value in printed
        assert row.event.value in printed
        assert row.rule in printed


@given(st.lists(st.sampled_from(Event), max_size=30))
def test_closed_by_negotiation_stays_closed(events: list[Event]) -> None:
    state, closed = S.RECEIVED, False
    for event in events:
        if not allowed(state, event):
            continue
        state = apply(state, event)
        closed = closed or state in {S.TAKEN_BACK, S.RECALLED, S.REPLACED, S.FAILED, S.EXPIRED}
        assert not closed or state in {S.TAKEN_BACK, S.RECALLED, S.REPLACED, S.FAILED, S.EXPIRED}


def test_nine_codes_six_of_which_move_a_delivery() -> None:
    assert [code.value for code in StatusCode] == ["01", "02", "03", "04", "05", "06", "13", "15", "16"]
    assert [code.value for code in StatusCode if event_of(code) is None] == ["13", "15", "16"]
    assert [code for code in StatusCode if code.by_sender] == [StatusCode.TAKE_BACK]
    assert StatusCode.TAKE_BACK.label == "lấy lại"
    assert Operation.RECALL.label == "thu hồi"


def request(kind: Kind) -> Negotiation:
    return Negotiation(kind, KEY, OrganId("H28.03"), NOW, "gửi nhầm")


@pytest.mark.parametrize(("kind", "after"), [(Kind.TAKE_BACK, S.TAKEN_BACK), (Kind.RECALL, S.RECALLED), (Kind.UPDATE, S.REGISTERED)])
def test_only_an_agreed_request_moves_the_delivery(kind: Kind, after: DeliveryState) -> None:
    asked = ask((), request(kind))
    assert asked.outcome is None
    assert answer(asked, StatusCode.REFUSED, NOW).outcome is None
    outcome = answer(asked, StatusCode.AGREED, NOW).outcome
    assert outcome is not None
    assert apply(S.REGISTERED, outcome) is after


def test_a_second_request_waits_for_the_first_answer() -> None:
    asked = request(Kind.TAKE_BACK)
    with pytest.raises(NegotiationClosed, match="unanswered"):
        ask((asked,), request(Kind.RECALL))
    refused = answer(asked, StatusCode.REFUSED, NOW)
    assert ask((refused,), request(Kind.RECALL)).pending
    with pytest.raises(NegotiationClosed, match="agreed before"):
        ask((answer(asked, StatusCode.AGREED, NOW),), request(Kind.RECALL))
    with pytest.raises(NegotiationClosed, match="answered before"):
        answer(refused, StatusCode.AGREED, NOW)


def test_a_request_gives_a_reason_and_is_answered_by_15_or_16() -> None:
    with pytest.raises(NegotiationClosed, match="reason"):
        ask((), Negotiation(Kind.RECALL, KEY, OrganId("H28.03"), NOW, " "))
    with pytest.raises(NegotiationClosed, match="no answer"):
        answer(request(Kind.RECALL), StatusCode.DONE, NOW)


def test_a_replacement_knows_no_15_and_replaces_at_the_new_ones_03() -> None:
    with pytest.raises(NegotiationClosed):
        answer(request(Kind.REPLACE), StatusCode.AGREED, NOW)
    closed = registered(request(Kind.REPLACE), NOW)
    assert (closed.step, closed.outcome) == (Step.AGREED, E.REPLACEMENT_REGISTERED)
    assert apply(S.DONE, E.REPLACEMENT_REGISTERED) is S.REPLACED
    with pytest.raises(NegotiationClosed):
        registered(request(Kind.RECALL), NOW)


def test_taking_back_is_local_until_the_mailbox() -> None:
    assert apply(S.IN_TRANSIT, E.WITHDRAWN) is S.TAKEN_BACK
    assert not allowed(S.WAITING, E.WITHDRAWN)
    assert not allowed(S.IN_TRANSIT, E.TAKE_BACK_AGREED)


def test_mail_by_other_roads_has_its_own_list() -> None:
    assert {state.value for state in MailState}.isdisjoint({state.value for state in DeliveryState})
    assert move_mail(MailState.ON_THE_WAY, MailState.ARRIVED) is MailState.ARRIVED
    with pytest.raises(IllegalTransition):
        move_mail(MailState.ON_THE_WAY, MailState.REGISTERED)
