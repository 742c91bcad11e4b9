"""What a bundle tells beside the package, held against the ledger: the way to each recipient, what moved the document, verdict and terms.

Each of these is a fact with an entry of its own, whose payload is made of exactly what is told (:mod:`exchange.store.payloads`). What has
no proven entry (the newest checkpoint may be older) is nobody's word but the bundle's, and is named. What a ledger cannot show from one of
its entries is that there are no more of them: steps left out at the end of a delivery only an audit of the whole archive sees.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from hashlib import sha256
from itertools import pairwise
from typing import Any, NamedTuple

from exchange.api import PackageKind
from exchange.audit.bundle_json import other_folder
from exchange.audit.dossier import Dossier
from exchange.audit.entered import Proven
from exchange.audit.trail import Journey, Other, Step, Word
from exchange.domain.lifecycle import TRANSITIONS, DeliveryState
from exchange.stages.batch import TWICE
from exchange.store.facts import FactKind
from exchange.trust import Terms

HOPS, VERDICT, TERMS, REGISTER = "hops.json", "verdicts/recorded.json", "trust/terms.json", "trust/register.json"
_FIRST, _WAITING = DeliveryState.RECEIVED.value, DeliveryState.WAITING.value
_BY_FETCHING = (DeliveryState.FETCHED.value, DeliveryState.FAILED.value, DeliveryState.EXPIRED.value)
_FOLLOWING = frozenset((row.state.value, row.target.value) for row in TRANSITIONS if row.state is not row.target)
_ON_RECEIPT, _ON_REFUSAL = slice(8, 10), slice(11, 13)
"""Where the payload of an admission has the digests of its receipt, and that of a refusal the statement and its signature."""
_WITHOUT_ROWS: Mapping[str, Callable[[list[Any]], list[Any]]] = {
    FactKind.ADMISSION: lambda values: values[1:],
    FactKind.REFUSAL: lambda values: [*values[1:9], *values[10:]],
    FactKind.VERDICT: lambda values: values[2:],
    FactKind.EVENT: lambda values: values[2:],
}
_ROWS = (2, 4)
"""Where a step of before schema 0007 names rows: what moved it, and what brought the document."""
Facts = Mapping[int, Proven]
"""By their place in the ledger."""


class Contradiction(NamedTuple):
    """A file of the bundle, and what in it is not so."""

    file: str
    detail: str


def contradictions(dossier: Dossier) -> Iterator[Contradiction]:
    """What is told otherwise than the ledger, the package or the rest of the bundle has it."""
    facts = {} if dossier.entered is None else {one.index: one for one in dossier.entered.facts}
    yield from _of_recipients(dossier)
    for journey in dossier.trail.journeys:
        yield from _of_journey(journey, dossier.found.package_id, facts)
    untold = {one.index for one in facts.values() if one.kind == FactKind.EVENT}
    untold -= {step.entry for journey in dossier.trail.journeys for step in journey.steps if step.entry is not None}
    if untold:
        yield Contradiction(HOPS, f"entry {min(untold)} of the ledger is a step, and is told on no way")
    yield from _of_others(dossier, facts)
    yield from _of_verdict(dossier, facts)
    yield from _of_terms(dossier)


def unproven(dossier: Dossier) -> Iterator[str]:
    """What nobody says but the bundle, each as a file with what in it."""
    facts = {} if dossier.entered is None else {one.index: one for one in dossier.entered.facts}
    for journey in dossier.trail.journeys:
        for step in journey.steps:
            fact = None if step.entry is None else facts.get(step.entry)
            if step.entry is None or (fact is not None and _is_former(fact)):
                yield f"{HOPS} ({journey.recipient}: {step.state})"
        left = any(step.entry is not None and step.state != _FIRST for step in journey.steps)
        if not left and (journey.organ, journey.route) != (journey.recipient, ""):
            yield f"{HOPS} ({journey.recipient}: {journey.organ} {journey.route}".rstrip() + ")"
        if journey.transport and _fetching(journey) is None:
            yield f"{HOPS} ({journey.recipient}: {journey.transport})"
    for number, other in enumerate(dossier.trail.others, 1):
        if other.entry is None:
            yield other_folder(number, other)
    if dossier.trail.omitted:
        yield f"others/ ({dossier.trail.omitted} more are not in the folder)"
    if dossier.found.kind == PackageKind.EDOC and (dossier.recorded is None or dossier.recorded.entry is None):
        yield VERDICT
    yield from _unknown_terms(dossier)


def _unknown_terms(dossier: Dossier, before: int | None = None) -> Iterator[str]:
    """Terms and register, where the ledger does not speak of them, or not before one of its entries."""
    proven = [one for one in dossier.entered.facts if before is None or one.index < before] if dossier.entered is not None else []
    for name, kind, data in ((TERMS, FactKind.TRUST, dossier.terms), (REGISTER, FactKind.EVIDENCE, dossier.register)):
        digest = sha256(data).hexdigest()
        if not any(one.kind == kind and digest in _values(one) for one in proven):
            yield name


def _of_recipients(dossier: Dossier) -> Iterator[Contradiction]:
    journeys = dossier.trail.journeys
    for recipient in sorted(set(dossier.contents.recipients) - {journey.recipient for journey in journeys}):
        yield Contradiction(HOPS, f"the package is for {recipient}, and no way leads there")
    ways = Counter((journey.founder, journey.recipient) for journey in journeys)
    for (_, recipient), count in ways.items():
        if count > 1:
            yield Contradiction(HOPS, f"two ways of one document lead to {recipient}")


def _of_journey(journey: Journey, own: str, facts: Facts) -> Iterator[Contradiction]:
    whose, states = journey.recipient, [step.state for step in journey.steps]
    if states[:1] != [_FIRST] or any(pair not in _FOLLOWING for pair in pairwise(states)):
        yield Contradiction(HOPS, f"the steps on the way to {whose} do not follow each other")
        return
    carrier = journey.steps[0].cause
    if own not in (journey.founder, carrier):
        yield Contradiction(HOPS, f"the way to {whose} is not that of this document")
    for step in journey.steps:
        if step.entry is not None and not _is_step(facts.get(step.entry), carrier, _told(journey, step)):
            yield Contradiction(HOPS, f"entry {step.entry} of the ledger is not the step {step.state} on the way to {whose}")
    if not _in_order(journey):
        yield Contradiction(HOPS, f"the steps on the way to {whose} are not in the order of the ledger")
    came = next((step.at for step in journey.steps if step.state == _WAITING), None)
    if journey.available_at != came:
        yield Contradiction(HOPS, f"when it lay in the mailbox of {whose} is not when its step says")
    if not _is_fetched_as_told(journey, came):
        yield Contradiction(HOPS, f"what the software of {whose} said of it is not what its steps say")


def _in_order(journey: Journey) -> bool:
    """Whether later instants stand later in the ledger, each step once, and those it does not speak of yet are the last.

    Within one second the ledger has another order than that in which it happened.
    """
    proven = [(step.entry, step.at) for step in journey.steps if step.entry is not None]
    entered = [at for _, at in sorted(proven)]
    last = all(step.entry is None for step in journey.steps[len(proven) :])
    return last and len({entry for entry, _ in proven}) == len(proven) and entered == sorted(entered)


def _fetching(journey: Journey) -> Step | None:
    """The step that the recipient's software made, or that nobody fetched it in time."""
    carrier, came = journey.steps[0].cause if journey.steps else "", False
    for step in journey.steps:
        if came and step.state in _BY_FETCHING and step.cause == carrier:
            return step
        came |= step.state == _WAITING
    return None


