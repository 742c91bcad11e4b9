"""What a package's header says against the rows: of a status package what it reports, of a document its row and its recipients."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from exchange.admission import document_key, reported
from exchange.audit.contents import CONTENT, Admitted
from exchange.audit.evidence import Epochs
from exchange.audit.findings import Book
from exchange.domain.identifiers import OrganId
from exchange.domain.lifecycle import Operation
from exchange.edxml.model import EdocHeader, StatusHeader
from exchange.edxml.reader import EdxmlPackage

HEADER = "QCVN 102:2016"
_MOST_SENDERS = 16_384
_MOST_TOLD = 60
"""Characters of a value that a finding repeats."""
_OF_STATUS = ("about", "number", "notation", "year", "code", "description")
_OF_DOCUMENT = ("sender", "number", "notation", "year", "document_id")
_FOUNDING = frozenset({Operation.NEW, Operation.REPLACE})


class Headers:
    """Holds headers against rows."""

    def __init__(self, book: Book, epochs: Epochs) -> None:
        self._book, self._epochs = book, epochs
        self._known: dict[OrganId, frozenset[str]] = {}

    def status(self, one: Admitted, found: EdxmlPackage) -> None:
        """A status package."""
        self._book.checked["statuses"] += 1
        header = found.header
        if not isinstance(header, StatusHeader):
            self._book.find(one.place(), "package-kind", HEADER, "it is kept as a status package and is none")
            return
        said = (str(header.addressee), *reported(header), header.code.value, header.description)
        if one.status != said:
            detail = _first_difference(_OF_STATUS, one.status, said)
            self._book.find(one.place("status"), "status-differs", HEADER, detail)
        self._sender(one, header.sender_id)
        if (one.priority, one.operation) != (0, 0):
            self._book.find(one.place(), "header-differs", HEADER, "a status package has neither priority nor operation")

    def document(self, one: Admitted, found: EdxmlPackage, attachments: int, rows: list[Any], recipients: list[str]) -> bool:
        """A document; whether its attachments are those its header describes, so that it can be judged.

        ``rows``: its rows in the list of documents; ``recipients``: to whom deliveries say it goes.
        """
        self._book.checked["documents"] += 1
        header = found.header
        if not isinstance(header, EdocHeader):
            self._book.find(one.place(), "package-kind", HEADER, "it is kept as a document and is none")
            return False
        self._sender(one, header.sender_id)
        if (one.priority, one.operation) != (int(header.priority), int(header.operation)):
            self._book.find(one.place(), "header-differs", HEADER, "priority or operation in the row are not the header's")
        if one.status != (None,) * 6:
            self._book.find(one.place(), "status-extra", HEADER, "a document has a row of what a status package reports")
        whole = len(found.attachments) == attachments
        if not whole:
            self._book.find(one.place(), "attachment-missing", CONTENT, "its attachments are not as many as its header names")
        self._document_row(one, header, rows)
        self._recipients(one, header, recipients)
        return whole

    def _sender(self, one: Admitted, stated: OrganId) -> None:
        newest = self._epochs.newest
        if newest is None or newest.directory is None:
            self._book.skip("senders", "the archive holds no register that can be read")
            return
        known = self._known.get(stated)
        if known is None:
            if len(self._known) >= _MOST_SENDERS:
                self._known.clear()
            organs = (epoch.directory.lookup(stated) for epoch in self._epochs.all if epoch.directory)
            known = self._known[stated] = frozenset(str(organ.id) for organ in organs if organ) or frozenset({str(stated)})
        if one.sender not in known:
            self._book.find(one.place(), "sender-differs", HEADER, f"it was taken in from {one.sender} and says it is from {stated}")

    def _document_row(self, one: Admitted, header: EdocHeader, rows: list[Any]) -> None:
        key = document_key(OrganId.parse(one.sender), header)
        founds = header.operation in _FOUNDING
        if len(rows) != int(founds):
            detail = f"it has {len(rows)} rows in the list of documents and must have {int(founds)}"
            self._book.find(one.place("document", rows[0].id if rows else ""), "document-row", HEADER, detail)
            return
        expected = (str(key.sender), key.number, key.notation, key.year, header.document_id)
        for row in rows:
            if tuple(row[2:]) != expected:
                detail = _first_difference(_OF_DOCUMENT, tuple(row[2:]), expected)
                self._book.find(one.place("document", row.id), "document-differs", HEADER, detail)

    def _recipients(self, one: Admitted, header: EdocHeader, held: list[str]) -> None:
        named = [organ.value for organ in header.recipient_ids]
        if held == named and header.operation in _FOUNDING:
            return
        if header.operation is Operation.UPDATE:
            added = {str(organ) for organ in header.business.added()}
            extra, missing = set(held) - added, set[str]()
        else:
            wanted = set(named) if header.operation in _FOUNDING else set()
            extra, missing = set(held) - wanted, wanted - set(held)
        for organ in sorted(missing):
            self._book.find(
                one.place("delivery", organ), "delivery-missing", HEADER, f"it is addressed to {organ}, and no delivery says so"
            )
        for organ in sorted(extra):
            self._book.find(
                one.place("delivery", organ), "delivery-extra", HEADER, f"a delivery goes to {organ}, to whom it is not addressed"
            )


def _first_difference(names: Sequence[str], row: Sequence[object], header: Sequence[object]) -> str:
    """The first column that is not what the header says, with both values, each cut to a few words."""
    name, kept, said = next(one for one in zip(names, row, header, strict=True) if one[1] != one[2])
    return f"the column {name} of the row holds {_told(kept)}, its package says {_told(said)}"


def _told(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _MOST_TOLD else f"{text[:_MOST_TOLD]}…"
