"""Statistics drawn from the record (Decision 28/2018/QĐ-TTg Art. 11): what each organisation sent and received in a period.

Counted from the rows of that period, not kept beside them: a number can always be explained by its documents.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Select, bindparam, func, select

from exchange.api import PackageKind, Traffic
from exchange.domain.identifiers import OrganId
from exchange.domain.lifecycle import DeliveryState
from exchange.store.tables import delivery, document, package
from exchange.store.work import Store, Work

_PERIOD = (package.c.admitted_at >= bindparam("since"), package.c.admitted_at < bindparam("until"))
_DOCUMENTS = (
    select(document.c.sender, func.count())
    .join(package, package.c.id == document.c.package)
    .where(package.c.kind == PackageKind.EDOC.value, *_PERIOD)
    .group_by(document.c.sender)
)
_JOINED = delivery.join(document, document.c.id == delivery.c.document).join(package, package.c.id == document.c.package)


def _pairs(organ: Column[str]) -> Select[Any]:
    """(document, recipient) pairs by an organisation and their state."""
    return select(organ, delivery.c.state, func.count()).select_from(_JOINED).where(*_PERIOD).group_by(organ, delivery.c.state)


_SENT, _RECEIVED = _pairs(document.c.sender), _pairs(delivery.c.organ)
_OF = {
    _DOCUMENTS: _DOCUMENTS.where(document.c.sender.in_(bindparam("organs", expanding=True))),
    _SENT: _SENT.where(document.c.sender.in_(bindparam("organs", expanding=True))),
    _RECEIVED: _RECEIVED.where(delivery.c.organ.in_(bindparam("organs", expanding=True))),
}


def traffic(store: Store, organs: frozenset[OrganId] | None, since: datetime, until: datetime) -> tuple[Traffic, ...]:
    """What these organisations, or all, exchanged from ``since`` to before ``until``, in order of their codes."""
    period = {"since": round(since.timestamp()), "until": round(until.timestamp())}
    names = None if organs is None else sorted(str(organ) for organ in organs)
    sent: defaultdict[str, Counter[DeliveryState]] = defaultdict(Counter)
    received: defaultdict[str, Counter[DeliveryState]] = defaultdict(Counter)
    with store.reading() as work:
        documents = dict(_rows(work, _DOCUMENTS, names, period))
        for organ, state, pairs in _rows(work, _SENT, names, period):
            sent[organ][DeliveryState(state)] = pairs
        for organ, state, pairs in _rows(work, _RECEIVED, names, period):
            received[organ][DeliveryState(state)] = pairs
    found = sorted({*documents, *sent, *received})
    return tuple(Traffic(OrganId.parse(one), documents.get(one, 0), dict(sent[one]), dict(received[one])) for one in found)


def _rows(work: Work, query: Select[Any], names: list[str] | None, period: dict[str, int]) -> Iterator[Any]:
    return iter(work.all(query, period) if names is None else work.all_of(_OF[query], "organs", names, period))
