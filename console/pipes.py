"""When whoever reads our output has gone (``truc faults | head -1``), the command ends as every other tool does: silently, with 141.

That is what a shell says of a program that SIGPIPE killed. Python ignores the signal, for the sake of sockets, and gets an error instead,
which the libraries here would turn into 1 ("a verdict fell short") or into a sentence about a service that cannot be reached.
"""

from __future__ import annotations

import io
import os
import sys
from typing import Any

_NOBODY_READS = 141
"""128 and the number of SIGPIPE."""


class _Pipe(io.FileIO):
    """A standard stream that nobody may be reading: from then on what is written goes nowhere."""

    ends = False
    """Whether the program has nothing more to do then."""

    def write(self, data: Any) -> int | None:  # type: ignore[override]  # the base's parameter has no name
        """Raises SystemExit, which no handler of errors on the way takes for one of its own."""
        try:
            return super().write(data)
        except BrokenPipeError:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self.fileno())
            os.close(nowhere)
            if self.ends:
                raise SystemExit(_NOBODY_READS) from None
            return super().write(data)


class _Results(_Pipe):
    """Standard output: results are what a command is for. A log goes to standard error, and no service ends with the log's reader."""

    ends = True


def watch() -> None:
    """Put both standard streams on pipes of this kind, in UTF-8 whatever the locale says. A stream without a file stays what it is."""
    for name, kind in (("stdout", _Results), ("stderr", _Pipe)):
        stream = getattr(sys, name)
        if isinstance(stream, io.TextIOWrapper):
            raw = io.BufferedWriter(kind(stream.fileno(), "w", closefd=False))
            setattr(sys, name, io.TextIOWrapper(raw, "utf-8", stream.errors, line_buffering=stream.line_buffering))


def finish() -> None:
    """Write what is still held back, while it can be said that nobody reads it."""
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.flush()
