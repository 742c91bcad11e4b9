"""What-ifs seen in the measures and pair by pair: certificates taken away, everything given to everybody, one hop stopped."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from pathlib import Path

import pytest

from exchange.domain.calendar import VN
from exchange.domain.identifiers import OrganId
from exchange.domain.organization import Directory, Level
from exchange.domain.routing import hops_for
from scenarios.measures import MeasureId, Measures, Row, fold
from scenarios.run import run
from scenarios.trace import Arrived, Cause, Channel, Dispatched, Drafted, InternalEnded, Published, Record, Scope
from scenarios.world import pki
from scenarios.world.file import load_world
from scenarios.world.model import World
from scenarios.world.variants import with_everything, with_outage, without_certificates

CROSSROADS = Path(__file__).parent / "worlds" / "crossroads.toml"
DAYS = 5
WRITTEN = (MeasureId.INTERNAL, MeasureId.OFFICIAL_FORM, MeasureId.OFFICIAL_WHOLLY)
"""Rates of what agencies of the state bloc write to each other and to themselves."""


@dataclass(frozen=True, slots=True)
class Lived:
    """A world, what happened in it, and what that comes to."""

    world: World
    records: list[Record]
    measures: Measures


Live = Callable[[World, int], Lived]


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Live:
    """Run a world in a folder of its own and fold its trace; every sum of the run must hold."""

    def go(world: World, days: int) -> Lived:
        records: list[Record] = []
        result = run(world, days=days, sink=records.append, workdir=tmp_path_factory.mktemp("run"))
        assert result.holds
        return Lived(world, records, fold(records, world))

    return go


@pytest.fixture(scope="module")
def as_it_is(live: Live) -> Lived:
    """The crossroads with nothing changed."""
    return live(load_world(CROSSROADS, "1"), DAYS)


def part(row: Row, level: str, bloc: str = "state") -> tuple[int, int]:
    """Numerator and denominator of one level and bloc; 0, 0 where nothing was counted."""
    return next(((one.rate.n, one.rate.d) for one in row.parts if (one.level, one.bloc) == (level, bloc)), (0, 0))


def rest(measures: Measures, measure: MeasureId, level: str, bloc: str = "state") -> dict[str, int]:
    """Why the rest of one level and bloc is not in the numerator."""
    return {one.cause: one.count for one in measures.causes if (one.measure, one.level, one.bloc) == (measure, level, bloc)}


def test_communes_without_certificates(live: Live, as_it_is: Lived) -> None:
    """Their rates fall to nothing and the missing certificate is the cause, pair by pair; nobody else's rate has that cause."""
    bare = live(without_certificates(as_it_is.world, Level.COMMUNE), DAYS).measures
    for measure in WRITTEN:
        before, after = as_it_is.measures.row(measure), bare.row(measure)
        assert part(before, "commune")[0] > 0
        assert Cause.NO_CERTIFICATE not in rest(as_it_is.measures, measure, "commune")
        n, d = part(after, "commune")
        by_rule = rest(bare, measure, "commune").get(Cause.RULE_DEMANDS_PAPER, 0) if measure is MeasureId.INTERNAL else 0
        assert n == 0 < d
        assert rest(bare, measure, "commune") == {Cause.NO_CERTIFICATE: d - by_rule} | (
            {Cause.RULE_DEMANDS_PAPER: by_rule} if by_rule else {}
        )
        for level in ("province", "district"):
            assert Cause.NO_CERTIFICATE not in rest(bare, measure, level)
    for measure in WRITTEN[1:]:  # whose headline counts communes
        lower, higher = bare.row(measure).rate.value, as_it_is.measures.row(measure).rate.value
        assert lower is not None
        assert higher is not None
        assert lower < higher
        assert bare.row(measure).causes[Cause.NO_CERTIFICATE] == rest(bare, measure, "commune")[Cause.NO_CERTIFICATE]
    assert part(as_it_is.measures.row(MeasureId.SIGNATURE_USE), "commune") == (2, 2)
    assert part(bare.row(MeasureId.SIGNATURE_USE), "commune") == (0, 0)


def allowed(lived: Lived) -> Mapping[MeasureId, tuple[int, int]]:
    """What the world's rules let be electronic, and of how many: counted from types, recipients and the world's rules alone."""
    types = {record.document: record.type for record in lived.records if isinstance(record, Drafted)}
    agencies = {str(agency.id): agency for agency in lived.world.agencies}
    rules = lived.world.paper_rules
    n, d = Counter[MeasureId](), Counter[MeasureId]()

    def count(measure: MeasureId, *, free: bool) -> None:
        n[measure] += free
        d[measure] += 1

    for record in lived.records:
        if not isinstance(record, InternalEnded | Published | Dispatched) or record.cause is Cause.SECRET:
            continue
        if agencies[record.agency].province != lived.world.province:
            continue
        if isinstance(record, InternalEnded):
            caught = any(rule.scope == "internal" and rule.catches(types[record.document]) for rule in rules)
            count(MeasureId.INTERNAL, free=not caught)
        elif isinstance(record, Published):
            count(MeasureId.DIRECTIVES, free=True)
        else:
            kind = agencies[record.recipient].kind
            caught = any(rule.scope == "official" and rule.catches(types[record.document], kind) for rule in rules)
            if record.scope is Scope.STATE_IN_PROVINCE:
                count(MeasureId.OFFICIAL_FORM, free=True)
                count(MeasureId.OFFICIAL_WHOLLY, free=not caught)
            elif record.scope is Scope.OUTSIDE_PROVINCE:
                count(MeasureId.OUTSIDE, free=True)
            elif record.scope is Scope.PARTY:
                count(MeasureId.PARTY, free=True)
    return {measure: (n[measure], d[measure]) for measure in d}


