"""Read a package: streaming, tolerant of both dialects, strict about what could harm (domain rules of QCVN 102 as used in 2021).

Tolerated: prefix or none, ``cid:`` or none, any element order, unknown elements, the old namespace, a missing ``Bussiness`` (= new
document), dirty organisation codes. Refused with a place and a rule: not UTF-8, DTD and entities, too deep or too large, missing or
over-long fields, wrong types, future dates, no or duplicate recipients, attachments that do not match the manifest. Memory does not grow
with attachments.
"""

from __future__ import annotations

from binascii import hexlify
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from hashlib import sha256
from typing import BinaryIO, Protocol

from exchange.edxml.content import ContentDecoder
from exchange.edxml.fields import Fields
from exchange.edxml.header import read_edoc, read_status
from exchange.edxml.model import AttachmentInfo, EdocHeader, Kind, Opaque, StatusHeader
from exchange.edxml.shapes import Parsed, Shapes
from exchange.edxml.skeleton import Run, Skeleton
from exchange.edxml.tree import CONTENT_BYTES, Limits, Markup
from exchange.errors import EdxmlError

CHUNK = 65_536


class AttachmentHandle(Protocol):
    """Where one attachment's decoded bytes go."""

    def write(self, data: bytes, /) -> object:
        """More bytes."""
        ...

    def close(self) -> str:
        """The attachment is complete; its reference in the store."""
        ...


class AttachmentSink(Protocol):
    """Opens a handle per attachment. Name and type are what stood before the content and may be empty; do not trust them.

    When reading fails, handles stay unclosed: what they hold was never referred to and may be swept.
    """

    def open(self, content_id: str, name: str, content_type: str) -> AttachmentHandle:
        """A new attachment begins."""
        ...


@dataclass(slots=True)
class MemorySink:
    """Keeps attachments in memory under their SHA-256 (hex); for small packages."""

    data: dict[str, bytes] = field(default_factory=dict)

    def open(self, content_id: str, name: str, content_type: str) -> AttachmentHandle:
        """A new attachment begins."""
        return _MemoryHandle(self, [])


@dataclass(slots=True)
class _MemoryHandle:
    sink: MemorySink
    parts: list[bytes]

    def write(self, data: bytes, /) -> object:
        self.parts.append(data)
        return len(data)

    def close(self) -> str:
        whole = self.parts[0] if len(self.parts) == 1 else b"".join(self.parts)
        ref = hexlify(sha256(whole).digest()).decode()
        self.sink.data[ref] = whole
        return ref


@dataclass(frozen=True, slots=True)
class EdxmlPackage:
    """A package read: its kind, what it says, its attachments, and the skeleton its exact bytes come back from."""

    kind: Kind
    header: EdocHeader | StatusHeader
    attachments: tuple[AttachmentInfo, ...]
    skeleton: Skeleton
    size: int
    """Bytes of the package as submitted."""

    @property
    def edoc(self) -> EdocHeader:
        """The header of an ``edoc``. Raises :class:`EdxmlError` (rule ``kind``) for a status package."""
        if isinstance(self.header, EdocHeader):
            return self.header
        raise EdxmlError("edXML", "kind", "a status package where a document was expected")

    @property
    def status(self) -> StatusHeader:
        """The header of a ``status``. Raises :class:`EdxmlError` (rule ``kind``) for an edoc package."""
        if isinstance(self.header, StatusHeader):
            return self.header
        raise EdxmlError("edXML", "kind", "a document where a status package was expected")


def read(
    source: bytes | BinaryIO,
    sink: AttachmentSink | None = None,
    limits: Limits | None = None,
    *,
    at: datetime | None = None,
    exact: bool = True,
) -> EdxmlPackage:
    """Read one package from bytes or an open binary stream (read once, to its end).

    Attachments go to ``sink`` as they arrive (without one, to memory that is dropped). With ``at``, a promulgation date after that day is
    refused. Who will never have to give the package's own bytes back reads with ``exact`` off: base64 is not written again to see whether
    it comes out the same, and the skeleton stays empty. Raises :class:`EdxmlError` and nothing else for anything a package can hold.
    """
    reading = _Reading(MemorySink() if sink is None else sink, limits or Limits(), exact=exact)
    if isinstance(source, bytes):
        reading.feed(source)
    else:
        while chunk := source.read(CHUNK):
            reading.feed(chunk)
    return reading.finish(at)


class _Nowhere:
    """A sink for reading a header again: its package comes without attachments."""

    def open(self, content_id: str, name: str, content_type: str) -> AttachmentHandle:
        """A new attachment begins."""
        return self

    def write(self, data: bytes, /) -> object:
        """Irregular base64 stands in the skeleton; it is not needed here."""
        return None

    def close(self) -> str:
        """Done."""
        return ""


