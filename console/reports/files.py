"""Files that a command was asked to leave behind: none that it reads, none in place of another kind's, each whole or not at all."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Sequence
from itertools import combinations
from pathlib import Path
from typing import TypeVar

from rich.console import Console

from console.locale import Text
from console.outcome import DONE, UNREACHED, USAGE, Unusable
from console.reports.markup import GENERATOR
from console.reports.verify_pdf import ExtraMissing

Told = TypeVar("Told")
Marks = tuple[bytes, ...]
HTML: Marks = (b"<!doctype html>", GENERATOR.encode())
PDF: Marks = (b"%PDF-", b"Typst")
BUNDLE: Marks = (b"PK\x03\x04", b"manifest.json")
"""How a file of each kind begins, and what else stands in one of ours."""
_LARGEST = 256 * 1024 * 1024


def refuse_to_spoil(wanted: Sequence[tuple[Path | None, Marks]], text: Text, read: Sequence[Path] = ()) -> None:
    """Before anything is done: whether each file wanted, of a kind as above, can be made and no other is lost by it.

    Raises :class:`Unusable` for one wanted twice, one among those ``read``, one that is there and not of its kind, one without a folder.
    """
    given = [(path, marks) for path, marks in wanted if path is not None]
    for (one, _), (other, _) in combinations(given, 2):
        if _same(one, other):
            raise Unusable(text("files.error.twice", path=one))
    for path, marks in given:
        if not path.parent.is_dir():
            raise Unusable(text("verify.error.write", path=path, reason=text.reason(OSError(errno.ENOENT, ""))))
        if any(_same(path, one) for one in read):
            raise Unusable(text("files.error.read", path=path))
        if not _replaceable(path, marks):
            raise Unusable(text("files.error.other", path=path))


def _same(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:
        return one.absolute() == other.absolute()


def _replaceable(path: Path, marks: Marks) -> bool:
    """Whether there is nothing, a device, an empty file or one of ours; what cannot be looked at is somebody else's."""
    try:
        if not path.is_file() or path.stat().st_size == 0:
            return True
        data = path.read_bytes() if path.stat().st_size <= _LARGEST else b""
    except OSError:
        return False
    return data.startswith(marks[0]) and all(mark in data for mark in marks)


def write_reports(told: Told, wanted: Sequence[tuple[Path | None, Callable[[Told], bytes]]], text: Text, talk: Console) -> int:
    """Each report to the file asked for, in the way beside it; an exit code, and a sentence for each."""
    for path, render in wanted:
        if path is None:
            continue
        try:
            put(path, render(told))
        except OSError as error:
            talk.print(text("verify.error.write", path=path, reason=text.reason(error)), markup=False)
            return USAGE
        except ExtraMissing:
            talk.print(text("verify.error.typst"), markup=False)
            return UNREACHED
        talk.print(text("progress.written", files=path), markup=False)
    return DONE


def put(path: Path, data: bytes) -> None:
    """Write a file; what was there stays if all stops on the way, even the machine. Devices and pipes are written to. Raises OSError."""
    if path.exists() and not path.is_file():
        path.write_bytes(data)
        return
    place = path.resolve()
    making = place.with_name(f".{os.getpid()}-{place.name}")
    try:
        with making.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        making.replace(place)
    finally:
        making.unlink(missing_ok=True)
