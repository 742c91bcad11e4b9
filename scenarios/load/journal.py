"""The driver's own record: one line of JSON for every answer, appended as it comes and read again from the disk for the reckoning.

It is one of the two sides of the sum, so nothing is taken from the driver's memory, and the service has no hand in it. A line holds a
receipt with its signature and the SHA-256 of the bytes that were sent, or what came out of a mailbox and its SHA-256.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_ENCODE = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False).encode
Line = dict[str, Any]


class Journal:
    """An append-only file. Every line is handed to the operating system before anything else is done with the answer."""

    def __init__(self, path: Path) -> None:
        """Begin a new file. Raises ``FileExistsError`` for one that is there."""
        self.path = path
        self._file = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_APPEND, 0o644)
        self.lines = 0

    def write(self, line: Line) -> None:
        """Append a line. Raises ``OSError`` when the disk does not take it: a load without its record is no load."""
        data = (_ENCODE(line) + "\n").encode()
        if os.write(self._file, data) != len(data):
            raise OSError(f"{self.path}: the disk took only part of a line")
        self.lines += 1

    def close(self) -> None:
        """Everything is on the disk afterwards."""
        os.fsync(self._file)
        os.close(self._file)

    def submitted(self, number: int, sha256: bytes, receipt: Line, *, stored: bool) -> None:
        """A receipt came for these bytes."""
        self.write({"what": "receipt", "document": number, "sha256": sha256.hex(), "stored": stored, "receipt": receipt})

    def rejected(self, number: int, status: int, problem: str) -> None:
        """The axis said no."""
        self.write({"what": "rejection", "document": number, "status": status, "problem": problem})

    def unanswered(self, number: int, why: str) -> None:
        """No answer that tells anything; it is asked again at the end."""
        self.write({"what": "unanswered", "document": number, "why": why})

    def taken(self, document: int, place: int, package_id: str, sha256: bytes) -> None:
        """A package was taken out of a mailbox."""
        self.write({"what": "taken", "document": document, "place": place, "package": package_id, "sha256": sha256.hex()})

    def confirmed(self, place: int, documents: list[int]) -> None:
        """The axis was told that these were taken, and said yes."""
        self.write({"what": "confirmed", "place": place, "documents": documents})

    def refused(self, document: int, place: int, rule: str) -> None:
        """The axis' signed refusal of one delivery came to its sender."""
        self.write({"what": "refused", "document": document, "place": place, "rule": rule})


def read_journal(path: Path) -> Iterator[Line]:
    """Its lines in order. Raises ``ValueError`` for a line that is none, the last one included."""
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            if not line.endswith(b"\n"):
                raise ValueError(f"{path}: line {number} breaks off")
            yield json.loads(line)
