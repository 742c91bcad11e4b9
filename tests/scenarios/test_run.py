"""Whole runs over the real axis with real letters: sums, records, raw operations, and that chance stays where it belongs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from exchange.api import Checkpoint
from exchange.audit import audit_archive
from exchange.axis import Axis
from exchange.checkpoints import checkpoint_statement, read_checkpoint
from exchange.domain.calendar import VN
from exchange.domain.identifiers import OrganId
from exchange.domain.organization import Level
from scenarios.run import RunResult, run
from scenarios.sealing import witness_file
from scenarios.trace import (
    Arrived,
    Cause,
    Channel,
    Checked,
    CheckpointSealed,
    CheckpointWitnessed,
    Dispatched,
    Drafted,
    InternalEnded,
    Issued,
    MailboxUsed,
    Published,
    Record,
    Registered,
    Scope,
    Signed,
    StatusSent,
)
from scenarios.tracefile import encode
from scenarios.world.file import load_world
from scenarios.world.model import World
from scenarios.world.variants import with_everything, with_outage, without_certificates

CROSSROADS = Path(__file__).parent / "worlds" / "crossroads.toml"
Live = Callable[[World, int], tuple[list[Record], RunResult]]


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Live:
    """Run a world in a folder of its own."""

    def go(world: World, days: int) -> tuple[list[Record], RunResult]:
        records: list[Record] = []
        result = run(world, days=days, sink=records.append, workdir=tmp_path_factory.mktemp("run"))
        return records, result

    return go


@pytest.fixture(scope="module")
def crossroads() -> World:
    return load_world(CROSSROADS, "1")


@pytest.fixture(scope="module")
def week(live: Live, crossroads: World) -> tuple[list[Record], RunResult]:
    """Three days of the crossroads, run once for all tests that only look."""
    return live(crossroads, 3)


def of(records: list[Record], kind: type) -> list[Record]:
    return [record for record in records if isinstance(record, kind)]


def test_every_sum_and_comparison_is_exact(week: tuple[list[Record], RunResult]) -> None:
    """Both conservation sums, the reconciliation record by record, and raw operations by purpose; none of them is about nothing."""
    records, result = week
    assert result.disagreements == ()
    assert [(operation.kind, operation.purpose, operation.metered) for operation in result.operations] == [
        (operation.kind, operation.purpose, operation.implied) for operation in result.operations
    ]
    assert result.deliveries.holds
    assert result.mail.holds
    assert result.holds
    assert result.deliveries.sent + result.outbox_pairs + result.rejected_pairs == dict(result.pairs)["axis"] > 50
    assert result.mail.sent == sum(count for road, count in result.pairs if road != "axis") > 20
    assert result.reconciled > 200
    assert result.records == len(records)
    assert dict(result.in_flight).keys() >= {"verify", "route"}
    assert sum(count for _, count in result.in_flight) == 0  # midnight: everything was settled hours ago
    done = {(operation.kind, operation.purpose): operation.metered for operation in result.operations}
    some = (("signs", "letter"), ("signs", "annex"), ("signs", "crl"), ("verifies", "letter"), ("verifies", "path"))
    assert all(done[one] for one in some)


def test_a_run_is_sealed_and_witnessed_and_its_archive_holds_for_a_stranger(
    crossroads: World, week: tuple[list[Record], RunResult], tmp_path: Path
) -> None:
    """Every busy hour a checkpoint, four witnesses who accept it and keep the same last one; and the whole archive audits clean."""
    records, result = week
    sealed, looked = of(records, CheckpointSealed), of(records, CheckpointWitnessed)
    assert len(sealed) == result.checkpoints > 10
    assert [record.size for record in sealed] == sorted({record.size for record in sealed})  # type: ignore[attr-defined]
    assert len(looked) == 4 * len(sealed)
    assert {record.agency for record in looked} == {f"witness:{level}" for level in Level}  # type: ignore[attr-defined]
    assert all(record.accepted for record in looked)  # type: ignore[attr-defined]
    result = run(crossroads, days=1, sink=lambda _: None, workdir=tmp_path)
    files = [read_checkpoint(witness_file(tmp_path, level).read_bytes()) for level in Level]
    assert len(set(files)) == 1
    report = audit_archive(tmp_path / "axis.db", outside=files)
    assert report.findings == ()
    untold = {"who may enter", "what waits or is on its way", "what the axis' work took", "lines of mailboxes"}
    assert {one.what for one in report.unchecked} == {"anchors"} | untold
    assert report.checked["deliveries"] == result.deliveries.sent


def test_a_witness_that_is_shown_another_past_refuses_it_and_the_run_does_not_hold(
    crossroads: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The axis signs one root that is not its ledger's: all four witnesses refuse it, and it is a disagreement of the run."""
    honest, calls = Axis.seal, []

    def forked(axis: Axis, at: datetime) -> Checkpoint:
        one = honest(axis, at)
        calls.append(one)
        if len(calls) != 3:
            return one
        statement = checkpoint_statement(one.origin, one.number, one.size, bytes(32), one.at)
        return replace(one, root=bytes(32), statement=statement, signature=axis._desk.notary.checkpoint(statement))

    monkeypatch.setattr(Axis, "seal", forked)
    records: list[Record] = []
    result = run(crossroads, days=1, sink=records.append, workdir=tmp_path)
    refused = [record for record in of(records, CheckpointWitnessed) if not record.accepted]  # type: ignore[attr-defined]
    assert [record.rule for record in refused] == ["forked"] * 4  # type: ignore[attr-defined]
    assert not result.holds
    assert sum("refused the checkpoint" in sentence for sentence in result.disagreements) == 4