def reread(data: bytes) -> EdxmlPackage:
    """A stored package again, from the bytes around the attachments in its skeleton: its header, and what it says of its attachments.

    Equal to what :func:`read` makes of these bytes; of markup met before, without parsing it. Raises :class:`EdxmlError`.
    """
    parsed = _SHAPES.parsed(data)
    if parsed is not None:
        try:
            return _package(parsed, [("", 0)] * parsed.contents, Skeleton(()), len(data), _LIMITS, None, None)
        except EdxmlError:
            pass  # said by the reading below, as of any other package
    return read(data, _Nowhere(), exact=False)


class _Reading:
    """One package in progress: splits the bytes between expat and the base64 decoder, and notes the skeleton."""

    def __init__(self, sink: AttachmentSink, limits: Limits, *, exact: bool) -> None:
        self.sink, self.limits, self.exact = sink, limits, exact
        self.markup = Markup(limits)
        self.pieces: list[bytes | Run] = []
        self.literal: list[bytes] = []
        self.literal_size = 0
        self.size = 0
        self.held = b""
        self.decoder: ContentDecoder | None = None
        self.handle: AttachmentHandle | None = None
        self.stored: list[tuple[str, int]] = []

    def feed(self, chunk: bytes) -> None:
        self.size += len(chunk)
        data = self.held + chunk if self.held else chunk
        start, size = 0, len(data)
        while start < size:
            start = self._content(data, start) if self.decoder is not None else self._markup(data, start)
            if start < 0:
                self.held = data[~start:]
                return
        self.held = b""

    def _content(self, data: bytes, start: int) -> int:
        """Base64 from ``start`` to the next tag; the position after it."""
        decoder = self.decoder
        if decoder is None:
            return start
        stop = data.find(b"<", start)
        end = len(data) if stop < 0 else stop
        if end > start:
            decoder.feed(data[start:end] if start or end < len(data) else data)
            self.markup.skipped += end - start
        if stop >= 0:
            self._close()
        return end

    def _markup(self, data: bytes, start: int) -> int:
        """Markup from ``start``; the position after it, or ``~position`` when from there on more bytes are needed."""
        found = data.find(CONTENT_BYTES, start)
        end = data.find(b">", found) + 1 if found >= 0 else 0
        if end:
            self._parse(data[start:end])
            if self.markup.content:
                self._open()
            return end
        cut = data.rfind(b"<", start)
        if cut < 0 or data.find(b">", cut) >= 0 or len(data) - cut > CHUNK:
            cut = len(data)
        if cut > start:
            self._parse(data[start:cut])
        return ~cut if cut < len(data) else cut

    def _parse(self, data: bytes) -> None:
        self.markup.feed(data)
        self._keep(data)
        while self.markup.contents > len(self.stored):  # an empty-element tag: no text ever came
            self._open()
            self._close()

    def _keep(self, data: bytes) -> None:
        self.literal.append(data)
        self.literal_size += len(data)
        if self.literal_size > self.limits.markup:
            raise EdxmlError(self.markup.place(), "too-large", f"more than {self.limits.markup} bytes of markup and irregular base64")

    def _run(self, run: Run) -> None:
        last = self.pieces[-1] if self.pieces and not self.literal else None
        if isinstance(last, Run) and _continues(last, run):
            self.pieces[-1] = Run(last.attachment, last.offset, last.length + run.length, run.width, run.newline, run.closed)
            return
        if self.literal:
            self.pieces.append(b"".join(self.literal))
            self.literal = []
        self.pieces.append(run)

    def _open(self) -> None:
        index = len(self.stored)
        if index >= self.limits.attachments:
            raise EdxmlError(self.markup.place(), "too-large", f"more than {self.limits.attachments} attachments")
        described = self.markup.siblings()
        self.handle = self.sink.open(described.get("ContentId", ""), described.get("AttachmentName", ""), described.get("ContentType", ""))
        self.decoder = ContentDecoder(index, self.handle.write, self._keep, self._run, self.limits.attachment, exact=self.exact)

    def _close(self) -> None:
        if self.decoder is not None and self.handle is not None:
            size = self.decoder.finish()
            self.stored.append((self.handle.close(), size))
        self.decoder = self.handle = None

    def finish(self, at: datetime | None) -> EdxmlPackage:
        parsed = self.parsed()
        skeleton = Skeleton(tuple(self.pieces) if self.exact else ())
        return _package(parsed, self.stored, skeleton, self.size, self.limits, self.markup.packet_signature, at)

    def parsed(self) -> Parsed:
        """The tree of all that was fed."""
        if self.decoder is not None:
            raise EdxmlError(self.markup.place(), "not-well-formed", "the package is cut off inside an attachment")
        if self.held:
            self._parse(self.held)
        self.markup.feed(b"", final=True)
        if self.literal:
            self.pieces.append(b"".join(self.literal))
        return Parsed(self.markup.root_name, self.markup.root or {}, len(self.stored))


