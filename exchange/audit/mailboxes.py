"""Lines of mailboxes: each leads back to a delivery, a report, a request or a notice of the axis, and each of these has its line.

Nothing signs a line. What it must be follows from what is signed: to whom a report goes from the report, where a document came from the
delivery's steps. What follows from nothing is told as unchecked: when a report was fetched, and how long it was on its road.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, and_, case, exists, func, or_, select

from exchange.administration import Action
from exchange.api import PackageKind
from exchange.audit.evidence import Epochs
from exchange.audit.findings import Book, Place
from exchange.audit.pairs import Pair, alone, ask
from exchange.domain.identifiers import OrganId
from exchange.domain.lifecycle import DeliveryState, Operation, StatusCode
from exchange.domain.negotiation import Kind
from exchange.domain.organization import Directory
from exchange.domain.rank import ORDINARY
from exchange.errors import InvalidOrganId
from exchange.stages.expire import RULE as EXPIRED
from exchange.store.tables import crossing, delivery, delivery_event, intervention, mailbox, negotiation, outbox, package, refusal, status
from exchange.store.work import Store

CLAUSE = "whatever is sent lies once in the mailbox of the one it is for"
_refused, _asker = package.alias("refused"), package.alias("asker")
_has_line = exists().where(mailbox.c.package == package.c.id)
_is_report = package.c.kind == PackageKind.STATUS.value
_taken_back = select(delivery_event.c.cause).where(
    delivery_event.c.state == DeliveryState.TAKEN_BACK.value, delivery_event.c.cause.is_not(None)
)  # fmt: skip
"""As a list, gathered once: no index leads from a package to what it caused."""
_ends_at_the_axis = or_(
    exists().where(refusal.c.about == package.c.id),
    and_(exists().where(status.c.package == package.c.id, status.c.code == StatusCode.TAKE_BACK.value), package.c.id.in_(_taken_back)),
)
"""Refused, or it took back what nobody had fetched, which needs nobody's consent."""
_is_on_its_way = or_(exists().where(outbox.c.package == package.c.id), exists().where(crossing.c.package == package.c.id))
_ASKS = (Kind.RECALL.value, Kind.UPDATE.value)
"""Requests that travel as documents; a taking back travels as a report, a replacement with the document that replaces."""
_asked = (
    select(negotiation.c.id, _asker.c.package_id)
    .join(delivery, delivery.c.id == negotiation.c.delivery)
    .join(_asker, _asker.c.id == negotiation.c.asked_by)
    .where(negotiation.c.kind.in_(_ASKS))
)
_request_has_line = exists().where(mailbox.c.package == negotiation.c.asked_by, mailbox.c.organ == delivery.c.organ)
_request_is_on_its_way = exists().where(crossing.c.package == negotiation.c.asked_by, crossing.c.route == negotiation.c.route)


def _rule(rule: str, detail: str, query: Select[Any]) -> Pair:
    return Pair("mailbox", rule, detail, query, CLAUSE)


def _lines(*conditions: Any) -> Select[Any]:
    return select(mailbox.c.id, package.c.package_id).join(package, package.c.id == mailbox.c.package).where(*conditions)


