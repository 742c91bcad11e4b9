"""What members of the axis were given at registration, as a function of the seed: so a run can be repeated, and a service joined."""

from __future__ import annotations

from hashlib import sha256

from exchange.api import Caller
from exchange.domain.identifiers import OrganId
from scenarios.world.model import World


def caller(seed: str, organ: OrganId) -> Caller:
    """An organisation with its software's secret. Who knows the seed knows it: for a service that strangers reach, choose a long one."""
    return Caller(organ, sha256(f"{seed}|{organ}|software".encode()).hexdigest())


def members(world: World, operator: OrganId) -> dict[OrganId, str]:
    """Every organisation of a world that exchanges, and the one that runs the axis, with their secrets."""
    organs = {agency.id for agency in world.agencies if agency.exchanges} | {operator}
    return {organ: caller(world.seed, organ).secret for organ in sorted(organs)}