def test_every_road_is_taken(week: tuple[list[Record], RunResult]) -> None:
    """Axis, Party network, e-mail, paper and courier, inside the province, outside, in the Party bloc and across the blocs."""
    sent = of(week[0], Dispatched)
    assert {record.channel for record in sent} == set(Channel)  # type: ignore[attr-defined]
    assert {record.scope for record in sent} == set(Scope) - {Scope.INTERNAL}  # type: ignore[attr-defined]
    for record in sent:
        paper = record.channel not in (Channel.AXIS, Channel.PARTY_NETWORK)  # type: ignore[attr-defined]
        assert (record.cause is not None) == paper  # type: ignore[attr-defined]
        assert (record.paper_cause is not None) == record.paper_too  # type: ignore[attr-defined]


def test_every_letter_registered_from_a_network_was_verified_there(week: tuple[list[Record], RunResult]) -> None:
    """Registered by axis or Party network means checked before by that agency, with two raw verifications at least."""
    checked = {(record.agency, record.document): record for record in of(week[0], Checked)}  # type: ignore[attr-defined]
    networks = (Channel.AXIS, Channel.PARTY_NETWORK)
    entered = [record for record in of(week[0], Registered) if record.channel in networks]  # type: ignore[attr-defined]
    assert entered
    for record in entered:
        check = checked[record.agency, record.document]  # type: ignore[attr-defined]
        assert check.accepted
        assert check.verifies >= 2
        assert check.at <= record.at


def test_documents_pass_in_order(week: tuple[list[Record], RunResult]) -> None:
    """Drafted, signed, issued, arrived, registered never run backwards, and records come in the order of their instants."""
    steps = {Drafted: 0, Signed: 1, Issued: 2, Arrived: 3, Registered: 4}
    last: dict[str, int] = {}
    previous = 0
    for record in week[0]:
        if not isinstance(record, Drafted | Signed | Issued | Arrived | Registered):
            continue
        assert record.at >= previous
        previous = record.at
        step = steps[type(record)]
        assert step >= 3 or step == last.get(record.document, -1) + 1
        last[record.document] = max(step, last.get(record.document, -1))


def test_the_same_seed_gives_the_same_bytes(live: Live, crossroads: World, week: tuple[list[Record], RunResult]) -> None:
    """Twice the same world: byte-identical traces; fewer days: the beginning, record by record; another seed: another week."""
    whole = [encode(record) for record in week[0]]
    again = [encode(record) for record in live(load_world(CROSSROADS, "1"), 3)[0]]
    assert again == whole
    one_day = [encode(record) for record in live(crossroads, 1)[0]]
    assert 100 < len(one_day) < len(whole)
    assert whole[: len(one_day)] == one_day
    other = [encode(record) for record in live(load_world(CROSSROADS, "2"), 1)[0]]
    assert other != one_day


def test_a_new_agency_leaves_the_others_alone(live: Live, week: tuple[list[Record], RunResult], tmp_path: Path) -> None:
    """With one commune more, what the others begin to write is the same to the second, and so is who opens the mailbox.

    A document the newcomer is chosen for goes to it, and with its recipients its scope may change; nothing else does.
    """
    text = CROSSROADS.read_text(encoding="utf-8")
    block = text[text.index('[[agency]]\nid = "H28.32.22"') : text.index('[[agency]]\nid = "H28.60"')]
    newcomer = block.replace("H28.32.22", "H28.32.23").replace("Hòa Sơn", "Tân Vinh").replace("04945", "04951")
    path = tmp_path / "crossroads.toml"
    path.write_text(text.replace(block, block + newcomer), encoding="utf-8")
    records, result = live(load_world(path, "1"), 3)
    assert result.holds

    def begun(all_records: list[Record]) -> list[Record]:
        own = [record for record in all_records if isinstance(record, Drafted | MailboxUsed) and record.agency != "H28.32.23"]
        first = [record for record in own if isinstance(record, MailboxUsed) or ",TL" not in record.document]
        return [replace(record, scope=Scope.INTERNAL) if isinstance(record, Drafted) else record for record in first]

    assert begun(records) == begun(week[0])
    to_newcomer = {record.document for record in of(records, Dispatched) if record.recipient == "H28.32.23"}  # type: ignore[attr-defined]

    def roads(all_records: list[Record]) -> dict[tuple[str, str], Channel]:
        sent = [record for record in of(all_records, Dispatched) if ",TL" not in record.document]  # type: ignore[attr-defined]
        return {(record.document, record.recipient): record.channel for record in sent if record.document not in to_newcomer}  # type: ignore[attr-defined]

    earlier, later = roads(week[0]), roads(records)
    shared = earlier.keys() & later.keys()
    assert len(shared) > 50
    assert {pair: earlier[pair] for pair in shared} == {pair: later[pair] for pair in shared}
    assert any(record.agency == "H28.32.23" for record in of(records, Drafted))  # type: ignore[attr-defined]


