"""The processes of the networked service: migration, a worker, the schedule. Each is one command; the last two run until told to stop."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import typer
from sqlalchemy.exc import ArgumentError

from console.known import world_of
from console.locale import Text
from console.outcome import DONE, UNREACHED, USAGE, Unusable
from exchange.bootstrap import open_crew
from exchange.crew import Crew
from exchange.errors import ExchangeError
from exchange.presence import Part, known_as
from exchange.settings import AxisSettings
from exchange.store.engine import open_engine
from exchange.store.schema import bring_up
from scenarios import roads
from scenarios.world.pki import build
from signing import CadesSigner, Purpose, SigningError, Validator


@dataclass(frozen=True, slots=True)
class Station:
    """What a worker is told: whose axis (a scenario and its seed), where its database and its broker are, and how many children it has."""

    scenario: str
    seed: str
    database: str
    broker: str
    children: int
    driven: bool
    """A kernel moves business time and the scenario's roads take their time; otherwise the clock of the machine, and no roads."""
    expire_days: int | None = None
    """Days after which a document nobody fetched expires."""


def migrate(database: str, text: Text) -> int:
    """Bring a database to this release's schema; the exit code."""
    try:
        before, after = bring_up(open_engine(database))
    except ArgumentError:
        typer.echo(text("error.address"), err=True)
        return USAGE
    except (ExchangeError, ImportError) as error:
        typer.echo(text("error.unreachable", error=error), err=True)
        return UNREACHED
    typer.echo(text("migrate.done", before=before or "0000", after=after))
    return DONE


def work(station: Station, text: Text) -> int:
    """Be a worker; the exit code."""
    try:
        from workers.app import lease_name, serve
        from workers.bell import celery_bell
    except ImportError:
        typer.echo(text("error.workers"), err=True)
        return UNREACHED
    try:
        world = world_of(station.scenario, station.seed, text)
        issued = build(world)
        signer = CadesSigner(issued.axis, embed_certificates=False, purpose=Purpose.RECEIPT)
        hops = roads.hop_specs(world) if station.driven else ()

        def crew() -> Crew:
            name = lease_name()
            settings = AxisSettings(
                database_url=known_as(station.database, Part.WORKER, name), accept_sealed_files=world.sealed_files,
                expect_time_stamps=world.stamps, expire_days=station.expire_days,
            )  # fmt: skip
            trust, bell = issued.pki.trust_store(), celery_bell(station.broker)
            return open_crew(
                settings, directory=issued.directory, trust=trust, signer=signer, hops=hops, doorbell=bell, name=name,
                validator=Validator(trust, issued.policy), counted=station.driven,
            )  # fmt: skip

        crew().close()  # says now what is wrong with the database, instead of in every child
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
        typer.echo(text("error.workers"), err=True)
        return UNREACHED
    typer.echo(text("worker.line", name=station.scenario, seed=station.seed, children=station.children), err=True)
    serve(crew, station.broker, children=station.children)
    return DONE


def keep_time(broker: str, state: Path, text: Text) -> int:
    """Be the schedule; the exit code."""
    try:
        from workers.app import keep_time as run
    except ImportError:
        typer.echo(text("error.workers"), err=True)
        return UNREACHED
    typer.echo(text("beat.line"), err=True)
    run(broker, state)
    return DONE
