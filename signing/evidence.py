"""What a verdict stands on: trust anchors, known authorities, revocation data. Given to the validator, never fetched by it.

:class:`TrustStore` serves the bulk path (the axis, a recipient): a fixed hierarchy, and lists by moment. :class:`Evidence` serves the
auditor: a closed set of artefacts, as an archive or a bundle holds them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

CrlSource = Callable[[bytes, datetime], bytes | None]
"""``(DER name of the issuer, moment) → DER of its freshest CRL with thisUpdate ≤ moment``, or ``None`` when there is none."""


CrlSpan = Callable[[int], tuple[int, float]]
"""``epoch second → from when, and until when (not any more),`` a source gives every issuer's same CRL as at that moment."""


@dataclass(frozen=True, slots=True)
class TrustStore:
    """Trust anchors and known intermediate authorities as DER certificates, and where CRLs come from.

    A source that never takes a CRL back may say by ``crl_span`` for how long its answers stay the same.
    """

    anchors: tuple[bytes, ...]
    authorities: tuple[bytes, ...]
    crl_source: CrlSource
    crl_span: CrlSpan | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """A closed set of artefacts, each as DER, in no order. Only the anchors are trusted; all else must prove itself.

    ``timestamp_anchors`` are the roots of time-stamping authorities; empty means ``anchors`` serve both. ``crls`` are CertificateLists
    (complete, delta, indirect), ``ocsps`` OCSPResponses or BasicOCSPResponses. What a signature carries is added to this by the validation.
    """

    anchors: tuple[bytes, ...]
    timestamp_anchors: tuple[bytes, ...] = ()
    certificates: tuple[bytes, ...] = ()
    crls: tuple[bytes, ...] = ()
    ocsps: tuple[bytes, ...] = ()

    def __add__(self, other: Evidence) -> Evidence:
        """Both sets, each artefact once."""
        return Evidence(
            _union(self.anchors, other.anchors),
            _union(self.timestamp_anchors, other.timestamp_anchors),
            _union(self.certificates, other.certificates),
            _union(self.crls, other.crls),
            _union(self.ocsps, other.ocsps),
        )


def _union(one: tuple[bytes, ...], other: tuple[bytes, ...]) -> tuple[bytes, ...]:
    return tuple(dict.fromkeys((*one, *other)))
