"""What a bundle tells beside the package, held against the ledger: the way to each recipient, what moved the document, verdict and terms.

Each of these is a fact with an entry of its own, whose payload is made of exactly what is told (:mod:`exchange.store.payloads`). What has
no proven entry (the newest checkpoint may be older) is nobody's word but the bundle's, and is named. What a ledger cannot show from one of
its entries is that there are no more of them: steps left out at the end of a delivery only an audit of the whole archive sees.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any, NamedTuple

from exchange.api import PackageKind
from exchange.audit.bundle_json import other_folder
from exchange.audit.dossier import Dossier
from exchange.audit.entered import Proven
from exchange.audit.trail import Journey, Other, Step, Word
from exchange.domain.lifecycle import DeliveryState
from exchange.store.facts import FactKind
from exchange.store.payloads import pack
from exchange.trust import Terms

HOPS, VERDICT, TERMS, REGISTER = "hops.json", "verdicts/recorded.json", "trust/terms.json", "trust/register.json"
_FIRST, _WAITING = DeliveryState.RECEIVED.value, DeliveryState.WAITING.value
_ON_RECEIPT, _ON_REFUSAL = slice(8, 10), slice(11, 13)
"""Where the payload of an admission has the digests of its receipt, and that of a refusal the statement and its signature."""
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
        yield from _of_journey(journey, facts)
    yield from _of_others(dossier, facts)
    yield from _of_verdict(dossier, facts)
    yield from _of_terms(dossier)


def unproven(dossier: Dossier) -> Iterator[str]:
    """What nobody says but the bundle, each as a file with what in it."""
    for journey in dossier.trail.journeys:
        for step in journey.steps:
            if step.entry is None:
                yield f"{HOPS} ({journey.recipient}: {step.state})"
        if journey.transport and not _transport_steps(journey):
            yield f"{HOPS} ({journey.recipient}: {journey.transport})"
    for number, other in enumerate(dossier.trail.others, 1):
        if other.entry is None:
            yield other_folder(number, other)
    if dossier.trail.omitted:
        yield f"others/ ({dossier.trail.omitted} more are not in the folder)"
    if dossier.recorded is not None and dossier.recorded.entry is None:
        yield VERDICT
    yield from _unknown_terms(dossier)


def _unknown_terms(dossier: Dossier) -> Iterator[str]:
    """Terms and register, where the ledger does not speak of them."""
    proven = () if dossier.entered is None else dossier.entered.facts
    for name, kind, data in ((TERMS, FactKind.TRUST, dossier.terms), (REGISTER, FactKind.EVIDENCE, dossier.register)):
        digest = sha256(data).hexdigest()
        if not any(one.kind == kind and digest in _values(one) for one in proven):
            yield name


def _of_recipients(dossier: Dossier) -> Iterator[Contradiction]:
    missing = set(dossier.contents.recipients) - {journey.recipient for journey in dossier.trail.journeys}
    for recipient in sorted(missing):
        yield Contradiction(HOPS, f"the package is for {recipient}, and no way leads there")


def _of_journey(journey: Journey, facts: Facts) -> Iterator[Contradiction]:
    whose = journey.recipient
    for step in journey.steps:
        if step.entry is not None and not _is(facts.get(step.entry), FactKind.EVENT, _payload(journey, step)):
            yield Contradiction(HOPS, f"entry {step.entry} of the ledger is not the step {step.state} on the way to {whose}")
    places = [step.entry for step in journey.steps if step.entry is not None]
    if places != sorted(set(places)) or [step.entry for step in journey.steps[: len(places)]] != places:
        yield Contradiction(HOPS, f"the steps on the way to {whose} are not in the order of the ledger")
    if journey.available_at != next((step.at for step in journey.steps if step.state == _WAITING), None):
        yield Contradiction(HOPS, f"when it lay in the mailbox of {whose} is not when its step says")
    told = _transport_steps(journey)
    if told and journey.transport_at not in told:
        yield Contradiction(HOPS, f"when it was {journey.transport} at {whose} is not when its step says")


def _transport_steps(journey: Journey) -> list[datetime]:
    return [step.at for step in journey.steps if step.state == journey.transport]


def _payload(journey: Journey, step: Step) -> bytes:
    values = [_seconds(step.at), step.state, step.cause, step.reason, journey.founder, journey.recipient]
    return pack(values if step.state == _FIRST else [*values, journey.organ, journey.route])


def _of_others(dossier: Dossier, facts: Facts) -> Iterator[Contradiction]:
    trail, own = dossier.trail, dossier.found.package_id
    there = {other.package_id for other in trail.others} | {own}
    causes = {step.cause for journey in trail.journeys for step in journey.steps}
    if not trail.omitted and causes - there:
        yield Contradiction(HOPS, f"the package {min(causes - there)} moved the document, and is not in the folder")
    for number, other in enumerate(trail.others, 1):
        folder = other_folder(number, other)
        if other.word is None:
            yield Contradiction(folder, "the axis' signed word on it is missing")
        elif other.entry is not None and not _is_taken_in(other, other.word, facts.get(other.entry)):
            yield Contradiction(folder, f"entry {other.entry} of the ledger is not about what stands here")


def _is_taken_in(other: Other, word: Word, fact: Proven | None) -> bool:
    """Whether an entry is the admission, or the refusal, of these very bytes under these very words."""
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
        and (kind is FactKind.REFUSAL or values[2] == digest)
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
    """The register and the axis are those of the terms; and terms by which something was judged are entered no later than the verdict."""
    if dossier.recorded is not None and dossier.recorded.entry is not None:
        for name in _unknown_terms(dossier):
            yield Contradiction(name, "the ledger speaks of the verdict, and not of what it was judged by")
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


def _is(fact: Proven | None, kind: FactKind, payload: bytes) -> bool:
    return fact is not None and fact.kind == kind and fact.payload == payload


def _values(fact: Proven) -> list[Any]:
    found = _json(fact.payload)
    return found if isinstance(found, list) else []


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
