"""A package opened for an auditor: each signed thing in it with what it was signed over, and whether the rules of the axis are kept.

The rules are those of :mod:`exchange.verification` but for the signatures, which the auditor validates by all evidence there is. What asks
who may sign for whom is told once a register of organisations is at hand (:func:`inspect_again`); none is needed to open a package.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from exchange.agreement import Finding
from exchange.domain.organization import Directory
from exchange.edxml.attached import MemorySink
from exchange.edxml.model import EdocHeader, StatusHeader
from exchange.edxml.reader import read
from exchange.edxml.tree import Limits
from exchange.verification import DETACHED, Attachment, Signatories, judge_papers
from signing import Letter, LetterRefused, read_stamped

MAX_PACKAGE = 64 * 1024 * 1024
"""Longest package opened, in bytes; its attachments are kept in memory."""
ENVELOPED = ".p7m"
FOREIGN_LETTER = "foreign-letter"
"""The rule by which a letter of another layout is told: nothing is wrong with it that could be seen."""
_HEAD = 4096
_BYTE_RANGE = b"/ByteRange"


@dataclass(frozen=True, slots=True)
class Piece:
    """One signed thing of a package: a letter, a signed annex, or an annex' detached signature with what it was made over.

    ``content`` is ``None`` where the signature carries its content, or where the annex it belongs to is not in the package.
    """

    name: str
    data: bytes
    content: bytes | None = None
    content_name: str = ""
    is_letter: bool = False


@dataclass(frozen=True, slots=True)
class Inspection:
    """A package opened: ``violations`` are what the law of the axis refuses, ``remarks`` what one should know."""

    header: EdocHeader
    attachments: tuple[Attachment, ...]
    letter: Letter | None
    """``None`` where there is none, or it could not be read; one of another layout may be as good."""
    refusal: Finding | None
    """Why the letter could not be read."""
    pieces: tuple[Piece, ...]
    violations: tuple[Finding, ...] = ()
    remarks: tuple[Finding, ...] = ()

    @property
    def compared(self) -> bool:
        """Whether the header could be held against a letter."""
        return self.letter is not None


def looks_like_edxml(data: bytes) -> bool:
    """Whether bytes are meant as a package: XML whose beginning names edXML."""
    head = data[:_HEAD].lstrip(b"\xef\xbb\xbf \t\r\n")
    return head.startswith(b"<") and b"edXML" in head


def letter_alone(data: bytes) -> Letter | None:
    """The letter that bytes outside a package are; ``None`` where they are none, or one of another layout."""
    try:
        return read_stamped(data)[0] if data.startswith(b"%PDF-") else None
    except LetterRefused:
        return None


def inspect(data: bytes) -> Inspection | StatusHeader:
    """Open a package of at most :data:`MAX_PACKAGE` bytes; a status package, which holds nothing signed, gives its header.

    Raises :class:`exchange.errors.EdxmlError` when it cannot be read.
    """
    sink = MemorySink()
    package = read(data, sink, Limits(attachment=MAX_PACKAGE), exact=False)
    if isinstance(package.header, StatusHeader):
        return package.header
    attachments = tuple(Attachment(one.name, sink.data[one.ref]) for one in package.attachments)
    first = next((one for one in attachments if one.data.startswith(b"%PDF-")), None)
    letter, refusal = (None, None) if first is None else _read(first)
    return inspect_again(Inspection(package.header, attachments, letter, refusal, tuple(_pieces(attachments, first))))


def inspect_again(
    found: Inspection,
    register: Directory | None = None,
    signatories: Signatories = Signatories(),  # noqa: B008 - frozen
    *,
    accept_secret: bool = False,
    accept_sealed_files: bool = False,
) -> Inspection:
    """The same package by a register, its signers being known by now, and by the terms of the axis that took it."""
    signed_inside = frozenset(piece.name for piece in found.pieces if not piece.is_letter)
    said = judge_papers(
        found.header, found.attachments, found.letter, register, signatories,
        secret_rule=not accept_secret, letter_rule=not accept_sealed_files, signed_inside=signed_inside,
    )  # fmt: skip
    violations, remarks = said.violations, said.findings
    if found.refusal is not None and found.refusal.rule == FOREIGN_LETTER:
        remarks = (found.refusal, *remarks)
    elif found.refusal is not None:
        violations = (found.refusal, *violations)
    return replace(found, violations=violations, remarks=remarks)


def _read(first: Attachment) -> tuple[Letter | None, Finding | None]:
    """The letter, or why it cannot be held against the header."""
    try:
        return read_stamped(first.data)[0], None
    except LetterRefused as refusal:
        if refusal.place == "file":
            return None, Finding(FOREIGN_LETTER, f"{first.name} {refusal.rule}; so the header cannot be held against it")
        return None, Finding("letter-form", f"{first.name}: {refusal}; so the header cannot be held against it")


def _pieces(attachments: tuple[Attachment, ...], letter: Attachment | None) -> Iterator[Piece]:
    """The letter first, then the annexes that are signed in the order of the package, then signatures of annexes that are not in it."""
    if letter is not None:
        yield Piece(letter.name, letter.data, is_letter=True)
    signatures = {one.name: one for one in attachments if one.name.endswith(DETACHED)}
    for annex in attachments:
        if annex is letter or annex.name.endswith(DETACHED):
            continue
        signature = signatures.pop(annex.name + DETACHED, None)
        if signature is not None:
            yield Piece(signature.name, signature.data, annex.data, annex.name)
        elif annex.name.endswith(ENVELOPED) or (annex.data.startswith(b"%PDF-") and _BYTE_RANGE in annex.data):
            yield Piece(annex.name, annex.data)
    yield from (Piece(name, signature.data) for name, signature in signatures.items())
