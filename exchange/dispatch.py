"""Who runs the stages when business time is to be settled: this process inline, or workers elsewhere, for whom it waits.

Both give the same answer. With workers a *horizon* stands in the database: they touch only packages admitted before the settling began and
due by its instant, so that what a kernel does between two settlings is never overtaken by a fast worker, and hops move when all that could
still enter them has.
"""

from __future__ import annotations

import time
from typing import Protocol

from sqlalchemy import bindparam, func, insert, select, update

from exchange.domain.transit import SECOND
from exchange.doorbell import Doorbell
from exchange.errors import NotSettled
from exchange.outbox import EVERYTHING, FOLLOWS, Reach, Stage, depth, next_due, ringing, unfinished
from exchange.stages.desk import Desk
from exchange.stages.expire import expire, next_expiry
from exchange.stages.hops import Road, run_hops, survey
from exchange.stages.mail import Mail
from exchange.stages.runner import Runner
from exchange.store.dialect import machine_now, machine_seconds
from exchange.store.locks import Lock, wait_for
from exchange.store.tables import horizon, mailbox, package
from exchange.store.work import Store, again

_HORIZON = select(horizon.c.until, horizon.c.package)
_OPEN = insert(horizon)
_RAISE = update(horizon).values(until=bindparam("b_until"), package=bindparam("b_package"))
_TOLD = select(horizon.c.mail)
_TELL = update(horizon).values(mail=bindparam("b_mail"))
_PACKAGES = select(func.coalesce(func.max(package.c.id), 0))
_MAIL = select(mailbox.c.id, mailbox.c.organ, mailbox.c.package, mailbox.c.available_at, mailbox.c.rank).where(
    mailbox.c.id > bindparam("after")
)
_NOW = {dialect: select(machine_now(dialect)) for dialect in ("sqlite", "postgresql")}
_FRACTION = {dialect: select(machine_seconds(dialect)) for dialect in ("sqlite", "postgresql")}


class Dispatcher(Protocol):
    """Has everything due done."""

    def settle(self, until: int) -> tuple[list[Mail], int | None]:
        """Have everything due by ``until`` (epoch seconds) done; gives the mail posted and the next instant at which something is due."""
        ...


class Inline:
    """The embedded dispatcher: it rings every stage that has work until none has, and answers the door itself."""

    def __init__(self, desk: Desk) -> None:
        self._desk, self._runner = desk, Runner(desk)

    def settle(self, until: int) -> tuple[list[Mail], int | None]:
        """See :meth:`Dispatcher.settle`."""
        mail: list[Mail] = []
        reach = Reach(until)
        with self._desk.store.reading() as work:
            open_stages = ringing(work, reach)
        for stage in Stage:
            while stage in open_stages:
                done = self._runner.run(stage, reach)
                mail += done.mail
                if not done.more or not done.rows:
                    open_stages.discard(stage)
                    open_stages |= FOLLOWS[stage]
        moved, due = move(self._desk, until)
        return mail + moved, due


class Barrier:
    """Waits for workers. Whoever drives business time opens the axis with it, and the workers with the same database stay behind it."""

    def __init__(self, desk: Desk, doorbell: Doorbell) -> None:
        self._desk, self._doorbell = desk, doorbell

    def open(self) -> None:
        """Put the horizon up, before anything is submitted: where there is none, workers follow the clock of the machine."""
        with self._desk.store.writing() as work:
            wait_for(work, Lock.OPENING)
            if work.first(_HORIZON) is None:
                work.run(_OPEN, {"id": 1, "until": 0, "package": 0, "mail": 0})

    def settle(self, until: int) -> tuple[list[Mail], int | None]:
        """See :meth:`Dispatcher.settle`. Raises :class:`NotSettled` when workers leave work undone for too long."""
        with self._desk.store.writing() as work:
            reach = Reach(until, work.value(_PACKAGES))
            work.run(_RAISE, {"b_until": until, "b_package": reach.package})
        self._wait(reach)
        _, due = move(self._desk, until)
        with self._desk.store.writing() as work:
            rows = work.all(_MAIL, {"after": work.value(_TOLD)})
            if rows:
                work.run(_TELL, {"b_mail": max(row.id for row in rows)})
        return [Mail(row.organ, row.package, row.available_at, row.rank) for row in rows], due

    def _wait(self, reach: Reach) -> None:
        began, pause, rung = time.monotonic(), 0.002, -1.0
        while True:
            with self._desk.store.reading() as work:
                stages = unfinished(work, reach)
            if not stages:
                return
            waited = time.monotonic() - began
            if waited - rung >= 1:
                rung = waited
                for stage in stages:
                    self._doorbell.ring(stage)
            if waited > self._desk.settings.settle_seconds:
                with self._desk.store.reading() as work:
                    raise NotSettled(sum(depth(work).values()), self._desk.settings.settle_seconds)
            time.sleep(pause)
            pause = min(pause * 1.5, 0.1)


def expire_mail(desk: Desk, until: int) -> list[Mail]:
    """Have everything expire that does by ``until``; gives the notices."""
    notices: list[Mail] = []
    more = desk.settings.expire_days is not None
    while more:
        page, more = again(lambda: _expire(desk, until))
        notices += page
    return notices


def _expire(desk: Desk, until: int) -> tuple[list[Mail], bool]:
    with desk.store.writing() as work:
        return expire(work, desk, until)


def move(desk: Desk, until: int) -> tuple[list[Mail], int | None]:
    """Advance the hops to ``until``, and have mail expire; gives the mail and the next instant at which something is due."""
    road, expiry, due = _look(desk)
    mail: list[Mail] = []
    if road.next_event is not None and road.next_event <= until * SECOND:
        mail = again(lambda: _advance(desk, until))
    if mail or (expiry is not None and expiry <= until):
        mail = mail + expire_mail(desk, until)
        road, expiry, due = _look(desk)
    event = None if road.next_event is None else -(-road.next_event // SECOND)
    return mail, min((at for at in (due, event, expiry) if at is not None), default=None)


def _look(desk: Desk) -> tuple[Road, int | None, int | None]:
    """The hops, and the next instants at which something expires and at which a stage's row is due."""
    with desk.store.reading() as work:
        return survey(work, desk.hops), next_expiry(work, desk.settings.expire_days), next_due(work)


def _advance(desk: Desk, until: int) -> list[Mail]:
    with desk.store.writing() as work:
        wait_for(work, Lock.HOPS)
        return run_hops(work, desk, until)


def reach_of_workers(store: Store) -> Reach:
    """How far workers may go now: to the horizon where a kernel drives, else everywhere."""
    with store.asking() as work:
        row = work.first(_HORIZON)
    return EVERYTHING if row is None else Reach(row.until, row.package)


def machine_fraction(store: Store) -> float:
    """The database's clock with its fraction, to set another clock by."""
    with store.asking() as work:
        return float(work.value(_FRACTION[work.dialect]))


def machine_clock(store: Store) -> int:
    """The database's clock: business time of a service that no kernel drives."""
    with store.asking() as work:
        return int(work.value(_NOW[work.dialect]))
