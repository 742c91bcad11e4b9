"""Logs as JSON lines, for the axis' and the workers' processes alike: one object a line, with the package it is about, never a secret.

    log = logging.getLogger("truc.stages")
    log.warning("parked", extra=about(package="…", stage="verify"))

Fields: ``at`` (UTC, RFC 3339), ``level``, ``part`` (axis, worker, beat), ``pid``, ``logger``, ``event``, what ``extra`` says, and for an
exception ``error`` and ``traceback``. What looks like a password, a token or a secret is blotted out wherever it stands, as a second guard:
nothing in the axis logs one.
"""

from __future__ import annotations

import json
import logging
import re
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, TextIO

_FIELD = "truc_fields"
_BLOT = "***"
_LONGEST = 4000
"""Characters of one text: what a stranger sent may stand in an error's sentence."""
_TELLING = re.compile(r"secret|password|passwd|token|authorization|credential|private", re.IGNORECASE)
"""Names of fields whose values are never written."""
_HIDDEN = (
    (re.compile(r"(?<=://)([^/\s:@]*):[^@/\s]+@"), rf"\1:{_BLOT}@"),  # the password in an address
    (re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{6,}"), rf"\1 {_BLOT}"),
    (re.compile(r"(?i)\b(client_secret|access_token|password|secret|token)([\"']?\s*[=:]\s*[\"']?)[^\s&,;\"']+"), rf"\1\2{_BLOT}"),
)


def about(**fields: object) -> Mapping[str, object]:
    """For ``extra``: what a line is about. Values are texts, numbers or None."""
    return {_FIELD: fields}


def set_up(part: str, level: str = "warning", stream: TextIO | None = None) -> None:
    """Have everything this process logs written as JSON lines to a stream (standard error), in place of what was set up before."""
    handler = logging.StreamHandler(sys.stderr if stream is None else stream)
    handler.setFormatter(JsonLines(part))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())


class JsonLines(logging.Formatter):
    """One record, one line."""

    def __init__(self, part: str) -> None:
        super().__init__()
        self._part = part

    def format(self, record: logging.LogRecord) -> str:
        """See the module."""
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "part": self._part,
            "pid": record.process,
            "logger": record.name,
            "event": hidden(record.getMessage()),
        }
        for name, value in getattr(record, _FIELD, {}).items():
            line[name] = _BLOT if _TELLING.search(name) else hidden(value) if isinstance(value, str) else value
        if record.exc_info and record.exc_info[1] is not None:
            error = record.exc_info[1]
            line["error"] = hidden(f"{type(error).__name__}: {error}")
            line["traceback"] = hidden(self.formatException(record.exc_info))
        return json.dumps(line, ensure_ascii=False, default=lambda value: hidden(str(value)))


def hidden(words: str) -> str:
    """A text without what looks like a secret, and not longer than a line should be."""
    for pattern, instead in _HIDDEN:
        words = pattern.sub(instead, words)
    return words if len(words) <= _LONGEST else f"{words[:_LONGEST]}…"
