"""The work of one transaction of stage route: packages in, moves, roads, mail and refusals out.

What cannot be done is answered per (package, recipient) by a signed refusal; the other recipients proceed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import bindparam, insert, select

from exchange.api import PackageKind
from exchange.domain.identifiers import OrganId
from exchange.domain.lifecycle import Event, allowed
from exchange.domain.organization import Organization, OrganStatus
from exchange.domain.rank import rank_of, urgency_in_line
from exchange.domain.routing import hops_for
from exchange.domain.transit import SECOND
from exchange.stages.desk import Desk
from exchange.stages.mail import Mail, RefusalOrder, issue_refusals, post_mail
from exchange.stages.moves import Held, Moves
from exchange.store.tables import crossing, package
from exchange.store.work import Work

ROUTE_SEPARATOR = ">"
TWICE = "duplicate-recipient"
"""Why a delivery failed whose organisation has the document already, named by another of its codes."""
_PACKAGES = select(
    package.c.id, package.c.package_id, package.c.sender, package.c.kind, package.c.operation, package.c.priority, package.c.admitted_at
).where(package.c.id.in_(bindparam("ids", expanding=True)))
_CROSS = insert(crossing)


@dataclass(frozen=True, slots=True)
class Admitted:
    """One package as its stages see it. ``at`` is the instant of admission in epoch seconds."""

    id: int
    package_id: str
    sender: str
    kind: PackageKind
    operation: int
    priority: int
    at: int

    @property
    def rank(self) -> int:
        """See :func:`exchange.domain.rank.rank_of`."""
        return rank_of(self.operation, self.priority)

    @property
    def urgency(self) -> int:
        """In a line: 0 ordinary, 4 the most urgent."""
        return urgency_in_line(self.operation, self.priority)

    @classmethod
    def of(cls, row: Any) -> Admitted:
        """From a row of the package table."""
        number, package_id, sender, kind, operation, priority, at = row
        return cls(number, package_id, sender, PackageKind(kind), operation, priority, at)


def load_admitted(work: Work, ids: Sequence[int]) -> dict[int, Admitted]:
    """Packages by row id."""
    return {row.id: Admitted.of(row) for row in work.all(_PACKAGES, {"ids": list(ids)})}


class NotYet(Exception):
    """An earlier package about the same document is still being judged."""


@dataclass(slots=True)
class Batch:
    """The work of one transaction, and what it leads to."""

    work: Work
    desk: Desk
    moves: Moves
    mail: list[Mail] = field(default_factory=list)
    refusals: list[RefusalOrder] = field(default_factory=list)
    crossings: dict[tuple[int, str], dict[str, object]] = field(default_factory=dict)

    def organization(self, organ: str) -> Organization | None:
        """The directory's entry for a code as stored."""
        return self.desk.directory.lookup(OrganId.parse(organ))

    def refuse(self, one: Admitted, recipient: str, rule: str, detail: str, sub_indication: str = "", at: int | None = None) -> None:
        """Order a signed refusal of this package for one recipient, as of its admission or another instant."""
        when = one.at if at is None else at
        self.refusals.append(RefusalOrder(one.id, one.package_id, one.sender, recipient, rule, sub_indication, detail, when))

    def fail(self, one: Admitted, held: Held, rule: str, detail: str, sub_indication: str = "") -> None:
        """Transport fail: the delivery ends, the sender gets the signed reason. Never code 02."""
        self.moves.move(held, Event.REFUSED_BY_AXIS, one.at, cause=one.id, reason=rule)
        self.refuse(one, held.recipient, rule, detail, sub_indication)

    def road(self, one: Admitted, recipient: Organization) -> str:
        """The hops from the package's sender to one organisation, joined; empty when it needs none, or the axis has none at all."""
        if not self.desk.hops:
            return ""
        sender = self.organization(one.sender)
        return ROUTE_SEPARATOR.join(hops_for(sender, recipient)) if sender is not None else ""

    def send(self, one: Admitted, recipient: Organization, *, status: bool = False) -> str:
        """Put the package on its road to one organisation, once per road; gives the road (empty: it is there at once)."""
        route = self.road(one, recipient)
        organ = str(recipient.id)
        if not route:
            self.mail.append(Mail(organ, one.id, one.at, one.rank))
            return route
        self.crossings[one.id, route] = {
            "package": one.id, "sender": one.sender, "priority": one.urgency, "route": route, "step": 0,
            "hop": route.partition(ROUTE_SEPARATOR)[0], "ready": one.at * SECOND, "organ": organ if status else "",
        }  # fmt: skip
        return route

    def flush(self) -> list[Mail]:
        """Write everything; gives the mail that is in a mailbox now."""
        self.moves.flush()
        self.work.many(_CROSS, list(self.crossings.values()))
        post_mail(self.work, self.mail)
        return self.mail + issue_refusals(self.work, self.desk, self.refusals)


def reachable(batch: Batch, organ: str) -> tuple[Organization | None, str, str]:
    """The organisation behind a code, or why nothing can be delivered to it: (organisation, rule, detail)."""
    found = batch.organization(organ)
    if found is None:
        return None, "unknown-recipient", f"the directory has no organisation {organ}"
    if found.status is not OrganStatus.ACTIVE:
        return None, "locked-recipient", f"{organ} is {found.status.value} and takes no part in the exchange"
    return found, "", ""


def deliver_new(batch: Batch, one: Admitted, deliveries: Sequence[Held], taken: set[str]) -> None:
    """Send one package to each of its own recipients, but where it was taken back meanwhile.

    ``taken``: organisations that have the document already.
    """
    for held in deliveries:
        if not allowed(held.state, Event.ROUTED):
            continue
        found, rule, detail = reachable(batch, held.recipient)
        if found is None:
            batch.fail(one, held, rule, detail)
        elif str(found.id) in taken:
            batch.fail(one, held, TWICE, f"{held.recipient} is {found.id}, which is a recipient already")
        else:
            taken.add(str(found.id))
            held.organ = str(found.id)
            held.route = batch.send(one, found)
            batch.moves.move(held, Event.ROUTED if held.route else Event.DELIVERED, one.at, cause=one.id)
            held.available_at = None if held.route else one.at
