"""What an audit has in hand of each package it looks at: its rows, and what the stages before found out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select

from exchange.audit.contents import Admitted, Blobs, Placed
from exchange.audit.evidence import AxisAnswer
from exchange.domain.organization import Directory
from exchange.edxml.model import EdocHeader
from exchange.edxml.reader import EdxmlPackage
from exchange.edxml.skeleton import Skeleton
from exchange.stages.mail import instant
from exchange.store.blobs import StoredBlob
from exchange.store.facts import Attached, Found
from exchange.store.tables import delivery, document, verdict
from exchange.store.work import Work
from exchange.verification import Attachment
from signing import LetterReport, Validator

MOST_TOGETHER = 200
_MOST_BYTES = 32 << 20
_AHEAD = 8192
_DOCUMENTS = select(
    document.c.package, document.c.id, document.c.sender, document.c.number, document.c.notation, document.c.year, document.c.document_id
).where(document.c.package.between(bindparam("first"), bindparam("last")))
_RECIPIENTS = select(delivery.c.package, delivery.c.recipient).where(delivery.c.package.between(bindparam("first"), bindparam("last")))
_VERDICTS = select(verdict).where(verdict.c.package.between(bindparam("first"), bindparam("last")))
_NO_SKELETON, _NEVER = Skeleton(()), instant(0)


@dataclass(slots=True)
class Around:
    """Rows that belong to the packages of one page, by package."""

    blobs: dict[int, list[tuple[int, int, StoredBlob]]] = field(default_factory=dict)
    documents: dict[int, list[Any]] = field(default_factory=dict)
    recipients: dict[int, list[str]] = field(default_factory=dict)
    verdicts: dict[int, Any] = field(default_factory=dict)
    _until: int = -1
    """Documents are there up to this package: no index leads to them, so they are fetched for some thousand packages at once."""

    def turn_to(self, work: Work, first: int, last: int, attached: Attached) -> None:
        """The rows of the packages ``first`` … ``last``, which come after those before; ``attached``: theirs."""
        span = {"first": first, "last": last}
        self.let_go()
        self.blobs = {number: [(one[1], one[2], StoredBlob(*one[3:])) for one in ones] for number, ones in attached.items()}
        for number, recipient in work.rows(_RECIPIENTS, span):
            self.recipients.setdefault(number, []).append(recipient)
        for line in work.all(_VERDICTS, span):
            self.verdicts[line.package] = line
        if last > self._until:
            self.documents, self._until = {}, max(last, first + _AHEAD)
            for line in work.all(_DOCUMENTS, {"first": first, "last": self._until}):
                self.documents.setdefault(line.package, []).append(line)

    def let_go(self) -> None:
        """Hold nothing of the page any more."""
        self.blobs, self.recipients, self.verdicts = {}, {}, {}

    def groups(self, rows: Sequence[Found]) -> Iterator[Sequence[Found]]:
        """The rows of a page in groups whose attachments may be in memory together."""
        start = size = 0
        for number, (_, fact, _) in enumerate(rows):
            own = sum(stored.size for _, _, stored in self.blobs.get(fact.id, ()) if stored.upload is None and isinstance(stored.size, int))
            if number > start and (size + own > _MOST_BYTES or number - start == MOST_TOGETHER):
                yield rows[start:number]
                start, size = number, 0
            size += own
        yield rows[start:]


@dataclass(slots=True)
class Again:
    """A verdict to be made again: its row, by what, of what, and what the letter's signatures are worth."""

    row: Any
    directory: Directory
    validator: Validator
    accept_secret: bool
    accept_sealed_files: bool
    header: EdocHeader
    attachments: list[Attachment]
    at: datetime
    report: LetterReport | Exception | None = None


@dataclass(slots=True)
class Case:
    """One admission on its way through the stages; what one found out is there for those after it."""

    one: Admitted
    attached: Placed
    at: datetime = _NEVER
    digest: bytes = b""
    """SHA-256 of the receipt's statement."""
    answer: AxisAnswer | Exception = (None, "")
    """What the receipt's signature is worth."""
    skeleton: Skeleton = _NO_SKELETON
    blobs: Blobs = field(default_factory=list)
    found: EdxmlPackage | None = None
    again: Again | None = None
