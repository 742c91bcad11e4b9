"""Base64 as it streams by: decoded for the sink, and noted down so that the same characters can be written again."""

from __future__ import annotations

import re
from binascii import Error as Base64Error
from binascii import a2b_base64
from collections.abc import Callable

from exchange.edxml.skeleton import BLANKS, Run, render
from exchange.errors import EdxmlError

BLOCK = 262_144
"""Characters taken at once from a long run."""
_FOREIGN = re.compile(rb"[^A-Za-z0-9+/=]")
_MAX_NEWLINE = 64


class ContentDecoder:
    """One attachment's ContentTransferEncoded text, fed as raw bytes.

    ``write`` receives decoded bytes, ``literal`` and ``run`` the pieces for the skeleton. Raises :class:`EdxmlError` (rule ``base64``) when
    the text is no base64, (rule ``attachment-too-large``) above ``limit`` decoded bytes. Unless ``exact``, runs are not held against the
    text and say nothing about its lines.
    """

    def __init__(
        self,
        index: int,
        write: Callable[[bytes], object],
        literal: Callable[[bytes], None],
        run: Callable[[Run], None],
        limit: int,
        *,
        exact: bool = True,
    ) -> None:
        self.index, self.size = index, 0
        self._exact = exact
        self._write, self._literal, self._run, self._limit = write, literal, run, limit
        self._pending: list[bytes] = []
        self._pending_size = 0
        self._started = self._irregular = self._padded = False
        self._width, self._newline, self._carry = 0, b"", b""

    def feed(self, raw: bytes) -> None:
        """More characters of the element's text."""
        self._pending.append(raw)
        self._pending_size += len(raw)
        if self._pending_size >= BLOCK:
            data, start = b"".join(self._pending), 0
            while len(data) - start >= BLOCK:  # however it comes, it is taken in the same blocks
                start += BLOCK - len(self._take(data[start : start + BLOCK], final=False))
            self._keep(data[start:])

    def finish(self) -> int:
        """The text is over. Gives the decoded size."""
        rest = self._take(b"".join(self._pending), final=True)
        if rest or self._carry:
            raise self._refuse("the text is cut off")
        return self.size

    def _keep(self, rest: bytes) -> None:
        self._pending = [rest] if rest else []
        self._pending_size = len(rest)

    def _take(self, raw: bytes, *, final: bool) -> bytes:
        """Settle as much of ``raw`` as can be; the rest waits for more."""
        if not self._started:
            body = raw.lstrip(BLANKS)
            if len(body) < len(raw):
                self._literal(raw[: len(raw) - len(body)])
            if not body:
                return b""
            self._start(body)
            raw = body
        if final:
            body = raw.rstrip(BLANKS)
            tail = raw[len(body) :]
            self._settle(body, final=True)
            if tail:
                self._literal(tail)
            return b""
        whole = len(raw) - len(raw) % self._unit()
        if whole:
            self._settle(raw[:whole], final=False)
        return raw[whole:]

    def _start(self, body: bytes) -> None:
        self._started = True
        end = body.find(b"\n")
        if end < 0:
            return
        width = len(body[:end].rstrip(BLANKS))
        after = body[end : end + _MAX_NEWLINE]
        newline = body[width:end] + after[: len(after) - len(after.lstrip(BLANKS))]
        if width <= BLOCK // 8 and len(newline) <= _MAX_NEWLINE:
            self._width, self._newline = width, newline

    def _unit(self) -> int:
        """Characters that form whole lines and whole groups of four."""
        if self._irregular:
            return 1
        if not self._width:
            return 4
        lines = 1 if self._width % 4 == 0 else 4
        return lines * (self._width + len(self._newline))

    def _settle(self, text: bytes, *, final: bool) -> None:
        if not text:
            return
        if not self._irregular and self._settle_regular(text, final=final):
            return
        self._irregular = True
        self._literal(text)
        self._decode_loose(text, final=final)

    def _settle_regular(self, text: bytes, *, final: bool) -> bool:
        compact = text.translate(None, BLANKS) if self._width else text
        if len(compact) % 4:
            return False
        try:
            data = a2b_base64(compact, strict_mode=True)
        except Base64Error:
            return False
        closed = bool(self._width) and not final
        if self._padded or (self._exact and render(data, self._width, self._newline, closed=closed) != text):
            return False
        self._padded = compact.endswith(b"=")
        self._run(Run(self.index, self.size, len(data), self._width, self._newline, closed))
        self._deliver(data)
        return True

    def _decode_loose(self, text: bytes, *, final: bool) -> None:
        """Lines of any length, missing padding, bits that should be zero: decoded all the same, kept literally."""
        compact = self._carry + text.translate(None, BLANKS)
        foreign = _FOREIGN.search(compact)
        if foreign is not None:
            raise self._refuse(f"character {foreign[0]!r} is no base64")
        if (self._padded and compact) or b"=" in compact.rstrip(b"="):
            raise self._refuse("characters after the padding")
        if final:
            compact = compact.rstrip(b"=")
            compact += b"=" * (-len(compact) % 4)
        whole = len(compact) - len(compact) % 4
        self._carry = compact[whole:]
        self._padded = compact[:whole].endswith(b"=")
        try:
            self._deliver(a2b_base64(compact[:whole]))
        except Base64Error as error:
            raise self._refuse(str(error)) from None

    def _deliver(self, data: bytes) -> None:
        self.size += len(data)
        if self.size > self._limit:
            raise EdxmlError(f"AttachmentEncoded/Attachment[{self.index + 1}]", "attachment-too-large", f"more than {self._limit} bytes")
        if data:
            self._write(data)

    def _refuse(self, detail: str) -> EdxmlError:
        return EdxmlError(f"AttachmentEncoded/Attachment[{self.index + 1}]/ContentTransferEncoded", "base64", detail)
