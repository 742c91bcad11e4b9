"""The evidence an archive carries: by what its verdicts were judged, made usable again, under anchors confirmed from outside or not."""

from __future__ import annotations

from base64 import b64decode
from bisect import bisect_right, insort
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from hashlib import sha256
from math import inf
from pathlib import Path
from typing import TypeVar

from sqlalchemy import bindparam, select

from exchange.audit.findings import Book, Place
from exchange.domain.organization import Directory
from exchange.errors import ArchiveUnreadable
from exchange.store.tables import evidence, trust
from exchange.store.work import Store
from exchange.trust import EvidenceKind, Terms, read_register
from signing import (
    Asked,
    FormatFailure,
    KeyUnusable,
    PathCache,
    Purpose,
    SignatureReport,
    TrustStore,
    Validator,
    certificate_facts,
    crl_facts,
)

_PAGE = select(evidence).where(evidence.c.id > bindparam("after")).order_by(evidence.c.id).limit(20)
_TERMS = select(trust).order_by(trust.c.id)
_CLAUSE = "EN 319 102-1 §5.2.6; the archive's own evidence"
_SNAPSHOTS = 4
_SUFFIXES = {".der", ".cer", ".crt", ".pem", ".crl"}
_MAX_FILE = 16 << 20
Artefacts = Mapping[tuple[str, bytes], bytes]
"""Sound evidence by kind and SHA-256, in the order of its rows."""


@dataclass(frozen=True, slots=True)
class TrustFolder:
    """What an auditor brings along: anchors to be trusted instead of the archive's, and further authorities and lists. All DER."""

    anchors: tuple[bytes, ...]
    authorities: tuple[bytes, ...] = ()
    crls: tuple[bytes, ...] = ()

    @property
    def digests(self) -> tuple[bytes, ...]:
        """SHA-256 of the anchors."""
        return tuple(sha256(one).digest() for one in self.anchors)


def read_trust_folder(folder: Path) -> TrustFolder:
    """Certificates (``.der``, ``.cer``, ``.crt``, ``.pem``) and lists (``.crl``) of a folder; self-issued certificates are the anchors.

    Where it has a folder ``anchors/``, as ``truc verify --trust`` reads it, what lies there is trusted, and nothing else: ``authorities/``
    and ``crls/`` only help. Raises :class:`ArchiveUnreadable` when the folder or a file of it cannot be read as that, or holds no anchor.
    """
    trusted = folder / "anchors"
    anchors: list[bytes] = []
    authorities: list[bytes] = []
    crls: list[bytes] = []
    try:
        parted = trusted.is_dir()
        places = [place for place in (trusted, folder / "authorities", folder / "crls") if place.is_dir()] if parted else [folder]
        files = (path for place in places for path in place.iterdir() if path.suffix.lower() in _SUFFIXES)
        for path in sorted(files):
            if path.stat().st_size > _MAX_FILE:
                raise ArchiveUnreadable(str(path), f"has more than {_MAX_FILE} bytes")
            data = _der(path.read_bytes())
            if path.suffix.lower() == ".crl":
                crl_facts(data)
                crls.append(data)
            else:
                facts = certificate_facts(data)
                is_anchor = path.parent == trusted if parted else facts.issuer == facts.subject_der
                (anchors if is_anchor else authorities).append(data)
    except OSError as error:
        raise ArchiveUnreadable(str(folder), error.strerror or "cannot be read") from error
    except (FormatFailure, ValueError) as failure:
        raise ArchiveUnreadable(str(path), str(failure)) from failure
    if not anchors:
        raise ArchiveUnreadable(str(folder), "holds no root certificate, neither under anchors/ nor a self-issued one beside the lists")
    return TrustFolder(tuple(anchors), tuple(authorities), tuple(crls))


def _der(data: bytes) -> bytes:
    """The bytes of a PEM file's one object (RFC 7468), or as they are."""
    if not data.lstrip().startswith(b"-----BEGIN "):
        return data
    lines = data.strip().splitlines()
    return b64decode(b"".join(lines[1:-1]), validate=True)


