"""The fold of people and units: mailboxes in use, staff who use e-mail regularly, units that use the signature they hold."""

from __future__ import annotations

from dataclasses import dataclass, field

from scenarios.measures.catalogue import MeasureId
from scenarios.measures.exchange import NETWORKS
from scenarios.measures.folder import Handlers, Scene
from scenarios.trace import Cause, Dispatched, MailboxUsed

UNUSED = "unused"
"""Rest: no sign-in, or none on enough days; for units: everything they sent went by hand."""
NO_ADDRESS = "no-address"
"""Rest: staff without a mailbox."""


def regular_days(working_days: int) -> int:
    """On how many days a person must sign in to count as regular: three of five, in a run of other length scaled and rounded up."""
    return -(-3 * working_days // 5)


@dataclass(slots=True)
class HoldersFold:
    """One bit per person and day, one per unit: persons and units bound the memory, not records."""

    scene: Scene
    days: dict[str, dict[str, int]] = field(default_factory=dict)
    """Agency → person → working days with a sign-in, one bit each."""
    senders: set[str] = field(default_factory=set)
    """Units that sent anything to others in the run, secret documents aside."""
    users: set[str] = field(default_factory=set)
    """Units that sent a signed original by a network."""
    working: set[int] = field(default_factory=set)

    def handlers(self) -> Handlers:
        return {MailboxUsed: self.mailbox_used, Dispatched: self.dispatched}

    def mailbox_used(self, record: MailboxUsed) -> None:
        if self.scene.is_working(record.at):
            day = record.at // 86_400
            self.working.add(day)
            persons = self.days.setdefault(record.agency, {})
            persons[record.person] = persons.get(record.person, 0) | 1 << day

    def dispatched(self, record: Dispatched) -> None:
        if record.cause is not Cause.SECRET:
            self.senders.add(record.agency)
            if record.channel in NETWORKS:
                self.users.add(record.agency)

    def finish(self) -> None:
        """Count units and persons, each once and on day 0. Call once, after the last record."""
        needed = regular_days(len(self.working))
        cells = self.scene.cells
        for organ, opened in self.scene.agencies.items():
            if not opened.exchanges or not self.scene.inside(organ):
                continue
            signed_in = sorted(self.days.get(organ, {}).values(), reverse=True)
            for number in range(opened.mailboxes):
                cells.add(MeasureId.PARTY_MAILBOXES, organ, 0, None if number < len(signed_in) else UNUSED)
            for number in range(opened.staff):
                regular = number < len(signed_in) and signed_in[number].bit_count() >= needed
                cells.add(MeasureId.STAFF_EMAIL, organ, 0, self._why(number, opened.mailboxes, regular))
            if opened.organisation_certificates and organ in self.senders:
                cells.add(MeasureId.SIGNATURE_USE, organ, 0, None if organ in self.users else UNUSED)

    @staticmethod
    def _why(number: int, mailboxes: int, regular: bool) -> str | None:
        if regular:
            return None
        return UNUSED if number < mailboxes else NO_ADDRESS
