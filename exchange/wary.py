"""An axis asked by whoever does not take its word: what it answers is bounded in size and in time, and fails in one of a few ways.

A witness runs unattended against a machine that may have become another one. So nothing it answers is unpacked, no answer is read beyond
:data:`MAX_ANSWER`, and all of one look ends after :data:`MOST_SECONDS`, however slowly bytes come.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Timer
from typing import Any

import httpx

from exchange.api import Caller, Checkpoint
from exchange.client import HttpAxis
from exchange.errors import AxisMisunderstood, AxisUnreachable, ExchangeError, UnknownLedgerSize

MAX_ANSWER = 64 * 1024
"""Bytes of one answer; a checkpoint has about three thousand, a proof some five."""
MOST_SECONDS = 60.0
_PATIENCE = 10.0
_GARBLED = (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, ValueError, TypeError, AttributeError, RecursionError)
"""What the client meets, beside its own errors, when a machine answers what no axis would."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What an axis showed: its newest checkpoint, and its proof from an earlier one. Nothing of it is verified yet."""

    checkpoint: Checkpoint
    proof: tuple[bytes, ...]


class WaryAxis(HttpAxis):
    """An axis elsewhere, for one look at its ledger by ``caller``, whom it must allow to audit."""

    def __init__(self, url: str, caller: Caller) -> None:
        super().__init__(url, caller, driven=False, patience=_PATIENCE)
        self._late = False
        self._http.headers["Accept-Encoding"] = "identity"
        self._http.event_hooks = {"response": [self._bound]}

    def look(self, last: Checkpoint | None) -> Shown | None:
        """The newest checkpoint, with the proof from the last one kept; ``None`` before the first sealing.

        An axis that does not know the sizes of its own checkpoint proves nothing. Raises what :class:`HttpAxis` raises, in time.
        """
        with self._in_time():
            seen = self.checkpoint()
            if seen is None:
                return None
            if last is None or not 0 < last.size < seen.size:
                return Shown(seen, ())
            try:
                return Shown(seen, self.consistency(last.size, seen.size).proof)
            except UnknownLedgerSize:
                return Shown(seen, ())

    @contextmanager
    def _in_time(self) -> Iterator[None]:
        """Connections are closed under whoever still waits when the time is over."""
        timer = Timer(MOST_SECONDS, self._give_up)
        timer.daemon = True
        timer.start()
        try:
            yield
        except (ExchangeError, RuntimeError, *_GARBLED) as error:
            if self._late:
                raise AxisUnreachable(self.url, f"no whole answer within {MOST_SECONDS:g} s") from None
            if isinstance(error, _GARBLED):
                raise AxisMisunderstood(self.url, str(error) or type(error).__name__) from None
            raise
        finally:
            timer.cancel()

    def _give_up(self) -> None:
        self._late = True
        self.close()

    def _bound(self, response: httpx.Response) -> None:
        if response.headers.get("content-encoding", "identity") != "identity":
            raise AxisMisunderstood(self.url, "an answer that is to be unpacked")
        response.stream = _Bounded(response.stream, self.url)


class _Bounded(httpx.SyncByteStream):
    """A body that ends with an error where it becomes too long."""

    def __init__(self, stream: Any, url: str) -> None:
        self._stream, self._url = stream, url

    def __iter__(self) -> Iterator[bytes]:
        size = 0
        for piece in self._stream:
            size += len(piece)
            if size > MAX_ANSWER:
                raise AxisMisunderstood(self._url, f"an answer of more than {MAX_ANSWER} bytes")
            yield piece

    def close(self) -> None:
        """Give the connection back."""
        self._stream.close()
