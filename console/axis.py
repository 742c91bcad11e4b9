"""The axis' HTTP API as a process: any number of them, on any number of machines, over one database."""

from __future__ import annotations

import os
import signal
import socket
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import typer
from sqlalchemy.exc import ArgumentError

from console.known import world_of
from console.locale import Text
from console.outcome import DONE, UNREACHED, USAGE, Unusable
from exchange import heap
from exchange.axis import Axis
from exchange.bootstrap import open_axis
from exchange.doorbell import Doorbell, Silent
from exchange.errors import ExchangeError
from exchange.logs import set_up
from exchange.metering import Reported
from exchange.presence import Part, known_as
from exchange.settings import AxisSettings, Capacity
from scenarios import roads, secrets
from scenarios.world.pki import build
from signing import CadesSigner, Purpose, SigningError, Validator

if TYPE_CHECKING:
    from uvicorn import Server


_KERNEL = 1e6
"""Requests of one agency per second."""


@dataclass(frozen=True, slots=True)
class Counter:
    """What an API process is told: whose axis, where its database and its broker are, where it listens, and who moves its clock."""

    scenario: str
    seed: str
    database: str
    broker: str | None
    host: str
    port: int
    driven: bool
    capacity: Capacity = field(default_factory=Capacity)
    """What may wait for workers before callers are told to come later, where no kernel drives."""


def serve(counter: Counter, text: Text) -> int:
    """Serve until told to stop; the exit code."""
    try:
        from exchange.web.app import make_app
        from exchange.web.guard import Service
        from exchange.web.limits import WebSettings
        from exchange.web.server import listen, make_server

        bell = _bell(counter.broker, driven=counter.driven)
    except ImportError:
        typer.echo(text("error.axis"), err=True)
        return UNREACHED
    try:
        axis = _open(counter, bell, text)
    except Unusable as error:
        typer.echo(str(error), err=True)
        return USAGE
    except ArgumentError:
        typer.echo(text("error.address"), err=True)
        return USAGE
    except (ExchangeError, SigningError) as error:
        typer.echo(text("error.unreachable", error=error), err=True)
        return UNREACHED
    except ImportError:  # the database's driver
        typer.echo(text("error.axis"), err=True)
        return UNREACHED
    try:
        listening = listen(counter.host, counter.port)
    except OSError as error:
        axis.close()
        typer.echo(text("error.unreachable", error=f"{counter.host}:{counter.port}: {text.reason(error)}"), err=True)
        return UNREACHED
    set_up("axis")
    # a kernel asks for all agencies, as fast as it is answered
    settings = WebSettings(driven=True, rate=_KERNEL, burst=_KERNEL) if counter.driven else WebSettings()
    with listening:
        typer.echo(text("axis.line", name=counter.scenario, seed=counter.seed), err=True)
        typer.echo(text("axis.driven") if counter.driven else text("axis.clock"), err=True)
        typer.echo(text("start.test"), err=True)
        typer.echo(_address(listening))
        service = Service(axis, settings)
        server = make_server(make_app(service), settings, service.stop_waiting)
        heap.settle()
        _run(server, listening)
    axis.close()
    return DONE


def _run(server: Server, listening: socket.socket) -> None:
    """Until a signal; uvicorn closes in order and then hands the signal on, which has no more to say."""
    signal.signal(signal.SIGTERM, lambda *_: None)
    with suppress(KeyboardInterrupt):
        server.run(sockets=[listening])


def _bell(broker: str | None, *, driven: bool) -> Doorbell:
    if broker is None:
        return Silent()
    from workers.bell import celery_bell

    return celery_bell(broker, 0.002) if driven else celery_bell(broker)


def _open(counter: Counter, bell: Doorbell, text: Text) -> Axis:
    world = world_of(counter.scenario, counter.seed, text)
    issued = build(world)
    trust = issued.pki.trust_store()
    name = f"{socket.gethostname()}-{os.getpid()}"
    url = known_as(counter.database, Part.AXIS, name)
    settings = AxisSettings(
        database_url=url, accept_sealed_files=world.sealed_files, expect_time_stamps=world.stamps,
        capacity=None if counter.driven else counter.capacity,
    )  # fmt: skip
    axis = open_axis(
        settings, directory=issued.directory, trust=trust, hops=roads.hop_specs(world) if counter.driven else (), doorbell=bell,
        signer=CadesSigner(issued.axis, embed_certificates=False, purpose=Purpose.RECEIPT), validator=Validator(trust, issued.policy),
        driven=counter.driven, metering=Reported(name) if counter.driven else None,
    )  # fmt: skip
    axis.enrol_new(secrets.members(world, settings.organ))
    return axis


def _address(listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"
