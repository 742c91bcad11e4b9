"""Payloads as they were before schema 0007, with row ids of their database: what was sealed then stays as it is, and is proved so."""

from __future__ import annotations

import json
from collections.abc import Callable
from hashlib import sha256
from typing import Any

from exchange.domain.lifecycle import DeliveryState
from exchange.store.facts import Fact, FactKind
from exchange.store.payloads import pack


def payload(kind: FactKind, row: Any, fact: Fact) -> bytes:
    """The payload an entry of that time was made over; ``row`` as :func:`exchange.store.facts.page` gives it."""
    return pack(_MAKERS[kind](row, fact))


def _values(fact: Fact) -> list[Any]:
    found: list[Any] = json.loads(fact.payload.decode("utf-8", "surrogateescape"))
    return found


def _behind_id(row: Any, fact: Fact) -> list[Any]:
    return [row[0], *_values(fact)]


def _trust(row: Any, _fact: Fact) -> list[Any]:
    return [row[0], row[1], sha256(row[2]).hexdigest() if isinstance(row[2], bytes) else row[2]]


def _verdict(row: Any, fact: Fact) -> list[Any]:
    return [row[0], row[1], *_values(fact)]


def _event(row: Any, _fact: Fact) -> list[Any]:
    number, about, at, state, cause, reason, founder, recipient, _, _, organ, route, *_ = row
    values = [number, about, at, state, cause, reason, founder, recipient]
    return values if state == DeliveryState.RECEIVED.value else [*values, organ, route]


_MAKERS: dict[FactKind, Callable[[Any, Fact], list[Any]]] = {
    FactKind.EVIDENCE: _behind_id,
    FactKind.TRUST: _trust,
    FactKind.ADMISSION: _behind_id,
    FactKind.VERDICT: _verdict,
    FactKind.REFUSAL: lambda row, _: list(row[:15]),
    FactKind.EVENT: _event,
    FactKind.REQUEST: lambda row, _: list(row[:8]),
    FactKind.ANSWER: lambda row, _: list(row[:5]),
}