_is_opened_again = exists().where(
    intervention.c.organ == mailbox.c.organ, intervention.c.action.in_((Action.RESEND.value, Action.REPLAY.value))
)  # fmt: skip
_open_box = or_(
    (mailbox.c.open == 1) & ((mailbox.c.outcome != "") | mailbox.c.closed_at.is_not(None)) & ~_is_opened_again,
    (mailbox.c.open == 1) & ((mailbox.c.outcome == "") != mailbox.c.closed_at.is_(None)),
    (mailbox.c.open == 0) & ((mailbox.c.outcome == "") | mailbox.c.closed_at.is_(None)),
    mailbox.c.open.not_in((0, 1)),
)
_is_urgent = (package.c.operation == Operation.NEW.value) & package.c.priority.between(1, ORDINARY)
_rank = case((_is_urgent, ORDINARY - package.c.priority), else_=ORDINARY)
_is_delivered = exists().where(
    delivery.c.package == mailbox.c.package, delivery.c.organ == mailbox.c.organ, delivery.c.available_at.is_not(None)
)  # fmt: skip
_is_asked = exists().where(
    negotiation.c.asked_by == mailbox.c.package, negotiation.c.kind.in_(_ASKS), delivery.c.id == negotiation.c.delivery,
    delivery.c.organ == mailbox.c.organ,
)  # fmt: skip
_lines_of_requests = (
    _lines(negotiation.c.kind.in_(_ASKS))
    .join(negotiation, negotiation.c.asked_by == mailbox.c.package)
    .join(delivery, and_(delivery.c.id == negotiation.c.delivery, delivery.c.organ == mailbox.c.organ))
)
_lines_of_notices = (
    _lines().join(refusal, refusal.c.package == mailbox.c.package).join(_refused, _refused.c.id == refusal.c.about)
)  # fmt: skip
_twice = (
    select(func.min(mailbox.c.id), func.min(package.c.package_id))
    .join(package, package.c.id == mailbox.c.package)
    .where(_is_report)
    .group_by(mailbox.c.package)
    .having(func.count() > 1)
)
PAIRS = (
    _rule("mailbox-differs", "a line of a mailbox is neither open nor closed", _lines(_open_box)),
    _rule("mailbox-differs", "it ended in no way that there is", _lines(mailbox.c.outcome.not_in(("", "fetched", "failed", EXPIRED)))),
    _rule("mailbox-differs", "only a document expires, and this is none that was sent",
         _lines(mailbox.c.outcome == EXPIRED, ~_is_delivered)),
    _rule("mailbox-differs", "it was fetched before it came", _lines(mailbox.c.closed_at < mailbox.c.available_at)),
    _rule("mailbox-differs", "its place in the mailbox is not that of its urgency", _lines(mailbox.c.rank != _rank)),
    _rule("mailbox-differs", "a notice of the axis lies in another mailbox than the refused one's, or since another instant",
         _lines_of_notices.where(or_(mailbox.c.organ != _refused.c.sender, mailbox.c.available_at != package.c.admitted_at))),
    _rule("mailbox-differs", "a report came into its mailbox before it was taken in",
         _lines(_is_report, mailbox.c.available_at < package.c.admitted_at)),
    _rule("mailbox-differs", "what was asked came into its mailbox at another instant than it can have",
         _lines_of_requests.where(or_(
             mailbox.c.available_at < negotiation.c.asked_at,
             and_(negotiation.c.route == "", mailbox.c.available_at != negotiation.c.asked_at),
         ))),
    _rule("mailbox-extra", "a document lies in a mailbox to which no delivery and no request leads",
         _lines(package.c.kind == PackageKind.EDOC.value, ~_is_delivered, ~_is_asked)),
    _rule("mailbox-extra", "a report lies in a mailbox, and it was refused or settled by the axis alone",
         _lines(_is_report, _ends_at_the_axis)),
    _rule("mailbox-extra", "a report lies in more than one mailbox", _twice),
    _rule("mailbox-missing", "the refusal lies in no mailbox",
         alone(package.c.kind == PackageKind.REFUSAL.value, ~_has_line)),
    _rule("mailbox-missing", "the report lies in no mailbox: it was not refused, and it is not on its way",
         alone(_is_report, ~_has_line, ~_is_on_its_way, ~_ends_at_the_axis)),
    _rule("mailbox-missing", "what was asked lies in no mailbox of the one who was asked, and it is not on its way",
         _asked.where(~_request_has_line, ~_request_is_on_its_way).order_by(negotiation.c.id)),
)  # fmt: skip
_DELIVERIES = select(delivery.c.id, package.c.package_id).join(package, package.c.id == delivery.c.package)
_STUCK = (
    Pair("delivery", "road-differs", "it has not left yet, and is said to be on a road",
         _DELIVERIES.where(delivery.c.state == DeliveryState.RECEIVED.value, delivery.c.route != ""), CLAUSE),
    Pair("delivery", "way-missing", "it is on its road, and nothing carries it on",
         _DELIVERIES.where(delivery.c.state == DeliveryState.IN_TRANSIT.value, ~exists().where(
             crossing.c.package == delivery.c.package, crossing.c.route == delivery.c.route)), CLAUSE),
    Pair("delivery", "way-missing", "it is still to be judged or sent on, and nothing waits for that",
         _DELIVERIES.where(delivery.c.state == DeliveryState.RECEIVED.value, ~exists().where(
             outbox.c.package == delivery.c.package)), CLAUSE),
)  # fmt: skip
_AT_ONCE = _rule(
    "mailbox-differs", "a report came into its mailbox at another instant than it was taken in, and no road lies between",
    _lines(_is_report, mailbox.c.available_at > package.c.admitted_at),
)  # fmt: skip
_ROAD = select(delivery.c.id).where(delivery.c.route != "", delivery.c.state != DeliveryState.RECEIVED.value).limit(1)
"""A road is sealed with the step by which a delivery leaves its first state."""
_WAYS = select(mailbox.c.organ, status.c.about).join(status, status.c.package == mailbox.c.package).distinct()
_RESOLVED = select(delivery.c.organ, delivery.c.recipient).distinct()
_AMONG = (
    _lines()
    .join(status, status.c.package == mailbox.c.package)
    .add_columns(mailbox.c.organ, status.c.about)
)  # fmt: skip
_REPORTS = select(func.count()).select_from(mailbox).where(~_is_delivered)
_IN_TRANSIT = select(func.count()).select_from(delivery).where(delivery.c.state == DeliveryState.IN_TRANSIT.value)
_OPENED = select(func.count()).select_from(mailbox).where(mailbox.c.open == 1, mailbox.c.outcome != "", _is_opened_again)
_REPORTS_ON_THEIR_WAY = select(func.count()).select_from(package).where(_is_report, ~_has_line, _is_on_its_way)
_REQUESTS_ON_THEIR_WAY = select(func.count()).select_from(_asked.where(~_request_has_line, _request_is_on_its_way).subquery())


