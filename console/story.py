"""The story of one document, told from the trace alone: from the desk where it is drafted to the desk where it is done."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from console.incidents import words_of
from console.locale import Text
from console.reasons import reason
from exchange.domain.document import TYPES
from exchange.domain.organization import Organization
from exchange.domain.routing import hops_for
from scenarios.measures.folder import Scene
from scenarios.trace import (
    Arrived,
    Befallen,
    Checked,
    Dispatched,
    Drafted,
    Initialled,
    Issued,
    Judged,
    PaperArrived,
    Preserved,
    Published,
    Record,
    RefusalReceived,
    Registered,
    Returned,
    Scope,
    Signed,
    StatusReceived,
    StatusSent,
    Submitted,
    Timestamped,
)
from scenarios.world.model import Agency, World

Story = tuple[str, list[tuple[str, str]]]
"""Title; time and sentence of each line."""
Telling = Iterator[tuple[str, dict[str, object]]]
"""Keys of sentences with their values."""
_CHAPTERS = {"04": "status-04", "05": "status-05", "06": "status-06"}
_REMEMBERED = 100
"""Documents followed at most: a story is chosen among the first of a run."""


@dataclass(slots=True)
class Storyteller:
    """A sink that remembers what happened to the run's first official documents and tells the fullest of their stories."""

    world: World
    documents: dict[str, list[Record]] = field(default_factory=dict)

    def add(self, record: Record) -> None:
        """Remember a record of a document that is followed."""
        if isinstance(record, Drafted):
            if record.scope is not Scope.INTERNAL and len(self.documents) < _REMEMBERED:
                self.documents[record.document] = [record]
        elif (known := self.documents.get(getattr(record, "document", ""))) is not None:
            known.append(record)

    def tell(self, text: Text) -> Story:
        """The title, and each sentence after its time; empty when no document was begun."""
        if not self.documents:
            return "", []
        records = max(self.documents.values(), key=_fullness)
        return _Tale(self.world, text, records).story()


def _fullness(records: list[Record]) -> tuple[bool, int, int, int]:
    """How far a document got, by kinds of facts; of equals the one with fewer recipients, then the earlier one.

    Letters that an incident befell come first: the world was made to show them.
    """
    codes = {record.code for record in records if isinstance(record, StatusSent)}
    recipients = sum(isinstance(record, Dispatched) for record in records)
    befallen = any(isinstance(record, Befallen) for record in records)
    return befallen, len({type(record) for record in records}) + len(codes), -recipients, -records[0].at


