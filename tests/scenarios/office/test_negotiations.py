"""Take-back, recall, update and replace between offices, walked over the real axis; every walk is then held against the axis' records."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from exchange.api import Caller
from exchange.axis import Axis
from exchange.bootstrap import open_axis
from exchange.domain.identifiers import OrganId
from exchange.domain.lifecycle import DeliveryState
from exchange.settings import AxisSettings
from scenarios import roads
from scenarios.judgements import Judgements
from scenarios.office import incoming, negotiations, outgoing
from scenarios.office.cases import Case, Request
from scenarios.office.dispatch import Sent
from scenarios.office.errors import OfficeError
from scenarios.office.outgoing import Need
from scenarios.office.registers import FOLLOW_UP, INCOMING, OUTGOING
from scenarios.office.software import Software
from scenarios.people import clerk, leader, mistakes, officer
from scenarios.reconcile import Facts, reconcile
from scenarios.run import run
from scenarios.trace import NegotiationMoved, RefusalReceived, Scope
from scenarios.world import pki
from scenarios.world.file import load_world
from scenarios.world.model import Assumption, World
from signing import CadesSigner, Purpose, Validator
from tests.scenarios.office.conftest import House

SENDER, PROVINCE, DISTRICT = "H28.13", "H28", "H28.32"
REASON = "Văn bản có sai sót, đề nghị xử lý."
S = DeliveryState
CROSSROADS = Path(__file__).parent.parent / "worlds" / "crossroads.toml"


@dataclass
class Town:
    """The house's offices with software at a real axis."""

    house: House
    axis: Axis
    softwares: dict[str, Software]
    judgements: Judgements

    def pass_on(self, times: int = 4) -> None:
        """Some minutes go by: the axis settles, every software has its cycle."""
        for _ in range(times):
            self.house.go_to(self.house.kernel.now + 60)
            self.axis.settle(self.house.kernel.moment)
            self.judgements.write()
            for software in self.softwares.values():
                software.cycle(mail=True)

    def send(self, *organs: str, name: str = "H28.13,2021,1") -> Sent:
        """A letter of the department, written, signed, issued, fetched by its recipients."""
        need = Need(name, "CV", Scope.STATE_IN_PROVINCE, tuple(OrganId(organ) for organ in organs))
        return self.write(need)

    def write(self, need: Need) -> Sent:
        house, office = self.house, self.house.office(SENDER)
        item = outgoing.draft(office, house.person(SENDER, "officer"), need)
        outgoing.submit(office, item.officer, item)
        outgoing.initial(office, item.head or item.signer, item)
        outgoing.sign(office, item.signer, item)
        sent = outgoing.issue(office, self.clerk(SENDER), item)
        self.pass_on()
        assert sent is not None
        return sent

    def clerk(self, organ: str) -> Any:
        return self.house.person(organ, "clerk")

    def register(self, organ: str, document: str) -> Case:
        office = self.house.office(organ)
        return incoming.register(office, self.clerk(organ), office.queue[document])

    def assigned(self, organ: str, document: str) -> Case:
        office, case = self.house.office(organ), self.register(organ, document)
        lead = self.house.person(organ, "officer")
        incoming.assign(office, self.house.person(organ, "leader"), case, lead, to_answer=False, deadline="04/10/2021")
        return case

    def request(self, organ: str) -> Request:
        """The one request that lies on this agency's desk."""
        (found,) = self.house.office(organ).requests.values()
        return found

    def answer(self, organ: str) -> None:
        """As its clerk answers of herself."""
        mistakes.answer(self.house.office(organ), self.clerk(organ), self.request(organ))
        self.pass_on()

    def states(self) -> dict[tuple[int, str], DeliveryState]:
        """By number and recipient."""
        return {(int(row.document.number), str(row.recipient)): row.state for row in self.axis.export_deliveries()}

    def moves(self) -> list[tuple[str, str, str, str]]:
        return [(m.agency, m.other, m.kind, m.step) for m in self.house.seen(NegotiationMoved)]  # type: ignore[attr-defined]

    def register_note(self, table: Any, organ: str) -> list[str]:
        return [row["note"] for row in self.house.services.registers.rows(table) if row["agency"] == organ]

    def agree_with_the_axis(self) -> None:
        facts = Facts(self.house.services.registers)
        for record in self.house.records:
            facts.note(record)
        found, compared = reconcile(facts, self.axis, self.house.kernel, self.house.kernel.now + 1)
        assert found == ()
        assert compared >= 5


