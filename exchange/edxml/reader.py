"""Read a package: streaming, tolerant of both dialects, strict about what could harm (domain rules of QCVN 102 as used in 2021).

Tolerated: prefix or none, ``cid:`` or none, any element order, unknown elements, the old namespace, a missing ``Bussiness`` (= new
document), dirty organisation codes. Refused with a place and a rule: not UTF-8, DTD and entities, too deep or too large, missing or
over-long fields, wrong types, future dates, no or duplicate recipients, attachments that do not match the manifest. Memory does not grow
with attachments.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from operator import attrgetter
from typing import BinaryIO

from exchange.edxml.attached import Attached, AttachmentSink, MemorySink, Nowhere
from exchange.edxml.content import ContentDecoder
from exchange.edxml.fields import Fields
from exchange.edxml.header import are_distinct, day_of, read_edoc, read_status
from exchange.edxml.model import AttachmentInfo, EdocHeader, Kind, Opaque, StatusHeader
from exchange.edxml.recipes import recipe_of
from exchange.edxml.shapes import HOLE, Parsed, Shape, Shapes, Texts, cut_out
from exchange.edxml.skeleton import Skeleton
from exchange.edxml.tree import CONTENT_BYTES, Limits, Markup
from exchange.errors import EdxmlError
from signing import quickly_made

CHUNK = 65_536
_ROOT = "edXML"


@quickly_made
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
    sink, limits = MemorySink() if sink is None else sink, limits or _LIMITS
    if not isinstance(source, bytes):
        reading = _Reading(sink, limits, exact=exact)
        while chunk := source.read(CHUNK):
            reading.feed(chunk)
        return reading.finish(at)
    cut = cut_out(source) if len(source) <= _AS_A_WHOLE and _usual(limits) else None
    met = _SHAPES.find(cut[0]) if cut is not None else None
    if cut is not None and met is not None:
        return _put_together(*met, *cut, sink, limits, at, exact=exact)
    reading = _Reading(sink, limits, exact=exact)
    reading.feed(source)
    package = reading.finish(at)
    if cut is not None:  # a package that is refused teaches nothing
        _SHAPES.meet(cut[0])
    return package


def _usual(limits: Limits) -> bool:
    """Whether they are those under which shapes were learnt; the largest attachment is looked at anew each time."""
    return limits is _LIMITS or replace(limits, attachment=_LIMITS.attachment) == _LIMITS


def _put_together(
    shape: Shape, texts: Texts, markup: bytes, contents: Sequence[bytes], sink: AttachmentSink, limits: Limits, at: datetime | None, *,
    exact: bool,
) -> EdxmlPackage:  # fmt: skip
    """A package of markup met before: the same as by the parser."""
    attached = Attached(sink, limits, lambda: "edXML", exact=exact)
    *before, after = markup.split(HOLE)
    for piece, content in zip(before, contents, strict=True):
        attached.keep(piece)
        attached.open().feed(content)
        attached.close()
    attached.keep(after)
    size = len(markup) - len(contents) * len(HOLE) + sum(map(len, contents))
    return _of_shape(shape, texts, attached.stored, attached.skeleton(), size, limits, at)


def reread(data: bytes) -> EdxmlPackage:
    """A stored package again, from the bytes around the attachments in its skeleton: its header, and what it says of its attachments.

    Raises :class:`EdxmlError`.
    """
    cut = cut_out(data) if len(data) <= _AS_A_WHOLE else None
    if cut is not None and not any(cut[1]) and len(cut[1]) <= _LIMITS.attachments:
        met = _SHAPES.find(cut[0])
        if met is not None:  # nothing stands where its attachments stood
            return _of_shape(*met, [("", 0)] * len(cut[1]), _NO_SKELETON, len(data), _LIMITS, None)
    return read(data, Nowhere(), exact=False)


def reread_around(literals: Sequence[bytes]) -> EdxmlPackage:
    """As :func:`reread` of these pieces put together, between which the contents of attachments stood in the package.

    Where a shape has its holes at the very same places, nobody needs to look for them. Raises :class:`EdxmlError`.
    """
    holes, markup = len(literals) - 1, HOLE.join(literals)
    met = _SHAPES.find(markup) if markup.count(HOLE) == holes <= _LIMITS.attachments else None
    if met is None or met[0].contents != holes:
        return reread(b"".join(literals))
    return _of_shape(*met, [("", 0)] * holes, _NO_SKELETON, len(markup) - holes * len(HOLE), _LIMITS, None)


class _Reading:
    """One package in progress: splits the bytes between expat and the base64 decoder."""

    def __init__(self, sink: AttachmentSink, limits: Limits, *, exact: bool) -> None:
        self.limits = limits
        self.markup = Markup(limits)
        self.attached = Attached(sink, limits, self.markup.place, exact=exact)
        self.size = 0
        self.held = b""

    def feed(self, chunk: bytes) -> None:
        self.size += len(chunk)
        data = self.held + chunk if self.held else chunk
        start, size = 0, len(data)
        while start < size:
            decoder = self.attached.decoder
            start = self._markup(data, start) if decoder is None else self._content(decoder, data, start)
            if start < 0:
                self.held = data[~start:]
                return
        self.held = b""

    def _content(self, decoder: ContentDecoder, data: bytes, start: int) -> int:
        """Base64 from ``start`` to the next tag; the position after it."""
        stop = data.find(b"<", start)
        end = len(data) if stop < 0 else stop
        if end > start:
            decoder.feed(data[start:end] if start or end < len(data) else data)
            self.markup.skipped += end - start
        if stop >= 0:
            self.attached.close()
        return end

    def _markup(self, data: bytes, start: int) -> int:
        """Markup from ``start``; the position after it, or ``~position`` when from there on more bytes are needed."""
        found = data.find(CONTENT_BYTES, start)
        end = data.find(b">", found) + 1 if found >= 0 else 0
        if end:
            self._parse(data[start:end])
            if self.markup.content:
                self.attached.open()
            return end
        cut = data.rfind(b"<", start)
        if cut < 0 or data.find(b">", cut) >= 0 or len(data) - cut > CHUNK:
            cut = len(data)
        if cut > start:
            self._parse(data[start:cut])
        return ~cut if cut < len(data) else cut

    def _parse(self, data: bytes) -> None:
        self.markup.feed(data)
        self.attached.keep(data)
        while self.markup.contents > len(self.attached.stored):  # an empty-element tag: no text ever came
            self.attached.open()
            self.attached.close()

    def finish(self, at: datetime | None) -> EdxmlPackage:
        parsed, attached = self.parsed(), self.attached
        return _package(parsed, attached.stored, attached.skeleton(), self.size, self.limits, self.markup.packet_signature, at)

    def parsed(self) -> Parsed:
        """The tree of all that was fed."""
        if self.attached.decoder is not None:
            raise EdxmlError(self.markup.place(), "not-well-formed", "the package is cut off inside an attachment")
        if self.held:
            self._parse(self.held)
        self.markup.feed(b"", final=True)
        return Parsed(self.markup.root_name, self.markup.root or {}, len(self.attached.stored))


def _of_shape(
    shape: Shape, texts: Texts, stored: Sequence[tuple[str, int]], skeleton: Skeleton, size: int, limits: Limits, at: datetime | None
) -> EdxmlPackage:
    """The package of a shape with these texts: by the shape's recipe where it has one and nothing stands against it, else in its tree."""
    recipe = recipe_of(_SHAPES, shape, texts, _said) if shape.name == _ROOT else None
    said = None if recipe is None else recipe.values(texts)
    if said:
        *fields, described, promised = said
        edoc = EdocHeader(*fields)
        if are_distinct(edoc.recipients) and (at is None or edoc.promulgation_date <= day_of(at)):
            attachments = _attachments(described, stored)
            _match_manifest(promised, attachments)
            return EdxmlPackage("edoc", edoc, attachments, skeleton, size)
    return _package(_SHAPES.filled(shape, texts), stored, skeleton, size, limits, None, at)


