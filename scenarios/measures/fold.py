"""One pass over a trace: every record is seen once and let go; counts, open documents and sign-in bits are all that stays."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from exchange.domain.organization import Bloc, Level
from scenarios.measures.catalogue import CATALOGUE, MeasureId, MeasureSpec
from scenarios.measures.exchange import ExchangeFold
from scenarios.measures.folder import Folder, Scene
from scenarios.measures.holders import HoldersFold
from scenarios.measures.incidents import IncidentFold
from scenarios.measures.longterm import LongTermFold
from scenarios.measures.rows import CauseCount, Part, Row, Waiting, rate_of, waiting
from scenarios.measures.traffic import TrafficFold
from scenarios.trace import AgencyOpened, Channel, Record
from scenarios.world.model import World

GROUPS = tuple((level.value, bloc.value) for bloc in Bloc for level in Level)
"""Order of every breakdown."""


@dataclass(frozen=True, slots=True)
class Measures:
    """Everything folded from one trace."""

    rows: tuple[Row, ...]
    causes: tuple[CauseCount, ...]
    """Every measure's rest by level, bloc and cause, also outside the headlines."""
    waiting: tuple[Waiting, ...]
    traffic: TrafficFold
    longterm: LongTermFold
    incidents: IncidentFold
    records: int
    last: int
    """Instant of the last record."""

    def row(self, measure: MeasureId) -> Row:
        """One row by its id."""
        return next(row for row in self.rows if row.spec.id is measure)


@dataclass(slots=True)
class Fold:
    """The fold as a sink: call :meth:`add` with each record in trace order, then :meth:`finish` once."""

    world: World
    records: int = 0
    scene: Scene = field(init=False)
    exchange: ExchangeFold = field(init=False)
    holders: HoldersFold = field(init=False)
    traffic: TrafficFold = field(default_factory=TrafficFold)
    longterm: LongTermFold = field(default_factory=LongTermFold)
    incidents: IncidentFold = field(default_factory=IncidentFold)
    _handlers: dict[type, list[Callable[[Any], None]]] = field(init=False)

    def __post_init__(self) -> None:
        self.scene = Scene(self.world)
        self.exchange, self.holders = ExchangeFold(self.scene), HoldersFold(self.scene)
        self._handlers = defaultdict(list, {AgencyOpened: [self.scene.open]})
        parts: tuple[Folder, ...] = (self.traffic, self.longterm, self.incidents, self.holders, self.exchange)
        for part in parts:
            for kind, handler in part.handlers().items():
                self._handlers[kind].append(handler)

    def add(self, record: Record) -> None:
        """Count one record. Raises :class:`UnopenedAgency` for an agency the trace has not opened."""
        self.records += 1
        self.scene.last = max(self.scene.last, record.at)
        for handler in self._handlers.get(type(record), ()):
            handler(record)

    def finish(self) -> Measures:
        """The measures. The fold is used up afterwards."""
        self.exchange.finish()
        self.holders.finish()
        return Measures(
            rows=tuple(self._row(spec) for spec in CATALOGUE),
            causes=self._causes(),
            waiting=self._waiting(),
            traffic=self.traffic,
            longterm=self.longterm,
            incidents=self.incidents,
            records=self.records,
            last=self.scene.last,
        )

    def _row(self, spec: MeasureSpec) -> Row:
        members: dict[tuple[str, str], list[str]] = defaultdict(list)
        for organ, opened in self.scene.agencies.items():
            if (spec.id, organ) in self.scene.cells.counts:
                members[opened.level, opened.bloc].append(organ)
        headline = [organ for group, organs in members.items() if spec.headline(*group) for organ in organs]
        parts = (Part(*group, rate_of(self._cells(spec.id, members[group]), spec.target)) for group in GROUPS if group in members)
        causes: Counter[str] = Counter()
        inside = frozenset(headline)
        for (measure, organ, cause), count in self.scene.cells.rest.items():
            if measure is spec.id and organ in inside and count:
                causes[cause] += count
        return Row(spec, rate_of(self._cells(spec.id, headline), spec.target), self._secret(spec), tuple(parts), dict(causes))

    def _cells(self, measure: MeasureId, organs: Iterable[str]) -> Iterable[Any]:
        return (cell for organ in sorted(organs) for cell in self.scene.cells.of(measure, organ))

    def _secret(self, spec: MeasureSpec) -> int:
        agencies = self.scene.agencies
        counts = ((agencies[organ], count) for (measure, organ), count in self.scene.cells.secret.items() if measure is spec.id)
        return sum(count for opened, count in counts if spec.headline(opened.level, opened.bloc))

    def _causes(self) -> tuple[CauseCount, ...]:
        table: Counter[tuple[str, str, str, str]] = Counter()
        for (measure, organ, cause), count in self.scene.cells.rest.items():
            opened = self.scene.agencies[organ]
            table[measure, opened.level, opened.bloc, cause] += count
        return tuple(CauseCount(*key, count) for key, count in sorted(table.items()) if count)

    def _waiting(self) -> tuple[Waiting, ...]:
        found = self.exchange.minutes
        keys = [(stage, road) for stage in ("arrival", "registration") for road in Channel if (stage, road) in found]
        return tuple(waiting(stage, road, found[stage, road]) for stage, road in keys)


def fold(records: Iterable[Record], world: World) -> Measures:
    """The measures of a trace: a pure function of its records and of the world's province and calendar."""
    running = Fold(world)
    for record in records:
        running.add(record)
    return running.finish()