def audit_mailboxes(store: Store, book: Book, epochs: Epochs) -> None:
    """Ask each rule once, and tell what nothing speaks of."""
    with store.reading() as work:
        has_roads = work.first(_ROAD) is not None
    ask(store, book, (*PAIRS, *_STUCK) if has_roads else (*PAIRS, *_STUCK, _AT_ONCE))
    _addressees(store, book, epochs)
    with store.reading() as work:
        reports, opened = work.value(_REPORTS), work.value(_OPENED)
        coming = sum(work.value(query) for query in (_REPORTS_ON_THEIR_WAY, _REQUESTS_ON_THEIR_WAY, _IN_TRANSIT))
    when = "arrived and was fetched" if has_roads else "was fetched"
    book.skip("lines of mailboxes", f"nothing signed says when a status, a request or a notice of the axis {when}", reports)
    book.skip("lines opened again", "only an operator's word, which nothing signs, says so", opened)
    book.skip("what is on its way", "nothing signed says that it has not arrived yet", coming)


def _addressees(store: Store, book: Book, epochs: Epochs) -> None:
    """A report lies in the mailbox of the one it is for, by any register of the archive; where none can be read, by the deliveries."""
    directories = [one.directory for one in epochs.all if one.directory is not None]
    with store.reading() as work:
        ways = work.rows(_WAYS)
        resolved = set() if directories else set(work.rows(_RESOLVED))
    meant = {about: _organs(directories, about) for about in {about for _, about in ways}}
    wrong, several = set(), set()
    for organ, about in ways:
        if organ not in meant[about] if directories else organ != about and (organ, about) not in resolved:
            wrong.add((organ, about))
        elif len(meant[about]) > 1:
            several.add((organ, about))
    with store.reading() as work:
        rows = work.rows(_AMONG) if wrong or several else []
    ambiguous = sum((organ, about) in several for *_, organ, about in rows)
    book.skip("addressees of reports", "registers differ in whom their code means", ambiguous)
    for line, name, organ, about in rows:
        if (organ, about) in wrong:
            place = Place("mailbox", str(line), name if isinstance(name, str) else "")
            book.find(place, "mailbox-differs", CLAUSE, f"a report for {about} lies in the mailbox of {organ}")


def _organs(directories: Sequence[Directory], about: object) -> set[str]:
    """Whose mailboxes may be meant by a code: its organisation's, as each register has it."""
    try:
        organ = OrganId.parse(str(about))
    except InvalidOrganId:
        return set()
    return {str(found.id) for one in directories if (found := one.lookup(organ)) is not None}
