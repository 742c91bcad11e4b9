"""Opens an axis: the only place that knows the mode. Store, key, stages, in order; nothing is connected before."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack

from exchange.axis import Axis
from exchange.crew import Crew
from exchange.dispatch import Barrier, Inline
from exchange.domain.organization import Directory
from exchange.domain.transit import HopSpec
from exchange.doorbell import Doorbell, Silent
from exchange.metering import Metering, Reported, Unmetered
from exchange.outbox import release_leases
from exchange.receipts import Notary
from exchange.settings import AxisSettings
from exchange.stages.desk import Desk
from exchange.store.engine import open_engine
from exchange.store.locks import Lock, wait_for
from exchange.store.schema import ensure_schema
from exchange.store.work import Store
from exchange.tokens import Tokens
from exchange.trust import record_terms
from signing import CadesSigner, Purpose, TrustStore, Validator


def open_axis(
    settings: AxisSettings,
    *,
    directory: Directory,
    trust: TrustStore,
    signer: CadesSigner,
    hops: Sequence[HopSpec],
    validator: Validator | None = None,
    doorbell: Doorbell | None = None,
    driven: bool = False,
    metering: Metering | None = None,
) -> Axis:
    """An axis over the database of the settings, made if it is empty.

    Without a ``doorbell`` it is embedded: :meth:`Axis.settle` runs the stages itself. With one, workers on the same database
    (:func:`open_crew`) run them, woken by it; ``driven`` says that a kernel's settling alone moves business time, and holds them back.

    ``signer`` is the axis' key; receipts, refusals and checkpoints are signed with it, each counted as what it is.
    ``validator``: the axis' own, otherwise one is made over ``trust``. ``metering``: how this process keeps count of what it does, where
    somebody asks. Raises :class:`exchange.errors.StoreVersionMismatch` and :class:`exchange.errors.StoreUnavailable`.
    """
    desk = _open_desk(settings, directory, trust, signer, hops, validator, metering)
    tokens = Tokens(signer.holder.key.secret_for("access tokens"), settings.origin, settings.token_seconds)
    if doorbell is None:
        return Axis(desk, Inline(desk), Silent(), tokens)
    barrier = Barrier(desk, doorbell)
    if driven:
        barrier.open()
    return Axis(desk, barrier, doorbell, tokens)


def open_crew(
    settings: AxisSettings,
    *,
    directory: Directory,
    trust: TrustStore,
    signer: CadesSigner,
    hops: Sequence[HopSpec],
    doorbell: Doorbell,
    name: str,
    validator: Validator | None = None,
    counted: bool = False,
) -> Crew:
    """The stages for one worker process. ``name`` is in its leases and nobody else's: host, process and start.

    ``counted``: it reports what it counts (:mod:`exchange.metering`), for a kernel that drives and will ask.
    """
    metering = Reported(name) if counted else None
    return Crew(_open_desk(settings, directory, trust, signer, hops, validator, metering), doorbell, name)


def _open_desk(
    settings: AxisSettings, directory: Directory, trust: TrustStore, signer: CadesSigner, hops: Sequence[HopSpec],
    validator: Validator | None, metering: Metering | None,
) -> Desk:  # fmt: skip
    engine = open_engine(settings.database_url)
    store = Store(engine)
    notary = Notary(*(_with_purpose(signer, purpose) for purpose in (Purpose.RECEIPT, Purpose.REFUSAL, Purpose.CHECKPOINT)))
    with ExitStack() as refused:
        refused.callback(store.close)
        ensure_schema(engine)
        with store.writing() as work:
            wait_for(work, Lock.OPENING)
            if engine.dialect.name == "sqlite":  # embedded: one process owns the file, so whoever held a lease is gone
                release_leases(work)
            record_terms(work, settings, directory, trust, notary.certificate)
        refused.pop_all()
    own = Validator(trust) if validator is None else validator
    keeping = metering or Unmetered()
    own.on_path = keeping.note
    return Desk(store, settings, directory, trust, own, notary, {hop.id: hop for hop in hops}, keeping)


def _with_purpose(signer: CadesSigner, purpose: Purpose) -> CadesSigner:
    return CadesSigner(signer.holder, embed_certificates=False, purpose=purpose)
