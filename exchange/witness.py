"""A witness of the ledger: keeps the last checkpoint it saw, and refuses one that does not continue it.

Each of the four levels keeps its own, so an axis that wanted another past would have to convince all of them. Pure: the proof is asked for
by the caller, the signature checked by the function handed in.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from exchange.api import Checkpoint
from exchange.checkpoints import read_statement
from exchange.domain.merkle import verify_consistency
from exchange.errors import CheckpointUnreadable

Verify = Callable[[Checkpoint], str]
"""Why a checkpoint's signature is not the axis' own; empty when it is."""


@dataclass(frozen=True, slots=True)
class Witnessed:
    """The checkpoint continues what was seen before: it is the one to keep now."""

    checkpoint: Checkpoint


@dataclass(frozen=True, slots=True)
class Inconsistent:
    """The checkpoint is refused, and the one seen before stays: ``rule`` is a stable name, ``detail`` one clear sentence."""

    checkpoint: Checkpoint
    rule: str
    detail: str


def observe(last: Checkpoint | None, seen: Checkpoint, proof: Sequence[bytes], verify: Verify) -> Witnessed | Inconsistent:
    """Hold a checkpoint against the last one kept (``None``: the first ever), given the consistency proof between their sizes.

    (1) it is what was signed                                 statement-differs
    (2) the axis signed it                                    signature
    (3) it is of the same ledger                              another-ledger
    (4) the ledger did not shrink                             shrunk
    (5) its number and instant are not before the last one's  back-dated
    (6) the last one is its beginning (RFC 9162 §2.1.4.2)     forked
    """
    try:
        stated = read_statement(seen.statement, seen.signature)
    except CheckpointUnreadable as error:
        return Inconsistent(seen, "statement-differs", str(error))
    if stated != seen:
        return Inconsistent(seen, "statement-differs", "the checkpoint says something else than the statement that was signed")
    fault = verify(seen)
    if fault:
        return Inconsistent(seen, "signature", f"the checkpoint is not the axis' word: {fault}")
    return Witnessed(seen) if last is None else _continues(last, seen, proof)


def _continues(last: Checkpoint, seen: Checkpoint, proof: Sequence[bytes]) -> Witnessed | Inconsistent:
    if seen.origin != last.origin:
        return Inconsistent(seen, "another-ledger", f"the checkpoint is of the ledger {seen.origin}, not of {last.origin}")
    if seen.size < last.size:
        return Inconsistent(seen, "shrunk", f"the ledger had {last.size} entries and is now said to have {seen.size}")
    if (seen.size, seen.number) == (last.size, last.number) and seen.statement != last.statement:
        return Inconsistent(seen, "forked", f"there are two checkpoints with the number {seen.number}")
    if seen.at < last.at or seen.number < last.number or (seen.number == last.number) != (seen.size == last.size):
        was, now = (f"number {one.number} of {one.at.isoformat()}" for one in (last, seen))
        return Inconsistent(seen, "back-dated", f"it is {now}, and the last one seen was {was}")
    if not verify_consistency(last.size, seen.size, last.root, seen.root, proof):
        return Inconsistent(seen, "forked", f"the ledger of {seen.size} entries does not begin with the {last.size} seen before")
    return Witnessed(seen)
