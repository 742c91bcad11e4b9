"""What the day brings: when an agency needs a document written, of which kind and to whom.

Arrivals are a Poisson process with the working day's shape; everything else about a document is a function of its identifier, so that
nothing an agency does depends on how busy the others are.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

from exchange.domain.identifiers import OrganId
from exchange.domain.organization import Level
from scenarios.kernel import DAY, Kernel, Process
from scenarios.office import outgoing
from scenarios.office.corpus import DIRECTIVE_TYPES, INTERNAL_TYPES, OFFICIAL_TYPES, UPWARD_TYPES, pick_type
from scenarios.office.dispatch import scope_of
from scenarios.office.office import Office
from scenarios.office.outgoing import Need
from scenarios.streams import poisson, rendezvous, share, stream
from scenarios.trace import Scope

_HOURS = ((7.5, 9.0, 0.15), (9.0, 11.0, 0.34), (11.0, 11.5, 0.05), (13.0, 14.0, 0.11), (14.0, 16.5, 0.33), (16.5, 17.0, 0.02))
"""Shape of the day (labelled assumption: peaks from 9 to 11 and from 14 to 16:30)."""


def errands(office: Office) -> Process:
    """Every working day's documents of one agency, each begun at its own instant."""
    kernel, name = office.services.kernel, office.name
    official = stream(kernel.seed, name, "arrivals")
    internal = stream(kernel.seed, name, "internal")
    day = 0
    while True:
        if kernel.is_working(day):
            yield kernel.until(day * DAY)
            volumes = office.agency.volumes
            plan = [(at, False, n) for n, at in enumerate(_instants(official, volumes.official), 1)]
            plan += [(at, True, n) for n, at in enumerate(_instants(internal, volumes.internal), 1)]
            for at, inside, serial in sorted(plan):
                yield kernel.until(day * DAY + at)
                begin(office, internal_need(office, day, serial) if inside else official_need(office, day, serial))
        day += 1


def begin(office: Office, need: Need | None) -> None:
    """An officer opens the draft and has it on the desk."""
    if need is None:
        return
    writers = office.staff("officer") or office.staff("unit-head") or office.agency.people
    officer = office.pick(need.id, writers)
    if officer is not None:
        item = outgoing.draft(office, officer, need)
        office.desks[officer.id].put("write", item, item.urgency)


def official_need(office: Office, day: int, serial: int) -> Need | None:
    """A document to other agencies; ``None`` when the agency has nobody to write to."""
    kernel, agency = office.services.kernel, office.agency
    key = f"{office.name},{kernel.moment.year},{_day_of_year(kernel, day):03d}{serial:04d}"
    upward = _goes_up(office, key)
    recipients = _recipients(office, key, upward=upward)
    if not recipients:
        return None
    directive = share(kernel.seed, key, "directive") < agency.volumes.directives
    mix = DIRECTIVE_TYPES if directive else UPWARD_TYPES if upward else OFFICIAL_TYPES
    return Need(
        id=key,
        type=pick_type(share(kernel.seed, key, "type"), mix),
        scope=_scope(office, recipients),
        recipients=recipients,
        urgency=urgency_of(kernel, key, agency.urgent_share),
        secret=share(kernel.seed, key, "secret") < kernel.habits["secret_share"],
        directive=directive,
    )


def internal_need(office: Office, day: int, serial: int) -> Need:
    """A document that stays in the house."""
    kernel = office.services.kernel
    key = f"{office.name},{kernel.moment.year},{_day_of_year(kernel, day):03d}{serial:04d}NB"
    type_code = pick_type(share(kernel.seed, key, "type"), INTERNAL_TYPES)
    return Need(id=key, type=type_code, scope=Scope.INTERNAL, recipients=(office.id,), internal=True)


def urgency_of(kernel: Kernel, key: str, urgent_share: float) -> int:
    """edXML Priority: mostly 0; of the urgent ones most are khẩn (1), some thượng khẩn (2), few hỏa tốc (3)."""
    draw = share(kernel.seed, key, "urgency")
    if draw >= urgent_share:
        return 0
    place = draw / urgent_share
    if place < kernel.habits["express_share"]:
        return 3
    return 2 if place < kernel.habits["express_share"] + 0.2 else 1


def _recipients(office: Office, key: str, *, upward: bool) -> tuple[OrganId, ...]:
    """To everybody, up to superiors, or across and down; outside the province by a draw of its own."""
    kernel, agency = office.services.kernel, office.agency
    if _is_broadcast(office, key):
        return tuple(organ for organ in agency.broadcast_to if organ != agency.id)
    pool = agency.outside_peers if _goes_outside(office, key) else agency.peers or agency.outside_peers
    others = tuple(organ for organ in pool if organ != agency.id)
    wished = tuple(organ for organ in others if _is_superior(office, organ) == upward)
    return _choose(kernel.seed, key, wished or others, 1 if upward else _how_many(kernel, key))


def _goes_up(office: Office, key: str) -> bool:
    """Whether it reports or submits to a superior. A draw of its own, so that who else there is to write to changes no document's type."""
    kernel, agency = office.services.kernel, office.agency
    if _is_broadcast(office, key):
        return False
    outside = _goes_outside(office, key)
    pool = agency.outside_peers if outside else agency.peers or agency.outside_peers
    wanted = kernel.habits["central_share" if outside else "upward_share"]
    return any(_is_superior(office, organ) for organ in pool) and share(kernel.seed, key, "upward") < wanted


def _is_broadcast(office: Office, key: str) -> bool:
    agency = office.agency
    return bool(agency.broadcast_to) and share(office.services.kernel.seed, key, "broadcast") < agency.volumes.broadcast


def _goes_outside(office: Office, key: str) -> bool:
    agency = office.agency
    return bool(agency.outside_peers) and share(office.services.kernel.seed, key, "outside") < agency.outside_share


def _how_many(kernel: Kernel, key: str) -> int:
    """Geometric with the assumed mean, at most 12."""
    stop = 1 / kernel.habits["peers_mean"]
    count = 1
    while count < 12 and share(kernel.seed, key, "more", str(count)) >= stop:
        count += 1
    return count


def _choose(seed: str, key: str, pool: Sequence[OrganId], wanted: int) -> tuple[OrganId, ...]:
    by_name = {str(organ): organ for organ in pool}
    return tuple(by_name[name] for name in rendezvous(seed, key, by_name, wanted))


def _is_superior(office: Office, organ: OrganId) -> bool:
    """The agency's own superior, or for a body of the province any central one."""
    agency = office.agency
    central = office.services.agencies[organ].level is Level.CENTRAL and agency.level is not Level.CENTRAL
    return organ == agency.parent or central


def _scope(office: Office, recipients: tuple[OrganId, ...]) -> Scope:
    """Of the document as a whole: the first recipient's, which all share unless it is a broadcast."""
    return scope_of(office, office.services.agencies[recipients[0]])


def _instants(chance: random.Random, mean: float) -> list[int]:
    """Seconds of the day at which documents are begun, in order."""
    instants = []
    for _ in range(poisson(chance, mean)):
        draw, within = chance.random(), chance.random()
        for start, end, weight in _HOURS:
            if draw < weight:
                instants.append(int((start + (end - start) * within) * 3600))
                break
            draw -= weight
        else:
            instants.append(int(_HOURS[-1][1] * 3600) - 1)
    return sorted(instants)


def _day_of_year(kernel: Kernel, day: int) -> int:
    return kernel.moment_of(day * DAY).timetuple().tm_yday
