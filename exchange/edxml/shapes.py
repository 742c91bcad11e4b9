"""Markup met before: the packages of one program differ in their texts, hardly ever in the markup around them.

A shape is the markup of a package that the parser has read, byte for byte, with its texts cut out. Another package of the same markup is
the same tree with its own texts in it and need not go through the parser: of the parser's rules, only those kept here look at what stands
in a text. Cut out is what lies between a start tag and its end tag and is plain: no markup, no reference, no line end, no control
character, printable, in NFC. Any other package has no shape and is parsed.

Contents of attachments are cut out as well; a hole stands for each. Where texts and contents belong is not worked out here. The parser is
given the same markup with a mark in place of each, and tells: where one is not found again as what it was cut out as, there is no shape.
"""

from __future__ import annotations

import re
import unicodedata
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from threading import Lock
from typing import Any, NamedTuple, TypeVar

from exchange.edxml.tree import CONTENT_BYTES, Element, Value
from exchange.errors import EdxmlError

HOLE = b"\x00"
"""Stands where an attachment's content was: no XML may hold it."""
LONGEST = 16_384
"""Longest package with a shape, in bytes without attachments: shorter than the longest text the parser lets pass."""
_TEXT = re.compile(rb">([^<>&\x00-\x1f\x7f]+)</")
_MARK = "truc-slot-"
_NO_CONTENTS: tuple[bytes, ...] = ()
_SLASH = ord("/")
_MOST_SHAPES = 128
_MOST_ELEMENTS = 2048
_MOST_PIECES = _MOST_KINDS = 1024
"""What shapes share. The oldest shapes and elements go one by one; these all at once, and shapes that are there keep theirs."""
_LARGEST_KEPT, _LONGEST_KEPT = 64, 4096
"""Nodes and characters of an element that is kept: two thousand of them are some megabytes."""
_FRAMES = frozenset({"edXMLEnvelope", "edXMLHeader", "MessageHeader", "Code", "TraceHeaderList", "PromulgationInfo"})
"""Elements that differ from package to package, most of them on the way to those that are kept as a whole."""


class Parsed(NamedTuple):
    """What the parser made of a package: its root element, and how many attachments' contents were cut out of it."""

    name: str
    root: Element
    contents: int


class Known(dict[str, list[Value]]):
    """An element met before; never changed. ``read`` keeps what its readers made of it."""

    __slots__ = ("read",)

    def __init__(self, element: Element) -> None:
        super().__init__(element)
        self.read: dict[object, object] = {}


@dataclass(frozen=True, slots=True, eq=False)
class Whole:
    """An element kept as a whole: what it looks like, and its slots ``start`` … ``stop - 1`` in a package."""

    kind: int
    model: _Model
    start: int
    stop: int


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """An element put together anew for every package: its children in order, and which of them are filled with what."""

    nodes: Mapping[str, tuple[Node, ...]]
    """Children by name."""
    children: Element
    """With what is part of the markup, and nothing where something is filled in."""
    texts: tuple[tuple[str, int], ...]
    """Only children of their name: those that are the text of a slot, and so on."""
    wholes: tuple[tuple[str, Whole], ...]
    frames: tuple[tuple[str, Frame], ...]
    several: tuple[tuple[str, tuple[Node, ...]], ...]
    """Those of whose name there are several."""


_Key = TypeVar("_Key")
Node = str | int | Whole | Frame
"""A text that is part of the markup, the slot of one that is not, an element."""
_Model = tuple[tuple[str, tuple["str | int | _Model", ...]], ...]
"""Children by name: texts, slots counted from the element's first, elements."""


class Shape:
    """A markup: its root element, and how many attachments' contents are cut out of it. ``read`` keeps what its readers made of it."""

    __slots__ = ("contents", "frame", "name", "read")

    def __init__(self, frame: Frame, name: str, contents: int) -> None:
        self.frame, self.name, self.contents = frame, name, contents
        self.read: dict[object, object] = {}


Texts = tuple[str, ...]
"""The texts of a package of a shape, by slot."""
Parse = Callable[[bytes], tuple[Parsed, list[bytes]] | None]
"""The parser: the tree, and the contents, decoded. Raises :class:`EdxmlError`; gives nothing for a package that is more than that."""


