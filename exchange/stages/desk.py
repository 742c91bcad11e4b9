"""What every stage has at hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from exchange.domain.organization import Directory
from exchange.domain.transit import HopSpec
from exchange.metering import Metering
from exchange.receipts import Notary
from exchange.settings import AxisSettings
from exchange.store.work import Store
from signing import TrustStore, Validator


@dataclass(frozen=True, slots=True)
class Desk:
    """The axis' own means: store, register of organisations, what it trusts, its validator, its key, its hops, how it keeps count."""

    store: Store
    settings: AxisSettings
    directory: Directory
    trust: TrustStore
    validator: Validator
    notary: Notary
    hops: Mapping[str, HopSpec]
    metering: Metering
