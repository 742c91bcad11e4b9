"""An archive opened for questions about single documents and keys: finding a document, its bytes, and what there is to judge it by."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any

from sqlalchemy import bindparam, select

from exchange.api import PackageKind
from exchange.audit.archive import open_to_read
from exchange.audit.evidence import Epochs, TrustFolder, load_epochs
from exchange.audit.findings import Book, Finding
from exchange.domain.identifiers import OrganId
from exchange.errors import InvalidOrganId
from exchange.stages.mail import instant
from exchange.store.contents import load_packages
from exchange.store.tables import document, package
from exchange.store.work import Store
from signing import Evidence

_FOUND = select(
    package.c.id, package.c.package_id, package.c.sender, package.c.kind, package.c.admitted_at, document.c.number, document.c.notation,
    document.c.year, document.c.document_id,
).outerjoin(document, document.c.package == package.c.id)  # fmt: skip
_DOCUMENTS = _FOUND.where(package.c.kind == PackageKind.EDOC.value).order_by(package.c.id)
_BY_PACKAGE = _FOUND.where(package.c.package_id == bindparam("name"))
_BY_DOCUMENT = _FOUND.where(document.c.document_id == bindparam("name")).order_by(package.c.id).limit(bindparam("most"))
_BY_NUMBER = (
    _FOUND.where(document.c.number.in_(bindparam("numbers", expanding=True)), document.c.notation == bindparam("notation"))
    .order_by(package.c.id)
    .limit(bindparam("most"))
)
MOST_FOUND = 20
"""Documents of one name that are told apart for the caller."""


@dataclass(frozen=True, slots=True)
class Found:
    """One package of the archive; the fields after ``admitted_at`` are empty where it brought no document of its own."""

    row: int
    package_id: str
    sender: str
    kind: str
    admitted_at: datetime
    number: str
    notation: str
    year: int
    document_id: str

    @property
    def code(self) -> str:
        """Number and notation as the letter shows them, ``01/KH-UBND``; empty where it brought no document."""
        return f"{self.number.zfill(2)}/{self.notation}" if self.number else ""

    def __str__(self) -> str:
        named = f"{self.code} {self.sender} {self.admitted_at:%d/%m/%Y}" if self.code else self.kind
        return f"{self.package_id} ({named})"


class Holdings:
    """A context manager over one archive, which is only read. ``findings`` are those on its evidence; an audit says more."""

    def __init__(self, place: Path | str, trust: TrustFolder | None = None, fingerprints: Iterable[bytes] = ()) -> None:
        """Raises :class:`exchange.errors.ArchiveUnreadable` when there is no archive."""
        self.findings: list[Finding] = []
        self.store: Store = open_to_read(place)
        try:
            self.epochs: Epochs = load_epochs(self.store, Book(self.findings.append), trust, fingerprints)
        except BaseException:
            self.store.close()
            raise
        self.confirmed = trust is not None or bool(tuple(fingerprints))
        """Whether the anchors are known from outside."""

    def __enter__(self) -> Holdings:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.store.close()

    def find(self, name: str) -> list[Found]:
        """Packages somebody means by a name: a package id, a document id, ``number/notation`` or ``number/notation/sender``."""
        with self.store.reading() as work:
            rows = work.all(_BY_PACKAGE, {"name": name}) or work.all(_BY_DOCUMENT, {"name": name, "most": MOST_FOUND})
            for number, notation, sender in () if rows else _readings(name):
                numbers = list(dict.fromkeys((number, number.lstrip("0") or "0", number.zfill(2))))
                rows = work.all(_BY_NUMBER, {"numbers": numbers, "notation": notation, "most": MOST_FOUND})
                rows = [row for row in rows if not sender or row.sender == sender]
                if rows:
                    break
        return [_found(row) for row in rows]

    def documents(self) -> list[Found]:
        """Every document package, in the order taken in."""
        with self.store.reading() as work:
            return [_found(row) for row in work.all(_DOCUMENTS)]

    def package(self, row: int) -> bytes:
        """The exact bytes of a package as received. Raises ``KeyError`` for a row without any."""
        with self.store.reading() as work:
            stored = load_packages(work, [row])[row]
        return b"".join(stored.chunks(self.store))

    def evidence(self, moments: Iterable[datetime], certificates: Iterable[bytes] = ()) -> Evidence:
        """Anchors and authorities of the archive, and every issuer's list in force at these moments; further certificates as given."""
        epochs = self.epochs.all
        lists = (one for moment in moments for one in self.epochs.lists.in_force(moment))
        return Evidence(
            anchors=_each(anchor for epoch in epochs for anchor in epoch.anchors),
            certificates=_each((*(one for epoch in epochs for one in epoch.authorities), *self.epochs.axis_certificates, *certificates)),
            crls=_each(lists),
        )


def _found(row: Any) -> Found:
    return Found(
        row.id, row.package_id, row.sender, row.kind, instant(row.admitted_at), row.number or "", row.notation or "", row.year or 0,
        row.document_id or "",
    )  # fmt: skip


def _each(items: Iterable[bytes]) -> tuple[bytes, ...]:
    return tuple(dict.fromkeys(items))


def _readings(name: str) -> list[tuple[str, str, str]]:
    """What (number, notation, sender) a name may mean; a notation may itself hold a slash."""
    number, _, rest = name.partition("/")
    if not rest or not number.isdecimal():
        return []
    notation, _, last = rest.rpartition("/")
    try:
        sender = str(OrganId.parse(last)) if notation else ""
    except InvalidOrganId:
        sender = ""
    return [*([(number, notation, sender)] if sender else []), (number, rest, "")]
