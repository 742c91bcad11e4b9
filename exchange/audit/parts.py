"""Each signature of a package with exactly what it was made over, as files that other people's tools take."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from exchange.domain.identifiers import DocumentKey
from exchange.domain.lifecycle import Operation
from exchange.edxml.attached import MemorySink
from exchange.edxml.model import EdocHeader, StatusHeader
from exchange.edxml.reader import read
from exchange.edxml.tree import Limits
from exchange.errors import InvalidNumber
from exchange.inspection import MAX_PACKAGE, Piece, inspect
from signing import Sandbox, SignatureClaim, SignedKind, SignedObject, SignedRange, TokenClaim, read_signed

_PEM = b"-----BEGIN "


@dataclass(frozen=True, slots=True)
class Stamped:
    """One time-stamp token: ``covered`` is what it stamps, ``None`` where that is a hash over many parts (CAdES' archive time-stamp)."""

    kind: str
    token: TokenClaim
    covered: bytes | None


@dataclass(frozen=True, slots=True)
class Part:
    """One CMS of a package. ``claims`` are its signers, one in a PDF."""

    attachment: str
    """The attachment it stands in or beside, as the package names it; not to be used as a file name."""
    ordinal: int
    """The place of that attachment in the package, from 0."""
    name: str
    """The field of a PDF; ``annex`` otherwise."""
    claims: tuple[SignatureClaim, ...]
    cms: bytes
    covered: bytes
    """The exact bytes signed."""
    attached: bool
    """Whether the CMS itself holds them."""
    range: SignedRange | None
    """Where in the PDF they stand."""
    stamps: tuple[Stamped, ...]
    document_stamps: bool
    """Whether ``stamps`` are those of the whole PDF, which its other parts share."""

    @property
    def pem(self) -> bool:
        """Whether the CMS is in PEM."""
        return self.cms.lstrip().startswith(_PEM)


@dataclass(frozen=True, slots=True)
class Contents:
    """A package taken apart: attachments as (name, bytes), signatures, and signed things that could not be read, with the reason.

    ``document``: number, notation and DocumentId of the document it founds, as an axis keeps them; empty where it founds none.
    ``recipients`` are those it is for, as it names them.
    """

    document: tuple[str, str, str]
    recipients: tuple[str, ...]
    attachments: tuple[tuple[str, bytes], ...]
    parts: tuple[Part, ...]
    unread: tuple[tuple[str, str], ...]


def take_apart(package: bytes, sandbox: Sandbox | None = None) -> Contents:
    """Every attachment and signature of a package of at most :data:`exchange.inspection.MAX_PACKAGE` bytes.

    ``sandbox`` parses foreign PDFs, if there are any. Raises :class:`exchange.errors.EdxmlError` when it is no package that can be read.
    """
    sink = MemorySink()
    found = read(package, sink, Limits(attachment=MAX_PACKAGE), exact=False)
    attachments = tuple((one.name, sink.data[one.ref]) for one in found.attachments)
    opened = inspect(package)
    if isinstance(opened, StatusHeader):
        return Contents(_NO_DOCUMENT, (), attachments, (), ())
    parts: list[Part] = []
    unread: list[tuple[str, str]] = []
    for piece in opened.pieces:
        signed = read_signed(piece.data, piece.content, sandbox=sandbox)
        if signed.refusal is not None:
            unread.append((piece.name, str(signed.refusal)))
            continue
        parts += _parts(piece, signed, _place(piece, attachments))
    founded = _founded(found.header)
    recipients = tuple(map(str, opened.header.recipient_ids)) if founded != _NO_DOCUMENT else ()
    return Contents(founded, recipients, attachments, tuple(parts), tuple(unread))


_NO_DOCUMENT = ("", "", "")


def _founded(header: object) -> tuple[str, str, str]:
    if not isinstance(header, EdocHeader) or header.operation not in {Operation.NEW, Operation.REPLACE}:
        return _NO_DOCUMENT
    try:
        key = DocumentKey.of(header.sender_id, header.number, header.notation, header.promulgation_date)
    except InvalidNumber:
        return _NO_DOCUMENT
    return key.number, key.notation, header.document_id


def _place(piece: Piece, attachments: Sequence[tuple[str, bytes]]) -> int:
    wanted = piece.content if piece.content is not None else piece.data
    return next((number for number, (_, data) in enumerate(attachments) if data == wanted), 0)


def _parts(piece: Piece, signed: SignedObject, ordinal: int) -> Iterator[Part]:
    if signed.kind in (SignedKind.LETTER, SignedKind.PDF):
        yield from _pdf_parts(piece, signed, ordinal)
    else:
        yield _cms_part(piece, signed, ordinal)


def _pdf_parts(piece: Piece, signed: SignedObject, ordinal: int) -> Iterator[Part]:
    ranges = {one.name: one for one in signed.ranges}
    stamps = _document_stamps(piece.data, signed)
    for claim in signed.claims:
        where = ranges.get(claim.name)
        if where is None:
            continue
        own = tuple(_of_token(token, kind, claim, None) for token, kind in _tokens(claim, archive=False))
        yield Part(
            piece.name, ordinal, claim.name, (claim,), contents_of(piece.data, where), covered_by(piece.data, where), attached=False,
            range=where, stamps=(*own, *stamps), document_stamps=bool(stamps),
        )  # fmt: skip


def _document_stamps(data: bytes, signed: SignedObject) -> tuple[Stamped, ...]:
    """Document time-stamps with the bytes they cover, found by the token itself."""
    by_token = {contents_of(data, one): one for one in signed.ranges}
    tokens = dict.fromkeys(token.der for claim in signed.claims for token in claim.archive_tokens)
    claims = {token.der: token for claim in signed.claims for token in claim.archive_tokens}
    return tuple(
        Stamped("document-time-stamp", claims[der], covered_by(data, by_token[der]) if der in by_token else None) for der in tokens
    )


def _cms_part(piece: Piece, signed: SignedObject, ordinal: int) -> Part:
    attached = signed.kind is SignedKind.ATTACHED
    covered = piece.content or b""
    if attached:
        covered = b"".join(piece.data[span.start : span.end] for span in signed.coverage if span.label.startswith("content"))
    stamps = tuple(
        _of_token(token, kind, claim, covered) for claim in signed.claims for token, kind in _tokens(claim, archive=True)
    )  # fmt: skip
    name = piece.content_name or piece.name
    return Part(name, ordinal, "annex", signed.claims, piece.data, covered, attached, None, stamps, document_stamps=False)


def _tokens(claim: SignatureClaim, *, archive: bool) -> Iterator[tuple[TokenClaim, str]]:
    for token in claim.content_tokens:
        yield token, "content-time-stamp"
    for token in claim.signature_tokens:
        yield token, "signature-time-stamp"
    for token in claim.archive_tokens if archive else ():
        yield token, "archive-time-stamp"


def _of_token(token: TokenClaim, kind: str, claim: SignatureClaim, content: bytes | None) -> Stamped:
    covered = {"signature-time-stamp": claim.signer.signature, "content-time-stamp": content}.get(kind)
    return Stamped(kind, token, covered)


def covered_by(data: bytes, where: SignedRange) -> bytes:
    """What a PDF signature covers: all up to its value, and from behind it to the end of its revision (ISO 32000-1 §12.8.1)."""
    return data[: where.opening] + data[where.closing : where.end]


def contents_of(data: bytes, where: SignedRange) -> bytes:
    """The DER in a signature's /Contents, without the zeros that fill its room. Empty when it is none."""
    try:
        padded = bytes.fromhex(data[where.opening + 1 : where.closing - 1].decode("ascii"))
    except ValueError:
        return b""
    return padded[: _der_length(padded)]


def _der_length(data: bytes) -> int:
    """Bytes of the first DER element: tag, definite length, content."""
    if len(data) < 2 or data[1] < 0x80:
        return 2 + (data[1] if len(data) > 1 else 0)
    octets = data[1] & 0x7F
    return 2 + octets + int.from_bytes(data[2 : 2 + octets])