def _package(
    parsed: Parsed, stored: Sequence[tuple[str, int]], skeleton: Skeleton, size: int, limits: Limits, packet_signature: Opaque | None,
    at: datetime | None,
) -> EdxmlPackage:  # fmt: skip
    """The package in a tree; ``stored``: reference and size of each attachment's content."""
    root = Fields(parsed.root)
    if parsed.name != "edXML":
        raise EdxmlError("edXML", "not-edxml", f"the root element is {parsed.name}")
    header = root.child("edXMLEnvelope").child("edXMLHeader")
    attachments = _attachments(root, stored)
    if header.child("MessageHeader").has("StatusCode"):
        if attachments:
            raise EdxmlError("AttachmentEncoded", "mismatch", "a status package carries no attachments")
        return EdxmlPackage("status", read_status(header), (), skeleton, size)
    edoc = read_edoc(header, limits, packet_signature, at)
    _match_manifest(root, attachments)
    return EdxmlPackage("edoc", edoc, attachments, skeleton, size)


def _attachments(root: Fields, stored: Sequence[tuple[str, int]]) -> tuple[AttachmentInfo, ...]:
    found: list[AttachmentInfo] = []
    for block in root.children("AttachmentEncoded"):
        for number, info in block.value(_described):
            ref, size = stored[number]
            found.append(replace(info, ref=ref, size=size) if ref else info)
    if len(found) != len(stored):
        raise EdxmlError("AttachmentEncoded", "mismatch", "an Attachment outside AttachmentEncoded")
    return tuple(found)


def _described(block: Fields) -> tuple[tuple[int, AttachmentInfo], ...]:
    """What a block says of its attachments, each with the number of its content."""
    found = []
    for one in block.children("Attachment"):
        contents = one.all("ContentTransferEncoded")
        if len(contents) != 1:
            raise EdxmlError(one.place, "missing-field" if not contents else "duplicate-element", "exactly one ContentTransferEncoded")
        info = AttachmentInfo(
            content_id=one.text("ContentId", 200).removeprefix("cid:"),
            name=one.text("AttachmentName", 500),
            content_type=one.text("ContentType", 200),
            description=one.text("Description", 500),
            ref="",
            size=0,
        )
        found.append((int(contents[0]), info))
    return tuple(found)


def _continues(last: Run, run: Run) -> bool:
    """Whether ``run`` goes on where ``last`` stopped, at a line boundary. The decoder has refused padding in between."""
    same = (last.attachment, last.width, last.newline) == (run.attachment, run.width, run.newline)
    return same and last.offset + last.length == run.offset and (last.closed or not last.width)


def _match_manifest(root: Fields, attachments: tuple[AttachmentInfo, ...]) -> None:
    """Every Reference has its attachment and the other way round (M family); a manifest without ids says nothing."""
    promised = root.child("edXMLEnvelope").child("edXMLBody").value(_promised)
    present = [attachment.content_id for attachment in attachments]
    if len(set(present)) != len(present):
        raise EdxmlError("AttachmentEncoded", "duplicate-element", "two attachments under one ContentId")
    if promised and sorted(promised) != sorted(present):
        odd = sorted(set(promised) ^ set(present)) or promised
        raise EdxmlError("edXMLBody/edXMLManifest", "mismatch", f"manifest and attachments differ in {', '.join(odd)}")


def _promised(body: Fields) -> list[str]:
    references = body.child("edXMLManifest").children("Reference")
    promised = [reference.text("ContentId", 200).removeprefix("cid:") for reference in references]
    return [content_id for content_id in promised if content_id]


_LIMITS = Limits()


def _parse_again(data: bytes) -> Parsed | None:
    """The tree of a stored package; none where it carries a signature of its own, or base64 among its markup."""
    reading = _Reading(_Nowhere(), _LIMITS, exact=False)
    reading.feed(data)
    parsed = reading.parsed()
    plain = reading.markup.packet_signature is None and not any(size for _, size in reading.stored)
    return parsed if plain else None


_SHAPES = Shapes(_parse_again)
