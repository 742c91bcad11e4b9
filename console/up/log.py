"""What the processes say: each line with its instant and whose it is, into one file per process that cannot grow without end."""

from __future__ import annotations

import threading
from collections import deque
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

LARGEST = 16 << 20
"""Bytes after which a log is begun anew; the one before is kept beside it."""
_LONGEST = 16 << 10
_KEPT = 5


class Log:
    """The log of one process, over all its starts."""

    def __init__(self, path: Path, name: str, largest: int = LARGEST) -> None:
        self.path, self._name, self._largest = path, name, largest
        self.last: deque[str] = deque(maxlen=_KEPT)
        """The last lines, for whoever has to say why it ended."""
        self._thread: threading.Thread | None = None

    def follow(self, output: IO[bytes]) -> None:
        """Write down what comes, until it ends; from a thread of its own."""
        self._thread = threading.Thread(target=self._run, args=(output,), name=f"log of {self._name}", daemon=True)
        self._thread.start()

    def finish(self, seconds: float = 5.0) -> None:
        """Wait until everything said is written: what was left running by a process may hold its output open, so not for ever."""
        if self._thread is not None:
            self._thread.join(seconds)

    def _run(self, output: IO[bytes]) -> None:
        file = self.path.open("ab")
        try:
            while line := output.readline(_LONGEST):
                said = line.rstrip(b"\r\n")
                self.last.append(said.decode("utf-8", "replace"))
                file.write(f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%f}"[:-3].encode() + f"Z {self._name} | ".encode() + said + b"\n")
                file.flush()
                if file.tell() > self._largest:
                    file.close()
                    self.path.replace(self.path.with_suffix(".log.1"))
                    file = self.path.open("ab")
        finally:
            file.close()
            output.close()
