"""A child process for parsers one cannot trust with hostile files: bounded in time and memory, replaced when dead.

Its time is the processor's, so that a verdict is the same on a busy machine; a child that only waits is ended by the clock.

Only plain values cross the border (numbers, text, bytes, tuples, lists, dicts, None): the answer of a child that met a hostile file is
read without running anything it could name. The child is an ordinary interpreter that imports what it is asked for, so that it works from
any thread, worker or test, whatever started the parent.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import os
import pickle
import signal
import subprocess
import sys
from dataclasses import dataclass
from multiprocessing.connection import Connection, Pipe
from threading import Lock, Timer
from types import TracebackType
from typing import Any

from signing.errors import FormatFailure

SECONDS = 2.0
"""Of the processor, for one call."""
PATIENCE = 20.0
"""Seconds by the clock."""
MEMORY = 1024 * 1024 * 1024
"""Address space of the child, in bytes; the interpreter with pyHanko maps about 0.3 GB before it reads anything."""
MAX_ANSWER = 64 * 1024 * 1024
_START_SECONDS = 60.0
"""For starting and importing, which is our own work and not the file's."""
_MAX_FILES = 64
_GRACE = 1.0
"""Seconds after the limit at which whatever still runs is ended from outside its pipe, and by itself when the parent is gone."""
_DONE, _MEMORY = "done", "memory"


@dataclass(frozen=True, slots=True)
class _Child:
    """A running child and the one pipe to it."""

    process: subprocess.Popen[bytes]
    pipe: Connection[Any, Any]

    def kill(self) -> None:
        """End it, whatever it is doing."""
        self.process.kill()
        self.process.wait()
        self.pipe.close()


class Sandbox:
    """One child, started when first needed and again after it was killed. One call at a time; threads wait for each other."""

    def __init__(self, *, seconds: float = SECONDS, patience: float = PATIENCE, memory: int = MEMORY) -> None:
        self._seconds, self._patience = seconds, patience
        self._memory = memory
        self._child: _Child | None = None
        self._lock = Lock()

    def call(self, function: str, *arguments: Any) -> Any:
        """What ``function`` (``module:name`` inside ``signing``) returns for plain arguments.

        Raises :class:`FormatFailure` when it raises, runs out of time or memory, dies, or answers with anything but plain values.
        """
        with self._lock:
            child = self._child
            if child is None or child.process.poll() is not None:
                self._stop()
                child = self._child = _start(function.partition(":")[0], self._memory, self._seconds, self._patience)
            # A child that takes no question or ends in the middle of an answer would be waited for without end.
            killer = Timer(self._patience + _GRACE, child.process.kill)
            killer.daemon = True
            killer.start()
            try:
                child.pipe.send_bytes(pickle.dumps((function, arguments)))
                if not child.pipe.poll(self._patience):
                    self._stop()
                    raise FormatFailure("file", f"cannot be parsed within {self._seconds:g} seconds")
                outcome, value = _plain(child.pipe.recv_bytes(MAX_ANSWER))
            except (OSError, EOFError) as error:
                self._stop()
                late = child.process.returncode == -signal.SIGPROF
                why = (
                    f"cannot be parsed within {self._seconds:g} seconds"
                    if late
                    else "ended the process that parsed it, or asked for too much memory"
                )
                raise FormatFailure("file", why) from error
            except ValueError as error:
                self._stop()
                raise FormatFailure("file", "made its parser answer something unreadable") from error
            finally:
                killer.cancel()
            if outcome == _MEMORY:
                self._stop()  # what a starved parser left behind is not worth keeping
        if outcome != _DONE:
            raise FormatFailure("file", f"cannot be parsed: {value}")
        return value

    def close(self) -> None:
        """End the child."""
        with self._lock:
            self._stop()

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _stop(self) -> None:
        if self._child is not None:
            self._child.kill()
        self._child = None


def _start(module: str, memory: int, seconds: float, patience: float) -> _Child:
    """A child that has imported ``module`` and waits for calls."""
    ours, theirs = Pipe()
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    number = theirs.fileno()
    command = (
        sys.executable,
        "-c",
        "from signing.formats.sandbox import serve; serve()",
        str(number),
        module,
        str(memory),
        str(seconds),
        str(patience + _GRACE),
    )
    process = subprocess.Popen(  # noqa: S603 - our own interpreter, nothing of the file in the command
        command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment, pass_fds=(number,)
    )
    theirs.close()
    child = _Child(process, ours)
    try:
        ready = ours.poll(_START_SECONDS) and _plain(ours.recv_bytes(MAX_ANSWER)) == (_DONE, None)
    except (OSError, EOFError, ValueError):
        ready = False
    if not ready:
        child.kill()
        raise FormatFailure("file", "cannot be parsed: the process that would do it does not start")
    return child


class _PlainUnpickler(pickle.Unpickler):
    """Reads values made of built-in types only; a name of anything else is refused."""

    def find_class(self, module: str, name: str) -> Any:
        raise pickle.UnpicklingError(f"{module}.{name}")


def _plain(data: bytes) -> Any:
    """A pickled plain value; raises :class:`ValueError` for any other."""
    try:
        return _PlainUnpickler(io.BytesIO(data)).load()
    except Exception as error:  # a pickle made by a subverted child can fail in any way
        raise ValueError("not a plain value") from error


def serve() -> None:
    """The child: answer calls until the parent closes the pipe."""
    pipe, module, memory = Connection(int(sys.argv[1])), sys.argv[2], int(sys.argv[3])
    seconds, patience = map(float, sys.argv[4:6])
    importlib.import_module(module)
    _limit(memory)
    pipe.send_bytes(pickle.dumps((_DONE, None)))
    while True:
        try:
            function, arguments = pickle.loads(pipe.recv_bytes())  # noqa: S301 - from the parent
        except EOFError:
            return
        _die_after(seconds, patience)
        answer = _answer(function, arguments)
        _die_after(0, 0)
        pipe.send_bytes(answer)


def _answer(function: str, arguments: tuple[Any, ...]) -> bytes:
    """The pickled outcome of one call."""
    module, _, name = function.partition(":")
    try:
        if not module.startswith("signing."):
            raise FormatFailure(function, "is no function of signing")
        return pickle.dumps((_DONE, getattr(importlib.import_module(module), name)(*arguments)))
    except MemoryError:
        return pickle.dumps((_MEMORY, "it asks for too much memory"))
    except FormatFailure as failure:
        return pickle.dumps(("failure", str(failure)))
    except Exception as error:  # a foreign parser on a hostile file: whatever comes is the file's fault
        return pickle.dumps(("error", " ".join(f"{type(error).__name__}: {error}".split())[:300]))


def _die_after(seconds: float, patience: float) -> None:
    """Let the system end this process after so long by the processor's time or the clock's (0: not any more), parent or no parent."""
    with contextlib.suppress(AttributeError):  # absent on some platforms
        signal.setitimer(signal.ITIMER_PROF, seconds)
        signal.setitimer(signal.ITIMER_REAL, patience)


def _limit(memory: int) -> None:
    """Bound the address space where the platform can; nothing is written to files, and few are open."""
    with contextlib.suppress(ImportError, ValueError):
        import resource  # noqa: PLC0415 - absent on some platforms

        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
        resource.setrlimit(resource.RLIMIT_NOFILE, (_MAX_FILES, _MAX_FILES))
