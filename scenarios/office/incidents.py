"""How a planned fault comes to its letter: chosen when the leader signs, carried by both signatures, told when the letter leaves.

What is wrong is the catalogue's own (:class:`signing.Incident`); whatever follows is the ordinary system's doing.
"""

from __future__ import annotations

from collections.abc import Sequence

from exchange.domain.identifiers import OrganId
from scenarios.kernel import Kernel
from scenarios.office import dispatch
from scenarios.office.cases import Draft, Planned
from scenarios.office.letters import letter_content
from scenarios.office.office import Office
from scenarios.trace import Befallen
from scenarios.world.incidents import WAITS, incident_of, package_incident_of
from scenarios.world.model import IncidentPlan
from signing import CadesSigner, LetterContent


def waiting(kernel: Kernel, plans: Sequence[IncidentPlan]) -> dict[OrganId, list[Planned]]:
    """The world's incidents by agency, in the order of their moments."""
    found: dict[OrganId, list[Planned]] = {}
    for number, plan in sorted(enumerate(plans), key=lambda one: one[1].at):
        at = kernel.instant_of(plan.at)
        planned = Planned(number, plan.fault, incident_of(plan.fault), package_incident_of(plan.fault), at)
        found.setdefault(plan.agency, []).append(planned)
    return found


def next_for(office: Office, item: Draft) -> Planned | None:
    """The incident that befalls a letter about to be signed, taken off the list; ``None`` for nearly every letter."""
    planned, now = office.services.incidents.get(office.id, []), office.services.kernel.now
    due = next((one for one in planned if one.at <= now < one.at + WAITS.total_seconds()), None)
    if due is None or item.internal or not dispatch.goes_by_axis(office, item):
        return None
    planned.remove(due)
    return due


def content(office: Office, item: Draft) -> LetterContent:
    """What stands on the page that the leader signs."""
    usual = letter_content(office, item)
    return usual if item.planned is None else item.planned.package.content(usual)


def leader(office: Office, item: Draft) -> CadesSigner | None:
    """What the leader signs this letter with; ``None`` without a token."""
    keys = office.services.keys
    return keys.personal(item.signer) if item.planned is None else keys.befallen(item.signer, item.planned)


def seal(office: Office, item: Draft) -> CadesSigner | None:
    """What the clerk seals this letter with; ``None`` where the agency has no certificate."""
    keys = office.services.keys
    return keys.seal(office.id) if item.planned is None else keys.befallen_seal(office.id, item.planned)


def befall(office: Office, item: Draft) -> None:
    """The letter leaves with its fault; one that went to paper in the end carries none, and the incident waits for the next."""
    planned, kernel = item.planned, office.services.kernel
    if planned is None:
        return
    if item.by_hand is not None:
        item.planned = None
        office.services.incidents[office.id].insert(0, planned)
        return
    item.letter = planned.incident.letter(item.file())
    kernel.record(Befallen(kernel.now, office.name, item.id, item.number, item.notation, planned.fault))
