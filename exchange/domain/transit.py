"""Packages on the road: hops with their own queue, capacity, latency and outage, moved event by event in business time.

Pure: :func:`advance` takes the hops, the state and an instant and gives the state afterwards with what happened. At every instant at which
a hop is free it sends, of all that wait there, the most urgent; among equals the one that waits longest, then by sender, sequence and id.
The result does not depend on the order in which items are handed in, nor on how often ``advance`` is called in between, as long as items
are entered before the instant they are ready at has been passed.

Instants are integer microseconds since the epoch (:func:`micros`), because a hop may send several packages a second.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from heapq import heappop, heappush
from types import MappingProxyType

from exchange.domain.calendar import VN
from exchange.errors import UnknownHop

SECOND = 1_000_000
_READY, _FREE = 0, 1
_EPOCH = datetime(1970, 1, 1, 7, tzinfo=VN)


def micros(at: datetime) -> int:
    """Microseconds since the epoch of an aware instant."""
    return (at - _EPOCH) // timedelta(microseconds=1)


def whole_second(instant: int) -> datetime:
    """The first whole second at or after ``instant`` microseconds, in Vietnamese civil time."""
    return _EPOCH + timedelta(seconds=-(-instant // SECOND))


def _after_outages(outages: Iterable[tuple[int, int]], instant: int) -> int:
    for since, until in outages:
        if since <= instant < until:
            instant = until
    return instant


@dataclass(frozen=True, slots=True)
class HopSpec:
    """One leg: packages a minute (> 0), latency in seconds after leaving, and outages [start, end) in which nothing leaves."""

    id: str
    packages_per_minute: float
    latency_seconds: float = 0.0
    outages: tuple[tuple[datetime, datetime], ...] = ()

    def __post_init__(self) -> None:
        if not self.packages_per_minute > 0 or self.latency_seconds < 0:
            raise ValueError(f"hop {self.id}: capacity must be above 0 and latency not below 0")

    def first_open(self, instant: int) -> int:
        """The first microsecond at or after ``instant`` that lies in no outage."""
        return _after_outages(self._outages(), instant)

    def _outages(self) -> tuple[tuple[int, int], ...]:
        return tuple(sorted((micros(since), micros(until)) for since, until in self.outages))

    def stopped(self, since: datetime, until: datetime) -> HopSpec:
        """The same hop with one more outage."""
        return replace(self, outages=(*self.outages, (since, until)))


@dataclass(frozen=True, slots=True)
class Item:
    """One (package, recipient) on its road. ``position`` is the hop it waits for or travels to; ``len(road)`` means the mailbox."""

    id: str
    urgency: int
    sender: str
    sequence: int
    road: tuple[str, ...]
    ready: int
    """Microseconds: since when it waits at ``position``, or when it will be there."""
    position: int = 0


@dataclass(frozen=True, slots=True)
class Departure:
    """An item left a hop's queue at ``at`` and is past the hop at ``left`` (microseconds)."""

    item: str
    hop: str
    position: int
    at: int
    left: int


@dataclass(frozen=True, slots=True)
class Arrival:
    """An item reached the mailbox at ``at`` (microseconds)."""

    item: str
    at: int


@dataclass(frozen=True, slots=True)
class TransitState:
    """All that is on the road, and per hop the microsecond from which it may send again. Resumable: store both, hand both back in."""

    items: tuple[Item, ...] = ()
    next_free: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))

    def entered(self, items: Iterable[Item]) -> TransitState:
        """The state with more items on the road."""
        return replace(self, items=(*self.items, *items))


@dataclass(frozen=True, slots=True)
class Advance:
    """What one :func:`advance` did. Departures and arrivals are in order of their instants."""

    state: TransitState
    departures: tuple[Departure, ...]
    arrivals: tuple[Arrival, ...]
    next_event: int | None
    """The next microsecond at which something will move, ``None`` when the road is empty."""


@dataclass(frozen=True, slots=True)
class _Hop:
    service: int
    latency: int
    outages: tuple[tuple[int, int], ...]

    @classmethod
    def of(cls, spec: HopSpec) -> _Hop:
        return cls(max(1, round(60 * SECOND / spec.packages_per_minute)), round(spec.latency_seconds * SECOND), spec._outages())


class _Run:
    """One advance in progress. A service time is never below a microsecond, so what leaves at t cannot meet what happens at t."""

    def __init__(self, specs: Mapping[str, HopSpec], state: TransitState) -> None:
        self.hops: dict[str, _Hop] = {}
        self.specs = specs
        self.next_free = dict(state.next_free)
        self.events: list[tuple[int, int, str, Item | None]] = []
        self.waiting: dict[str, list[tuple[int, int, str, int, str, Item]]] = {}
        self.departures: list[Departure] = []
        self.arrivals: list[Arrival] = []
        for item in state.items:
            heappush(self.events, (item.ready, _READY, item.id, item))

    def run(self, until: int) -> None:
        while self.events and self.events[0][0] <= until:
            instant, kind, name, item = heappop(self.events)
            if kind == _FREE:
                self._send(instant, name)
            elif item is not None:
                self._arrive(instant, item)

    def _hop(self, name: str) -> _Hop:
        hop = self.hops.get(name)
        if hop is None:
            spec = self.specs.get(name)
            if spec is None:
                raise UnknownHop(name)
            hop = self.hops[name] = _Hop.of(spec)
        return hop

    def _arrive(self, instant: int, item: Item) -> None:
        if item.position == len(item.road):
            self.arrivals.append(Arrival(item.id, instant))
            return
        name = item.road[item.position]
        queue = self.waiting.setdefault(name, [])
        if not queue:
            self._schedule(name, instant)
        heappush(queue, (-item.urgency, item.ready, item.sender, item.sequence, item.id, item))

    def _schedule(self, name: str, instant: int) -> None:
        opens = _after_outages(self._hop(name).outages, max(self.next_free.get(name, instant), instant))
        heappush(self.events, (opens, _FREE, name, None))

    def _send(self, instant: int, name: str) -> None:
        hop, queue = self._hop(name), self.waiting[name]
        item = heappop(queue)[-1]
        self.next_free[name] = instant + hop.service
        left = instant + hop.service + hop.latency
        self.departures.append(Departure(item.id, name, item.position, instant, left))
        onward = replace(item, position=item.position + 1, ready=left)
        heappush(self.events, (left, _READY, item.id, onward))
        if queue:
            self._schedule(name, instant)

    def result(self) -> Advance:
        moving = [item for _, _, _, item in self.events if item is not None]
        standing = [entry[-1] for queue in self.waiting.values() for entry in queue]
        items = tuple(sorted(moving + standing, key=lambda item: item.id))
        following = self.events[0][0] if self.events else None
        state = TransitState(items, MappingProxyType(self.next_free))
        return Advance(state, tuple(self.departures), tuple(self.arrivals), following)


def advance(hops: Mapping[str, HopSpec], state: TransitState, until: int) -> Advance:
    """Move everything due up to and including ``until`` (microseconds). Raises :class:`UnknownHop` when an item reaches a hop not given."""
    run = _Run(hops, state)
    run.run(until)
    return run.result()
