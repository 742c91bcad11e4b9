"""Roads without the axis: post, couriers, e-mail. Each (document, recipient) that takes one is a row with exactly one state.

A paper copy that follows an electronic document is not a second delivery: it arrives, and the entry it belongs to exists or will.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from exchange.domain.document import document_type
from exchange.domain.identifiers import OrganId
from exchange.domain.lifecycle import MailState
from scenarios.kernel import DAY
from scenarios.office import incoming
from scenarios.office.cases import Draft, Incoming
from scenarios.office.letters import text_of
from scenarios.office.office import Office
from scenarios.office.registers import MAIL
from scenarios.office.services import Services
from scenarios.streams import share
from scenarios.trace import Channel, PaperArrived


class Post:
    """Carries what does not go over a network of packages."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._by_email: dict[tuple[str, str], Incoming] = {}

    def send(self, office: Office, item: Draft, organ: OrganId, channel: Channel) -> None:
        """Hand over one document for one recipient."""
        self.entered(item.id, str(organ), channel)
        seconds = self._seconds(office, organ, channel, item.id)
        printed = _printed(office, item, channel)
        self._services.kernel.at(self._arrival(printed, seconds), partial(self._bring, printed, organ))

    def send_copy(self, office: Office, item: Draft, organ: OrganId) -> None:
        """Post the paper copy of something sent electronically."""
        printed = _printed(office, item, Channel.PAPER)
        seconds = self._seconds(office, organ, Channel.PAPER, item.id)
        self._services.kernel.at(self._arrival(printed, seconds), partial(self._bring_copy, printed, organ))

    def entered(self, document: str, recipient: str, channel: Channel) -> None:
        """A (document, recipient) took a road without the axis."""
        row = {"document": document, "recipient": recipient, "channel": channel.value, "state": MailState.ON_THE_WAY.value}
        self._services.registers.add(MAIL, row)

    def moved(self, document: str, recipient: str, state: MailState) -> None:
        """It came one state further."""
        self._services.registers.change(MAIL, {"document": document, "recipient": recipient, "state": state.value})

    def _bring(self, item: Incoming, organ: OrganId) -> None:
        kernel, name = self._services.kernel, str(organ)
        office = self._services.offices.get(organ)
        kernel.record(PaperArrived(kernel.now, name, item.document, item.channel, str(item.sender)))
        self.moved(item.document, name, MailState.ARRIVED)
        if item.channel is Channel.EMAIL:
            self._by_email[name, item.document] = item
        elif office is not None:
            incoming.queue(office, _arrived(item, kernel.now))

    def _bring_copy(self, item: Incoming, organ: OrganId) -> None:
        """For what came by e-mail the paper is the original: only now can it be registered."""
        kernel, name = self._services.kernel, str(organ)
        kernel.record(PaperArrived(kernel.now, name, item.document, Channel.PAPER, str(item.sender)))
        announced, office = self._by_email.pop((name, item.document), None), self._services.offices.get(organ)
        if announced is not None and office is not None:
            incoming.queue(office, _arrived(announced, kernel.now))

    def _arrival(self, item: Incoming, seconds: int) -> int:
        """E-mail arrives at any hour, couriers and postmen when somebody is there to sign."""
        at = self._services.kernel.now + seconds
        return at if item.channel is Channel.EMAIL else self._services.kernel.office_open(at)

    def _seconds(self, office: Office, organ: OrganId, channel: Channel, document: str) -> int:
        """Seconds under way: the assumed mean, between half and one and a half of it."""
        kernel = self._services.kernel
        spread = 0.5 + share(kernel.seed, document, str(organ), "post")
        outside = self._services.agencies[organ].province != office.agency.province
        if channel is Channel.EMAIL:
            return max(1, int(kernel.habits["email_seconds"] * spread))
        if channel is Channel.COURIER:
            return int(kernel.habits["courier_hours_outside" if outside else "courier_hours"] * 3600 * spread)
        days = kernel.habits["post_days_outside" if outside else "post_days"] * spread
        return self._working_seconds(days)

    def _working_seconds(self, days: float) -> int:
        kernel = self._services.kernel
        at, left = kernel.now, int(days * DAY)
        while left > 0:
            day = at // DAY
            step = min(left, (day + 1) * DAY - at)
            at += step
            left -= step if kernel.is_working(day) else 0
        return at - kernel.now


def _printed(office: Office, item: Draft, channel: Channel) -> Incoming:
    """What the recipient's clerk reads on the page (or in the mail)."""
    return Incoming(
        document=item.id,
        sender=office.id,
        channel=channel,
        urgency=item.urgency,
        arrived_at=0,
        signed_at=item.signed_at,
        number=item.number,
        notation=item.notation,
        day=item.day,
        type_name=document_type(item.type).name,
        subject=text_of(office, item).subject,
        recipients=len(item.recipients),
        is_reply=item.answers is not None,
        author=office.agency.name,
    )


def _arrived(item: Incoming, at: int) -> Incoming:
    return replace(item, arrived_at=at)
