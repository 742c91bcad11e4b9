"""A row of the table: the limit, ours, the peer, what must be reached; as text and as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from benchmarks.measure import Rate


@dataclass(frozen=True, slots=True)
class Peer:
    """Another program doing the same work in the same run, or why it did not."""

    name: str
    rate: Rate | None
    checks: tuple[str, ...]
    """What it checks or makes, in its own terms; the ratio means nothing without it."""
    absent: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One measure. Rates are operations per second on one core.

    ``limit`` is what the raw cryptographic operations of one unit of work allow, measured in the same run; ``must_share`` the share of it
    that ours must reach, ``must_peer`` the factor over the peer. ``must_rate`` is an absolute figure, already scaled by the raw operation
    of this run.
    """

    name: str
    unit: str
    limit: float
    limit_is: str
    ours: Rate
    checks: tuple[str, ...]
    peer: Peer | None = None
    must_share: float | None = None
    must_peer: float | None = None
    must_rate: float | None = None
    must_rate_is: str = ""
    remarks: tuple[str, ...] = ()
    others: tuple[Peer, ...] = ()
    """Further peers; ``must_peer`` is about the first."""

    @property
    def peers(self) -> tuple[Peer, ...]:
        """All of them."""
        return self.others if self.peer is None else (self.peer, *self.others)

    @property
    def share(self) -> float:
        """Ours over the limit."""
        return self.ours.median / self.limit

    @property
    def factor(self) -> float | None:
        """Ours over the peer's, ``None`` without a peer."""
        return None if self.peer is None else self.over(self.peer)

    def over(self, peer: Peer) -> float | None:
        """Ours over one of the peers', ``None`` when it was not measured."""
        return self.ours.median / peer.rate.median if peer.rate else None

    def verdicts(self) -> tuple[tuple[str, bool], ...]:
        """Each requirement in words and whether it held; one that needs an absent peer is not among them."""
        found = []
        if self.must_share is not None:
            found.append((f"{self.share:.2f} × limit (must reach {self.must_share})", self.share >= self.must_share))
        if self.must_rate is not None:
            words = f"{self.ours.median:,.0f} {self.unit}/s (must reach {self.must_rate:,.0f}: {self.must_rate_is})"
            found.append((words, self.ours.median >= self.must_rate))
        if self.must_peer is not None and self.factor is not None and self.peer is not None:
            found.append((f"{self.factor:.0f} × {self.peer.name} (must reach {self.must_peer:g})", self.factor >= self.must_peer))
        return tuple(found)


def render(row: Row) -> str:
    """The row as lines of text."""
    lines = [row.name, f"  limit    {row.limit:>12,.0f} {row.unit}/s   {row.limit_is}", f"  ours     {_rate(row.ours, row.unit)}"]
    for peer in row.peers:
        told = (
            f"not measured: {peer.absent}" if peer.rate is None else f"{_rate(peer.rate, row.unit)}; ours is {row.over(peer):,.1f} × that"
        )
        lines.append(f"  {peer.name:<8} {told}")
    lines += [f"  {'held ' if held else 'SHORT'}    {words}" for words, held in row.verdicts()]
    lines.append(f"  ours does:    {'; '.join(row.checks)}")
    lines += [f"  {peer.name} does: {'; '.join(peer.checks)}" for peer in row.peers]
    lines += [f"  {remark}" for remark in row.remarks]
    return "\n".join(lines)


def _rate(rate: Rate, unit: str) -> str:
    return f"{rate.median:>12,.1f} {unit}/s   rounds {rate.low:,.1f} … {rate.high:,.1f}, {rate.count:,} done"


def values(row: Row) -> Mapping[str, object]:
    """The row as plain values for JSON."""
    return {
        "name": row.name,
        "unit": row.unit,
        "limit_per_s": round(row.limit, 1),
        "limit_is": row.limit_is,
        "ours_per_s": round(row.ours.median, 1),
        "ours_rounds": [round(row.ours.low, 1), round(row.ours.high, 1)],
        "share_of_limit": round(row.share, 4),
        "checks": list(row.checks),
        "peer": row.peer.name if row.peer else None,
        "peer_per_s": round(row.peer.rate.median, 2) if row.peer and row.peer.rate else None,
        "factor_over_peer": round(row.factor, 1) if row.factor else None,
        "peer_checks": list(row.peer.checks) if row.peer else [],
        "others": [
            {
                "peer": peer.name,
                "peer_per_s": round(peer.rate.median, 2) if peer.rate else None,
                "factor_over_peer": round(factor, 1) if (factor := row.over(peer)) else None,
                "peer_checks": list(peer.checks),
            }
            for peer in row.others
        ],
        "verdicts": [{"requirement": words, "held": held} for words, held in row.verdicts()],
        "remarks": list(row.remarks),
    }
