"""The copies that the offices of a run keep of the letters they registered, held against what the axis delivered to them.

The axis' archive knows nothing of them, and nothing signed speaks of them but the letters themselves. What follows all the same:

(1) a copy begins with the very bytes that were delivered to its keeper            ISO 32000-1 §7.5.6
(2) it has the level its row says                                                  EN 319 142-1 §6
(3) its time-stamps are an authority's, over all that stands before them, and below B-LT or at B-LTA nothing stands behind the last one
                                                                                   EN 319 102-1 §5.4
(4) whoever reported a letter as registered (03) keeps a copy, where copies are kept

How far a copy was made to last follows from nothing and is told as unchecked.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import bindparam, func, select
from sqlalchemy.exc import DBAPIError

from console.audit.tree import printable
from exchange.audit import ArchiveReport, Finding
from exchange.audit.findings import Book, OnProgress, Place
from exchange.audit.holdings import Holdings
from exchange.audit.lasting import fault_of, faults, judged, sealed_end, stamped_last
from exchange.domain.lifecycle import DeliveryState
from exchange.errors import StoreUnavailable
from exchange.store.tables import attachment, blob, delivery, delivery_event, document, package
from scenarios.office.kept import PAGE, KeptCopy, KeptUnreadable, SpoiltRow, kept_copies
from scenarios.office.registers import ARCHIVED
from signing import (
    Evidence,
    LetterClaims,
    LetterRefused,
    PackedLetter,
    Rfc5280Judge,
    SignatureLevel,
    SubIndication,
    TokenVerdict,
    letter_claims,
    load_policy,
    unpack_letter,
)

COPY = "ISO 32000-1 §7.5.6; the archive of the axis"
LEVEL = "EN 319 142-1 §6"
STAMP = "EN 319 102-1 §5.4; RFC 3161 §2.4.2"
KEPT = "a letter that was registered is kept"
_STEPS = 1000
_DELIVERED = (
    select(document.c.document_id, delivery.c.recipient, delivery.c.organ, package.c.package_id, blob.c.size, blob.c.sha256)
    .join(delivery, delivery.c.document == document.c.id)
    .join(package, package.c.id == delivery.c.package)
    .join(attachment, attachment.c.package == package.c.id)
    .join(blob, blob.c.id == attachment.c.blob)
    .where(document.c.document_id.in_(bindparam("names", expanding=True)))
)
_REGISTERED = (
    select(delivery_event.c.id, document.c.document_id, delivery.c.recipient, delivery.c.organ, package.c.package_id)
    .join(delivery, delivery.c.id == delivery_event.c.delivery)
    .join(document, document.c.id == delivery.c.document)
    .join(package, package.c.id == delivery.c.package)
    .where(delivery_event.c.state == DeliveryState.REGISTERED.value, delivery_event.c.id > bindparam("after"))
    .order_by(delivery_event.c.id)
    .limit(_STEPS)
)
_HOW_MANY = select(func.count()).select_from(delivery_event).where(delivery_event.c.state == DeliveryState.REGISTERED.value)
Name = tuple[str, str]
"""Who keeps it, and the DocumentId."""


@dataclass(frozen=True, slots=True)
class _Attached:
    """One attachment of what was delivered: the first is the letter, but a copy is looked up by its bytes alone."""

    package_id: str
    size: int
    sha256: bytes

    def begins(self, data: bytes) -> bool:
        """Whether some bytes begin with it."""
        return 0 < self.size <= len(data) and sha256(memoryview(data)[: self.size]).digest() == self.sha256


def with_kept(report: ArchiveReport, offices: Path, archive: Callable[[], Holdings], progress: OnProgress | None = None) -> ArchiveReport:
    """An audit's report with what the offices' copies add to it; ``archive`` opens what was audited."""
    told: list[Finding] = []
    book = Book(told.append, progress)
    try:
        with archive() as holdings:
            _KeptLetters(holdings, book).audit(offices)
    except KeptUnreadable as error:
        book.find(Place(ARCHIVED.name, ""), "kept-letters-unreadable", COPY, f"the offices' file {offices.name} cannot be read: {error}")
        book.skip("kept letters", "the offices' file cannot be read to its end")
    except (StoreUnavailable, DBAPIError, sqlite3.Error):  # the audit of the archive itself says where
        book.skip("kept letters", "the archive of the axis cannot be read to its end")
    return replace(
        report,
        findings=(*report.findings, *told),
        errors=report.errors + book.findings,
        checked={**report.checked, **book.checked},
        unchecked=(*report.unchecked, *book.unchecked()),
    )


def copies_of(document_id: str, offices: Path | None) -> Iterator[bytes]:
    """What the offices keep of a document, as far as it can be unpacked; an audit says of the rest why not."""
    with suppress(KeptUnreadable):
        for one in () if offices is None or not document_id else kept_copies(offices):
            if isinstance(one, KeptCopy) and one.document == document_id and (data := _unpacked(one.kept)) is not None:
                yield data


class _KeptLetters:
    """Audits one file of the offices' against the archive of the axis they wrote to."""

    def __init__(self, holdings: Holdings, book: Book) -> None:
        self._holdings, self._book = holdings, book
        self._policy = load_policy()
        self._judge = Rfc5280Judge(self._policy)
        self._seen: set[Name] = set()

    def audit(self, offices: Path) -> None:
        """Every copy, then who keeps none. Raises :class:`KeptUnreadable` and :class:`exchange.errors.StoreUnavailable`."""
        rows = 0
        with self._holdings.store.reading() as work:
            registered = work.value(_HOW_MANY)
        self._book.total = registered
        for page in _pages(kept_copies(offices), PAGE):
            rows += len(page)
            copies = [one for one in page if isinstance(one, KeptCopy)]
            for one in page:
                if isinstance(one, SpoiltRow):
                    self._book.find(Place(ARCHIVED.name, str(one.row)), "kept-letter-row", COPY, one.fault)
            delivered = self._delivered({one.document for one in copies})
            for copy in copies:
                self._copy(copy, delivered[copy.agency, copy.document])
            self._book.advance("kept-letters", len(page))
        if not rows:
            self._book.skip("kept letters", "the offices' file holds none, and nothing signed says whether it should", registered)
            return
        self._missing()
        why = "nothing signed says how far they were made to last: a copy taken back to an earlier level would pass"
        self._book.skip("levels of kept letters", why, self._book.checked["kept letters"])

    def _delivered(self, names: set[str]) -> defaultdict[Name, list[_Attached]]:
        """What was delivered of some documents, by whose it is now."""
        found: defaultdict[Name, list[_Attached]] = defaultdict(list)
        with self._holdings.store.reading() as work:
            rows = work.rows_of(_DELIVERED, "names", sorted(names))
        for name, recipient, organ, package_id, size, digest in rows:
            if isinstance(size, int) and isinstance(digest, bytes):  # the audit of the archive says what they are instead
                for keeper in {recipient, organ}:
                    found[keeper, name].append(_Attached(str(package_id), size, digest))
        return found

    def _copy(self, copy: KeptCopy, delivered: Sequence[_Attached]) -> None:
        self._book.checked["kept letters"] += 1
        name = copy.agency, copy.document
        place = _place(name, delivered[0].package_id if delivered else "")
        if name in self._seen:
            self._book.find(place, "kept-letter-row", COPY, "a copy of this letter for this agency stands there twice")
        self._seen.add(name)
        if not delivered:
            detail = "the archive of the axis knows of no such document delivered to this agency"
            self._book.find(place, "kept-letter-unknown", COPY, detail)
        try:
            self._bytes(copy, place, delivered)
        except LetterRefused as refusal:
            self._book.find(place, "kept-letter-unreadable", COPY, f"the copy cannot be read as a letter: {refusal}")
        except Exception as error:  # whatever changed bytes make a reader raise, it is this copy that cannot be read
            self._book.find(place, "kept-letter-unreadable", COPY, f"the copy cannot be read: {type(error).__name__}: {error}")

    def _bytes(self, copy: KeptCopy, place: Place, delivered: Sequence[_Attached]) -> None:
        if delivered:
            self._as_delivered(copy, place, delivered)
        data = _unpacked(copy.kept)
        if data is None:
            self._book.find(place, "kept-letter-unreadable", COPY, "the copy does not unpack into a letter: it is damaged")
            return
        read = letter_claims(data)
        own = next((one for one in delivered if one.size >= sealed_end(read) and one.begins(data)), None)
        if delivered and own is None:
            self._book.find(place, "kept-letter-differs", COPY, "the copy does not begin with the bytes that were delivered")
        stamped = self._stamps(read, place, 0 if own is None else own.size, len(data))
        form = read.seal.level
        if copy.level not in ({form.value} if stamped else {form.value, SignatureLevel.B.value}):
            self._book.find(place, "kept-letter-level", LEVEL, f"the row says {copy.level!a}, and the copy has the form of {form}")

    def _as_delivered(self, copy: KeptCopy, place: Place, delivered: Sequence[_Attached]) -> None:
        """What stands beside the copy as delivered must be that, too."""
        data = _unpacked(copy.delivered)
        if data is None or not any(one.size == len(data) and one.begins(data) for one in delivered):
            detail = "what stands beside the copy as the letter delivered is not what was delivered"
            self._book.find(place, "kept-letter-differs", COPY, detail)

    def _stamps(self, read: LetterClaims, place: Place, delivered: int, size: int) -> bool:
        """The copy judged at the instant of its newest time-stamp, by what the archive of the axis holds; whether a time-stamp of it holds.

        Those among the ``delivered`` bytes are as they came: what they were worth then, the verdict on the package says.
        """
        at, evidence = stamped_last(read), Evidence(())
        tokens: tuple[TokenVerdict, ...] = ()
        if at is not None:
            evidence = self._holdings.evidence([at])
            verdict = judged(read, evidence, at, self._policy, self._judge)
            tokens = verdict.signatures[-1].tokens
            self._book.checked["kept letters found valid"] += verdict.passed
            self._book.checked["time-stamps of kept letters"] += len(tokens)
        for fault in faults(read, tokens, evidence, delivered, size):
            self._book.find(place, "kept-letter-stamp", STAMP, fault)
        untimely = sum(token.sub_indication is SubIndication.TRY_LATER for token in tokens)
        self._book.skip("time-stamps of kept letters", "the archive of the axis holds no revocation list of their time", untimely)
        if read.seal.level is SignatureLevel.LT:
            self._book.skip("stores of kept letters", "no time-stamp covers the certificates and lists of a copy at B-LT")
        return any(not fault_of(token) for token in tokens)

    def _missing(self) -> None:
        """Letters reported as registered of which no copy is kept."""
        after = -1
        while True:
            with self._holdings.store.reading() as work:
                rows = work.rows(_REGISTERED, {"after": after})
            for after, name, recipient, organ, package_id in rows:  # noqa: B007  # the last one is where the next page begins
                if not {(recipient, name), (organ, name)} & self._seen:
                    detail = "the agency reported it as registered, and keeps no copy of it"
                    self._book.find(_place((recipient, name), str(package_id)), "kept-letter-missing", KEPT, detail)
            if len(rows) < _STEPS:
                return


def _unpacked(packed: PackedLetter) -> bytes | None:
    try:
        return unpack_letter(packed)
    except LetterRefused:  # what a decompressor says of changed bytes helps nobody
        return None


def _place(name: tuple[Any, Any], package_id: str) -> Place:
    return Place(ARCHIVED.name, printable("/".join(map(str, name))), package_id)


Item = TypeVar("Item")


def _pages(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    left = iter(items)
    while page := list(islice(left, size)):
        yield page
