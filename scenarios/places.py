"""Which axis a run plays against: its own in this process, one whose stages run elsewhere on the same database, or one behind HTTP."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from exchange.axis import Axis
from exchange.bootstrap import open_axis
from exchange.doorbell import Doorbell
from exchange.metering import Metering, Paths
from exchange.observe import DrivenAxis
from exchange.settings import AxisSettings
from scenarios import roads, secrets
from scenarios.world.model import World
from scenarios.world.pki import WorldPki
from signing import CadesSigner, PathCache, Purpose, Validator

DAYS_OF_LISTS = 2
"""Sets of revocation lists a certificate's timelines are kept for: today's, and yesterday's for what arrived overnight."""


class AxisInUse(Exception):
    """The axis holds packages already; a run counts everything from the beginning."""

    def __init__(self, receipts: int) -> None:
        super().__init__(receipts)
        self.receipts = receipts

    def __str__(self) -> str:
        return f"the axis has signed receipts already ({self.receipts}), and a run needs an empty one"


class Place(Protocol):
    """Where the axis of a run is."""

    def open(self, world: World, issued: WorldPki, workdir: Path) -> DrivenAxis:
        """The axis of this world, empty. Raises :class:`AxisInUse` and what :mod:`exchange.errors` has for databases."""
        ...


@dataclass(frozen=True, slots=True)
class Embedded:
    """In this process, over a file of the run's own folder."""

    def open(self, world: World, issued: WorldPki, workdir: Path) -> DrivenAxis:
        """See :meth:`Place.open`."""
        return _open(world, issued, AxisSettings(f"sqlite:///{workdir / 'axis.db'}"), metering=Paths())


@dataclass(frozen=True, slots=True)
class Served:
    """Over a database whose workers of the same scenario and seed (``truc worker … --driven``) run the stages, woken through a broker.

    ``seconds``: how long a settling waits for them.
    """

    database: str
    broker: str
    seconds: int = 300

    def open(self, world: World, issued: WorldPki, workdir: Path) -> DrivenAxis:
        """See :meth:`Place.open`. Raises ``ImportError`` where the extra ``service`` is not installed."""
        from workers.bell import celery_bell  # noqa: PLC0415 - Celery is an extra

        settings = AxisSettings(self.database, settle_seconds=self.seconds)
        return _empty(_open(world, issued, settings, doorbell=celery_bell(self.broker, _GAP)))


_FIRST_SECONDS = 3.0
_GAP = 0.002
"""Seconds between two rings: whoever drives waits for the answer to each."""


@dataclass(frozen=True, slots=True)
class Remote:
    """Behind HTTP: an API process of the same scenario and seed (``truc axis … --driven``), with workers. This process holds no database.

    ``seconds``: for so long a call is repeated while the axis, met once, does not answer.
    """

    url: str
    seconds: float = 60.0

    def open(self, world: World, issued: WorldPki, workdir: Path) -> DrivenAxis:
        """See :meth:`Place.open`. Raises ``ImportError`` where the extra ``service`` is not installed."""
        from exchange.driving import HttpDrivenAxis  # noqa: PLC0415 - its HTTP client is of an extra

        operator = secrets.caller(world.seed, AxisSettings().organ)
        _empty(HttpDrivenAxis(self.url, operator, patience=_FIRST_SECONDS)).close()  # a wrong address is said at once
        return HttpDrivenAxis(self.url, operator, patience=self.seconds)


def _empty(axis: DrivenAxis) -> DrivenAxis:
    """The axis, if nothing was handed to it yet; else it is closed again."""
    try:
        found = axis.receipts()
        if found:
            raise AxisInUse(found)
    except BaseException:
        axis.close()
        raise
    return axis


def _open(
    world: World, issued: WorldPki, settings: AxisSettings, *, doorbell: Doorbell | None = None, metering: Metering | None = None
) -> Axis:
    trust = issued.pki.trust_store()
    return open_axis(
        replace(settings, accept_sealed_files=world.sealed_files, expect_time_stamps=world.stamps),
        directory=issued.directory,
        trust=trust,
        signer=CadesSigner(issued.axis, embed_certificates=False, purpose=Purpose.RECEIPT),
        hops=roads.hop_specs(world),
        # a machine of its own: it shares no paths with the agencies' software
        validator=Validator(trust, issued.policy, cache=PathCache(trust, issued.policy, snapshots=DAYS_OF_LISTS)),
        doorbell=doorbell,
        driven=doorbell is not None,
        metering=metering,
    )
