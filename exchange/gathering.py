"""Submissions of many callers in one transaction: what waits is taken together, up to sixty-four at a time.

Callers authenticate and parse in their own threads, then wait in a bounded line, the most urgent first. One thread takes all that wait,
admits them in one transaction and hands out the answers; while it writes, the next ones gather, so batches grow with the load. Nobody
waits for company that does not come: only after a batch of several does the next one begin no sooner than ``GAP`` seconds after it, or
twice that. A batch that fails is halved until what failed stands alone: one bad submission never harms another. Whoever was not answered
in time may submit again and gets the stored receipt.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from heapq import heappop, heappush
from itertools import count

from exchange.api import Credential, Receipt, Rejection, Submission
from exchange.axis import Axis
from exchange.capacity import Load, turned_away
from exchange.errors import Overloaded, StoreError, StoreUnavailable
from exchange.logs import about
from exchange.settings import Capacity
from exchange.store.admissions import Admission
from exchange.store.blobs import MemoryBudget
from exchange.store.work import Conflict

_log = logging.getLogger("truc.admission")
Answer = Receipt | Rejection
MOST = 64
"""Submissions of one transaction."""
GAP = 0.04
"""Seconds from the beginning of one transaction to that of the next where callers come together; twice that where many do."""
_MANY = 8
"""Beyond so many submissions of one transaction the next may wait longer: what a transaction costs by itself is shared by more."""
LINE = Capacity(rows=128, least_share=16)
"""What may wait in one process for its transaction; this is seconds of work, so nothing is judged by age."""
_MEMORY = 64 << 20
"""Bytes of attachments of all that wait; what exceeds it is staged in the database."""
_SOON = 1


class _Memory:
    """Bytes of attachments that may wait in memory in one process."""

    def __init__(self, left: int) -> None:
        self._left = left
        self._lock = threading.Lock()

    def take(self, size: int) -> bool:
        """Whether so many more fit; takes them if so."""
        with self._lock:
            if size > self._left:
                return False
            self._left -= size
            return True

    def give_back(self, size: int) -> None:
        """They wait no longer."""
        with self._lock:
            self._left += size


@dataclass(slots=True)
class _Held:
    """What one submission holds of it. What does not fit is staged in the database."""

    memory: _Memory
    own: MemoryBudget
    taken: int = 0

    def take(self, size: int) -> bool:
        """See :class:`exchange.store.blobs.Budget`."""
        if not self.own.take(size) or not self.memory.take(size):
            return False
        self.taken += size
        return True

    def give_back(self) -> None:
        """All of it."""
        self.memory.give_back(self.taken)
        self.taken = 0


@dataclass(order=True, slots=True)
class _Entry:
    """One submission in line: by urgency, then as it came."""

    place: tuple[int, int]
    admission: Admission = field(compare=False)
    held: _Held = field(compare=False)
    answer: Future[Answer] = field(compare=False, default_factory=Future)


class Gatherer:
    """Admits for one process. Its thread starts with the first submission, anew in a forked child, and ends with :meth:`close`."""

    def __init__(self, axis: Axis, *, line: Capacity = LINE, most: int = MOST, memory: int = _MEMORY) -> None:
        self._axis, self._line, self._most = axis, line, most
        self._memory = _Memory(memory)
        self._load = Load()
        self._waiting: list[_Entry] = []
        self._numbers = count()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._closing = False
        self.batches = 0
        self.admitted = 0

    def submit(self, caller: Credential, submission: Submission, at: datetime, seconds: float = 10.0) -> Answer:
        """Admit one package or refuse it, for a caller that waits so long.

        Raises :class:`exchange.errors.Unauthenticated`, :class:`exchange.errors.StoreUnavailable` and :class:`exchange.errors.Overloaded`.
        """
        answer = self.hand_in(caller, submission, at)
        try:
            return answer.result(seconds)
        except TimeoutError:
            if answer.cancel() or not answer.done():
                self._axis.counts.add("truc_overloads", "too-late")
                raise Overloaded(_SOON, "too-late") from None
            return answer.result(0)

    def hand_in(self, caller: Credential, submission: Submission, at: datetime) -> Future[Answer]:
        """Read one package in and put it in line; the answer comes later. Cancelling it takes it out of the line if it is still there.

        Raises what :meth:`submit` does, but for what happens in line.
        """
        held = _Held(self._memory, MemoryBudget(self._axis.settings.memory_bytes))
        try:
            read_in = self._axis.read_in(caller, submission, at, held)
            if isinstance(read_in, Admission):
                return self._line_up(read_in, held)
        except BaseException:
            held.give_back()
            raise
        held.give_back()
        refused: Future[Answer] = Future()
        refused.set_result(read_in)
        return refused

    def close(self) -> None:
        """Answer what is in line, and take no more."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
            thread = self._thread
        if thread is not None:
            thread.join()

    def _line_up(self, admission: Admission, held: _Held) -> Future[Answer]:
        with self._changed:
            refusal = self._refusal(admission)
            if refusal is None:
                entry = _Entry((-admission.urgency, next(self._numbers)), admission, held)
                heappush(self._waiting, entry)
                self._load.add(admission.sender, admission.urgency)
                if self._thread is None or not self._thread.is_alive():
                    self._thread = threading.Thread(target=self._run, name="gatherer", daemon=True)
                    self._thread.start()
                self._changed.notify()
                return entry.answer
        self._axis.counts.add("truc_overloads", refusal.rule)
        self._axis.abandon([admission])
        raise refusal

    def _refusal(self, admission: Admission) -> Overloaded | None:
        if self._closing:
            return Overloaded(_SOON, "closing")
        return turned_away(self._load, self._line, admission.sender, admission.urgency)

    def _run(self) -> None:
        begun, gap = 0.0, 0.0
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._closing)
                if gap:
                    left = begun + gap - time.monotonic()
                    self._changed.wait_for(lambda: self._closing or len(self._waiting) >= self._most, max(left, 0))
                batch = self._take()
            if not batch:
                return
            begun, gap = time.monotonic(), _gap(len(batch))
            self._answer([one for one in batch if one.answer.set_running_or_notify_cancel()])
            self._leave(batch)

    def _take(self) -> list[_Entry]:
        batch = [heappop(self._waiting) for _ in range(min(self._most, len(self._waiting)))]
        for one in batch:
            self._load.add(one.admission.sender, one.admission.urgency, -1)
        return batch

    def _answer(self, entries: Sequence[_Entry]) -> None:
        if not entries:
            return
        # in one order in every process: two that were handed the same packages do not wait for each other
        entries = sorted(entries, key=lambda one: one.admission.package_id)
        try:
            answers = self._axis.admit([one.admission for one in entries])
        except StoreUnavailable as error:
            for one in entries:
                one.answer.set_exception(StoreUnavailable(error.reason))
        except Exception as error:  # whatever one of them raises, the others must be admitted; alone it gets its own error
            if len(entries) == 1:
                _log.exception("not admitted", extra=about(package=entries[0].admission.package_id, sender=entries[0].admission.sender))
                entries[0].answer.set_exception(error)
                return
            half = len(entries) // 2
            self._answer(entries[:half])
            self._answer(entries[half:])
        else:
            self.batches += 1
            self.admitted += len(entries)
            self._axis.counts.add("truc_batches", str(1 << (len(entries) - 1).bit_length()))
            for one, answer in zip(entries, answers, strict=True):
                one.answer.set_result(answer)
            if _log.isEnabledFor(logging.INFO):
                for one in entries:
                    _log.info("admitted", extra=about(package=one.admission.package_id, sender=one.admission.sender))

    def _leave(self, batch: Sequence[_Entry]) -> None:
        """Give back what they held, and remove what was staged for those that were not admitted."""
        for one in batch:
            one.held.give_back()
            if one.answer.cancelled() or one.answer.exception() is not None:
                with suppress(StoreError, Conflict):  # then the sweep finds it
                    self._axis.abandon([one.admission])


def _gap(batch: int) -> float:
    """Seconds for which others may gather, after a transaction of so many."""
    return 0.0 if batch <= 1 else GAP if batch <= _MANY else 2 * GAP