def test_everybody_with_everything(live: Live, as_it_is: Lived) -> None:
    """Each rate is exactly what the rules allow, and where that is less than all of it, the rule is the only cause."""
    full = live(with_everything(as_it_is.world), DAYS)
    limits = allowed(full)
    assert set(limits) == {*WRITTEN, MeasureId.OUTSIDE, MeasureId.PARTY, MeasureId.DIRECTIVES}
    for measure, limit in limits.items():
        row = full.measures.row(measure)
        assert (sum(one.rate.n for one in row.parts), sum(one.rate.d for one in row.parts)) == limit
        short = Counter[str]()
        for one in full.measures.causes:
            if one.measure == measure:
                short[one.cause] += one.count
        assert short == ({Cause.RULE_DEMANDS_PAPER: limit[1] - limit[0]} if limit[0] < limit[1] else {})
    # The rules do catch some here, and what was kept from the screen before was not their doing alone.
    assert limits[MeasureId.INTERNAL][0] < limits[MeasureId.INTERNAL][1]
    assert limits[MeasureId.OFFICIAL_WHOLLY][0] < limits[MeasureId.OFFICIAL_WHOLLY][1]
    for measure in (MeasureId.INTERNAL, MeasureId.PARTY):
        assert set(as_it_is.measures.row(measure).causes) - {Cause.RULE_DEMANDS_PAPER}
    use = full.measures.row(MeasureId.SIGNATURE_USE)
    assert (use.rate.n, use.causes) == (use.rate.d, {})
    assert {part(use, level, bloc) for level, bloc in (("commune", "party"), ("district", "party"))} == {(1, 1)}


TUESDAY = datetime(2021, 9, 28, tzinfo=VN)
STOPS, STARTS = time(13, 0), time(16, 30)
"""Shorter than a sender's patience: nothing but the urgent turns to paper."""
POLL = 300
"""Seconds between two calls of an agency's software at the axis."""


@pytest.fixture(scope="module")
def two_days(live: Live) -> Lived:
    return live(load_world(CROSSROADS, "1"), 2)


@pytest.fixture(scope="module")
def directory(two_days: Lived) -> Directory:
    return pki.build(two_days.world).directory


@pytest.mark.parametrize(("hop", "least"), [("national", 3), ("bus:H28", 10), ("party-gateway:H28", 2)])
def test_one_hop_stopped(live: Live, two_days: Lived, directory: Directory, hop: str, least: int) -> None:
    """Pair by pair against the same two days undisturbed: what crosses the hop waits until it works again, all else arrives to the second.

    Compared to the second are the pairs sent in the same second in both. A document that comes late is answered late and moves its clerk's
    day; what is sent at another second for that reason may still not be longer on its way than one poll more.
    """
    since, until = (datetime.combine(TUESDAY.date(), moment, VN) for moment in (STOPS, STARTS))
    stopped = live(with_outage(two_days.world, hop, since, until), 2)
    opens = datetime.combine(two_days.world.start, time(), VN)
    begin, end = (int((moment - opens) / timedelta(seconds=1)) for moment in (since, until))
    before, after = _sent(two_days.records), _sent(stopped.records)
    came, comes = _arrived(two_days.records), _arrived(stopped.records)
    crossing = {pair for pair, sent in (before | after).items() if hop in _hops(directory, sent)}
    shared = {pair for pair in before.keys() & after.keys() if before[pair].at == after[pair].at}
    assert len(shared) >= 0.75 * len(before)
    apart = shared - crossing
    longest = max(came[pair] - before[pair].at for pair in came.keys() - crossing)
    assert all(comes[pair] - after[pair].at <= longest + POLL for pair in comes.keys() - crossing)
    assert {pair: comes.get(pair) for pair in apart} == {pair: came.get(pair) for pair in apart}
    assert sum(pair in came for pair in apart) >= 5
    waited = {pair for pair in after.keys() & crossing if begin <= after[pair].at < end and after[pair].channel is Channel.AXIS}
    assert len(waited) >= least
    assert all(comes[pair] >= end for pair in waited)
    assert any(came[pair] < end for pair in waited & shared)
    untouched = {pair for pair in shared & crossing if after[pair].at >= end or came.get(pair, begin) < begin}
    assert {pair: comes.get(pair) for pair in untouched} == {pair: came.get(pair) for pair in untouched}
    roads = {pair: (before[pair].channel, before[pair].cause) for pair in apart}
    assert {pair: (after[pair].channel, after[pair].cause) for pair in apart} == roads
    assert {pair for pair, sent in after.items() if sent.cause is Cause.OUTAGE} <= crossing


Pair = tuple[str, str]
"""Document and recipient."""


def _sent(records: list[Record]) -> dict[Pair, Dispatched]:
    return {(record.document, record.recipient): record for record in records if isinstance(record, Dispatched)}


def _arrived(records: list[Record]) -> dict[Pair, int]:
    return {(record.document, record.agency): record.at for record in records if isinstance(record, Arrived)}


def _hops(directory: Directory, sent: Dispatched) -> tuple[str, ...]:
    """The hops of a pair's road, if it takes the axis at all or would without an outage."""
    ours, theirs = directory.lookup(OrganId(sent.agency)), directory.lookup(OrganId(sent.recipient))
    assert ours is not None
    assert theirs is not None
    return hops_for(ours, theirs) if sent.channel is Channel.AXIS or sent.cause is Cause.OUTAGE else ()
