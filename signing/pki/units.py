"""The services' own certificates, as functions of a description and a moment: time-stamping units, OCSP responders.

Units have names with the day they start, so that each has a key of its own and adding one changes no other.
"""

from __future__ import annotations

from bisect import bisect_right
from datetime import datetime, time

from signing.pki.authorities import PROFILES, VN, Authority, Tree
from signing.pki.profiles import HolderKind, HolderSpec, RevocationReason
from signing.pki.spec import PkiSpec, years_after


def stamping_units(spec: PkiSpec) -> tuple[HolderSpec, ...]:
    """Every time-stamping unit there will be, oldest first, until the root ends."""
    starts: list[datetime] = []
    start = spec.not_before
    while start < spec.not_after:
        starts.append(start)
        start = years_after(spec.not_before, spec.stamper_interval_years * len(starts))
    starts = sorted({*starts, *spec.compromised_stampers})
    return tuple(_stamping_unit(spec, start, _compromise(spec, starts, start)) for start in starts)


def stamping_unit(units: tuple[HolderSpec, ...], at: datetime) -> HolderSpec | None:
    """The unit in use at a moment: the newest; ``None`` before the first."""
    return next((unit for unit in reversed(units) if unit.not_before <= at < unit.not_after), None)


def revoked_unit(units: tuple[HolderSpec, ...], at: datetime) -> HolderSpec | None:
    """The last unit that was revoked by then and has not expired: what a service run by the thief would use."""
    return next((unit for unit in reversed(units) if unit.revoked_at is not None and unit.revoked_at <= at < unit.not_after), None)


def responder(spec: PkiSpec, id: Authority, at: datetime) -> HolderSpec | None:
    """The responder that answers for an authority at a moment; ``None`` outside the authority's validity."""
    first, last = spec.validity(id)
    return _responder(spec, id, (at - first) // spec.responder_interval) if first <= at <= last else None


def responders(spec: PkiSpec, id: Authority, at: datetime) -> tuple[HolderSpec, ...]:
    """Every responder certified by a moment, oldest first."""
    first, last = spec.validity(id)
    return tuple(_responder(spec, id, number) for number in range((min(at, last) - first) // spec.responder_interval + 1))


def _responder(spec: PkiSpec, id: Authority, number: int) -> HolderSpec:
    first, last = spec.validity(id)
    start = first + number * spec.responder_interval
    return HolderSpec(
        HolderKind.OCSP_RESPONDER,
        f"OCSP {id} {_label(start)} TEST",
        id,
        start,
        min(last, start + spec.responder_interval + spec.responder_overlap),
        organisation=PROFILES[id].operator,
        key=spec.responder_key_kind(id),
    )


def _compromise(spec: PkiSpec, starts: list[datetime], start: datetime) -> datetime | None:
    """When the unit that starts then is revoked: at the next start, if that one replaces it."""
    following = bisect_right(starts, start)
    replaced = following < len(starts) and starts[following] in spec.compromised_stampers
    return starts[following] if replaced else None


def _stamping_unit(spec: PkiSpec, start: datetime, revoked_at: datetime | None) -> HolderSpec:
    return HolderSpec(
        HolderKind.TIME_STAMPING,
        f"TSA {_label(start)} chuyên dùng Chính phủ {Tree.G2.upper()} TEST",
        Authority.ROOT,
        start,
        min(spec.not_after, years_after(start, spec.stamper_years)),
        organisation=PROFILES[Authority.ROOT].operator,
        key=spec.authority_key,
        revoked_at=revoked_at,
        reason=RevocationReason.KEY_COMPROMISE if revoked_at else RevocationReason.UNSPECIFIED,
    )


def _label(start: datetime) -> str:
    """The day, with the time of day where it does not start at midnight."""
    local = start.astimezone(VN)
    return f"{local:%Y-%m-%d}" if local.time() == time() else f"{local:%Y-%m-%d %H:%M:%S}"
