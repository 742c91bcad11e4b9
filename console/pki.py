"""The PKI of a scenario on a port: time-stamps, certificate status, revocation lists, authority certificates as of a moment, or of now."""

from __future__ import annotations

import socket
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, time
from functools import partial

from rich.console import Console

from console.known import world_of
from console.lasting import disturbances, disturbed
from console.locale import Text
from console.outcome import DONE, UNREACHED, USAGE, Unusable
from exchange.domain.calendar import VN
from scenarios.world.model import World
from scenarios.world.pki import build
from signing import Behaviour, Service, SigningError, TrustServices

NOW = "now"
"""The moment of a PKI whose clock is the machine's."""
_OPENING = time(8)
_YEARS = range(2010, 2101)
"""The first generation's root begins in 2010."""


@dataclass(frozen=True, slots=True)
class Stand:
    """What the command line asks for."""

    scenario: str
    seed: str
    at: str | None
    host: str
    port: int
    moment_from_header: bool


def serve(stand: Stand, text: Text) -> int:
    """Serve until interrupted; the exit code."""
    talk = Console(stderr=True, highlight=False, soft_wrap=True)
    try:
        import uvicorn
    except ImportError:
        talk.print(text("error.service"), markup=False)
        return UNREACHED
    try:
        world = world_of(stand.scenario, stand.seed, text)
        clock = _clock(stand, world, text)
        pki = build(world).pki
        services = TrustServices(pki, clock, behaviours=partial(_behaviours, world), moment_from_header=stand.moment_from_header)
        listening = socket.create_server((stand.host, stand.port))
    except Unusable as error:
        talk.print(str(error), markup=False)
        return USAGE
    except SigningError as error:
        talk.print(text("error.unreachable", error=error), markup=False)
        return UNREACHED
    except OSError as error:
        talk.print(text("error.unreachable", error=f"{stand.host}:{stand.port}: {text.reason(error)}"), markup=False)
        return UNREACHED
    with listening:
        still = stand.at != NOW and not stand.moment_from_header
        faults = disturbances(disturbed(world, Service, clock() if still else None), text)
        _announce(stand, clock(), listening, faults, [str(id) for id in pki.authorities()], text, talk)
        try:
            uvicorn.Server(uvicorn.Config(services, log_level="warning", lifespan="off", date_header=False)).run(sockets=[listening])
        except KeyboardInterrupt:  # uvicorn closes in order and hands the signal on
            return DONE
    return DONE


def _clock(stand: Stand, world: World, text: Text) -> Callable[[], datetime]:
    """The machine's clock where that is asked for; else one that stands still, on the first day's morning where no moment is named."""
    if stand.at == NOW:
        return lambda: datetime.now(VN).replace(microsecond=0)
    at = datetime.combine(world.start, _OPENING, VN) if stand.at is None else _moment(stand.at, text)
    return lambda: at


def _moment(given: str, text: Text) -> datetime:
    """An instant, Vietnamese time unless it says otherwise."""
    try:
        at = datetime.fromisoformat(given)
    except ValueError:
        at = None
    if at is None or at.year not in _YEARS:
        raise Unusable(text("error.at", at=given or "''"))
    return at if at.tzinfo is not None else at.replace(tzinfo=VN)


def _behaviours(world: World, at: datetime) -> dict[Service, Behaviour]:
    """How the services behave at a moment, as the world's file says."""
    return {service: plan.behaviour(at) for service, plan in world.services.items()}


def _announce(
    stand: Stand, at: datetime, listening: socket.socket, faults: list[str], authorities: list[str], text: Text, talk: Console
) -> None:
    """What is served, as of when, and where: addresses to standard output, the rest is talk."""
    host, port = listening.getsockname()[:2]
    base = f"http://{f'[{host}]' if ':' in host else host}:{port}"
    talk.print(text("pki.line", name=stand.scenario, seed=stand.seed, moment=text.instant(at.astimezone(VN))), style="bold", markup=False)
    talk.print(text("start.faults", faults="; ".join(faults) or text("start.no-faults")), markup=False)
    talk.print(text("start.test"), markup=False)
    talk.print(text("pki.running" if stand.at == NOW else "pki.still"), markup=False)
    if stand.moment_from_header:
        talk.print(text("pki.header"), markup=False)
    lists = (f"{base}/crl/{id}.crl" for id in authorities)
    certificates = (f"{base}/ca/{id}.crt" for id in authorities)
    print("\n".join([f"{base}/", f"{base}/tsa", f"{base}/ocsp", *lists, *certificates]), flush=True)
    talk.print(text("pki.stop"), markup=False)