class Lists:
    """Revocation lists by issuer and time: the freshest with thisUpdate at or before a moment."""

    def __init__(self) -> None:
        self._times: dict[bytes, list[int]] = {}
        self._lists: dict[bytes, list[bytes]] = {}
        self._last: tuple[datetime | None, float] = None, 0.0
        self._turns: list[int] = []
        """When any issuer's freshest list is another one."""

    def add(self, data: bytes) -> None:
        """One more list, before anybody asks for one. Raises :class:`FormatFailure`."""
        facts = crl_facts(data)
        times, lists = self._times.setdefault(facts.issuer, []), self._lists.setdefault(facts.issuer, [])
        place = bisect_right(times, facts.this_update)
        times.insert(place, facts.this_update)
        lists.insert(place, data)
        insort(self._turns, facts.this_update)

    def source(self, issuer: bytes, at: datetime) -> bytes | None:
        """See :data:`signing.evidence.CrlSource`."""
        times = self._times.get(issuer)
        if not times:
            return None
        last = self._last
        if last[0] is not at:  # a path asks for one moment after the other, of two issuers each
            last = self._last = at, at.timestamp()
        place = bisect_right(times, last[1])
        return self._lists[issuer][place - 1] if place else None

    def span(self, moment: int) -> tuple[int, float]:
        """See :data:`signing.evidence.CrlSpan`."""
        place = bisect_right(self._turns, moment)
        return self._turns[place - 1] if place else moment, self._turns[place] if place < len(self._turns) else inf

    def all(self) -> tuple[bytes, ...]:
        """Every list."""
        return tuple(one for issuer in sorted(self._lists) for one in self._lists[issuer])

    def in_force(self, at: datetime) -> tuple[bytes, ...]:
        """The freshest list of every issuer, in the order of their names."""
        found = (self.source(issuer, at) for issuer in sorted(self._times))
        return tuple(one for one in found if one is not None)


@dataclass(frozen=True)
class Epoch:
    """By what was judged from one verdict on: usable terms, each missing part named in a finding before."""

    after: int
    terms: Terms
    validator: Validator | None
    directory: Directory | None
    axis: bytes | None
    """The axis' certificate."""
    anchors: tuple[bytes, ...]
    authorities: tuple[bytes, ...]

    @cached_property
    def axis_digest(self) -> bytes:
        """SHA-256 of the axis' certificate."""
        return self.terms.axis


AxisAnswer = tuple[SignatureReport | None, str]
"""A report on a signature that must be the axis', and why it is not."""


class Epochs:
    """All terms of an archive, in the order in which they came into force."""

    def __init__(self, epochs: Sequence[Epoch], artefacts: Artefacts, lists: Lists) -> None:
        self.all, self.artefacts, self.lists = tuple(epochs), artefacts, lists
        self._afters = [epoch.after for epoch in epochs]
        self.axis_certificates = tuple(dict.fromkeys(epoch.axis for epoch in epochs if epoch.axis is not None))
        self._axis = frozenset(sha256(one).digest() for one in self.axis_certificates)
        self.validators = tuple(dict.fromkeys(epoch.validator for epoch in reversed(epochs) if epoch.validator is not None))
        self.operators = frozenset(epoch.terms.operator for epoch in epochs if epoch.terms.operator)
        self.origins = frozenset(epoch.terms.origin for epoch in epochs if epoch.terms.origin)
        """Empty where no terms could be read: then nothing is said about them."""

    def of_verdict(self, number: int) -> Epoch | None:
        """The terms a verdict was judged by."""
        place = bisect_right(self._afters, number - 1)
        return self.all[place - 1] if place else None

    @property
    def newest(self) -> Epoch | None:
        """The terms in force at the end."""
        return self.all[-1] if self.all else None

    def axis_signature(
        self, signature: bytes, statement_sha256: bytes, at: datetime, purpose: Purpose
    ) -> tuple[SignatureReport | None, str]:
        """The report on a signature that must be the axis' own, and why it is not; ``None`` when there is nothing to judge by."""
        (answer,) = self.axis_signatures([(signature, statement_sha256, at)], purpose)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def axis_signatures(self, asked: Sequence[tuple[bytes, bytes, datetime]], purpose: Purpose) -> list[AxisAnswer | Exception]:
        """As :meth:`axis_signature` for many (signature, SHA-256 of the statement, instant); what one alone would raise in its place."""
        answers: list[AxisAnswer | Exception] = [(None, "no terms of this archive can be used")] * len(asked)
        left = list(range(len(asked)))
        for validator in self.validators:
            reports = validator.validate_all([Asked(*asked[number], purpose, self.axis_certificates) for number in left])
            refused = []
            for number, report in zip(left, reports, strict=True):
                if isinstance(report, Exception):
                    answers[number] = report
                    continue
                answers[number] = report, self._fault(report)
                if not report.passed:
                    refused.append(number)
            left = refused
        return answers

    def _fault(self, report: SignatureReport) -> str:
        if not report.passed:
            return report.reason
        return "" if report.certificate_sha256 in self._axis else f"it is signed by {report.subject}, who is not the axis"


