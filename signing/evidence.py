"""What a verdict stands on: trust anchors, known authorities and revocation lists. Given to the validator, never fetched by it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

CrlSource = Callable[[bytes, datetime], bytes | None]
"""``(DER name of the issuer, moment) → DER of its freshest CRL with thisUpdate ≤ moment``, or ``None`` when there is none."""


@dataclass(frozen=True, slots=True)
class TrustStore:
    """Trust anchors and known intermediate authorities as DER certificates, and where CRLs come from."""

    anchors: tuple[bytes, ...]
    authorities: tuple[bytes, ...]
    crl_source: CrlSource
