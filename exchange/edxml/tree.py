"""XML to plain dictionaries: a hardened expat parse that lets the attachments' text flow past it.

Only what is left when the base64 is cut out goes through expat, so the cost follows the header's size. The cut is made only where expat
itself has just reported the element's start, and ends at the next ``<``; so the two never disagree about what is text. (Packages of markup
that went this way before go another: :mod:`exchange.edxml.shapes`.)
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from typing import NoReturn
from xml.parsers import expat

from exchange.edxml.model import Opaque
from exchange.edxml.rules import NOT_WELL_FORMED
from exchange.edxml.texts import fault_of
from exchange.errors import EdxmlError

CONTENT = "ContentTransferEncoded"
CONTENT_BYTES = CONTENT.encode()
_MARKED = frozenset({"Signature", CONTENT})
_UTF8 = frozenset({"utf-8", "utf8"})
_INVALID_TOKEN = 4

Value = str | dict[str, list["Value"]]
"""An element: its text, or its children by local name in order of appearance."""
Element = dict[str, list[Value]]


@dataclass(frozen=True, slots=True)
class Limits:
    """What a package may cost. Sizes in bytes (of text: characters)."""

    depth: int = 24
    elements: int = 50_000
    attributes: int = 16
    text: int = 32_768
    markup: int = 4_194_304
    """All bytes that are kept as they came: the package without its regular base64."""
    attachment: int = 536_870_912
    """Decoded bytes of one attachment."""
    attachments: int = 200
    recipients: int = 2_000
    """Also lines of an update's list of receivers, and recipients concerned by one replacement."""
    replacements: int = 50
    """Documents that one document replaces."""


