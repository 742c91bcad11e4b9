"""Trace against axis, record by record: every fact about a delivery that the trace holds must stand in the axis' own rows, and back.

The trace's facts are noted in the offices' database as they pass, so that nothing grows in memory; they are compared in the order of
(document, recipient) at the end.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from exchange.axis import Axis
from scenarios.kernel import Kernel
from scenarios.office.registers import FACTS, Registers
from scenarios.trace import Arrived, Channel, Dispatched, Judged, Record, Registered, Returned, Submitted

LIMIT = 100
"""So many disagreements are spelt out; one is already too many."""


@dataclass(slots=True)
class Facts:
    """What the trace says about the axis' deliveries."""

    registers: Registers

    def note(self, record: Record) -> None:
        """Keep what concerns a delivery by the axis."""
        if isinstance(record, Dispatched):
            if record.channel is Channel.AXIS:
                self._add(record.document, record.recipient, "dispatched", record.at)
        elif isinstance(record, Submitted):
            if record.kind == "edoc":
                self._add(record.document, "", "submitted" if record.receipt else "rejected", record.at, record.package)
        elif isinstance(record, Arrived):
            self._add(record.document, record.agency, "arrived", record.at, record.package)
        elif isinstance(record, Registered | Returned):
            if record.channel is Channel.AXIS:
                self._add(record.document, record.agency, type(record).__name__.lower(), record.at)
        elif isinstance(record, Judged):
            self._add(record.document, "", "accepted" if record.accepted else "refused", record.at, record.package)

    def _add(self, document: str, recipient: str, kind: str, at: int, package: str = "") -> None:
        self.registers.add(FACTS, {"document": document, "recipient": recipient, "kind": kind, "at": at, "package": package})