def _is_fetched_as_told(journey: Journey, came: datetime | None) -> bool:
    made, told = _fetching(journey), (journey.transport, journey.transport_at)
    if made is not None:
        return told == (made.state, made.at)
    if told == ("", None):
        return True
    moved_on = came is not None and journey.steps[-1].state != _WAITING
    twice = came is None and journey.steps[-1].reason == TWICE  # the same organisation's other delivery was fetched
    return (moved_on or twice) and journey.transport in _BY_FETCHING and journey.transport_at is not None


def _told(journey: Journey, step: Step) -> list[Any]:
    values = [_seconds(step.at), step.state, step.cause, step.reason, journey.founder, journey.recipient]
    return values if step.state == _FIRST else [*values, journey.organ, journey.route]


def _of_others(dossier: Dossier, facts: Facts) -> Iterator[Contradiction]:
    trail, own = dossier.trail, dossier.found.package_id
    there = {other.package_id for other in trail.others}
    causes = {step.cause for journey in trail.journeys for step in journey.steps} - {own}
    if not trail.omitted and causes - there:
        yield Contradiction(HOPS, f"the package {min(causes - there)} moved the document, and is not in the folder")
    for number, other in enumerate(trail.others, 1):
        folder = other_folder(number, other)
        if other.word is None:
            yield Contradiction(folder, "the axis' signed word on it is missing")
        elif other.entry is not None and not _is_taken_in(other, other.word, own, facts.get(other.entry)):
            yield Contradiction(folder, f"entry {other.entry} of the ledger is not about what stands here")
        elif other.package_id not in causes and other.kind != PackageKind.REFUSAL:
            yield Contradiction(folder, "it moved nothing of this document")
    refused = {_recipient(other) for other in trail.others if other.kind == PackageKind.REFUSAL}
    for journey in trail.journeys if not trail.omitted else ():
        if _is_refused(journey, own) and journey.recipient not in refused:
            yield Contradiction(HOPS, f"it was refused on the way to {journey.recipient}, and what was signed is not in the folder")


