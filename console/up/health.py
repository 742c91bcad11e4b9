"""Whether a service is well, asked from outside it: by ``truc up`` for all it started, by ``truc health`` in each container."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable
from http.client import HTTPConnection, HTTPException
from urllib.parse import urlsplit

import typer
from sqlalchemy.exc import ArgumentError

from console.locale import Text
from console.outcome import DONE, SHORT, USAGE
from exchange.errors import StoreError
from exchange.presence import Part, Presence, processes
from exchange.store.engine import open_existing
from exchange.store.work import Store

SEEN_SECONDS = 10.0
"""A worker that did not look for work for so long stands still."""
_TIMEOUT = 3.0
_WELL = 200


class Unwell(Exception):
    """What is wrong, in a phrase."""


class NoEntry(Unwell):
    """It is there and lets us not in."""


def http(url: str) -> None:
    """An HTTP service answers 200. Raises :class:`Unwell`."""
    parts = urlsplit(url)
    connection = HTTPConnection(parts.hostname or "", parts.port, timeout=_TIMEOUT)
    try:
        connection.request("GET", parts.path or "/")
        status = connection.getresponse().status
    except (OSError, HTTPException) as error:
        raise Unwell(f"{url}: {error}") from None
    finally:
        connection.close()
    if status != _WELL:
        raise Unwell(f"{url}: HTTP {status}")


def workers(database: str, host: str = "") -> tuple[Presence, ...]:
    """The children of workers that looked for work lately, of one host or of all. Raises :class:`Unwell` when there are none."""
    try:
        store = Store(open_existing(database))
        try:
            found = processes(store)
        finally:
            store.close()
    except (StoreError, ArgumentError) as error:
        raise Unwell(str(error)) from None
    lively = tuple(one for one in found if one.part == Part.WORKER and one.seen < SEEN_SECONDS and one.name.startswith(host))
    if not lively:
        raise Unwell("no worker looked for work lately")
    return lively


def here() -> str:
    """How names of this host's workers begin."""
    return f"{socket.gethostname()}-"


def broker(url: str) -> None:
    """The broker answers. Raises :class:`Unwell`."""
    from redis import Redis
    from redis.exceptions import RedisError

    try:
        with Redis.from_url(url, socket_timeout=_TIMEOUT, socket_connect_timeout=_TIMEOUT) as client:
            client.ping()
    except (RedisError, ValueError) as error:
        raise Unwell(str(error)) from None


def broker_settings(url: str) -> dict[str, str]:
    """Which server it is, and its settings; those it will not tell are not among them. Raises :class:`Unwell`."""
    from redis import Redis
    from redis.exceptions import RedisError, ResponseError

    try:
        with Redis.from_url(url, socket_timeout=_TIMEOUT, socket_connect_timeout=_TIMEOUT, decode_responses=True) as client:
            told = client.info("server")
            version = told.get("valkey_version") or told.get("redis_version") or "?"
            found = {"server": f"{'Valkey' if 'valkey_version' in told else 'Redis'} {version}"}
            try:
                found |= client.config_get("appendonly") | client.config_get("maxmemory-policy")
            except ResponseError:  # a broker that others run may forbid it
                return found
            return found
    except (RedisError, ValueError) as error:
        refused = re.search(r"NOAUTH|WRONGPASS|invalid (?:username-)?password|HELLO must be called with the client already", str(error))
        raise (NoEntry if refused else Unwell)(str(error)) from None


def beat(url: str) -> tuple[str, float]:
    """Who of the schedule rang last, and how many seconds ago. Raises :class:`Unwell`."""
    from redis.exceptions import RedisError

    from workers.pulse import last_pulse

    try:
        found = last_pulse(url)
    except (RedisError, ValueError) as error:
        raise Unwell(str(error)) from None
    if found is None:
        raise Unwell("the schedule rang nothing lately")
    return found


def one(part: str, url: str | None, database: str | None, broker: str | None, text: Text) -> int:
    """``truc health``: ask one part of this host; the exit code, and a sentence when it is unwell."""
    asks: dict[str, tuple[str | None, Callable[[str], object]]] = {
        "axis": (url, http), "pki": (url, http), "worker": (database, lambda given: workers(given, here())), "beat": (broker, beat),
    }  # fmt: skip
    address, ask = asks.get(part, (None, beat))
    if address is None:
        typer.echo(text("health.usage", part=part, parts=", ".join(asks)), err=True)
        return USAGE
    try:
        ask(address)
    except Unwell as error:
        typer.echo(f"{part}: {error}", err=True)
        return SHORT
    return DONE
