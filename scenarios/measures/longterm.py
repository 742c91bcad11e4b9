"""The fold of time-stamps: letters sent with one and without, by reason; requests it took; what axis and clerks found of them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from scenarios.measures.folder import Handlers
from scenarios.trace import AXIS, StampChecked, Timestamped


@dataclass(slots=True)
class LongTermFold:
    """Plain counts; nothing where nothing is time-stamped."""

    sent: Counter[str] = field(default_factory=Counter)
    """Sealed letters by why they went without a time-stamp; those that have one under the empty reason."""
    archived: Counter[str] = field(default_factory=Counter)
    """The same of archives' requests."""
    requests: Counter[str] = field(default_factory=Counter)
    """Requests sent, by kind (``document``, ``archive``)."""
    checked: Counter[tuple[str, bool, str]] = field(default_factory=Counter)
    """Letters with time-stamps by who checked them (``axis``, ``clerk``), whether they prove a time, and the sub-indication where not."""

    def handlers(self) -> Handlers:
        return {Timestamped: self.timestamped, StampChecked: self.stamp_checked}

    def timestamped(self, record: Timestamped) -> None:
        (self.sent if record.kind == "document" else self.archived)[record.reason] += 1
        self.requests[record.kind] += record.messages

    def stamp_checked(self, record: StampChecked) -> None:
        who = "axis" if record.agency == AXIS else "clerk"
        self.checked[who, record.accepted, record.sub_indication] += 1