def _said(root: Fields) -> tuple[object, ...]:
    """What a document says, for a recipe: the fields of its header, what is described and what the manifest promises.

    Of a status package nothing: it is read from its tree.
    """
    envelope = root.child("edXMLEnvelope")
    header = envelope.child("edXMLHeader")
    if header.child("MessageHeader").has("StatusCode"):
        return ()
    edoc = read_edoc(header, _LIMITS, None, None)
    return (*_EDOC_FIELDS(edoc), tuple(root.parts("AttachmentEncoded", _described)), envelope.part("edXMLBody", _promised))


def _package(
    parsed: Parsed, stored: Sequence[tuple[str, int]], skeleton: Skeleton, size: int, limits: Limits, packet_signature: Opaque | None,
    at: datetime | None,
) -> EdxmlPackage:  # fmt: skip
    """The package in a tree; ``stored``: reference and size of each attachment's content."""
    root = Fields(parsed.root)
    if parsed.name != _ROOT:
        raise EdxmlError("edXML", "not-edxml", f"the root element is {parsed.name}")
    if not root.has("edXMLEnvelope"):
        raise EdxmlError("edXML/edXMLEnvelope", "missing-field", "the package has no envelope")
    envelope = root.child("edXMLEnvelope")
    header = envelope.child("edXMLHeader")
    attachments = _attachments(root.parts("AttachmentEncoded", _described), stored)
    if header.child("MessageHeader").has("StatusCode"):
        if attachments:
            raise EdxmlError("AttachmentEncoded", "mismatch", "a status package carries no attachments")
        return EdxmlPackage("status", read_status(header), (), skeleton, size)
    edoc = read_edoc(header, limits, packet_signature, at)
    _match_manifest(envelope.part("edXMLBody", _promised), attachments)
    return EdxmlPackage("edoc", edoc, attachments, skeleton, size)


