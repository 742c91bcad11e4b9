"""The Celery application: four tasks of one line each, a schedule, and a crew in every child.

A process that becomes a worker says first how its children get their crew (:func:`equip`): every child opens its own database connections
after the fork, and patrols in a thread of its own.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
import threading
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from celery import Celery
from celery.apps.beat import Beat
from celery.beat import Service
from celery.signals import after_task_publish, setup_logging, worker_init, worker_process_init, worker_process_shutdown

from exchange import heap
from exchange.crew import Crew
from exchange.logs import set_up
from exchange.outbox import Stage
from workers.broker import take_over
from workers.pulse import Pulse
from workers.settings import CELERY, NICENESS, PATROL_SECONDS, POLL_SECONDS, SEAL_SECONDS, SWEEP_SECONDS, TIDY_SECONDS, entry

_log = logging.getLogger("truc.worker")
take_over()
app = Celery("truc", set_as_current=False)
app.conf.update(CELERY)
app.conf.beat_schedule = {
    **{f"sweep-{stage}": entry(f"truc.{stage}", SWEEP_SECONDS) for stage in Stage},
    "sweep-deliver": entry("truc.deliver", SWEEP_SECONDS),
    "seal": entry("truc.seal", SEAL_SECONDS),
    "tidy": entry("truc.tidy", TIDY_SECONDS),
}
_ORPHANED = 75
"""Exit code of a child whose parent is gone (EX_TEMPFAIL)."""
_parent: list[int] = []
_factories: list[Callable[[], Crew]] = []


class _Beat(Beat):
    """Celery's schedule, but that a signal only ends its loop: Celery raises SystemExit wherever it is, also within a send, which then
    reports an error and may swallow it.
    """

    def install_sync_handler(self, service: Service) -> None:
        """Stop at the next second."""

        def stop(*_: object) -> None:
            service.stop(wait=False)

        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, stop)


def serve(factory: Callable[[], Crew], broker: str, *, children: int, log_level: str = "warning") -> None:
    """Be a worker until told to stop: SIGTERM lets the batches in hand be finished."""
    equip(factory)
    _parent[:] = [os.getpid()]
    app.conf.broker_url = broker
    app.worker_main(
        ["worker", "--pool", "prefork", "--concurrency", str(children), "--loglevel", log_level, "--without-gossip", "--without-mingle",
         "--without-heartbeat", "--hostname", f"truc-{os.getpid()}@%h"]
    )  # fmt: skip


def keep_time(broker: str, state: Path, log_level: str = "warning") -> None:
    """Be the schedule until told to stop. Two of them ring twice, which changes nothing."""
    app.conf.broker_url = broker
    pulse = Pulse(broker, f"{socket.gethostname()}-{os.getpid()}")
    after_task_publish.connect(pulse, weak=False)
    _Beat(app=app, loglevel=log_level.upper(), schedule=str(state), max_interval=1).run()


def lease_name() -> str:
    """A name for this process that no other process has or had."""
    return f"{socket.gethostname()}-{os.getpid()}-{time.monotonic_ns()}"


def equip(factory: Callable[[], Crew]) -> None:
    """How a child of this process gets its crew."""
    _factories[:] = [factory]
    _opened.cache_clear()


_opening = threading.Lock()


def crew() -> Crew:
    """This process's crew, opened at the first need, be it a task's or the patrol's."""
    with _opening:
        return _opened()


@cache
def _opened() -> Crew:
    return _factories[0]()


@app.task(name="truc.verify")
def verify() -> None:
    """Judge what waits."""
    crew().drain(Stage.VERIFY)


@app.task(name="truc.route")
def route() -> None:
    """Route what was judged, and put on its way what can go."""
    crew().drain(Stage.ROUTE)


@app.task(name="truc.deliver")
def deliver() -> None:
    """Deliver what has arrived."""
    crew().deliver()


@app.task(name="truc.seal")
def seal() -> None:
    """Enter into the ledger what happened."""
    crew().seal()


@app.task(name="truc.tidy")
def tidy() -> None:
    """Remove what was staged and never adopted."""
    crew().tidy()


@worker_init.connect
def _start(sender: Any, **_: Any) -> None:
    threading.Thread(target=_replace, args=(sender,), name="children", daemon=True).start()


def _replace(worker: Any) -> None:
    """Another child for one that has died while the parent waits for a broker: it does so up to half a minute and sees nothing else.

    Where there is a broker, the parent's own loop is faster: it is told by the system that a child is gone.
    """
    missing: set[int] = set()
    while True:
        time.sleep(POLL_SECONDS)
        pool = getattr(getattr(worker, "pool", None), "_pool", None)
        if pool is None:
            continue
        still = _missing(pool)
        if missing & still:
            # a parent that never met its broker has not told the pool what to do; without anything there a dead child keeps its place
            pool.on_process_down = pool.on_process_down or (lambda _: None)
            try:
                pool.maintain_pool()
            except Exception:  # the pool is Celery's, and its own loop is not there to put it in order: said, and tried again
                _log.exception("a child that died could not be replaced yet")
        missing = still


def _missing(pool: Any) -> set[int]:
    """Children that have ended and stand in the pool all the same, and 0 where fewer stand there than it is to have."""
    kept = [*pool._pool]
    return {one.pid for one in kept if one.exitcode is not None} | ({0} if len(kept) < pool._processes else set())


@setup_logging.connect
def _logs(loglevel: int | str | None = None, **_: Any) -> None:
    """In place of Celery's own set-up: its lines and ours are of one form."""
    set_up("worker", logging.getLevelName(loglevel) if isinstance(loglevel, int) else loglevel or "warning")


@worker_process_init.connect
def _begin(**_: Any) -> None:
    os.nice(NICENESS)
    _opened.cache_clear()  # what the parent may have opened is not this child's
    for name, watch in (("patrol", _patrol), ("parent", _follow)):
        threading.Thread(target=watch, name=name, daemon=True).start()


def _follow() -> None:
    """End with the parent. A child that outlived one that was killed would work on, and the next parent's children beside it."""
    while not _parent or os.getppid() == _parent[0]:
        time.sleep(POLL_SECONDS)
    os._exit(_ORPHANED)  # whatever is in hand is another's when its lease runs out


def _patrol() -> None:
    while True:
        try:
            opened = crew()
            heap.settle()
            opened.patrol(POLL_SECONDS, PATROL_SECONDS)
        except Exception:  # a database that is not there yet, or a fault of ours: said, and looked at again
            _log.exception("the patrol was ended by a fault and begins again")
            time.sleep(POLL_SECONDS)


@worker_process_shutdown.connect
def _end(**_: Any) -> None:
    if _opened.cache_info().currsize:
        crew().close()
