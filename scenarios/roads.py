"""The hops of a world as the axis takes them, and what is announced of their outages."""

from __future__ import annotations

from collections.abc import Iterable

from exchange.domain.organization import Directory
from exchange.domain.routing import bus, hops_for
from exchange.domain.transit import HopSpec
from scenarios.kernel import Kernel
from scenarios.world.model import Agency, HopPlan, World

PATTERN = "bus:*"
"""A world may state one plan for all provincial buses it does not name."""


def hop_specs(world: World) -> tuple[HopSpec, ...]:
    """Every hop of the world; ``bus:*`` stands for the bus of each province that has an agency and no plan of its own."""
    named = {plan.id: plan for plan in world.hops if plan.id != PATTERN}
    pattern = next((plan for plan in world.hops if plan.id == PATTERN), None)
    specs = [_spec(plan, plan.id) for plan in named.values()]
    if pattern is not None:
        roots = sorted({agency.id.root for agency in world.agencies if agency.id.root.startswith("H")})
        specs += [_spec(pattern, bus(root)) for root in roots if bus(root) not in named]
    return tuple(specs)


def _spec(plan: HopPlan, id: str) -> HopSpec:
    return HopSpec(id, plan.packages_per_minute, plan.latency_seconds, plan.outages)


class Outages:
    """What a sender's clerk can know: how long an outage that has begun was announced to last."""

    def __init__(self, kernel: Kernel, directory: Directory) -> None:
        self._kernel = kernel
        self._directory = directory
        self._outages = {spec.id: spec.outages for spec in hop_specs(kernel.world) if spec.outages}

    def ahead(self, sender: Agency, recipient: Agency) -> int:
        """Seconds until the last hop of this road works again; 0 when all do."""
        if not self._outages:
            return 0
        ours, theirs = self._directory.lookup(sender.id), self._directory.lookup(recipient.id)
        if ours is None or theirs is None:
            return 0
        return max((self._left(hop) for hop in hops_for(ours, theirs)), default=0)

    def _left(self, hop: str) -> int:
        moment = self._kernel.moment
        lefts: Iterable[float] = ((end - moment).total_seconds() for start, end in self._outages.get(hop, ()) if start <= moment < end)
        return int(max(lefts, default=0))
