"""Which pairs count where, and that every count left out of a numerator has its cause."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from scenarios.measures import Fold, MeasureId, Measures, Verdict, fold
from scenarios.measures.folder import UnopenedAgency
from scenarios.trace import (
    Arrived,
    Cause,
    Channel,
    Dispatched,
    InternalEnded,
    PaperArrived,
    Published,
    Record,
    RefusalReceived,
    RefusalSigned,
    Registered,
    Scope,
    Submitted,
)
from tests.scenarios.measures.stream import DAY, NINE, dispatched, opened, signed, world

FORM, WHOLLY = MeasureId.OFFICIAL_FORM, MeasureId.OFFICIAL_WHOLLY
PEOPLE = [opened("A"), opened("B"), opened("D", "district"), opened("M", "central", province=""), opened("T", "district", "party")]


def measured(*records: Record | Iterable[Record]) -> Measures:
    flat: list[Record] = list(PEOPLE)
    for record in records:
        flat.extend(record) if isinstance(record, Iterable) else flat.append(record)
    return fold(flat, world())


def counts(measures: Measures, measure: MeasureId) -> tuple[int, int]:
    rate = measures.row(measure).rate
    return rate.n, rate.d


def test_electronic_form_and_wholly_electronic_are_two_rows() -> None:
    """Paper that follows keeps the form electronic, and no longer wholly so; e-mail is a form, but no signed original."""
    measures = measured(
        signed("1", "A"),
        dispatched("1", "A", "B"),
        dispatched("1", "A", "D", paper_cause=Cause.RECIPIENT_ANSWERS_ON_PAPER),
        signed("2", "A"),
        dispatched("2", "A", "B", Channel.EMAIL, Cause.RECIPIENT_NOT_CONNECTED, paper_cause=Cause.RECIPIENT_NOT_CONNECTED),
        signed("3", "B"),
        dispatched("3", "B", "A", Channel.PAPER, Cause.NO_COMPUTER),
    )
    assert counts(measures, FORM) == (3, 4)
    assert counts(measures, WHOLLY) == (1, 4)
    assert measures.row(FORM).causes == {"no-computer": 1}
    assert measures.row(WHOLLY).causes == {"recipient-answers-on-paper": 1, "recipient-not-connected": 1, "no-computer": 1}


def test_secret_documents_stand_outside_the_denominator_and_are_told() -> None:
    measures = measured(signed("1", "A"), dispatched("1", "A", "B", Channel.COURIER, Cause.SECRET), dispatched("1", "A", "D"))
    assert counts(measures, FORM) == (1, 1)
    assert measures.row(FORM).secret == 1


@pytest.mark.parametrize(
    ("scope", "channel", "agency", "measure"),
    [
        (Scope.OUTSIDE_PROVINCE, Channel.AXIS, "A", MeasureId.OUTSIDE),
        (Scope.PARTY, Channel.PARTY_NETWORK, "T", MeasureId.PARTY),
    ],
)
def test_each_scope_has_its_own_row(scope: Scope, channel: Channel, agency: str, measure: MeasureId) -> None:
    measures = measured(
        signed("1", agency, scope=scope),
        dispatched("1", agency, "M", channel, scope=scope),
        dispatched("1", agency, "B", Channel.PAPER, Cause.OTHER_NETWORK, scope=scope),
    )
    assert counts(measures, measure) == (1, 2)
    assert counts(measures, FORM) == (0, 0)
    assert measures.row(FORM).rate.verdict is Verdict.UNDECIDED
    assert measures.row(FORM).rate.value is None


def test_what_agencies_outside_the_province_send_is_theirs() -> None:
    measures = measured(signed("1", "M", scope=Scope.OUTSIDE_PROVINCE), dispatched("1", "M", "A", scope=Scope.OUTSIDE_PROVINCE))
    assert counts(measures, MeasureId.OUTSIDE) == (0, 0)


def test_a_pair_refused_by_the_axis_did_not_travel() -> None:
    measures = measured(
        signed("1", "A"),
        dispatched("1", "A", "B"),
        dispatched("1", "A", "D"),
        Submitted(NINE + 9, "A", "1", "edoc", "p", True, ""),
        RefusalSigned(NINE + 60, "A", "1", "p", "D", "unknown-recipient"),
        RefusalReceived(NINE + 90, "A", "1", "D", "unknown-recipient", ""),
    )
    assert measures.traffic.refusals == {("road", "unknown-recipient", ""): 1}
    assert counts(measures, FORM) == (1, 2)
    assert measures.row(FORM).causes == {"refused": 1}


def test_a_request_refused_later_takes_nothing_from_what_travelled() -> None:
    measures = measured(
        signed("1", "A"),
        dispatched("1", "A", "B"),
        Submitted(NINE + 9, "A", "1", "edoc", "p", True, ""),
        Submitted(NINE + 60, "A", "1", "edoc", "recall", True, ""),
        RefusalSigned(NINE + 60, "A", "1", "recall", "B", "leader-signature"),
        Submitted(NINE + 90, "A", "1", "edoc", "", False, "over-limit"),
    )
    assert counts(measures, FORM) == (1, 1)


def test_a_package_turned_away_at_the_door_counts_again_when_it_is_taken_in() -> None:
    sent = [*signed("1", "A"), dispatched("1", "A", "B"), Submitted(NINE, "A", "1", "edoc", "", False, "over-limit")]
    assert counts(measured(sent), FORM) == (0, 1)
    again = measured(sent, Submitted(NINE + 9, "A", "1", "edoc", "p", True, ""))
    assert counts(again, FORM) == (1, 1)
    assert again.row(FORM).causes == {}


def test_internal_documents_and_directives() -> None:
    measures = measured(
        InternalEnded(NINE, "D", "i1", "district", "state", True, None),
        InternalEnded(NINE, "D", "i2", "district", "state", False, Cause.NOT_TRAINED),
        InternalEnded(NINE, "A", "i3", "commune", "state", False, Cause.NO_SOFTWARE),
        Published(NINE, "D", "p1", True, None),
        Published(NINE, "D", "p2", False, Cause.OUTAGE),
    )
    assert counts(measures, MeasureId.INTERNAL) == (1, 2), "e10 speaks of province and district; communes stand in the breakdown"
    assert [(part.level, part.rate.d) for part in measures.row(MeasureId.INTERNAL).parts] == [("district", 2), ("commune", 1)]
    assert counts(measures, MeasureId.DIRECTIVES) == (1, 2)
    assert {(c.measure, c.level, c.cause) for c in measures.causes} >= {("internal-electronic", "commune", "no-software")}


def test_causes_sum_to_what_the_numerators_lack() -> None:
    channels = [(Channel.AXIS, None), (Channel.PAPER, Cause.NO_CERTIFICATE), (Channel.PAPER, None), (Channel.EMAIL, Cause.OUTAGE)]
    records: list[Record] = []
    for number in range(40):
        channel, cause = channels[number % 4]
        records += [*signed(str(number), "AB"[number % 2]), dispatched(str(number), "AB"[number % 2], "D", channel, cause)]
    measures = measured(records)
    for row in measures.rows:
        assert sum(row.causes.values()) == row.rate.d - row.rate.n
    assert measures.row(FORM).causes["unstated"] == 10, "a trace that hides a cause is shown up, not smoothed over"


def arrival(document: str, recipient: str, at: int, sent: int = NINE) -> Arrived:
    return Arrived(at, recipient, document, "p", "A", sent, sent)


def test_time_to_arrival_is_held_against_the_morning_of_the_next_working_day() -> None:
    measures = measured(
        signed("1", "A"),
        dispatched("1", "A", "B"),
        arrival("1", "B", DAY + 12 * 3_600),
        signed("2", "A"),
        dispatched("2", "A", "B"),
        arrival("2", "B", DAY + 12 * 3_600 + 1),
    )
    assert counts(measures, MeasureId.ARRIVED) == (1, 2)
    assert measures.row(MeasureId.ARRIVED).causes == {"late": 1}
    waiting = next(w for w in measures.waiting if w.stage == "arrival")
    assert (waiting.count, waiting.median, waiting.longest) == (2, 27 * 60, 27 * 60)


def test_what_never_arrives_is_late_once_its_deadline_has_passed_and_open_before() -> None:
    sent = [*signed("1", "A"), dispatched("1", "A", "B")]
    assert counts(measured(sent), MeasureId.ARRIVED) == (0, 0)
    later = measured(sent, Published(5 * DAY, "D", "p", True, None))
    assert counts(later, MeasureId.ARRIVED) == (0, 1)
    assert later.row(MeasureId.ARRIVED).causes == {"not-yet": 1}


def test_registration_is_held_against_the_end_of_the_next_working_day_by_every_road() -> None:
    def registered(document: str, at: int, channel: Channel, arrived_at: int, urgency: int = 0) -> Registered:
        return Registered(at, "B", document, channel, 1, NINE, arrived_at, urgency)

    measures = measured(
        signed("1", "A"),
        dispatched("1", "A", "B"),
        arrival("1", "B", NINE + 600),
        registered("1", DAY + 17 * 3_600, Channel.AXIS, NINE + 600),
        signed("2", "A"),
        dispatched("2", "A", "B", Channel.PAPER, Cause.NO_COMPUTER),
        PaperArrived(2 * DAY + NINE, "B", "2", Channel.PAPER, "A"),
        registered("2", 4 * DAY, Channel.PAPER, 2 * DAY + NINE),
        signed("3", "A", urgency=2),
        dispatched("3", "A", "B"),
        arrival("3", "B", NINE + 60),
        registered("3", NINE + 60 + 1_801, Channel.AXIS, NINE + 60, urgency=2),
    )
    assert counts(measures, MeasureId.REGISTERED) == (1, 3)
    assert measures.row(MeasureId.REGISTERED).causes == {"late": 2}


def test_the_paper_copy_of_an_electronic_document_is_no_second_arrival() -> None:
    measures = measured(
        signed("1", "A"),
        dispatched("1", "A", "B", paper_cause=Cause.RULE_DEMANDS_PAPER),
        PaperArrived(NINE + 60, "B", "1", Channel.PAPER, "A"),
        arrival("1", "B", NINE + 120),
    )
    assert counts(measures, MeasureId.ARRIVED) == (1, 1)


def test_a_dispatch_after_the_legal_morning_is_late() -> None:
    measures = measured(signed("1", "A"), dispatched("1", "A", "B", at=DAY + 13 * 3_600))
    assert counts(measures, MeasureId.SENT) == (0, 1)


def test_open_documents_alone_are_remembered() -> None:
    """A thousand documents sent and reached leave nothing behind but counts."""
    running = Fold(world())
    for record in PEOPLE:
        running.add(record)
    for number in range(1_000):
        sent: list[Record] = [*signed(str(number), "A"), dispatched(str(number), "A", "B"), arrival(str(number), "B", NINE + 60)]
        sent.append(Registered(NINE + 90, "B", str(number), Channel.AXIS, number, NINE, NINE + 60, 0))
        for record in sent:
            running.add(record)
        assert len(running.exchange.documents) == len(running.exchange.arrivals) == 0
    assert len(running.scene.cells.counts) <= 8


def test_an_agency_that_was_never_opened_is_named() -> None:
    with pytest.raises(UnopenedAgency, match="agency X"):
        fold([dispatched("1", "X", "B")], world())


def test_broadcast_weight_is_the_square_of_its_pairs() -> None:
    wide = [dispatched("1", "A", f"R{n}") for n in range(30)]
    records: list[Dispatched] = [*wide, dispatched("2", "A", "R1"), dispatched("3", "A", "R1"), dispatched("3", "A", "R2")]
    running = Fold(world())
    for record in [*PEOPLE, *records]:
        running.add(record)
    (cell,) = running.scene.cells.of(FORM, "A")
    assert (cell.n, cell.d, cell.q) == (33, 33, 900 + 1 + 4)


def test_a_documents_arrivals_weigh_together_whatever_arrives_between_them() -> None:
    """Recipients fetch at their own times, so those of one document seldom follow each other."""
    running = Fold(world())
    sent = [dispatched("1", "A", "B"), dispatched("1", "A", "C"), dispatched("2", "A", "B")]
    for record in [*PEOPLE, *signed("1", "A"), *signed("2", "A"), *sent]:
        running.add(record)
    for document, recipient in (("1", "B"), ("2", "B"), ("1", "C")):
        running.add(arrival(document, recipient, NINE + 60))
    (cell,) = running.scene.cells.of(MeasureId.ARRIVED, "A")
    assert (cell.n, cell.d, cell.q) == (3, 3, 4 + 1)