class Markup:
    """Feeds expat and builds the dictionaries. ``content`` is true right after the start tag of an attachment's content.

    Raises :class:`EdxmlError` for anything that is not a small, plain, well-formed UTF-8 document without DTD.
    """

    def __init__(self, limits: Limits) -> None:
        self.content = False
        self.contents = 0
        self.skipped = 0
        """Bytes cut out so far, to give true byte offsets."""
        self.packet_signature: Opaque | None = None
        self.root: Element | None = None
        self.root_name = ""
        self._limits = limits
        self._names: dict[str, str] = {}
        self._elements = 0
        self._text: list[str] = []
        self._text_size = 0
        self._open: list[str] = []
        self._nodes: list[Element] = []
        self._opaque: list[tuple[str, tuple[tuple[str, str], ...], list[str], list[Opaque]]] = []
        self._opaque_size = 0
        self._aside = -1
        self._head = b""
        self._fed = 0
        self._parser = self._make_parser()

    def _make_parser(self) -> expat.XMLParserType:
        parser = expat.ParserCreate("UTF-8")
        parser.buffer_text = True
        parser.buffer_size = 65_536
        defer: Callable[[bool], None] | None = getattr(parser, "SetReparseDeferralEnabled", None)
        if defer is not None:
            defer(False)  # an end of start tag must be reported with the byte that ends it
        parser.XmlDeclHandler = self._declaration
        parser.StartDoctypeDeclHandler = self._doctype
        parser.EntityDeclHandler = self._doctype
        parser.StartCdataSectionHandler = self._cdata
        parser.CommentHandler = parser.ProcessingInstructionHandler = self._beside
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters
        return parser

    def feed(self, data: bytes, *, final: bool = False) -> None:
        """Parse more markup."""
        if self._fed == 0:
            self._head += data[:4]
            if self._head[:2] in {b"\xff\xfe", b"\xfe\xff"} or self._head[:4] in {b"\x00<\x00?", b"<\x00?\x00"}:
                self._refuse("not-utf-8", "the package is UTF-16")
        self._fed += len(data)
        if self._fed > self._limits.markup:
            self._refuse("too-large", f"more than {self._limits.markup} bytes without attachments")
        try:
            self._parser.Parse(data, final)
        except expat.ExpatError as error:
            self._not_well_formed(error, data)
        if final:
            self._release()

    def _release(self) -> None:
        """Let go of the handlers: parser and tree hold each other, and no parser with its 64 KB buffer should wait for a collection."""
        parser = self._parser
        parser.XmlDeclHandler = parser.StartDoctypeDeclHandler = parser.EntityDeclHandler = parser.StartCdataSectionHandler = None
        parser.StartElementHandler = parser.EndElementHandler = parser.CharacterDataHandler = None
        parser.CommentHandler = parser.ProcessingInstructionHandler = None

    def _not_well_formed(self, error: expat.ExpatError, data: bytes) -> NoReturn:
        if error.code == _INVALID_TOKEN:
            start = max(0, self._parser.ErrorByteIndex - (self._fed - len(data)))
            try:
                data[start : start + 4].decode("utf-8")
            except UnicodeDecodeError as wrong:
                if wrong.start == 0 and wrong.reason != "unexpected end of data":
                    self._refuse("not-utf-8", "a byte sequence that is no UTF-8")
        self._refuse("not-well-formed", NOT_WELL_FORMED.get(error.code, ""))

    def place(self) -> str:
        """Path of the open element, or the byte offset outside of all."""
        if self._open:
            return "/".join(self._open)
        return f"byte {max(0, self._parser.CurrentByteIndex) + self.skipped}"

    def _refuse(self, rule: str, detail: str) -> NoReturn:
        raise EdxmlError(self.place(), rule, detail)

    def _declaration(self, _version: str, encoding: str | None, _standalone: int) -> None:
        if encoding is not None and encoding.lower() not in _UTF8:
            self._refuse("not-utf-8", f"the package declares {encoding}")

    def _doctype(self, *_: object) -> None:
        self._refuse("dtd", "document type and entity declarations are not allowed")

    def _cdata(self) -> None:
        if self.content:
            self._refuse("base64", "CDATA inside the base64 text")

    def _beside(self, *_: object) -> None:
        """A comment or an instruction: harmless between elements; within a text, readers differ on which half is the value."""
        if self.content:
            self._refuse("base64", "a comment inside the base64 text")
        if self._text or self._opaque:
            self._refuse("comment-in-text", "a comment or a processing instruction inside a text")
        self._aside = self._elements

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        name = self._names.get(tag)
        if name is None:
            name = self._names[tag] = tag.rpartition(":")[2]
        self._elements += 1
        limits = self._limits
        if attributes:
            self._check_attributes(attributes)
        if len(self._open) >= limits.depth:
            self._refuse("too-deep", f"more than {limits.depth} levels")
        if self._elements > limits.elements:
            self._refuse("too-large", f"more than {limits.elements} elements")
        if self.content:
            self._refuse("base64", "an element inside the base64 text")
        if name in _MARKED and self._open:
            if name == "Signature" and self._open[-1] == "edXMLHeader":
                self._begin_opaque()
                self._start_opaque(tag, attributes)
                return
            self.content = name == CONTENT and self._open[-1] == "Attachment"
        if self._text:
            self._text = []
        self._open.append(name)
        self._nodes.append({})

    def _check_attributes(self, attributes: dict[str, str]) -> None:
        if len(attributes) > self._limits.attributes:
            self._refuse("too-large", f"more than {self._limits.attributes} attributes")
        if any(len(value) > self._limits.text for value in attributes.values()):
            self._refuse("too-large", f"an attribute longer than {self._limits.text} characters")

    def _end(self, _tag: str) -> None:
        name, node = self._open[-1], self._nodes.pop()
        value: Value = node or (self._field() if self._text else "")
        if self.content:
            value, self.content = str(self.contents), False
            self.contents += 1
        self._open.pop()
        if self._nodes:
            self._nodes[-1].setdefault(name, []).append(value)
        else:
            self.root, self.root_name = node, name

    def _field(self) -> str:
        text = "".join(self._text).strip() if len(self._text) > 1 else self._text[0].strip()
        self._text = []
        if text.isascii():
            return text
        fault = fault_of(text)
        if fault is not None:
            self._refuse(*fault)
        return unicodedata.normalize("NFC", text)

    def _characters(self, data: str) -> None:
        if self.content:
            self._refuse("base64", "references or comments inside the base64 text")
        if not self._text:
            if data.isspace():
                return
            if self._aside == self._elements:
                self._refuse("comment-in-text", "a comment or a processing instruction inside a text")
            self._text_size = 0
        self._text.append(data)
        self._text_size += len(data)
        if self._text_size > self._limits.text:
            self._refuse("too-large", f"a text longer than {self._limits.text} characters")

    def _begin_opaque(self) -> None:
        self._parser.StartElementHandler = self._start_opaque
        self._parser.EndElementHandler = self._end_opaque
        self._parser.CharacterDataHandler = self._characters_opaque

    def _start_opaque(self, tag: str, attributes: dict[str, str]) -> None:
        if self._opaque:
            self._elements += 1
            self._check_attributes(attributes)
        if len(self._open) + len(self._opaque) >= self._limits.depth or self._elements > self._limits.elements:
            self._refuse("too-deep", f"more than {self._limits.depth} levels or {self._limits.elements} elements")
        self._opaque.append((tag, tuple(attributes.items()), [], []))

    def _characters_opaque(self, data: str) -> None:
        self._opaque[-1][2].append(data)
        self._opaque_size += len(data)
        if self._opaque_size > self._limits.text:
            self._refuse("too-large", f"a Signature with more than {self._limits.text} characters")

    def _end_opaque(self, _tag: str) -> None:
        tag, attributes, parts, children = self._opaque.pop()
        element = Opaque(tag, attributes, "".join(parts).strip(), tuple(children))
        if self._opaque:
            self._opaque[-1][3].append(element)
            return
        if self.packet_signature is not None:
            self._refuse("duplicate-element", "more than one Signature")
        self.packet_signature = element
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._characters