def load_epochs(store: Store, book: Book, folder: TrustFolder | None, fingerprints: Iterable[bytes]) -> Epochs:
    """Read and check the evidence of an archive. What is damaged becomes a finding; what is missing then is counted where it occurs."""
    artefacts, lists = _artefacts(store, book, folder)
    with store.reading() as work:
        rows = work.all(_TERMS)
    confirmed = frozenset(fingerprints) | (frozenset(sha256(one).digest() for one in folder.anchors) if folder else frozenset())
    validators: dict[tuple[tuple[bytes, ...], tuple[bytes, ...]], Validator | None] = {}
    epochs, after = [], 0
    for row in rows:
        place = Place("trust", str(row.id))
        try:
            terms = Terms.read(row.statement)
            sound = row.after >= after
        except (ValueError, TypeError) as error:
            book.find(place, "trust-unreadable", _CLAUSE, f"the terms cannot be read: {error}")
            continue
        if not sound:
            book.find(place, "trust-order", _CLAUSE, "these terms come into force before those written down earlier")
        after = max(after, row.after)
        epochs.append(_epoch(book, place, after, terms, artefacts, lists, folder, confirmed, validators))
        _same_axis(book, place, epochs)
    if not rows:
        book.find(Place("trust", ""), "no-evidence", _CLAUSE, "the archive does not say by what its verdicts were judged")
    if not epochs and artefacts:
        book.skip("terms", "none can be read: whatever evidence the archive holds was taken for them")
        epochs.append(_epoch(book, Place("trust", ""), 0, _guessed(artefacts), artefacts, lists, folder, confirmed, validators))
    _anchors_confirmed(book, epochs, confirmed)
    return Epochs(epochs, artefacts, lists)


def _same_axis(book: Book, place: Place, epochs: Sequence[Epoch]) -> None:
    """A new certificate of the axis is one of the same name: an authority gives it to nobody else."""
    named = [name for epoch in (epochs[0], epochs[-1]) if epoch.axis is not None and (name := _subject(epoch.axis))]
    if len(set(named)) > 1:
        book.find(place, "axis-renamed", _CLAUSE, "these terms name another holder of a certificate as the axis than the first ones do")


def _subject(certificate: bytes) -> bytes:
    try:
        return certificate_facts(certificate).subject_der
    except FormatFailure:
        return b""


def _guessed(artefacts: Artefacts) -> Terms:
    """Terms made of all the evidence there is, the newest register and certificate of the axis among it."""
    digests: dict[str, list[bytes]] = {kind.value: [] for kind in EvidenceKind}
    for kind, digest in artefacts:
        digests[kind].append(digest)
    (*_, register), (*_, axis) = ([b""] + digests[kind] for kind in (EvidenceKind.REGISTER, EvidenceKind.AXIS))
    return Terms(tuple(digests[EvidenceKind.ANCHOR]), tuple(digests[EvidenceKind.AUTHORITY]), axis, register, "", "", accept_secret=False)


