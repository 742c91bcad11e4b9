"""``truc witness``: look at an axis' ledger, keep its newest checkpoint if it continues the one kept, and refuse it if not.

What is kept is replaced only by what was verified, whole or not at all, and only while it is still what that was verified against: of two
witnesses with one file the slower one looks again. What is refused is put beside it once, so that it can be shown.
"""

from __future__ import annotations

import fcntl
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import typer

from console.audit.asking import sentence
from console.locale import Text
from console.outcome import DONE, SHORT, UNREACHED, USAGE, Unusable
from console.reports.files import put
from console.verify.opening import read_bounded
from console.verify.phrasing import printable
from console.witness.asking import Bench, Wish, bench_of, kept
from exchange.api import Checkpoint
from exchange.checkpoints import MAX_FILE, write_checkpoint
from exchange.errors import ArchiveUnreadable, ExchangeError, Forbidden, LockedOut, Unauthenticated
from exchange.wary import WaryAxis
from exchange.witness import Inconsistent, observe
from signing import Purpose, SubIndication

_LONGEST = 400
"""Characters of what the axis says of itself that are shown."""
_NOT_LET_IN = (Unauthenticated, LockedOut, Forbidden)


def perform(wish: Wish, text: Text) -> int:
    """Look once, or again and again until told to stop.

    0 kept, or nothing new; 1 the axis' ledger is not the one kept, or not the axis'; 2 nothing that can be used; 3 no answer that can.
    """
    try:
        bench = bench_of(wish, text)
        if wish.every is None:
            return _look(bench, text)
        return _watch(bench, wish.every, text)
    except (Unusable, ArchiveUnreadable) as error:
        typer.echo(sentence(error, text), err=True)
        return USAGE


def _watch(bench: Bench, seconds: int, text: Text) -> int:
    """Until a signal, or the first look that ends with a refusal; an axis that does not answer is asked again."""
    with _stoppable():
        try:
            while (code := _look(bench, text)) != SHORT:
                sys.stdout.flush()
                time.sleep(seconds)
                bench = _renewed(bench, text)
        except KeyboardInterrupt:
            return DONE
        return code


def _renewed(bench: Bench, text: Text) -> Bench:
    """With the lists that lie in the folder now; as it was where one is just being written."""
    try:
        return bench.renewed()
    except ArchiveUnreadable as error:
        typer.echo(sentence(error, text), err=True)
        return bench


@contextmanager
def _stoppable() -> Iterator[None]:
    """SIGTERM ends what is done as Ctrl-C does."""

    def stop(*_: Any) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _look(bench: Bench, text: Text) -> int:
    """One look; an exit code. Raises :class:`Unusable` where this witness is not let in, or cannot read or write its file."""
    while (code := _glance(bench, text)) is None:
        pass
    return code


def _glance(bench: Bench, text: Text) -> int | None:
    """``None`` where another witness kept something else meanwhile: what was seen was not held against that."""
    last = kept(bench.keep, text)
    try:
        with WaryAxis(bench.url, bench.caller) as axis:
            shown = axis.look(last)
    except _NOT_LET_IN:
        raise Unusable(text("witness.error.caller-refused", url=bench.url, agency=bench.caller.organ)) from None
    except ExchangeError as error:
        typer.echo(text("error.unreachable", error=text.phrase(_plain(error))), err=True)
        return UNREACHED
    if shown is None:
        return _nothing(bench, last, text)
    word = _Word(bench)
    found = observe(last, shown.checkpoint, shown.proof, word)
    if isinstance(found, Inconsistent):
        return _refuse(bench, found, text)
    if word.open and (last is None or last.statement != shown.checkpoint.statement):  # what is kept was judged when it came
        at = text.instant(shown.checkpoint.at)
        typer.echo(text("witness.open", at=at, reason=text.phrase(printable(word.open))), err=True)
        return UNREACHED
    return _keep(bench, last, shown.checkpoint, text)


@dataclass(slots=True)
class _Word:
    """Says of a checkpoint why it is not the axis' word. ``open``: it is by all but the lists at hand, which are not of its time."""

    bench: Bench
    open: str = field(default="", init=False)

    def __call__(self, one: Checkpoint) -> str:
        fault = self.bench.fault(one)
        if not fault:
            return ""
        known, digest = self.bench.certificate, sha256(one.statement).digest()
        report = self.bench.validator.validate(one.signature, digest, one.at, Purpose.CHECKPOINT, known=(known,))
        if report.sub_indication is not SubIndication.TRY_LATER or report.certificate_sha256 != sha256(known).digest():
            return fault
        self.open = fault
        return ""


def _nothing(bench: Bench, last: Checkpoint | None, text: Text) -> int:
    """An axis that has sealed nothing: new, or another one than was seen before."""
    if last is None:
        typer.echo(text("witness.unsealed", url=bench.url), err=True)
        return UNREACHED
    typer.echo(text("witness.gone", url=bench.url, file=bench.keep, **_told(last, text)))
    return SHORT


def _keep(bench: Bench, last: Checkpoint | None, seen: Checkpoint, text: Text) -> int | None:
    if last is not None and seen.statement == last.statement:
        typer.echo(text("witness.same", file=bench.keep, **_told(seen, text)))
        return DONE
    try:
        with _alone(bench.keep):
            if kept(bench.keep, text) != last:
                return None
            put(bench.keep, write_checkpoint(seen, bench.certificate))
    except OSError as error:
        raise Unusable(text("verify.error.write", path=bench.keep, reason=text.reason(error))) from None
    if last is None:
        typer.echo(text("witness.first", file=bench.keep), err=True)
    typer.echo(text("witness.kept", file=bench.keep, **_told(seen, text)))
    return DONE


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """No other witness writes into the file's folder meanwhile; at its end the folder names on the disk what it names now."""
    folder = os.open(path.resolve().parent, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)  # ends with the process at the latest
        yield
        os.fsync(folder)
    finally:
        os.close(folder)


def _refuse(bench: Bench, found: Inconsistent, text: Text) -> int:
    """Say what is wrong and put it beside what is kept. What was refused before stays: it may be the better proof."""
    typer.echo(text("witness.refused", url=bench.url, rule=found.rule, detail=text.phrase(printable(found.detail)[:_LONGEST])))
    typer.echo(text("witness.stays" if bench.keep.exists() else "witness.none-kept", file=bench.keep))
    typer.echo(_shown(bench, found.checkpoint, text))
    return SHORT


def _shown(bench: Bench, refused: Checkpoint, text: Text) -> str:
    """Where what was refused lies now."""
    path, data = bench.keep.with_name(f"{bench.keep.name}.refused.json"), write_checkpoint(refused, bench.certificate)
    try:
        if path.exists() and read_bounded(path, MAX_FILE, text) != data:
            return text("witness.earlier", shown=path)
        put(path, data)
    except Unusable as error:
        return str(error)
    except OSError as error:
        return text("verify.error.write", path=path, reason=text.reason(error))
    return text("witness.shown", shown=path)


def _told(one: Checkpoint, text: Text) -> dict[str, str]:
    return {
        "number": text.number(one.number), "origin": printable(one.origin), "size": text.number(one.size), "root": one.root.hex(),
        "at": text.instant(one.at),
    }  # fmt: skip


def _plain(error: Exception) -> str:
    """What an error says, which may hold anything the axis said."""
    try:
        said = str(error)
    except (TypeError, ValueError, AttributeError):  # made of what an axis answered
        said = type(error).__name__
    return printable(said)[:_LONGEST]