def cut_out(data: bytes) -> tuple[bytes, Sequence[bytes]] | None:
    """A package with a hole in place of what seems to be an attachment's content, and those; ``None`` for one with holes of its own."""
    if HOLE in data:
        return None
    found = data.find(CONTENT_BYTES)
    if found < 0:
        return data, _NO_CONTENTS
    pieces, contents, start = list[bytes](), list[bytes](), 0
    while found >= 0:
        begin = data.find(b">", found) + 1
        end = data.find(b"<", begin)
        if not begin or end < 0:
            break
        if data[data.rfind(b"<", start, found) + 1] != _SLASH and data[begin - 2] != _SLASH:
            pieces.append(data[start:begin])
            contents.append(data[begin:end])
            start = end
        found = data.find(CONTENT_BYTES, end)
    pieces.append(data[start:])
    return HOLE.join(pieces), contents


class Shapes:
    """The shapes of some hundred kinds of packages, each from the second time it is met; threads may share them."""

    def __init__(self, parse: Parse) -> None:
        self._parse = parse
        self._shapes: dict[tuple[bytes, ...], Shape | None] = {}
        """By markup; ``None``: one that has no shape."""
        self._pieces: dict[bytes, bytes] = {}
        """Of the markups, each held once: a package to a hundred agencies says the same about each of them."""
        self._met: set[int] = set()
        self._kinds: dict[_Model, tuple[int, _Model]] = {}
        self._numbers = count()  # never used twice, so that an element kept under one kind is never taken for another's
        self._elements: dict[tuple[int, Texts], Known] = {}
        self._lock = Lock()

    def find(self, data: bytes) -> tuple[Shape, Texts] | None:
        """The shape of a package (as :func:`cut_out` gives it) and its texts, or ``None`` for one that must be parsed."""
        markup, pieces = _apart(data)
        shape = self._shapes.get(markup) if pieces else None
        texts = None if shape is None else _plain(pieces)
        return None if shape is None or texts is None else (shape, texts)

    def filled(self, shape: Shape, texts: Texts) -> Parsed:
        """The tree of a shape with these texts in it."""
        return Parsed(shape.name, self._fill(shape.frame, texts), shape.contents)

    def element(self, whole: Whole, texts: Texts) -> Known:
        """One element of a package of these texts, the same object for the same ones while it is kept."""
        own = texts[whole.start : whole.stop]
        found = self._elements.get((whole.kind, own))
        return self._made(whole, own) if found is None else found

    def only_child(self, name: str, slot: int) -> Whole:
        """An element of nothing but one slot's text under this name: what a reader of one child wants."""
        return self._whole(((name, (0,)),), slot, slot + 1)

    def meet(self, data: bytes) -> None:
        """Remember the markup of a package that the parser has just read; make a shape of one met before."""
        markup, pieces = _apart(data)
        texts = _plain(pieces) if pieces else None
        if texts is None or _MARK.encode() in data or not self._met_before(markup):
            return
        shape = self._learn(data, markup, texts)
        with self._lock:
            _make_room(self._shapes, _MOST_SHAPES)
            if len(self._pieces) >= _MOST_PIECES:
                self._pieces.clear()
            self._shapes[tuple([self._pieces.setdefault(piece, piece) for piece in markup])] = shape

    def _met_before(self, markup: tuple[bytes, ...]) -> bool:
        """Whether this is the second time, of a markup that is not known."""
        mark = hash(markup)
        with self._lock:
            if markup in self._shapes:
                return False
            if mark in self._met:
                self._met.discard(mark)
                return True
            if len(self._met) >= 8 * _MOST_SHAPES:
                self._met.clear()
            self._met.add(mark)
            return False

    def _fill(self, frame: Frame, texts: Texts) -> Element:
        element = frame.children.copy()
        for name, slot in frame.texts:
            element[name] = [texts[slot]]
        for name, whole in frame.wholes:
            element[name] = [self.element(whole, texts)]
        for name, inner in frame.frames:
            element[name] = [self._fill(inner, texts)]
        for name, nodes in frame.several:
            element[name] = [self._value(node, texts) for node in nodes]
        return element

    def _value(self, node: Node, texts: Texts) -> Value:
        if isinstance(node, int):
            return texts[node]
        if isinstance(node, Whole):
            return self.element(node, texts)
        return node if isinstance(node, str) else self._fill(node, texts)

    def _made(self, whole: Whole, texts: Texts) -> Known:
        known = Known(_element_of(whole.model, texts))
        if sum(map(len, texts)) > _LONGEST_KEPT:
            return known
        with self._lock:
            _make_room(self._elements, _MOST_ELEMENTS)
            self._elements[whole.kind, texts] = known
        return known

    def _learn(self, data: bytes, markup: tuple[bytes, ...], texts: Texts) -> Shape | None:
        slots = {f"{_MARK}{number}": number for number in range(len(texts))}
        marks = [*(f">{mark}</".encode() for mark in slots), b""]
        contents = [f"{_MARK}{number}".encode() for number in range(data.count(HOLE))]
        try:
            marked = self._parse(_fill_holes(b"".join([piece for pair in zip(markup, marks, strict=True) for piece in pair]), contents))
            own = self._parse(data.replace(HOLE, b""))
        except EdxmlError:
            return None
        if marked is None or own is None or marked[1] != contents or _slots_in(marked[0].root, slots) != sorted(slots.values()):
            return None
        frame, parsed = self._frame(marked[0].root, slots), own[0]
        return Shape(frame, parsed.name, parsed.contents) if self._fill(frame, texts) == parsed.root else None

    def _frame(self, element: Element, slots: Mapping[str, int]) -> Frame:
        nodes = {name: tuple([self._node(name, value, slots) for value in values]) for name, values in element.items()}
        several = {name: own for name, own in nodes.items() if len(own) > 1}
        only = {name: own[0] for name, own in nodes.items() if len(own) == 1}
        return Frame(
            nodes,
            {name: [own] if isinstance(own := only.get(name), str) else [] for name in nodes},
            tuple([(name, own) for name, own in only.items() if isinstance(own, int)]),
            tuple([(name, own) for name, own in only.items() if isinstance(own, Whole)]),
            tuple([(name, own) for name, own in only.items() if isinstance(own, Frame)]),
            tuple(several.items()),
        )

    def _node(self, name: str, value: Value, slots: Mapping[str, int]) -> Node:
        if isinstance(value, str):
            return slots.get(value, value)
        own = _slots_in(value, slots)
        start, stop = (own[0], own[-1] + 1) if own else (0, 0)
        if name in _FRAMES or own != list(range(start, stop)):
            return self._frame(value, slots)
        model = _model(value, slots, start)
        if _nodes(model) > _LARGEST_KEPT:
            return self._frame(value, slots)
        return self._whole(model, start, stop)

    def _whole(self, model: _Model, start: int, stop: int) -> Whole:
        if len(self._kinds) >= _MOST_KINDS:
            self._kinds.clear()
        kind, model = self._kinds.setdefault(model, (next(self._numbers), model))  # in one step: another thread may learn, or forget
        return Whole(kind, model, start, stop)