def _artefacts(store: Store, book: Book, folder: TrustFolder | None) -> tuple[Artefacts, Lists]:
    found: dict[tuple[str, bytes], bytes] = {}
    lists, after = Lists(), 0
    while True:
        with store.reading() as work:
            rows = work.all(_PAGE, {"after": after})
        if not rows:
            break
        for row in rows:
            after = row.id
            _artefact(book, row.id, row.kind, row.sha256, row.data, found, lists)
    for data in folder.crls if folder else ():
        lists.add(data)
    return found, lists


def _artefact(book: Book, number: int, kind: str, digest: bytes, data: object, found: dict[tuple[str, bytes], bytes], lists: Lists) -> None:
    place = Place("evidence", str(number))
    book.checked["evidence"] += 1
    if not isinstance(data, bytes) or sha256(data).digest() != digest:  # SQLite keeps any type in any column
        book.find(place, "evidence-changed", _CLAUSE, f"this {kind} is not the one whose digest stands beside it")
        return
    if kind not in set(EvidenceKind):
        book.find(place, "evidence-kind", _CLAUSE, f"{kind!r} is no kind of evidence")
        return
    try:
        if kind == EvidenceKind.CRL:
            lists.add(data)
        else:
            found[kind, digest] = data
    except FormatFailure as failure:
        book.find(place, "evidence-unreadable", _CLAUSE, f"this {kind} cannot be read: {failure}")


def _epoch(
    book: Book, place: Place, after: int, terms: Terms, artefacts: Artefacts, lists: Lists, folder: TrustFolder | None,
    confirmed: frozenset[bytes], validators: dict[tuple[tuple[bytes, ...], tuple[bytes, ...]], Validator | None],
) -> Epoch:  # fmt: skip
    def get(kind: EvidenceKind, digest: bytes) -> bytes | None:
        data = artefacts.get((kind.value, digest))
        if data is None:
            book.find(place, "evidence-missing", _CLAUSE, f"the {kind} {digest.hex()[:16]}… these terms name is not in the archive")
        return data

    if confirmed:
        for digest in terms.anchors:
            if digest not in confirmed:
                book.find(place, "anchor-not-trusted", _CLAUSE, f"the archive's anchor {digest.hex()} is none of those brought along")
    anchors = (
        folder.anchors
        if folder
        else tuple(_all(get(EvidenceKind.ANCHOR, one) for one in terms.anchors if not confirmed or one in confirmed))
    )
    authorities = (*_all(get(EvidenceKind.AUTHORITY, one) for one in terms.authorities), *(folder.authorities if folder else ()))
    if (anchors, authorities) not in validators:
        validators[anchors, authorities] = _made(book, place, "certificates", lambda: _validator(anchors, authorities, lists))
    register = get(EvidenceKind.REGISTER, terms.register)
    directory = None if register is None else _made(book, place, "register", lambda: read_register(register))
    return Epoch(after, terms, validators[anchors, authorities], directory, get(EvidenceKind.AXIS, terms.axis), anchors, authorities)


def _all(found: Iterable[bytes | None]) -> list[bytes]:
    return [one for one in found if one is not None]


def _validator(anchors: tuple[bytes, ...], authorities: tuple[bytes, ...], lists: Lists) -> Validator:
    store = TrustStore(anchors, authorities, lists.source, lists.span)
    return Validator(store, cache=PathCache(store, snapshots=_SNAPSHOTS))


Made = TypeVar("Made")


def _made(book: Book, place: Place, what: str, make: Callable[[], Made]) -> Made | None:
    try:
        return make()
    except (FormatFailure, KeyUnusable, ValueError) as error:
        book.find(place, "evidence-unreadable", _CLAUSE, f"the {what} these terms name cannot be read: {error}")
        return None


def _anchors_confirmed(book: Book, epochs: Sequence[Epoch], confirmed: frozenset[bytes]) -> None:
    if not confirmed:
        for digest in dict.fromkeys(digest for epoch in epochs for digest in epoch.terms.anchors):
            book.skip(
                "anchors", f"whether SHA-256 {digest.hex()} is the root must be confirmed from outside: an archive cannot vouch for itself"
            )
