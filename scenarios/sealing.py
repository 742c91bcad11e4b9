"""The ledger in a run: the axis seals every hour in which something was settled, and a witness of each level looks at what it signs.

Half a minute before the hour, so that nothing else stands at that instant and a day's last sealing is still of that day. Each witness
verifies for itself and keeps its last checkpoint in a file of its own beside the databases: what an audit is held against.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from exchange.api import Checkpoint
from exchange.checkpoints import signature_fault, write_checkpoint
from exchange.domain.organization import Level
from exchange.observe import DrivenAxis
from exchange.witness import Inconsistent, observe
from scenarios.kernel import Kernel, Process
from scenarios.trace import CheckpointSealed, CheckpointWitnessed
from signing import Validator

HOUR = 3600
_BEFORE = 30
"""Seconds before the hour."""


def witness_file(folder: Path, level: Level) -> Path:
    """Where a level's witness keeps its checkpoint."""
    return folder / f"witness-{level}.json"


def witness_name(level: Level) -> str:
    """Under this name a level's witness stands in the trace."""
    return f"witness:{level}"


class Witness:
    """One level's witness: its own validator, its own last checkpoint."""

    def __init__(self, level: Level, validator: Validator, certificate: bytes, folder: Path) -> None:
        self.name = witness_name(level)
        self.last: Checkpoint | None = None
        self._certificate = certificate
        self._file = witness_file(folder, level)
        self._verify = partial(signature_fault, validator=validator, certificate=certificate)

    def look(self, seen: Checkpoint, axis: DrivenAxis) -> str:
        """Ask the axis for the proof from the last checkpoint kept; gives the rule under which the new one was refused, or nothing."""
        proof = () if self.last is None else axis.consistency(self.last.size, seen.size).proof
        found = observe(self.last, seen, proof, self._verify)
        if isinstance(found, Inconsistent):
            return found.rule
        self.last = seen
        self._file.write_bytes(write_checkpoint(seen, self._certificate))
        return ""


class Sealing:
    """The hours of the ledger. ``settled_at()`` tells the instant of the axis' last settling."""

    def __init__(self, kernel: Kernel, axis: DrivenAxis, witnesses: Sequence[Witness], name: str, settled_at: Callable[[], int]) -> None:
        self._kernel, self._axis, self._witnesses, self._name, self._settled_at = kernel, axis, witnesses, name, settled_at
        self._seen = -1

    def run(self) -> Process:
        """Every hour, for ever."""
        at = HOUR - _BEFORE
        while True:
            yield self._kernel.until(at)
            at += HOUR
            settled = self._settled_at()
            if settled != self._seen:
                self._seen = settled
                self._seal()

    def _seal(self) -> None:
        kernel, before = self._kernel, self._axis.checkpoint()
        sealed = self._axis.seal(kernel.moment)
        if before is not None and sealed.size == before.size:
            return
        kernel.record(CheckpointSealed(kernel.now, self._name, sealed.size, sealed.root.hex()))
        for witness in self._witnesses:
            refused = witness.look(sealed, self._axis)
            kernel.record(CheckpointWitnessed(kernel.now, witness.name, sealed.size, not refused, refused))
