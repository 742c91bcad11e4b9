"""What the folds of one run share: which agencies there are, what time it is, and the table they count into."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from functools import lru_cache
from typing import Any, Protocol

from exchange.domain.calendar import VN, Calendar
from scenarios.measures.cells import DAY, Cells
from scenarios.trace import AgencyOpened
from scenarios.world.model import World

Handlers = Mapping[type, Callable[[Any], None]]
"""Record type → what to do with one of it."""


class Folder(Protocol):
    """One part of the fold: it sees each record once, in trace order, and keeps counts, never records."""

    def handlers(self) -> Handlers:
        """The record types it counts."""
        ...


class UnopenedAgency(ValueError):
    """A record names an agency of which the trace did not say first what it has and can."""

    def __init__(self, agency: str) -> None:
        super().__init__(agency)
        self.agency = agency

    def __str__(self) -> str:
        return f"the trace has records of agency {self.agency} before its AgencyOpened"


@dataclass(slots=True)
class Scene:
    """The agencies as the trace opened them, business time, and the cells."""

    world: World
    calendar: Calendar = field(init=False)
    agencies: dict[str, AgencyOpened] = field(default_factory=dict)
    cells: Cells = field(default_factory=Cells)
    last: int = 0
    """The latest instant seen: what was due by then and did not happen is late."""

    def __post_init__(self) -> None:
        self.calendar = Calendar(self.world.holidays)

    def open(self, record: AgencyOpened) -> None:
        """Note an agency."""
        self.agencies[record.agency] = record

    def agency(self, organ: str) -> AgencyOpened:
        """What the trace said of an agency. Raises :class:`UnopenedAgency`."""
        try:
            return self.agencies[organ]
        except KeyError:
            raise UnopenedAgency(organ) from None

    def inside(self, organ: str) -> bool:
        """Whether the agency belongs to the province under study."""
        return self.agency(organ).province == self.world.province

    def moment(self, at: int) -> datetime:
        """The business instant of a record."""
        return datetime.combine(self.world.start, time(), VN) + timedelta(seconds=at)

    def seconds(self, moment: datetime) -> int:
        """The record instant of a moment."""
        return int((moment - datetime.combine(self.world.start, time(), VN)).total_seconds())

    def is_working(self, at: int) -> bool:
        """Whether the day of ``at`` is a working day."""
        return _is_working(self.calendar, self.moment(at // DAY * DAY))

    def send_deadline(self, signed_at: int, urgency: int) -> int:
        """Latest legal instant to have sent what was signed then."""
        return self.seconds(self.calendar.send_deadline(self.moment(signed_at), urgency))

    def register_deadline(self, arrived_at: int, urgency: int) -> int:
        """Latest legal instant to have registered what arrived then."""
        return self.seconds(self.calendar.register_deadline(self.moment(arrived_at), urgency))


@lru_cache(maxsize=64)
def _is_working(calendar: Calendar, moment: datetime) -> bool:
    return calendar.is_working_day(moment.date())
