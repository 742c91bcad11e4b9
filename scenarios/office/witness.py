"""Who saw a document signed and sent: for the trace alone, which tells how long it travelled. No office reads it to decide anything."""

from __future__ import annotations

from scenarios.office.registers import WITNESS, Registers

_AT_HAND = 2_048
"""Documents whose instants stay in memory, a good day of a province; for older ones the file is asked. Most arrive within a day."""


class Witness:
    """Instants of signing and sending, by document."""

    def __init__(self, registers: Registers) -> None:
        self._registers = registers
        self._newest: dict[str, tuple[int, int]] = {}

    def saw(self, document: str, signed_at: int, sent_at: int) -> None:
        """Remember a document; once for each."""
        if len(self._newest) >= _AT_HAND:
            del self._newest[next(iter(self._newest))]
        self._newest[document] = (signed_at, sent_at)
        self._registers.add(WITNESS, {"document": document, "signed_at": signed_at, "sent_at": sent_at})

    def of(self, document: str, otherwise: int) -> tuple[int, int]:
        """When it was signed and sent; ``otherwise`` twice for one never seen, a stranger's or a forged one."""
        return self._newest.get(document) or self._registers.witnessed(document) or (otherwise, otherwise)
