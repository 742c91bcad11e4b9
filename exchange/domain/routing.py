"""Which hops a package crosses from one organisation to another.

Every organisation hangs under a chain of hops up to the national axis: a Party body under its province's Party gateway, that and every
state body of a province under the provincial bus, all under the national axis (Decision 28/2018 Art. 7.3: one focal point per province).
The road goes up to the lowest hop both chains share and down again, so inside a province nothing touches the national axis.
"""

from __future__ import annotations

from functools import lru_cache

from exchange.domain.organization import Bloc, Organization

NATIONAL = "national"


def bus(root: str) -> str:
    """Provincial bus of a level-1 code, e.g. ``bus:H28``."""
    return f"bus:{root}"


def party_gateway(root: str) -> str:
    """Gateway between the Party network and the axis, e.g. ``party-gateway:H28``."""
    return f"party-gateway:{root}"


def hops_for(sender: Organization, recipient: Organization) -> tuple[str, ...]:
    """The hops in travelling order; empty from an organisation to itself."""
    if sender.id == recipient.id:
        return ()
    return _road(sender.id.root, sender.bloc, recipient.id.root, recipient.bloc)


@lru_cache(maxsize=65_536)
def _road(from_root: str, from_bloc: Bloc, to_root: str, to_bloc: Bloc) -> tuple[str, ...]:
    up, down = _chain(from_root, from_bloc), _chain(to_root, to_bloc)
    common = next(hop for hop in up if hop in down)
    return (*up[: up.index(common) + 1], *reversed(down[: down.index(common)]))


def _chain(root: str, bloc: Bloc) -> tuple[str, ...]:
    gateway = (party_gateway(root),) if bloc is Bloc.PARTY else ()
    provincial = (bus(root),) if root.startswith("H") else ()
    return (*gateway, *provincial, NATIONAL)