def _make_room(kept: dict[_Key, Any], most: int) -> None:
    """Let the oldest go. Under the lock."""
    while len(kept) >= most:
        del kept[next(iter(kept))]


def _apart(data: bytes) -> tuple[tuple[bytes, ...], Sequence[bytes]]:
    """The markup and the texts between; no texts where there can be no shape."""
    pieces = _TEXT.split(data) if len(data) <= LONGEST else [data]
    return tuple(pieces[::2]), pieces[1::2]


def _plain(texts: Sequence[bytes]) -> Texts | None:
    """The texts as the parser would give them, or ``None`` where it would look at one more closely.

    "<" stands in no text and is printable: what holds of all of them in one line holds of each. (It joins with U+0338 behind it, so that a
    text that begins with that goes to the parser.)
    """
    try:
        line = b"<".join(texts).decode()
    except UnicodeDecodeError:
        return None
    if not line.isascii() and not (line.isprintable() and unicodedata.is_normalized("NFC", line)):
        return None
    plain = line.split("<")
    outer = " " in (line[:1], line[-1:]) or " <" in line or "< " in line  # the only blank that is printable
    return tuple([text.strip() for text in plain] if outer else plain)


def _fill_holes(data: bytes, contents: Sequence[bytes]) -> bytes:
    """A package with these contents."""
    *before, after = data.split(HOLE)
    return b"".join([part for piece, content in zip(before, contents, strict=True) for part in (piece, b64encode(content))]) + after


def _slots_in(value: Value, slots: Mapping[str, int]) -> list[int]:
    """The slots whose marks are texts of an element, in order."""
    if isinstance(value, str):
        return [slots[value]] if value in slots else []
    return sorted(slot for values in value.values() for one in values for slot in _slots_in(one, slots))


def _model(element: Element, slots: Mapping[str, int], start: int) -> _Model:
    def child(value: Value) -> str | int | _Model:
        if isinstance(value, dict):
            return _model(value, slots, start)
        return slots[value] - start if value in slots else value

    return tuple((name, tuple(child(value) for value in values)) for name, values in element.items())


def _nodes(model: _Model) -> int:
    """How many elements and texts there are in one."""
    return sum(_nodes(child) if isinstance(child, tuple) else 1 for _, children in model for child in children) + 1


def _element_of(model: _Model, texts: Sequence[str]) -> Element:
    def value(child: str | int | _Model) -> Value:
        if isinstance(child, int):
            return texts[child]
        return child if isinstance(child, str) else _element_of(child, texts)

    return {name: [value(child) for child in children] for name, children in model}
