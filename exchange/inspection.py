"""A package opened for an auditor: each signed thing in it with what it was signed over, and whether the header says what the letter says.

No register of organisations is needed, and none is trusted: who may sign for whom is another question (:mod:`exchange.verification`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from exchange.agreement import Finding, differences, misleading_names, remarks
from exchange.domain.lifecycle import Operation
from exchange.domain.organization import Directory
from exchange.edxml.attached import MemorySink
from exchange.edxml.model import EdocHeader, StatusHeader
from exchange.edxml.reader import read
from exchange.edxml.tree import Limits
from exchange.verification import DETACHED, Attachment
from signing import LetterRefused, read_stamped

MAX_PACKAGE = 64 * 1024 * 1024
"""Longest package opened, in bytes; its attachments are kept in memory."""
ENVELOPED = ".p7m"
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
    """A package opened: ``violations`` are what the law of the axis refuses (header against letter), ``remarks`` what one should know."""

    header: EdocHeader
    pieces: tuple[Piece, ...]
    violations: tuple[Finding, ...]
    remarks: tuple[Finding, ...]
    compared: bool
    """Whether the header could be held against a letter; a letter of another layout, which may be as good, cannot be read for it."""


def looks_like_edxml(data: bytes) -> bool:
    """Whether bytes are meant as a package: XML whose beginning names edXML."""
    head = data[:_HEAD].lstrip(b"\xef\xbb\xbf \t\r\n")
    return head.startswith(b"<") and b"edXML" in head


def inspect(data: bytes) -> Inspection | StatusHeader:
    """Open a package of at most :data:`MAX_PACKAGE` bytes; a status package, which holds nothing signed, gives its header.

    Raises :class:`exchange.errors.EdxmlError` when it cannot be read.
    """
    sink = MemorySink()
    package = read(data, sink, Limits(attachment=MAX_PACKAGE), exact=False)
    if isinstance(package.header, StatusHeader):
        return package.header
    attachments = tuple(Attachment(one.name, sink.data[one.ref]) for one in package.attachments)
    letter = next((one for one in attachments if one.data.startswith(b"%PDF-")), None)
    violations, notes, compared = _against_letter(package.header, letter)
    violations += misleading_names(tuple(one.name for one in attachments))
    pieces, unsigned = _pieces(attachments, letter)
    return Inspection(package.header, pieces, violations, (*notes, *unsigned), compared)


def _against_letter(header: EdocHeader, letter: Attachment | None) -> tuple[tuple[Finding, ...], tuple[Finding, ...], bool]:
    """The law of the axis: what routes a document must be what was signed."""
    if letter is None and header.operation is Operation.RECALL:
        return (), (Finding("no-letter", "the recall carries no letter"),), False
    if letter is None:
        detail = "no attachment is a PDF letter; without both signatures a document is for information only"
        return (Finding("no-letter", detail),), (), False
    try:
        read_in, _ = read_stamped(letter.data)
    except LetterRefused as refusal:
        if refusal.place == "file":
            detail = f"{letter.name} {refusal.rule}; so the header cannot be held against it"
            return (), (Finding("foreign-letter", detail),), False
        detail = f"{letter.name}: {refusal}; so the header cannot be held against it"
        return (Finding("letter-form", detail),), (), False
    nobody = Directory(())
    return tuple(differences(header, read_in, nobody)), tuple(remarks(header, read_in)), True


def _pieces(attachments: tuple[Attachment, ...], letter: Attachment | None) -> tuple[tuple[Piece, ...], tuple[Finding, ...]]:
    """The letter first, then the annexes in the order of the package; what carries no signature is a remark."""
    pieces = [Piece(letter.name, letter.data, is_letter=True)] if letter is not None else []
    signatures = {one.name: one for one in attachments if one.name.endswith(DETACHED)}
    notes: list[Finding] = []
    for annex in attachments:
        if annex is letter or annex.name.endswith(DETACHED):
            continue
        signature = signatures.pop(annex.name + DETACHED, None)
        if signature is not None:
            pieces.append(Piece(signature.name, signature.data, annex.data, annex.name))
        elif annex.name.endswith(ENVELOPED) or (annex.data.startswith(b"%PDF-") and _BYTE_RANGE in annex.data):
            pieces.append(Piece(annex.name, annex.data))
        else:
            notes.append(Finding("annex-unsigned", f"annex {annex.name} carries no signature"))
    return (*pieces, *_strays(signatures, notes)), tuple(notes)


def _strays(signatures: dict[str, Attachment], notes: list[Finding]) -> Iterator[Piece]:
    for name, signature in signatures.items():
        notes.append(Finding("stray-signature", f"{name} belongs to no annex of the package"))
        yield Piece(name, signature.data)
