"""What ``truc doctor`` says of a service, three lines for each of its parts: its address or how it should be, what was found or is missing.

Everything is asked of the database and the broker as they are now; nothing is written.
"""

from __future__ import annotations

import shutil
import socket
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from console.locale import Text
from console.up import health
from console.up.health import NoEntry, Unwell
from console.up.services import VALKEY_SETTINGS
from exchange import outbox
from exchange.errors import StoreError
from exchange.presence import Part, Presence, processes
from exchange.store.ailments import NO_ENTRY
from exchange.store.dialect import machine_now
from exchange.store.engine import open_existing
from exchange.store.schema import version_of
from exchange.store.tables import VERSION
from exchange.store.work import Store

SKEW_SECONDS = 2.0
"""Instants are whole seconds, and tokens are believed five seconds early: what differs by less changes nothing."""
ROOM = 4 << 30
"""Bytes that have to be free where packages lie while they come in: four of the largest at once."""


@dataclass(frozen=True, slots=True)
class Checked:
    """One part in three lines. ``found`` is ``None`` where it is missing; then ``remedy`` says what to do (a key of the catalogue)."""

    title: str
    wanted: str
    """How it should be; of a server, its address."""
    found: str | None
    remedy: str
    server: bool = False


def report(database: str | None, broker: str | None, text: Text) -> tuple[list[str], bool]:
    """The lines to print, and whether everything is here."""
    lines, whole = [], True
    for one in examine(database, broker, text):
        lines.append(one.title)
        lines.append(text("doctor.address" if one.server else "doctor.wanted", what=one.wanted))
        if one.found is not None:
            lines.append(text("doctor.reached", what=one.found))
        else:
            lines.append(text("doctor.lacking", what=text(one.remedy)))
        whole = whole and one.found is not None
    return lines, whole


def examine(database: str | None, broker: str | None, text: Text) -> Iterator[Checked]:
    """Every part of the service that was named."""
    if database is not None:
        yield from _database(database, text)
    if broker is not None:
        yield from _broker(broker, text)
    yield _room(text)


def _database(url: str, text: Text) -> Iterator[Checked]:
    name = text("doctor.service.database")
    try:
        shown = make_url(url).render_as_string(hide_password=True)
        store = Store(open_existing(url))
    except (ArgumentError, ImportError, StoreError) as error:
        yield Checked(name, f"{url.rpartition('@')[2]}: {error}", None, _to_do("database", error), server=True)
        return
    try:
        began = time.time()
        with store.asking() as work:
            now = work.value(select(machine_now(work.dialect)))
        middle = (began + time.time()) / 2
        yield Checked(name, shown, text("doctor.answers", dialect=store.dialect), "doctor.do.database", server=True)
    except StoreError as error:
        yield Checked(name, f"{shown}: {error}", None, _to_do("database", error), server=True)
        store.close()
        return
    try:
        found = version_of(store.engine)
        yield Checked(text("doctor.service.schema"), VERSION, found if found == VERSION else None, "doctor.do.schema")
        skew = abs(middle - now - 0.5)  # the database says whole seconds
        within = text("doctor.skew", seconds=text.number(skew, 1)) if skew <= SKEW_SECONDS + 0.5 else None
        yield Checked(
            text("doctor.service.clock"), text("doctor.skew.most", seconds=text.number(SKEW_SECONDS, 0)), within, "doctor.do.clock"
        )
        if found == VERSION:
            yield from _work(store, text)
    finally:
        store.close()


def _to_do(part: str, error: Exception) -> str:
    """What to do about a server that cannot be used: it is another thing when it is there and lets nobody in."""
    refused = isinstance(error, NoEntry) or getattr(error, "reason", None) == NO_ENTRY
    return f"doctor.do.{part}.password" if refused else f"doctor.do.{part}"


def _work(store: Store, text: Text) -> Iterator[Checked]:
    there = processes(store)
    for part in (Part.AXIS, Part.WORKER):
        seen = [one for one in there if one.part == part]
        lively = [one for one in seen if part is Part.AXIS or one.seen < health.SEEN_SECONDS]
        said = text("doctor.embedded") if store.dialect == "sqlite" else _named(lively, text) if lively else None
        yield Checked(text(f"doctor.service.{part}"), text(f"doctor.want.{part}"), said, f"doctor.do.{part}")
    with store.reading() as work:
        waiting = outbox.depth(work)
    parked = len(outbox.parked(store))
    said = text("doctor.want.letters", count=text.number(sum(waiting.values())))
    yield Checked(text("doctor.service.letters"), said, None if parked else text("doctor.none-parked"), "doctor.do.parked")


def _named(there: list[Presence], text: Text) -> str:
    hosts = len({one.name.rsplit("-", 2 if one.part == Part.WORKER else 1)[0] for one in there})
    return text("doctor.seen", count=len(there), hosts=hosts, seconds=text.number(min(one.seen for one in there), 1))


def _broker(url: str, text: Text) -> Iterator[Checked]:
    name = text("doctor.service.broker")
    try:
        shown = make_url(url).render_as_string(hide_password=True)
        settings = health.broker_settings(url)
    except (ArgumentError, Unwell, ImportError) as error:
        yield Checked(name, f"{url.rpartition('@')[2]}: {error}", None, _to_do("broker", error), server=True)
        yield Checked(text("doctor.service.beat"), text("doctor.want.beat"), None, "doctor.do.beat.unknown")
        return
    yield Checked(name, shown, text("doctor.answers", dialect=settings.get("server", "redis")), "doctor.do.broker", server=True)
    wanted = {key: VALKEY_SETTINGS[key] for key in ("appendonly", "maxmemory-policy")}
    held = all(settings.get(key) == value for key, value in wanted.items())
    words = ", ".join(f"{key} {value}" for key, value in wanted.items())
    yield Checked(text("doctor.service.settings"), words, words if held else None, "doctor.do.settings")
    try:
        who, ago = health.beat(url)
        found: str | None = text("doctor.rang", who=who, seconds=text.number(ago, 1))
    except Unwell:
        found = None
    yield Checked(text("doctor.service.beat"), text("doctor.want.beat"), found, "doctor.do.beat")


def _room(text: Text) -> Checked:
    folder = tempfile.gettempdir()
    free = shutil.disk_usage(folder).free
    said = text("doctor.free", size=text.number(free / (1 << 30), 1), host=socket.gethostname())
    wanted = text("doctor.want.room", folder=folder, size=text.number(ROOM / (1 << 30), 0))
    return Checked(text("doctor.service.room"), wanted, said if free >= ROOM else None, "doctor.do.room")
