"""Where output cannot be written. Whoever reads it has gone (``truc faults | head -1``): the command ends as every other tool does,
silently, with 141. The disk is full: it says so and ends with 2.

141 is what a shell says of a program that SIGPIPE killed. Python ignores the signal, for the sake of sockets, and gets an error instead,
which the libraries here would turn into 1 ("a verdict fell short") or into a sentence about a service that cannot be reached.
"""

from __future__ import annotations

import io
import os
import sys
from typing import Any

from console.outcome import USAGE
from console.shared import HELP

_NOBODY_READS = 141
"""128 and the number of SIGPIPE."""


class _Talk(io.FileIO):
    """Standard error. Once it cannot be written what is said goes nowhere; no service ends with the reader of its log."""

    def write(self, data: Any) -> int | None:  # type: ignore[override]  # the base's parameter has no name
        try:
            return super().write(data)
        except OSError as error:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self.fileno())
            os.close(nowhere)
            self._lost(error)
            return super().write(data)

    def _lost(self, error: OSError) -> None:
        """What follows from it."""


class _Results(_Talk):
    """Standard output: results are what a command is for, so it has nothing more to do without."""

    def _lost(self, error: OSError) -> None:
        """Raises SystemExit, which no handler of errors on the way takes for one of its own."""
        if isinstance(error, BrokenPipeError):
            raise SystemExit(_NOBODY_READS)
        print(HELP("error.output", reason=HELP.reason(error)), file=sys.stderr)
        raise SystemExit(USAGE)


def watch() -> None:
    """Put both standard streams on pipes of this kind, in UTF-8 whatever the locale says. A stream without a file stays what it is."""
    for name, kind in (("stdout", _Results), ("stderr", _Talk)):
        stream = getattr(sys, name)
        if isinstance(stream, io.TextIOWrapper):
            raw = io.BufferedWriter(kind(stream.fileno(), "w", closefd=False))
            setattr(sys, name, io.TextIOWrapper(raw, "utf-8", stream.errors, line_buffering=stream.line_buffering))


def finish() -> None:
    """Write what is still held back, while it can be said that nobody reads it."""
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.flush()