def test_communes_without_certificates_write_on_paper(live: Live, crossroads: World, week: tuple[list[Record], RunResult]) -> None:
    """Taking the communes' certificates away lowers their rates to nothing, names the cause, and touches no other level."""
    records, result = live(without_certificates(crossroads, Level.COMMUNE), 3)
    assert result.holds

    def sent(all_records: list[Record], level: str) -> Counter[tuple[Channel, Cause | None]]:
        own = [record for record in all_records if isinstance(record, Dispatched) and record.level == level and record.bloc == "state"]
        return Counter((record.channel, record.cause) for record in own)

    assert any(channel is Channel.AXIS for channel, _ in sent(week[0], "commune"))
    assert {channel for channel, _ in sent(records, "commune")} <= {Channel.PAPER, Channel.COURIER}
    assert (Channel.PAPER, Cause.NO_CERTIFICATE) in sent(records, "commune")
    ended = [record for record in of(records, InternalEnded) if record.level == "commune" and record.bloc == "state"]  # type: ignore[attr-defined]
    assert ended
    assert not any(record.on_screen for record in ended)  # type: ignore[attr-defined]
    assert any(channel is Channel.AXIS for channel, _ in sent(records, "district"))
    assert not any(cause is Cause.NO_CERTIFICATE for _, cause in sent(records, "district"))


def test_with_everything_only_rules_keep_paper(live: Live, crossroads: World) -> None:
    """Everybody has everything: what is left off the networks, and every sheet of paper, is a rule's doing."""
    records, result = live(with_everything(crossroads), 3)
    assert result.holds
    sent = of(records, Dispatched)
    causes = {record.cause for record in sent} | {record.paper_cause for record in sent}  # type: ignore[attr-defined]
    assert causes <= {None, Cause.SECRET, Cause.RULE_DEMANDS_PAPER, Cause.OTHER_NETWORK}
    assert {record.cause for record in of(records, InternalEnded)} <= {None, Cause.RULE_DEMANDS_PAPER}  # type: ignore[attr-defined]
    assert {record.cause for record in of(records, Published)} <= {None, Cause.SECRET}  # type: ignore[attr-defined]
    assert {record.cause for record in of(records, Signed)} <= {None, Cause.SECRET}  # type: ignore[attr-defined]


def test_stopping_a_hop_delays_only_what_crosses_it(live: Live, crossroads: World) -> None:
    """The national axis stands still for three hours: what crosses it waits, what stays in the province is as quick as before."""
    since, until = datetime(2021, 9, 27, 13, 0, tzinfo=VN), datetime(2021, 9, 27, 16, 0, tzinfo=VN)
    lower, upper = 13 * 3600, 16 * 3600
    before, _ = live(crossroads, 1)
    after, result = live(with_outage(crossroads, "national", since, until), 1)
    assert result.holds

    def outside(*organs: str) -> bool:
        return not all(organ.startswith("H28") for organ in organs)

    def arrivals(records: list[Record], *, crossing: bool) -> list[Arrived]:
        return [record for record in records if isinstance(record, Arrived) and crossing == outside(record.agency, record.sender)]

    assert any(lower <= record.at < upper for record in arrivals(before, crossing=True))
    assert not any(lower + 60 <= record.at < upper for record in arrivals(after, crossing=True))
    waited = [record for record in arrivals(after, crossing=True) if lower <= record.dispatched_at < upper]
    assert waited
    assert all(record.at >= upper for record in waited)
    longest = max(record.at - record.dispatched_at for record in arrivals(before, crossing=False))
    assert len(arrivals(after, crossing=False)) >= 15
    assert max(record.at - record.dispatched_at for record in arrivals(after, crossing=False)) <= longest + 300  # one poll
    for record in of(after, Dispatched):
        assert record.cause is not Cause.OUTAGE or outside(record.agency, record.recipient)  # type: ignore[attr-defined]


def test_counterparts_answer_through_their_software_alone(week: tuple[list[Record], RunResult]) -> None:
    """Nobody is simulated there: 03 and 05 leave together, 04 and 06 never do, and nobody opens a mailbox."""
    codes = Counter((record.agency, record.code) for record in of(week[0], StatusSent))  # type: ignore[attr-defined]
    for organ in ("G12", "H52"):
        assert codes[organ, "03"] == codes[organ, "05"]
        assert codes[organ, "04"] == codes[organ, "06"] == 0
    assert codes["G12", "05"] + codes["H52", "05"] > 0
    assert not {record.agency for record in of(week[0], MailboxUsed)} & {"G12", "H52"}  # type: ignore[attr-defined]
    assert OrganId("G12").root == "G12"
