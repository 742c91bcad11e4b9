"""BER made definite: what a tolerant reader goes through first (X.690 §8, §10). Bounded in depth and number of elements.

Where everything is in definite, shortest lengths already, the bytes come out as they went in; where not, each breach of DER is named.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from signing import der
from signing.errors import FormatFailure

MAX_DEPTH = 32
MAX_ELEMENTS = 100_000
_MAX_TAG_OCTETS = 5
_MAX_LENGTH_OCTETS = 8
_CONSTRUCTED = 0x20
_OCTET_STRING = b"\x04"
_CONSTRUCTED_OCTET_STRING = b"\x24"

INDEFINITE = ("an element has an indefinite length, which DER forbids", "X.690 §10.1")
LONG_LENGTH = ("a length is not written in the fewest octets", "X.690 §10.1")
CONSTRUCTED_STRING = ("an OCTET STRING is constructed of parts, which DER forbids", "X.690 §10.2")


@dataclass(frozen=True, slots=True)
class Element:
    """One element of BER by offsets: its tag octets, where it starts, its contents from ``content`` to ``stop``, its ``end``."""

    tag: bytes
    start: int
    content: int
    stop: int
    end: int
    shortest: bool

    @property
    def indefinite(self) -> bool:
        """Whether it ends by an end-of-contents mark."""
        return self.end != self.stop

    @property
    def constructed(self) -> bool:
        """Whether its contents are elements."""
        return bool(self.tag[0] & _CONSTRUCTED)


@dataclass(frozen=True, slots=True)
class Definite:
    """The first element of some bytes in definite lengths, the breaches of DER met, and where it ended in the bytes given."""

    encoded: bytes
    deviations: tuple[tuple[str, str], ...]
    end: int


class Walker:
    """Elements of some bytes; every header read counts against one budget, so that no input costs more than its limit."""

    def __init__(self, data: bytes, most: int = MAX_ELEMENTS) -> None:
        self._data = data
        self._most = self._left = most

    def element(self, at: int, end: int, depth: int = 0) -> Element:
        """The element that starts at ``at`` and ends by ``end``. Raises :class:`FormatFailure`."""
        self._left -= 1
        if self._left < 0 or depth > MAX_DEPTH:
            raise FormatFailure(f"byte {at}", f"no more than {self._most} elements nested {MAX_DEPTH} deep are read")
        tag_end = self._tag_end(at, end)
        tag = self._data[at:tag_end]
        size, content, shortest = self._length(tag_end, end)
        if size is None:
            if not tag[0] & _CONSTRUCTED:
                raise FormatFailure(f"byte {at}", "a primitive element must have a definite length (X.690 §8.1.3.2)")
            stop = self._end_of_contents(content, end, depth)
            return Element(tag, at, content, stop, stop + 2, shortest=True)
        if size > end - content:
            raise FormatFailure(f"byte {at}", "the element runs over the end of what holds it (X.690 §8.1.3)")
        return Element(tag, at, content, content + size, content + size, shortest)

    def children(self, element: Element, depth: int = 0) -> Iterator[Element]:
        """The elements inside a constructed one."""
        at = element.content
        while at < element.stop:
            child = self.element(at, element.stop, depth + 1)
            yield child
            at = child.end

    def _tag_end(self, at: int, end: int) -> int:
        if at >= end:
            raise FormatFailure(f"byte {at}", "an element is missing (X.690 §8.1)")
        stop = at + 1
        if self._data[at] & 0x1F == 0x1F:
            while stop < end and stop - at < _MAX_TAG_OCTETS and self._data[stop] & 0x80:
                stop += 1
            stop += 1
        return stop

    def _length(self, at: int, end: int) -> tuple[int | None, int, bool]:
        """The length written at ``at`` (``None`` when indefinite), where the contents start, and whether it is the shortest form."""
        if at >= end:
            raise FormatFailure(f"byte {at}", "a length is missing (X.690 §8.1.3)")
        first = self._data[at]
        if first < 0x80:
            return first, at + 1, True
        count = first & 0x7F
        if count == 0:
            return None, at + 1, True
        if count > _MAX_LENGTH_OCTETS or at + 1 + count > end:
            raise FormatFailure(f"byte {at}", "a length must fit eight octets and the bytes at hand (X.690 §8.1.3)")
        size = int.from_bytes(self._data[at + 1 : at + 1 + count])
        return size, at + 1 + count, len(der.length(size)) == 1 + count

    def _end_of_contents(self, at: int, end: int, depth: int) -> int:
        while not self._data.startswith(b"\0\0", at, end):
            at = self.element(at, end, depth + 1).end
        return at


@dataclass(frozen=True, slots=True)
class Leave:
    """Definite elements that are taken as they stand and not looked into, since they have readers of their own.

    ``paths`` are leading tag octets, outermost first; those of the path ``named`` only where they begin with ``begin``.
    """

    paths: frozenset[tuple[int, ...]] = frozenset()
    named: tuple[int, ...] = ()
    begin: bytes = b""

    def holds(self, path: tuple[int, ...], data: bytes, content: int) -> bool:
        """Whether the element of that path, whose contents begin there, is left as it is."""
        return path in self.paths or (path == self.named and data.startswith(self.begin, content))

    @property
    def depths(self) -> frozenset[int]:
        """At how many levels such elements may stand."""
        return frozenset(map(len, (*self.paths, self.named)))


NOTHING = Leave()


def der_end(data: bytes, leave: Leave = NOTHING, most: int = MAX_ELEMENTS) -> int:
    """Where the first element ends when it and all inside it have definite, shortest lengths and no string of parts; otherwise -1.

    The quick look before :func:`definite`, which says what is wrong: a tenth of its cost. Gives up (-1) on more elements or depth than that
    would take, and on tags of several octets.
    """
    ends, tags = [len(data)], list[int]()
    depths = leave.depths
    at = 0
    for _ in range(most):
        if at + 2 > ends[-1]:
            return -1
        tag, size = data[at], data[at + 1]
        at += 2
        if size >= 0x80:
            count = size & 0x7F
            size = int.from_bytes(data[at : at + count])
            if not 0 < count <= _MAX_LENGTH_OCTETS or size < 0x80 or size >> 8 * (count - 1) == 0:
                return -1
            at += count
        end = at + size
        if end > ends[-1] or tag & 0x1F == 0x1F or tag == 0x24:
            return -1
        if tag & _CONSTRUCTED and not (len(ends) in depths and leave.holds((*tags, tag), data, at)):
            ends.append(end)
            tags.append(tag)
            if len(ends) > MAX_DEPTH:
                return -1
        else:
            at = end
        while at == ends[-1] and len(ends) > 1:
            ends.pop()
            tags.pop()
        if len(ends) == 1:
            return at
    return -1


def definite(data: bytes, leave: Leave = NOTHING, most: int = MAX_ELEMENTS) -> Definite:
    """The first element of ``data`` with definite lengths throughout; constructed OCTET STRINGs joined.

    What is to ``leave`` stays as it stands. Raises :class:`FormatFailure` for what is no BER, or for more than the ``most`` elements of it.
    """
    end = der_end(data, leave, most)
    if end >= 0:
        return Definite(data[:end], (), end)
    walker = Walker(data, most)
    deviations: dict[tuple[str, str], None] = {}

    def encode(element: Element, path: tuple[int, ...], depth: int) -> bytes:
        if not element.shortest:
            deviations[LONG_LENGTH] = None
        if element.indefinite:
            deviations[INDEFINITE] = None
        elif not element.constructed or leave.holds(path, data, element.content):
            return element.tag + der.length(element.stop - element.content) + data[element.content : element.stop]
        parts = [
            encode(child, (*path, child.tag[0]), depth + 1) if child.constructed or not child.shortest else data[child.start : child.end]
            for child in walker.children(element, depth)
        ]
        if element.tag == _CONSTRUCTED_OCTET_STRING:
            deviations[CONSTRUCTED_STRING] = None
            return _joined(parts, element)
        value = b"".join(parts)
        return element.tag + der.length(len(value)) + value

    outer = walker.element(0, len(data))
    encoded = encode(outer, (outer.tag[0],), 0)
    return Definite(encoded, tuple(deviations), outer.end)


def _joined(parts: list[bytes], element: Element) -> bytes:
    """One primitive OCTET STRING of parts in definite, shortest lengths."""
    if any(part[:1] != _OCTET_STRING for part in parts):
        raise FormatFailure(f"byte {element.start}", "a constructed OCTET STRING must hold OCTET STRINGs (X.690 §8.7.3)")
    value = b"".join(part[1 + len(der.length(_value_size(part))) :] for part in parts)
    return _OCTET_STRING + der.length(len(value)) + value


def _value_size(part: bytes) -> int:
    count = part[1] & 0x7F if part[1] & 0x80 else 0
    return int.from_bytes(part[2 : 2 + count]) if count else part[1]
