"""From a path to signed things: bounded reading, detached content found beside its signature, packages taken apart."""

from __future__ import annotations

import stat
from collections.abc import Callable
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

from console.locale import Text
from console.options import ARCHIVE
from console.outcome import Unusable
from console.verify.bundles import foreign_copy, opened_bundle, proofs_of, register_of, terms_of, told_findings, told_remarks, unknown_axis
from console.verify.trust import Register
from exchange.agreement import Finding
from exchange.audit.bundle_zip import looks_like_bundle
from exchange.edxml.model import StatusHeader
from exchange.errors import EdxmlError
from exchange.inspection import FOREIGN_LETTER, Inspection, inspect, looks_like_edxml
from exchange.trust import Terms
from exchange.verification import DETACHED
from signing import ProofOfExistence

MAX_FILE = 64 * 1024 * 1024
MAX_CONTENT = 256 * 1024 * 1024
_SIGNED_DATA = bytes.fromhex("06092a864886f70d010702")
"""DER of the object identifier that begins every CMS SignedData."""
_DATABASE = b"SQLite format 3\0"
_CMS_SUFFIXES = frozenset({".p7s", ".p7m", ".p7b", ".p7", ".cms"})
_PEM = (b"-----BEGIN CMS", b"-----BEGIN PKCS7", b"-----BEGIN PKCS #7")


@dataclass(frozen=True, slots=True)
class Subject:
    """One signed thing: its bytes, and what a detached signature was made over where that is at hand.

    ``as_document`` says that the policy's rules for a whole document (how many signatures, in which order) are asked of it.
    """

    name: str
    data: bytes
    content: bytes | None
    content_name: str
    as_document: bool


@dataclass(frozen=True, slots=True)
class Opened:
    """A file opened: its signed things, the package it is or holds, and what a bundle shows beside its package."""

    name: str
    size: int
    sha256: bytes
    kind: str
    """``edxml``, ``bundle``, or ``file`` for what is one signed thing itself."""
    subjects: tuple[Subject, ...]
    package: Inspection | None = None
    violations: tuple[Finding, ...] = ()
    remarks: tuple[Finding, ...] = ()
    existence: tuple[ProofOfExistence, ...] = ()
    """What a bundle proves of the age of its signatures, and of what they are judged by."""
    register: Register | None = None
    """A bundle's own, where it is the axis' word; so are its ``terms``."""
    terms: Terms | None = None

    @property
    def uncompared(self) -> bool:
        """Whether there is a letter that the header should say the same as, and it could not be told."""
        return self.package is not None and any(remark.rule == FOREIGN_LETTER for remark in self.package.remarks)


Opener = Callable[[str, bytes, Text, frozenset[bytes]], Opened | None]
"""Opens what it knows, ``None`` for anything else; a further container is one more of these in :data:`OPENERS`."""


def open_file(path: Path, content: Path | None, text: Text, confirmed: frozenset[bytes] = frozenset()) -> Opened:
    """Read and open one file; ``confirmed`` are certificates known from elsewhere, by SHA-256.

    Raises :class:`Unusable` with one sentence for what is missing, too large or nothing known.
    """
    data = read_bounded(path, MAX_FILE, text)
    if not data:
        raise Unusable(text("verify.error.empty", path=path))
    for opener in OPENERS:
        opened = opener(str(path), data, text, confirmed)
        if opened is not None and content is not None:
            raise Unusable(text("verify.error.content-pdf", path=path))
        if opened is not None:
            return opened
    if data.startswith(_DATABASE):
        raise Unusable(text("verify.error.archive", path=path))
    if not _may_be_signed(path, data):
        raise Unusable(text("verify.error.unknown", path=path))
    is_pdf = b"%PDF-" in data[:1024]
    if is_pdf and content is not None:
        raise Unusable(text("verify.error.content-pdf", path=path))
    beside = None if is_pdf else content or _beside(path)
    signed = None if beside is None else read_bounded(beside, MAX_CONTENT, text)
    subject = Subject(path.name, data, signed, "" if beside is None else beside.name, as_document=is_pdf)
    return Opened(str(path), len(data), sha256(data).digest(), "file", (subject,))


def read_bounded(path: Path, most: int, text: Text) -> bytes:
    """A regular file of at most ``most`` bytes. Raises :class:`Unusable`."""
    try:
        found = path.stat()
        if stat.S_ISDIR(found.st_mode):
            key = "archive" if (path / ARCHIVE).is_file() else "directory"
            raise Unusable(text(f"verify.error.{key}", path=path))
        if not stat.S_ISREG(found.st_mode):
            raise Unusable(text("verify.error.irregular", path=path))
        if found.st_size > most:
            sizes = {"size": text.number(found.st_size), "most": text.number(most)}
            raise Unusable(text("verify.error.large", path=path, **sizes))
        return path.read_bytes()
    except FileNotFoundError:
        raise Unusable(text("verify.error.missing", path=path)) from None
    except (OSError, ValueError) as error:
        raise Unusable(text("verify.error.unreadable", path=path, reason=text.reason(error))) from None


def _beside(path: Path) -> Path | None:
    """What a detached signature names by its own name: ``plan.xlsx`` for ``plan.xlsx.p7s``."""
    candidate = path.with_suffix("") if path.suffix.lower() in (DETACHED, ".p7m", ".sig") else None
    return candidate if candidate is not None and candidate.is_file() else None


def _may_be_signed(path: Path, data: bytes) -> bool:
    """Whether a file is meant as a signed one; if it is and cannot be read, that is a verdict and no wrong usage."""
    head = data[:1024]
    return b"%PDF-" in head or _SIGNED_DATA in head or head.lstrip().startswith(_PEM) or path.suffix.lower() in _CMS_SUFFIXES


def _open_edxml(name: str, data: bytes, text: Text, _: frozenset[bytes]) -> Opened | None:
    if not looks_like_edxml(data):
        return None
    try:
        found = inspect(data)
    except EdxmlError as error:
        raise Unusable(text("verify.error.package", path=name, rule=text.phrase(str(error)))) from None
    if isinstance(found, StatusHeader):
        raise Unusable(text("verify.error.status", path=name))
    return _package(name, data, found)


def _package(name: str, data: bytes, found: Inspection) -> Opened:
    subjects = tuple(Subject(piece.name, piece.data, piece.content, piece.content_name, piece.is_letter) for piece in found.pieces)
    digest = sha256(data).digest()
    return Opened(name, len(data), digest, "edxml", subjects, found)


def _open_bundle(name: str, data: bytes, text: Text, confirmed: frozenset[bytes]) -> Opened | None:
    if not looks_like_bundle(data):
        return None
    try:
        dossier, report = opened_bundle(name, data, text)
        found = inspect(dossier.package)
    except EdxmlError as error:
        raise Unusable(text("verify.error.bundle", path=name, rule=text.phrase(str(error)))) from None
    if isinstance(found, StatusHeader):
        raise Unusable(text("verify.error.status", path=name))
    package = _package(name, dossier.package, found)
    return replace(
        package,
        size=len(data),
        sha256=sha256(data).digest(),
        kind="bundle",
        violations=told_findings(report) or foreign_copy(dossier, confirmed),
        remarks=(*unknown_axis(dossier, confirmed), *told_remarks(report)),
        existence=proofs_of(dossier, confirmed),
        register=register_of(name, dossier, report, confirmed),
        terms=terms_of(dossier, report, confirmed),
    )


OPENERS: tuple[Opener, ...] = (_open_edxml, _open_bundle)
