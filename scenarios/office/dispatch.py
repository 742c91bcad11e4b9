"""Sending an issued document: for every recipient the road that :mod:`scenarios.channels` finds, with its cause."""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass
from datetime import date
from hashlib import sha256

from exchange.domain.identifiers import DocumentKey, OrganId
from exchange.domain.negotiation import Kind
from exchange.domain.organization import Bloc, Level
from scenarios.channels import Conditions, Hand, Recipient, Road, Sender, choose
from scenarios.office import requests, wire
from scenarios.office.cases import Draft
from scenarios.office.office import Office, Parcel
from scenarios.streams import share
from scenarios.trace import Cause, Channel, Dispatched, Scope
from scenarios.world.model import Agency
from signing import Purpose

_ELECTRONIC = (Channel.AXIS, Channel.PARTY_NETWORK)
_ZIP_TIME = (2021, 1, 1, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Annex:
    """A file of its own beside the letter, with the organisation's detached CAdES-B signature."""

    name: str
    data: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class Sent:
    """An issued document as its clerk still has it in hand. ``organs``: its recipients by the axis."""

    item: Draft
    day: date
    letter: bytes
    files: tuple[Annex, ...]
    organs: tuple[OrganId, ...]
    key: DocumentKey
    register_number: int


def goes_by_axis(office: Office, item: Draft) -> bool:
    """Whether a document signed with keys would take the axis' road to anybody at this moment."""
    from_us = Sender(bloc=office.agency.bloc, connected=office.agency.connected)
    agencies = (office.services.agencies[organ] for organ in item.recipients)
    return any(
        choose(from_us, recipient_facts(office, agency), conditions(office, item, agency)).channel is Channel.AXIS for agency in agencies
    )


def annexes(office: Office, item: Draft) -> tuple[Annex, ...]:
    """The annex files of a document, each signed with the seal: a table of figures, zipped as the wire asks of what is no office format."""
    kernel = office.services.kernel
    if share(kernel.seed, item.id, "annex") >= kernel.habits["annex_share"]:
        return ()
    seal = office.services.keys.seal(office.id, Purpose.ANNEX)
    if seal is None:
        return ()
    data = _table(kernel.seed, item.id)
    return (Annex("phu-luc-01.zip", data, seal.sign(sha256(data).digest())),)


def send(office: Office, item: Draft, files: tuple[Annex, ...], able: Sender) -> Sent:
    """Choose every recipient's road, write it down, and hand the document to the roads chosen; gives what was sent.

    ``able``: what the agency has and can. A document signed with keys has shown it can, whatever the tokens say by now.
    """
    services, kernel = office.services, office.services.kernel
    services.witness.saw(item.id, item.signed_at, kernel.now)
    from_us = able if item.by_hand is not None else Sender(bloc=able.bloc, connected=able.connected)
    roads: list[tuple[OrganId, Road]] = []
    for organ in item.recipients:
        agency = services.agencies[organ]
        road = choose(from_us, recipient_facts(office, agency), conditions(office, item, agency))
        roads.append((organ, road))
        kernel.record(_dispatched(office, item, agency, road))
    for channel in _ELECTRONIC:
        organs = tuple(organ for organ, road in roads if road.channel is channel)
        if organs:
            _send_package(office, item, channel, organs, files, _paper_follows(roads, organs))
    for organ, road in roads:
        if road.channel not in _ELECTRONIC:
            services.post.send(office, item, organ, road.channel)
        if road.paper_too:
            services.post.send_copy(office, item, organ)
    if item.directive:
        services.portal.offer(office, item)
    by_axis = tuple(organ for organ, road in roads if road.channel is Channel.AXIS)
    key = DocumentKey.of(office.id, item.number, item.notation, item.day)
    sent = Sent(item, item.day, item.file(), files, by_axis, key, office.register_number)
    item.letter = b""
    return sent


def add_recipient(office: Office, sent: Sent, organ: OrganId) -> bool:
    """Put one more recipient on the axis' road, if that is the road to it; says whether it is."""
    agency = office.services.agencies[organ]
    from_us = Sender(bloc=office.agency.bloc, connected=office.agency.connected)
    road = choose(from_us, recipient_facts(office, agency), conditions(office, sent.item, agency))
    if road.channel is not Channel.AXIS or road.paper_too:
        return False
    office.services.kernel.record(_dispatched(office, sent.item, agency, road))
    return True


def conditions(office: Office, item: Draft, agency: Agency) -> Conditions:
    """Rules of the world and the state of the road for one recipient."""
    kernel = office.services.kernel
    rules = [rule for rule in kernel.world.paper_rules if rule.scope == "official" and rule.catches(item.type, agency.kind)]
    patience = 0 if item.urgency else int(kernel.habits["outage_patience_hours"] * 3600)
    return Conditions(
        secret=item.secret,
        paper_only=any(rule.copy == "only" for rule in rules),
        paper_too=any(rule.copy == "too" for rule in rules),
        outage_seconds=office.services.outage_ahead(office.agency, agency),
        patience_seconds=patience,
    )


def recipient_facts(office: Office, agency: Agency) -> Recipient:
    """What our clerk knows of the other agency, from the directory and from experience."""
    clerks = tuple(person for person in agency.people if person.role == "clerk")
    registry = Hand()
    if clerks:
        registry = Hand(any(person.has_computer for person in clerks), any(person.trained for person in clerks))
    return Recipient(
        bloc=agency.bloc,
        connected=agency.software and agency.connected and agency.exchanges,
        mailbox=any(person.mailbox for person in agency.people),
        registry=registry,
        gateway=_gateway_reaches(office, office.agency, agency),
    )


def _gateway_reaches(office: Office, sender: Agency, recipient: Agency) -> bool:
    """Whether the Party side of this pair stands where the gateway reaches."""
    party = sender if sender.bloc is Bloc.PARTY else recipient
    if party.bloc is Bloc.STATE or not office.services.kernel.habits["party_gateway_levels"]:
        return True
    return party.level in (Level.CENTRAL, Level.PROVINCE)


def _dispatched(office: Office, item: Draft, agency: Agency, road: Road) -> Dispatched:
    scope = scope_of(office, agency)
    cause = road.cause
    if road.channel is Channel.PAPER and item.by_hand is not None and cause is not Cause.RULE_DEMANDS_PAPER:
        cause = item.by_hand
    return Dispatched(
        at=office.services.kernel.now,
        agency=office.name,
        document=item.id,
        recipient=str(agency.id),
        scope=scope,
        channel=road.channel,
        cause=cause,
        paper_too=road.paper_too,
        paper_cause=road.paper_cause,
        level=office.agency.level.value,
        bloc=office.agency.bloc.value,
    )


def scope_of(office: Office, other: Agency) -> Scope:
    """Between whom one delivery travels, seen from the province under study."""
    home = office.services.kernel.world.province
    if office.agency.bloc is not other.bloc:
        return Scope.ACROSS_BLOCS
    if office.agency.bloc is Bloc.PARTY:
        return Scope.PARTY
    inside = office.agency.province == home and other.province == home
    return Scope.STATE_IN_PROVINCE if inside else Scope.OUTSIDE_PROVINCE


def _paper_follows(roads: list[tuple[OrganId, Road]], organs: tuple[OrganId, ...]) -> bool:
    return any(road.paper_too for organ, road in roads if organ in organs)


def _send_package(
    office: Office, item: Draft, channel: Channel, organs: tuple[OrganId, ...], files: tuple[Annex, ...], paper: bool
) -> None:
    if channel is Channel.PARTY_NETWORK:
        office.services.party.send(office, item, organs, wire.write_document(office, item, organs, files, paper))
        return
    old, replaced = item.replaces, requests.replaced_at(office, item, organs)
    data = wire.write_document(office, item, organs, files, paper, replaced)
    moves = () if old is None else requests.ask_all(office, Kind.REPLACE, old.document, old.key, old.register_number, replaced, old.reason)
    if old is not None:
        office.replacing[item.id] = old.document
    office.outbox.append(Parcel(item.id, "edoc", data, moves=moves))
    office.services.wake(office.id)


def _table(seed: str, document: str) -> bytes:
    """A small table of invented figures as a zip file whose bytes depend on the document alone."""
    lines = ["STT;Nội dung;Kế hoạch;Thực hiện"]
    lines += [f"{row};Chỉ tiêu {row};{100 + row};{round(100 * share(seed, document, 'figure', str(row)))}" for row in range(1, 13)]
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr(zipfile.ZipInfo("phu-luc-01.csv", _ZIP_TIME), "\n".join(lines))
    return buffer.getvalue()