@pytest.fixture
def town(house: House, world: World, tmp_path: Path) -> Iterator[Town]:
    issued = pki.build(world)
    trust = issued.pki.trust_store()
    signer = CadesSigner(issued.axis, embed_certificates=False, purpose=Purpose.RECEIPT)
    settings = AxisSettings(database_url=f"sqlite:///{tmp_path / 'axis.db'}")
    hops = roads.hop_specs(world)
    axis = open_axis(settings, directory=issued.directory, trust=trust, signer=signer, hops=hops, validator=Validator(trust))
    softwares = {}
    for organ in (SENDER, PROVINCE, DISTRICT):
        axis.enrol(OrganId(organ), f"secret of {organ}")
        caller = Caller(OrganId(organ), f"secret of {organ}")
        softwares[organ] = Software(house.office(organ), axis, caller, issued.axis.certificate_der)
    yield Town(house, axis, softwares, Judgements(house.services, axis))
    axis.close()


def test_a_take_back_agreed_to(town: Town) -> None:
    """Asked of one recipient, who has it assigned: the case stops, the metadata stay noted, the other recipient keeps it."""
    sent = town.send(PROVINCE, DISTRICT)
    case = town.assigned(PROVINCE, sent.item.id)
    negotiations.take_back(town.house.office(SENDER), town.clerk(SENDER), sent, OrganId(PROVINCE), REASON)
    town.pass_on()
    assert town.states() == {(1, PROVINCE): S.ASSIGNED, (1, DISTRICT): S.ARRIVED}
    town.answer(PROVINCE)
    assert town.states() == {(1, PROVINCE): S.TAKEN_BACK, (1, DISTRICT): S.ARRIVED}
    assert town.moves() == [(SENDER, PROVINCE, "take-back", "asked"), (PROVINCE, SENDER, "take-back", "agreed")]
    assert case.cancelled
    assert town.house.office(PROVINCE).cases == {}
    assert town.register_note(INCOMING, PROVINCE) == [f"lấy lại: {REASON}"]
    (follow,) = town.house.services.registers.rows(FOLLOW_UP)
    assert (follow["progress"], follow["note"]) == ("đã hủy", f"lấy lại: {REASON}")
    assert town.register_note(OUTGOING, SENDER) == ["lấy lại: đồng ý 1"]
    town.agree_with_the_axis()


def test_whoever_has_a_cancelled_paper_on_the_desk_leaves_it(town: Town) -> None:
    """Clerk, leader and officer come to it later, and nothing is done or reported any more."""
    sent = town.send(PROVINCE, DISTRICT)
    office = town.house.office(PROVINCE)
    queued = town.house.office(DISTRICT).queue[sent.item.id]
    case = town.register(PROVINCE, sent.item.id)
    negotiations.recall(town.house.office(SENDER), town.clerk(SENDER), sent, REASON)
    town.pass_on()
    town.answer(PROVINCE)
    town.answer(DISTRICT)
    assert town.house.office(DISTRICT).queue == {}
    before = len(town.house.records)
    leader.assign(office, town.house.person(PROVINCE, "leader"), case)
    officer.start(office, town.house.person(PROVINCE, "officer"), case)
    officer.finish(office, town.house.person(PROVINCE, "officer"), case)
    clerk.receive(town.house.office(DISTRICT), town.clerk(DISTRICT), queued)
    town.pass_on()
    assert len(town.house.records) == before
    assert town.states() == {(1, PROVINCE): S.RECALLED, (1, DISTRICT): S.RECALLED}
    town.agree_with_the_axis()


def test_what_is_finished_is_not_given_back_but_is_recalled(town: Town) -> None:
    """Code 16 to the take-back; the recall afterwards is agreed to, as the law demands, and freezes the sender's copy."""
    sent = town.send(PROVINCE)
    case = town.assigned(PROVINCE, sent.item.id)
    office, lead = town.house.office(PROVINCE), town.house.person(PROVINCE, "officer")
    incoming.start(office, lead, case)
    incoming.finish(office, lead, case)
    town.pass_on()
    sender = town.house.office(SENDER)
    negotiations.take_back(sender, town.clerk(SENDER), sent, OrganId(PROVINCE), REASON)
    town.pass_on()
    town.answer(PROVINCE)
    assert town.states() == {(1, PROVINCE): S.DONE}
    assert town.register_note(OUTGOING, SENDER) == ["lấy lại: từ chối 1"]
    negotiations.recall(sender, town.clerk(SENDER), sent, REASON)
    town.pass_on()
    town.answer(PROVINCE)
    assert town.states() == {(1, PROVINCE): S.RECALLED}
    assert [step for *_, step in town.moves()] == ["asked", "refused", "asked", "agreed"]
    assert town.register_note(INCOMING, PROVINCE) == [f"thu hồi: {REASON}"]
    assert town.register_note(OUTGOING, SENDER) == ["thu hồi: đồng ý 1"]
    with pytest.raises(OfficeError, match="no recipient of whom it could be asked"):
        negotiations.recall(sender, town.clerk(SENDER), sent, REASON)
    town.agree_with_the_axis()