class _Tale:
    """One document's records put into sentences, following the recipient with whom it got farthest."""

    def __init__(self, world: World, text: Text, records: list[Record]) -> None:
        self._text = text
        self._records = records
        self._scene = Scene(world)
        self._agencies = {str(agency.id): agency for agency in world.agencies}
        self._people = {person.id: person for agency in world.agencies for person in agency.people}
        self._recipient = self._followed()
        self._sender = records[0].agency
        self._sent_at = 0
        self._level = ""

    def _followed(self) -> str:
        facts = (Arrived, PaperArrived, Checked, Registered, StatusSent)
        places = [record.recipient for record in self._records if isinstance(record, Dispatched)]
        return max(places, key=lambda place: sum(isinstance(r, facts) and r.agency == place for r in self._records), default="")

    def story(self) -> Story:
        told = [line for record in self._records for line in self._sentences(record)]
        if not any(isinstance(record, StatusSent) and record.code == "06" and record.agency == self._recipient for record in self._records):
            told.append((self._records[-1].at, self._text("story.open")))
        return self._title(), [(self._clock(at), sentence) for at, sentence in told]

    def _title(self) -> str:
        drafted = self._records[0]
        issued = next((record for record in self._records if isinstance(record, Issued)), None)
        kind = TYPES[drafted.type].name if isinstance(drafted, Drafted) and drafted.type in TYPES else ""
        number = f"{issued.number}/{issued.notation}" if issued else drafted.document  # type: ignore[union-attr]
        return f"{self._text('story.title', number=number)} ({kind}, {self._agency(self._sender)})"

    def _sentences(self, record: Record) -> Iterator[tuple[int, str]]:
        tell = self._tellers().get(type(record))
        if tell is not None:
            for key, values in tell(record):
                yield record.at, self._text(f"story.{key}", **values)

    def _tellers(self) -> dict[type, Callable[[Any], Telling]]:
        return {
            Drafted: self._drafted,
            Initialled: self._by("initialled"),
            Signed: self._signed,
            Issued: self._issued,
            Befallen: self._befallen,
            Timestamped: self._timestamped,
            Preserved: self._preserved,
            Dispatched: self._dispatched,
            Submitted: self._submitted,
            Judged: self._judged,
            RefusalReceived: self._refusal_received,
            Arrived: self._arrived,
            PaperArrived: self._paper_arrived,
            Checked: self._checked,
            Registered: self._registered,
            Returned: self._returned,
            StatusSent: self._status,
            StatusReceived: self._learned,
            Published: self._published,
        }

    def _drafted(self, record: Drafted) -> Telling:
        yield "drafted", {"officer": self._person(record.officer, self._agency(record.agency))}

    def _by(self, key: str) -> Callable[[Any], Telling]:
        def tell(record: Initialled) -> Telling:
            yield key, {"by": self._person(record.by)}

        return tell

    def _signed(self, record: Signed) -> Telling:
        if record.electronic:
            yield "signed", {"by": self._person(record.by)}
        else:
            yield "signed-by-hand", {"by": self._person(record.by), "cause": self._text.label("cause", record.cause or "unstated")}

    def _issued(self, record: Issued) -> Telling:
        key = "issued" if record.seals else "issued-on-paper"
        yield key, {"number": f"{record.number}/{record.notation}", "register": record.register_number}

    def _befallen(self, record: Befallen) -> Telling:
        words = words_of(record.reason, self._text.lang)
        yield "befallen", {"fault": f"{words.title} ({record.reason})", "what": words.what}

    def _refusal_received(self, record: RefusalReceived) -> Telling:
        """Told of letters that an incident befell: there it is the end that was to be shown."""
        if record.recipient == self._recipient and any(isinstance(one, Befallen) for one in self._records):
            yield "refusal-received", {"agency": self._agency(record.agency)}

    def _timestamped(self, record: Timestamped) -> Telling:
        if record.kind != "document":
            return
        values: dict[str, object] = {"agency": self._agency(record.agency), "requests": record.messages}
        if record.accepted:
            yield "timestamped", values
        else:
            yield "unstamped", {**values, "reason": self._text.label("lasting", record.reason)}

    def _preserved(self, record: Preserved) -> Telling:
        if record.agency == self._recipient:
            key, self._level = "renewed" if self._level == record.level else "preserved", record.level
            yield key, {"agency": self._agency(record.agency), "level": record.level}

    def _dispatched(self, record: Dispatched) -> Telling:
        if record.recipient == self._recipient:
            self._sent_at = record.at
        values: dict[str, object] = {
            "recipient": self._agency(record.recipient),
            "channel": self._text.label("channel", record.channel),
            "cause": self._text.label("cause", record.cause or "unstated"),
        }
        yield ("dispatched-why" if record.cause else "dispatched"), values
        if record.paper_too:
            yield "paper-too", {"cause": self._text.label("cause", record.paper_cause or "unstated")}

    def _submitted(self, record: Submitted) -> Telling:
        if record.kind == "edoc" and record.agency == self._sender:
            yield ("submitted" if record.receipt else "rejected"), {"why": reason(record.rule, "", self._text)}

    def _judged(self, record: Judged) -> Telling:
        if not record.accepted:
            yield "refused", {"why": reason(record.rule, record.sub_indication, self._text)}
            return
        yield "judged", {"verifies": record.verifies}
        yield "hops", {"hops": ", ".join(self._hop(hop) for hop in self._road())}

    def _arrived(self, record: Arrived) -> Telling:
        if record.agency == self._recipient:
            waited = self._text.minutes((record.at - self._sent_at) // 60)
            yield "arrived", {"agency": self._agency(record.agency), "waited": waited}

    def _paper_arrived(self, record: PaperArrived) -> Telling:
        if record.agency == self._recipient:
            yield "paper-arrived", {"agency": self._agency(record.agency), "channel": self._text.label("channel", record.channel)}

    def _checked(self, record: Checked) -> Telling:
        if record.agency == self._recipient:
            why = reason(record.rule, record.sub_indication, self._text)
            values = {"agency": self._agency(record.agency), "why": why, "verifies": record.verifies}
            yield ("checked" if record.accepted else "checked-bad"), values

    def _registered(self, record: Registered) -> Telling:
        if record.agency == self._recipient:
            yield "registered", {"agency": self._agency(record.agency), "number": record.arrival_number}

    def _returned(self, record: Returned) -> Telling:
        if record.agency == self._recipient:
            yield "returned", {"agency": self._agency(record.agency), "reason": record.reason}

    def _status(self, record: StatusSent) -> Telling:
        if record.agency == self._recipient and record.code in _CHAPTERS:
            yield _CHAPTERS[record.code], {"agency": self._agency(record.agency)}

    def _learned(self, record: StatusReceived) -> Telling:
        if record.agency == self._sender and record.sender == self._recipient and record.code in ("03", "06"):
            yield "status-back", {"agency": self._agency(record.agency), "code": record.code}

    def _published(self, record: Published) -> Telling:
        if record.on_portal:
            yield "published", {}

    def _road(self) -> tuple[str, ...]:
        sender, recipient = self._agencies.get(self._sender), self._agencies.get(self._recipient)
        return hops_for(_organization(sender), _organization(recipient)) if sender and recipient else ()

    def _hop(self, hop: str) -> str:
        kind, _, root = hop.partition(":")
        return self._text(f"hop.{kind}", root=root)

    def _agency(self, organ: str) -> str:
        return self._agencies[organ].name if organ in self._agencies else organ

    def _person(self, identifier: str, agency: str = "") -> str:
        person = self._people.get(identifier)
        return f"{person.name} ({', '.join(filter(None, (person.position.lower(), agency)))})" if person else identifier

    def _clock(self, at: int) -> str:
        moment = self._scene.moment(at)
        return f"{moment.day:02d}/{moment.month:02d} {moment:%H:%M:%S}"


def _organization(agency: Agency) -> Organization:
    return Organization(agency.id, agency.name, agency.level, agency.bloc, agency.province)