def _is_refused(journey: Journey, own: str) -> bool:
    """Whether the axis ended it, which signs why: refused before it came, or not fetched in time."""
    states = [step.state for step in journey.steps]
    ended = DeliveryState.EXPIRED.value in states or (DeliveryState.FAILED.value in states and _WAITING not in states)
    return ended and journey.steps[0].cause == own


def _recipient(refusal: Other) -> str:
    said = _json(refusal.word.statement) if refusal.word is not None else None
    return str(said.get("recipient")) if isinstance(said, dict) else ""


def _is_taken_in(other: Other, word: Word, own: str, fact: Proven | None) -> bool:
    """Whether an entry is the admission, or the refusal of this package, of these very bytes under these very words."""
    if other.kind == PackageKind.REFUSAL:
        kind, where, words = FactKind.REFUSAL, _ON_REFUSAL, [word.statement.hex(), word.signature.hex()]
    else:
        kind, where = FactKind.ADMISSION, _ON_RECEIPT
        words = [sha256(one).hexdigest() for one in (word.statement, word.signature)]
    if fact is None or fact.kind != kind:
        return False
    values = _values(fact)
    named = [values[place] for place in (0, 1, 3, 5)] if len(values) > where.stop - 1 else []
    digest = sha256(other.data).hexdigest()
    return (
        named == [other.package_id, other.sender, other.kind, _seconds(other.admitted_at)]
        and values[where] == words
        and (_leaf(fact).get("package_id") == own if kind is FactKind.REFUSAL else values[2] == digest)
    )


def _of_verdict(dossier: Dossier, facts: Facts) -> Iterator[Contradiction]:
    recorded = dossier.recorded
    if recorded is None or recorded.entry is None:
        return
    fact, said = facts.get(recorded.entry), recorded.said
    told = [_seconds(recorded.at), int(said.accepted), said.rule, said.sub_indication, said.detail]
    own = fact is not None and fact.kind == FactKind.VERDICT and _leaf(fact).get("package_id") == dossier.found.package_id
    if fact is None or not own or _values(fact)[: len(told)] != told:
        yield Contradiction(VERDICT, f"entry {recorded.entry} of the ledger is not this verdict on this package")


def _of_terms(dossier: Dossier) -> Iterator[Contradiction]:
    """The register and the axis are those of the terms; and terms by which something was judged are entered before the verdict."""
    if dossier.recorded is not None and dossier.recorded.entry is not None:
        for name in _unknown_terms(dossier, before=dossier.recorded.entry):
            yield Contradiction(name, "the ledger speaks of the verdict, and before it not of what it was judged by")
    if not dossier.terms:
        return
    try:
        terms = Terms.read(dossier.terms)
    except ValueError as error:
        yield Contradiction(TERMS, str(error))
        return
    if terms.register != sha256(dossier.register).digest():
        yield Contradiction(REGISTER, "it is not the register that the terms name")
    if terms.axis != sha256(dossier.axis).digest():
        yield Contradiction("certificates/axis.pem", "it is not the certificate that the terms name as the axis'")


def _is_step(fact: Proven | None, package_id: str, told: list[Any]) -> bool:
    """Whether it is this step of what this package carries."""
    if fact is None or fact.kind != FactKind.EVENT or _leaf(fact).get("package_id") != package_id:
        return False
    values = _values(fact)
    if _is_former(fact):
        values, told = ([value for place, value in enumerate(one) if place not in _ROWS] for one in (values, told))
    return values == told


def _is_former(fact: Proven) -> bool:
    return "fact" in _leaf(fact)


def _values(fact: Proven) -> list[Any]:
    """As an entry of today has them: those of before schema 0007 without the rows they name, but for a step's."""
    found = _json(fact.payload)
    values = found if isinstance(found, list) else []
    without = _WITHOUT_ROWS.get(fact.kind) if _is_former(fact) else None
    return values if without is None else without(values)


def _leaf(fact: Proven) -> dict[str, Any]:
    found = _json(fact.leaf)
    return found if isinstance(found, dict) else {}


def _json(data: bytes) -> object:
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return None


def _seconds(moment: datetime) -> int:
    return round(moment.timestamp())