def test_an_update_adds_the_forgotten_recipient(town: Town) -> None:
    """It gets the letter, though not addressed in it, and registers it; the others agree and note it; no standing changes."""
    sent = town.send(PROVINCE)
    town.register(PROVINCE, sent.item.id)
    sender = town.house.office(SENDER)
    with pytest.raises(OfficeError, match="a recipient already"):
        negotiations.update(sender, town.clerk(SENDER), sent, REASON, OrganId(PROVINCE))
    negotiations.update(sender, town.clerk(SENDER), sent, REASON, OrganId(DISTRICT))
    town.pass_on()
    town.answer(PROVINCE)
    district = town.house.office(DISTRICT)
    clerk.receive(district, town.clerk(DISTRICT), district.queue[sent.item.id])
    town.pass_on()
    assert town.states() == {(1, PROVINCE): S.REGISTERED, (1, DISTRICT): S.REGISTERED}
    assert town.moves() == [(SENDER, PROVINCE, "update", "asked"), (PROVINCE, SENDER, "update", "agreed")]
    assert town.register_note(INCOMING, PROVINCE) == [f"cập nhật: {REASON}"]
    town.agree_with_the_axis()


def test_a_replacement_is_agreed_to_by_its_registration(town: Town) -> None:
    """A new letter with a number and signatures of its own; at its 03 the old one is replaced where it stands, in queue or case."""
    sent = town.send(PROVINCE, DISTRICT)
    town.assigned(PROVINCE, sent.item.id)
    sender = town.house.office(SENDER)
    new = town.write(negotiations.replacement(sender, town.clerk(SENDER), sent, "H28.13,2021,2", REASON))
    assert (new.item.number, sent.item.number) == ("02", "01")
    assert town.states()[1, PROVINCE] is S.ASSIGNED
    for organ in (PROVINCE, DISTRICT):
        office = town.house.office(organ)
        clerk.receive(office, town.clerk(organ), office.queue[new.item.id])
    town.pass_on()
    assert town.states() == {
        (1, PROVINCE): S.REPLACED, (1, DISTRICT): S.REPLACED, (2, PROVINCE): S.REGISTERED, (2, DISTRICT): S.REGISTERED,
    }  # fmt: skip
    assert sorted(town.moves()) == sorted([
        (SENDER, PROVINCE, "replace", "asked"), (SENDER, DISTRICT, "replace", "asked"),
        (PROVINCE, SENDER, "replace", "agreed"), (DISTRICT, SENDER, "replace", "agreed"),
    ])  # fmt: skip
    assert len(town.house.office(PROVINCE).cases) == 1
    assert town.house.office(DISTRICT).queue == {}
    assert town.register_note(OUTGOING, SENDER) == ["thay thế: đồng ý 2", ""]
    town.agree_with_the_axis()


def test_a_returned_replacement_replaces_nothing(town: Town) -> None:
    sent = town.send(PROVINCE)
    town.register(PROVINCE, sent.item.id)
    sender, office = town.house.office(SENDER), town.house.office(PROVINCE)
    new = town.write(negotiations.replacement(sender, town.clerk(SENDER), sent, "H28.13,2021,2", REASON))
    incoming.send_back(office, town.clerk(PROVINCE), office.queue[new.item.id], "Không thuộc thẩm quyền.")
    town.pass_on()
    assert town.states() == {(1, PROVINCE): S.REGISTERED, (2, PROVINCE): S.RETURNED}
    assert [step for *_, step in town.moves()] == ["asked", "refused"]
    assert town.register_note(OUTGOING, SENDER)[0] == "thay thế: từ chối 1"
    town.agree_with_the_axis()


def test_a_request_about_what_was_returned_is_refused(town: Town) -> None:
    """Return and recall cross: the recipient has nothing to cancel and says 16; with the return known the sender cannot ask at all."""
    sent = town.send(PROVINCE)
    sender, office = town.house.office(SENDER), town.house.office(PROVINCE)
    negotiations.recall(sender, town.clerk(SENDER), sent, REASON)
    town.pass_on()
    incoming.send_back(office, town.clerk(PROVINCE), office.queue[sent.item.id], "Không thuộc thẩm quyền.")
    town.answer(PROVINCE)
    assert town.states() == {(1, PROVINCE): S.RETURNED}
    assert [step for *_, step in town.moves()] == ["asked", "refused"]
    with pytest.raises(OfficeError, match="it was returned"):
        negotiations.take_back(sender, town.clerk(SENDER), sent, OrganId(PROVINCE), REASON)
    town.agree_with_the_axis()


