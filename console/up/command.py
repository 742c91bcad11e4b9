"""``truc up``: all services of the table on this machine, until Ctrl-C."""

from __future__ import annotations

import json
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.table import Table
from sqlalchemy.engine import make_url

from console.known import world_of
from console.locale import Text
from console.outcome import DONE, UNREACHED, USAGE, Unusable
from console.up.before import CannotStart, holds_today, look
from console.up.place import FolderTaken, Stand, Wish, make_stand, probes, taken
from console.up.programs import ProgramFailed, ProgramMissing
from console.up.secrets import make_secrets
from console.up.services import SERVICES
from console.up.supervisor import Event, Process, StartFailed, Supervisor
from exchange.errors import ExchangeError

_WIDTH = 110


def perform(wish: Wish, text: Text) -> int:
    """Start, show, keep running, stop; the exit code."""
    talk = Console(stderr=True, highlight=False, soft_wrap=True)
    try:
        world = world_of(wish.scenario, wish.seed, text)
        with taken(wish.data):
            look(wish)
            if not holds_today(world):
                talk.print(text("up.past", name=wish.scenario), markup=False)
            return _perform(wish, text, talk)
    except Unusable as error:
        talk.print(str(error), markup=False)
        return USAGE
    except FolderTaken:
        talk.print(text("up.taken", folder=wish.data), markup=False)
        return USAGE
    except CannotStart as error:
        talk.print(text(error.key, **error.values), markup=False)
    except ProgramMissing as error:
        talk.print(text("up.missing", **error.values), markup=False)
    except (ProgramFailed, ExchangeError, OSError) as error:
        talk.print(text("error.unreachable", error=error), markup=False)
    except StartFailed as error:
        talk.print(text("up.failed", name=error.name, reason=error.reason, log=error.log), markup=False)
    return UNREACHED


def _perform(wish: Wish, text: Text, talk: Console) -> int:
    talk.print(text("up.starting", name=wish.scenario, seed=wish.seed, data=wish.data), markup=False)
    talk.print(text("start.test"), markup=False)
    stand = make_stand(wish, os.environ)
    with _asked_to_stop() as stop:
        supervisor = Supervisor(stand.processes, probes(wish, stand), lambda *what: _tell(talk, text, *what), stop.is_set)
        try:
            if supervisor.start():
                _show(wish, stand, text, talk)
                supervisor.run()
        finally:
            supervisor.stop()
    talk.print(text("up.stopped", data=wish.data), markup=False)
    return DONE


@contextmanager
def _asked_to_stop() -> Iterator[threading.Event]:
    """Set when somebody asks for the end. Asked twice it is the same: it ends as soon as everybody has put down what is in hand."""
    stop = threading.Event()
    before = {number: signal.signal(number, lambda *_: stop.set()) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _show(wish: Wish, stand: Stand, text: Text, talk: Console) -> None:
    if wish.json:
        print(json.dumps(tree(stand), sort_keys=True), flush=True)
        return
    table = Table(title=text("up.title"), title_justify="left", box=None, header_style="bold", pad_edge=False, padding=(0, 3, 0, 0))
    for word in ("part", "does", "address", "process"):
        table.add_column(text(f"up.{word}"), no_wrap=word != "does")
    for one in SERVICES:
        processes = [process for process in stand.processes if process.service.name == one.name]
        pids = ", ".join(str(process.pid) for process in processes if process.pid)
        running = pids or text("up.done" if one.once else "up.given")
        table.add_row(one.name, text(f"up.does.{one.name}"), _address(one.name, stand), running)
    screen = Console(highlight=False, width=None if talk.is_terminal else _WIDTH)
    screen.print(table)
    talk.print(text("up.running", logs=wish.data / "logs"), markup=False)


def tree(stand: Stand) -> dict[str, object]:
    """What runs where, for programs: addresses, process ids, and the files of the secrets, never the secrets."""
    return {
        "schema": "up/1",
        "addresses": {name: _address(name, stand) for name in ("axis", "broker", "database", "pki")},
        "secrets": stand.place.values["secrets"],
        "processes": {process.name: process.pid for process in stand.processes if process.pid},
    }


def _address(name: str, stand: Stand) -> str:
    values = stand.place.values
    http = {"axis": "port", "pki": "pki_port"}
    if name in http:
        return f"http://{values['host']}:{values[http[name]]}"
    found = {"postgres": "database", "valkey": "broker"}.get(name, name)
    # an address that was given may hold a password
    return make_url(values[found]).render_as_string(hide_password=True) if found in {"database", "broker"} else ""


def _tell(talk: Console, text: Text, event: Event, process: Process, number: int, wait: float) -> None:
    said = text(f"up.event.{event}", name=process.name, number=number, wait=text.number(wait, 1), log=process.log.path)
    talk.print(said, markup=False)


def secrets(folder: Path, text: Text) -> int:
    """``truc secrets``: make the files that are missing; the exit code."""
    try:
        made = make_secrets(folder)
    except OSError as error:
        Console(stderr=True).print(text("error.out", out=folder, reason=text.reason(error)), markup=False)
        return USAGE
    print(text("secrets.made", folder=folder, names=", ".join(made) or "–"))
    return DONE
