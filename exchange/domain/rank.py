"""In which order packages stand in a line, be it a queue of the axis or a mailbox: 0 the most urgent, 4 ordinary."""

from __future__ import annotations

from exchange.domain.lifecycle import Operation

ORDINARY = 4
"""The rank of what is not urgent, and of what is about another document: that one is to be read first, whatever its own header says."""


def rank_of(operation: int, priority: int) -> int:
    """A package's rank: new documents by the urgency in their header (0 to 4), everything else with the ordinary ones."""
    return ORDINARY - min(max(priority, 0), ORDINARY) if operation == Operation.NEW else ORDINARY


def urgency_in_line(operation: int, priority: int) -> int:
    """The same the other way round: 0 ordinary, 4 the most urgent."""
    return ORDINARY - rank_of(operation, priority)
