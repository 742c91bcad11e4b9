"""What is measured, by document and by (document, recipient), in arrays made before the run: writing down costs an assignment.

All instants are seconds of the driver's monotonic clock after the start of the run; what has not happened is not a number.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum
from math import isnan, nan

from exchange.receipts import package_id_of
from scenarios.load.corpus import Corpus, Entry
from scenarios.load.field import Field, levels


class Outcome(IntEnum):
    """What became of a submission."""

    NONE = 0
    ACCEPTED = 1
    STORED = 2
    """The axis had the package before: a receipt, but not of this run."""
    REJECTED = 3
    TURNED_AWAY = 4
    """Above capacity at every try (429)."""
    UNANSWERED = 5
    """No answer, or none that tells whether it was admitted (time-out, reset, 5xx)."""


@dataclass(frozen=True, slots=True)
class Shipment:
    """One document of the run: what the corpus says of it, when it is due, and where its pairs begin."""

    entry: Entry
    at: float
    package_id: str
    pairs: int


class Book:
    """The run's measurements. Documents are counted from 0 in the order in which they are due."""

    def __init__(self, field: Field, corpus: Corpus, first: int, at: Sequence[float]) -> None:
        """Documents ``first``, ``first + 1``, … of the corpus, due at these seconds. Raises ``ValueError`` when it has not so many."""
        if first + len(at) > len(corpus):
            raise ValueError(f"the corpus has {len(corpus)} documents, and document {first + len(at)} is asked for")
        self.field, self.corpus = field, corpus
        self.shipments: list[Shipment] = []
        self.by_package: dict[str, int] = {}
        pairs = 0
        for number, due in enumerate(at):
            entry = corpus.entry(first + number)
            name = package_id_of(str(field.parties[entry.sender].organ), entry.sha256)
            self.shipments.append(Shipment(entry, due, name, pairs))
            self.by_package[name] = number
            pairs += len(entry.recipients)
        blank, none = array("d", [nan]), array("B", [0])
        self.sent, self.answered = blank * len(at), blank * len(at)
        self.outcome, self.tries = none * len(at), array("H", [0]) * len(at)
        self.listed, self.fetched, self.refused = blank * pairs, blank * pairs, blank * pairs
        self.foreign = 0
        """Packages of somebody else that waited in the mailboxes."""
        self.lag = array("d")
        """Lateness of the event loop, sampled all the time."""
        self.errors: dict[str, int] = {}
        self._levels = levels(field)

    def __len__(self) -> int:
        return len(self.shipments)

    @property
    def pairs(self) -> int:
        """(document, recipient) of all documents."""
        return len(self.listed)

    def pair(self, number: int, place: int) -> int | None:
        """Index of a pair; nothing when the document does not go there."""
        shipment = self.shipments[number]
        try:
            return shipment.pairs + shipment.entry.recipients.index(place)
        except ValueError:
            return None

    def failed(self, what: str) -> None:
        """Count a failure of the line or the service."""
        self.errors[what] = self.errors.get(what, 0) + 1

    def tags(self, number: int) -> tuple[str, ...]:
        """What a document's latencies are also told by: urgency, level of its sender, and who is greedy."""
        entry = self.shipments[number].entry
        return self._tags(entry, entry.sender)

    def pair_tags(self, number: int, recipient: int) -> tuple[str, ...]:
        """The same for a delivery, by the level of its recipient."""
        return self._tags(self.shipments[number].entry, recipient)

    def _tags(self, entry: Entry, place: int) -> tuple[str, ...]:
        urgent = ("urgent", URGENCIES[entry.urgency]) if entry.urgency else ("ordinary",)
        tags = (*urgent, self._levels[place])
        if self.corpus.recipe.greedy_share:
            tags += ("greedy" if entry.sender == self.field.senders(rsa=self.corpus.recipe.profile.rsa)[0] else "others",)
        return tags

    def deliveries(self) -> Iterator[tuple[int, int, int]]:
        """Every pair: document, place of the recipient, index."""
        for number, shipment in enumerate(self.shipments):
            for offset, place in enumerate(shipment.entry.recipients):
                yield number, place, shipment.pairs + offset

    def open_pairs(self) -> int:
        """Pairs of accepted documents of which nothing has come out yet."""
        accepted = (Outcome.ACCEPTED, Outcome.STORED)
        return sum(
            1
            for number, _, index in self.deliveries()
            if self.outcome[number] in accepted and isnan(self.fetched[index]) and isnan(self.refused[index])
        )


URGENCIES = ("ordinary", "khan", "thuong-khan", "hoa-toc", "hoa-toc-hen-gio")
"""Tags of the urgency classes, in the order of edXML's Priority."""
