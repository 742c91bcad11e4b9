"""Markup met before: the packages of one program differ in their texts, hardly ever in the markup around them.

A shape is the markup of a package that the parser has read, byte for byte, with its texts cut out. Another package of the same markup is
the same tree with its own texts in it and need not go through the parser: of the parser's rules, only those kept here look at what stands
in a text. Cut out is what lies between a start tag and its end tag and is plain: no markup, no reference, no line end, no control
character, printable, in NFC. Any other package has no shape and is parsed.

Where the texts belong is not worked out here. The parser is given the same markup with a mark in place of each text, and tells.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from threading import Lock
from typing import NamedTuple

from exchange.edxml.tree import Element, Value
from exchange.errors import EdxmlError

LONGEST = 16_384
"""Longest package with a shape, in bytes without attachments: shorter than the longest text the parser lets pass."""
_TEXT = re.compile(rb">([^<>&\x00-\x1f\x7f]+)</")
_MARK = "truc-slot-"
_MOST_SHAPES = 256
_MOST_ELEMENTS = 2048
_FRAMES = frozenset({"edXMLEnvelope", "edXMLHeader", "MessageHeader", "TraceHeaderList"})
"""Elements that differ from package to package, on the way to those that are kept as a whole."""


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
class _Whole:
    """An element kept as a whole: what it looks like, and its slots ``start`` … ``stop - 1`` in a package."""

    kind: int
    model: _Model
    start: int
    stop: int


@dataclass(frozen=True, slots=True, eq=False)
class _Frame:
    """An element put together anew for every package."""

    children: tuple[tuple[str, tuple[_Node, ...]], ...]


_Node = str | int | _Whole | _Frame
"""A text that is part of the markup, the slot of one that is not, an element."""
_Model = tuple[tuple[str, tuple["str | int | _Model", ...]], ...]
"""Children by name: texts, slots counted from the element's first, elements."""


@dataclass(frozen=True, slots=True, eq=False)
class _Shape:
    frame: _Frame
    name: str
    contents: int


Parse = Callable[[bytes], Parsed | None]
"""The parser. Raises :class:`EdxmlError`; gives nothing for a package that has no tree of texts alone."""


class Shapes:
    """The shapes of some hundred kinds of packages, each from the second time it is met; threads may share them."""

    def __init__(self, parse: Parse) -> None:
        self._parse = parse
        self._shapes: dict[tuple[bytes, ...], _Shape] = {}
        self._met: set[int] = set()
        self._kinds: dict[_Model, int] = {}
        self._numbers = count()  # never used twice, so that an element kept under one kind is never taken for another's
        self._elements: dict[tuple[int, tuple[str, ...]], Known] = {}
        self._lock = Lock()

    def parsed(self, data: bytes) -> Parsed | None:
        """What the parser would make of a package, or ``None`` for one that must be parsed."""
        if len(data) > LONGEST:
            return None
        pieces = _TEXT.split(data)
        markup = tuple(pieces[::2])
        shape = self._shapes.get(markup)
        if shape is None:
            self._meet(data, markup, pieces[1::2])
            return None
        texts = _plain(pieces[1::2])
        return None if texts is None else Parsed(shape.name, self._fill(shape.frame, texts), shape.contents)

    def _fill(self, frame: _Frame, texts: tuple[str, ...]) -> Element:
        element: Element = {}
        for name, nodes in frame.children:
            values: list[Value] = []
            for node in nodes:
                if isinstance(node, int):
                    values.append(texts[node])
                elif isinstance(node, _Whole):
                    own = texts[node.start : node.stop]
                    values.append(self._elements.get((node.kind, own)) or self._element(node, own))
                else:
                    values.append(node if isinstance(node, str) else self._fill(node, texts))
            element[name] = values
        return element

    def _element(self, whole: _Whole, texts: tuple[str, ...]) -> Known:
        known = Known(_element_of(whole.model, texts))
        if len(self._elements) >= _MOST_ELEMENTS:
            self._elements.clear()
        self._elements[whole.kind, texts] = known
        return known

    def _meet(self, data: bytes, markup: tuple[bytes, ...], texts: Sequence[bytes]) -> None:
        """Remember a markup; make a shape of one met before."""
        mark = hash(markup)
        with self._lock:
            if len(self._met) >= 8 * _MOST_SHAPES:
                self._met.clear()
            if mark not in self._met:
                self._met.add(mark)
                return
            self._met.discard(mark)
            shape = self._learn(data, markup, texts)
            if shape is None:
                return
            if len(self._shapes) >= _MOST_SHAPES:
                self._shapes.clear()
                self._kinds.clear()
                self._elements.clear()
            self._shapes[markup] = shape

    def _learn(self, data: bytes, markup: tuple[bytes, ...], texts: Sequence[bytes]) -> _Shape | None:
        plain = _plain(texts) if texts else None
        if plain is None or _MARK.encode() in data:
            return None
        slots = {f"{_MARK}{number}": number for number in range(len(texts))}
        marks = [*(f">{mark}</".encode() for mark in slots), b""]
        try:
            marked = self._parse(b"".join([piece for pair in zip(markup, marks, strict=True) for piece in pair]))
            parsed = self._parse(data)
        except EdxmlError:
            return None
        if marked is None or parsed is None or _slots_in(marked.root, slots) != sorted(slots.values()):
            return None
        frame = self._frame(marked.root, slots)
        return _Shape(frame, parsed.name, parsed.contents) if self._fill(frame, plain) == parsed.root else None

    def _frame(self, element: Element, slots: Mapping[str, int]) -> _Frame:
        return _Frame(tuple((name, tuple(self._node(name, value, slots) for value in values)) for name, values in element.items()))

    def _node(self, name: str, value: Value, slots: Mapping[str, int]) -> _Node:
        if isinstance(value, str):
            return slots.get(value, value)
        own = _slots_in(value, slots)
        start, stop = (own[0], own[-1] + 1) if own else (0, 0)
        if name in _FRAMES or own != list(range(start, stop)):
            return self._frame(value, slots)
        model = _model(value, slots, start)
        if model not in self._kinds:
            self._kinds[model] = next(self._numbers)
        return _Whole(self._kinds[model], model, start, stop)


def _plain(texts: Sequence[bytes]) -> tuple[str, ...] | None:
    """The texts as the parser would give them, or ``None`` where it would look at one more closely.

    "<" stands in no text, is printable, and joins with nothing that is in NFC: what holds of all of them in one line holds of each.
    """
    try:
        line = b"<".join(texts).decode()
    except UnicodeDecodeError:
        return None
    if not line.isascii() and not (line.isprintable() and unicodedata.is_normalized("NFC", line)):
        return None
    return tuple([text.strip() for text in line.split("<")])


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


def _element_of(model: _Model, texts: Sequence[str]) -> Element:
    def value(child: str | int | _Model) -> Value:
        if isinstance(child, int):
            return texts[child]
        return child if isinstance(child, str) else _element_of(child, texts)

    return {name: [value(child) for child in children] for name, children in model}