def test_a_request_the_axis_refuses_lapses(town: Town) -> None:
    """The return is on its way when the take-back is asked: the axis refuses it, signed, and the sender's register says so."""
    sent = town.send(PROVINCE)
    sender, office = town.house.office(SENDER), town.house.office(PROVINCE)
    incoming.send_back(office, town.clerk(PROVINCE), office.queue[sent.item.id], "Không thuộc thẩm quyền.")
    town.softwares[PROVINCE].cycle(mail=False)
    negotiations.take_back(sender, town.clerk(SENDER), sent, OrganId(PROVINCE), REASON)
    town.softwares[SENDER].cycle(mail=False)
    town.pass_on()
    (refusal,) = town.house.seen(RefusalReceived)
    assert (refusal.document, refusal.rule) == (sent.item.id, "illegal-transition")  # type: ignore[attr-defined]
    assert town.register_note(OUTGOING, SENDER) == ["lấy lại: từ chối 1"]
    assert [step for *_, step in town.moves()] == ["asked"]
    town.agree_with_the_axis()


def test_who_may_ask_and_when(town: Town) -> None:
    """The sender's clerk, with a reason, of a recipient by the axis, after it has left, and one thing at a time."""
    sent = town.send(PROVINCE)
    sender, mine, there = town.house.office(SENDER), town.clerk(SENDER), OrganId(PROVINCE)
    for who in (town.house.person(SENDER, "officer"), town.house.person(SENDER, "leader"), town.clerk(PROVINCE)):
        with pytest.raises(OfficeError, match="only the sender's clerk"):
            negotiations.take_back(sender, who, sent, there, REASON)
    with pytest.raises(OfficeError, match="only the sender's clerk"):
        negotiations.recall(town.house.office(PROVINCE), town.clerk(PROVINCE), sent, REASON)
    with pytest.raises(OfficeError, match="not sent there by the axis"):
        negotiations.take_back(sender, mine, sent, OrganId(DISTRICT), REASON)
    with pytest.raises(OfficeError, match="at least 10"):
        negotiations.recall(sender, mine, sent, "nhầm")
    negotiations.recall(sender, mine, sent, REASON)
    with pytest.raises(OfficeError, match="not left the house"):
        negotiations.take_back(sender, mine, sent, there, REASON)
    town.pass_on()
    with pytest.raises(OfficeError, match="still unanswered"):
        negotiations.take_back(sender, mine, sent, there, REASON)
    assert len(town.moves()) == 1


def test_who_may_answer_and_once(town: Town) -> None:
    """The recipient's clerk, once; a refusal gives its reason; what never came is not agreed to."""
    sent = town.send(PROVINCE)
    negotiations.recall(town.house.office(SENDER), town.clerk(SENDER), sent, REASON)
    town.pass_on()
    office, request, mine = town.house.office(PROVINCE), town.request(PROVINCE), town.clerk(PROVINCE)
    for who in (town.house.person(PROVINCE, "officer"), town.clerk(SENDER)):
        with pytest.raises(OfficeError, match="only the agency's clerk"):
            negotiations.agree(office, who, request)
    with pytest.raises(OfficeError, match="at least 10"):
        negotiations.refuse(office, mine, request, "không")
    with pytest.raises(OfficeError, match="nothing is asked"):
        negotiations.agree(office, mine, replace(request, document="H28.13,2021,9"))
    negotiations.agree(office, mine, request)
    with pytest.raises(OfficeError, match="nothing is asked"):
        negotiations.refuse(office, mine, request, REASON)
    stranger = replace(request, document="H28.13,2021,9")
    negotiations.receive(office, stranger)
    with pytest.raises(OfficeError, match="it is not here"):
        negotiations.agree(office, mine, stranger)


def test_a_week_of_many_mistakes_adds_up(tmp_path: Path) -> None:
    """Half of all documents go wrong one way or another: every sum, every raw operation and every negotiation is still exact."""
    world = load_world(CROSSROADS, "1")
    keys = ("take_back_share", "recall_share", "update_share", "replace_share")
    often = tuple(Assumption(key, 0.12, "many mistakes") for key in keys)
    records: list[Any] = []
    crowded = replace(world, assumptions=(*world.assumptions, *often))
    result = run(crowded, days=2, sink=records.append, workdir=tmp_path)
    assert result.disagreements == ()
    assert result.holds
    seen = {(record.kind, record.step) for record in records if isinstance(record, NegotiationMoved)}
    assert seen >= {(kind, step) for kind in ("take-back", "recall", "update", "replace") for step in ("asked", "agreed")}
    counts = dict(result.deliveries.states)
    assert all(counts[state] for state in ("taken-back", "recalled", "replaced"))