_Described = tuple[tuple[int, AttachmentInfo], ...]
"""What a block says of its attachments, each with the number of its content."""


def _attachments(blocks: Sequence[_Described], stored: Sequence[tuple[str, int]]) -> tuple[AttachmentInfo, ...]:
    found: list[AttachmentInfo] = []
    for described in blocks:
        for number, info in described:
            ref, size = stored[number]
            found.append(replace(info, ref=ref, size=size) if ref else info)
    if len(found) != len(stored):
        raise EdxmlError("AttachmentEncoded", "mismatch", "an Attachment outside AttachmentEncoded")
    return tuple(found)


def _described(block: Fields) -> _Described:
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


def _match_manifest(promised: list[str], attachments: tuple[AttachmentInfo, ...]) -> None:
    """Every Reference has its attachment and the other way round (M family); a manifest without ids says nothing."""
    present = [attachment.content_id for attachment in attachments]
    if promised == present and len(present) == 1:
        return
    if len(set(present)) != len(present):
        raise EdxmlError("AttachmentEncoded", "duplicate-element", "two attachments under one ContentId")
    if promised and sorted(promised) != sorted(present):
        odd = sorted(set(promised) ^ set(present)) or promised
        raise EdxmlError("edXMLBody/edXMLManifest", "mismatch", f"manifest and attachments differ in {', '.join(odd)}")


def _promised(body: Fields) -> list[str]:
    references = body.child("edXMLManifest").children("Reference")
    promised = [reference.text("ContentId", 200).removeprefix("cid:") for reference in references]
    return [content_id for content_id in promised if content_id]


def _parse_whole(data: bytes) -> tuple[Parsed, list[bytes]] | None:
    """The tree of a package and its contents; none where it carries a signature of its own."""
    sink = MemorySink()
    reading = _Reading(sink, _LIMITS, exact=False)
    reading.feed(data)
    parsed = reading.parsed()
    if reading.markup.packet_signature is not None:
        return None
    return parsed, [sink.data[ref] for ref, _ in reading.attached.stored]


_EDOC_FIELDS = attrgetter(*(one.name for one in fields(EdocHeader)))
_LIMITS = Limits()
_NO_SKELETON = Skeleton(())
_SHAPES = Shapes(_parse_whole)
_AS_A_WHOLE = 1 << 20
"""Above so many bytes what the parser costs is nothing beside the contents, which should not be in memory twice."""
