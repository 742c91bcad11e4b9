"""Opens an axis: the only place that knows the mode. Store, key, stages, in order; nothing is connected before."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack

from exchange.axis import Axis
from exchange.domain.organization import Directory
from exchange.domain.transit import HopSpec
from exchange.outbox import release_leases
from exchange.receipts import Notary
from exchange.settings import AxisSettings
from exchange.stages.desk import Desk
from exchange.store.engine import open_engine
from exchange.store.schema import ensure_schema
from exchange.store.work import Store
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
) -> Axis:
    """An axis over the database of the settings, made if it is empty.

    ``signer`` is the axis' key; receipts, refusals and checkpoints are signed with it, each counted as what it is.
    ``validator``: the axis' own, when the caller wants to watch its paths; otherwise one is made over ``trust``. Raises
    :class:`exchange.errors.StoreVersionMismatch` and :class:`exchange.errors.StoreUnavailable`.
    """
    engine = open_engine(settings.database_url)
    store = Store(engine)
    notary = Notary(*(_with_purpose(signer, purpose) for purpose in (Purpose.RECEIPT, Purpose.REFUSAL, Purpose.CHECKPOINT)))
    with ExitStack() as refused:
        refused.callback(store.close)
        ensure_schema(engine)
        with store.writing() as work:
            if engine.dialect.name == "sqlite":  # embedded: one process owns the file, so whoever held a lease is gone
                release_leases(work)
            record_terms(work, settings, directory, trust, notary.certificate)
        refused.pop_all()
    own = Validator(trust) if validator is None else validator
    return Axis(Desk(store, settings, directory, trust, own, notary, {hop.id: hop for hop in hops}))


def _with_purpose(signer: CadesSigner, purpose: Purpose) -> CadesSigner:
    return CadesSigner(signer.holder, embed_certificates=False, purpose=purpose)
