"""What a page is drawn on: a canvas of text and line operators, and blocks that recur from letter to letter, kept ready to be placed."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from signing.formats.letter.typeset import Face, Line

Rect = tuple[float, float, float, float]
_PLACED_KEPT = 512
"""Blocks at a height, kept as text: most letters of one signer end at one of few lines."""


class Canvas:
    """Collects text and line operators; text is absolute, sizes and faces are switched when they change."""

    __slots__ = ("_face", "_size", "lines", "text")

    def __init__(self) -> None:
        self.text: list[bytes] = []
        self.lines: list[bytes] = []
        self._face: Face | None = None
        self._size = 0.0

    def use(self, face: Face, size: float) -> None:
        """Switch face and size."""
        if face is not self._face or size != self._size:
            self._face, self._size = face, size
            self.text.append(b"/%b %g Tf\n" % (face.name, size))

    def put(self, face: Face, size: float, x: float, y: float, line: Line) -> None:
        """One line with its left end at ``x``."""
        self.use(face, size)
        self.text.append(b"1 0 0 1 %.2f %.2f Tm (%b)Tj\n" % (x, y, line.text))

    def centre(self, face: Face, size: float, axis: float, y: float, line: Line) -> None:
        """One line centred on ``axis``."""
        self.put(face, size, axis - line.width * size / 2000, y, line)

    def rule(self, x: float, y: float, width: float) -> None:
        """A thin horizontal rule."""
        self.lines.append(b"%.2f %.2f m %.2f %.2f l S\n" % (x, y, x + width, y))

    def bytes(self) -> bytes:
        """The content stream."""
        return b"0.6 w\n" + b"".join(self.lines) + b"BT\n" + b"".join(self.text) + b"ET"

    def place(self, block: Block, y: float) -> None:
        """A block with its zero height at ``y``; faces and sizes are as if its lines had been put one by one."""
        if block.first is not None:
            self.use(*block.first)
        self.text.append(_placed(block, y))
        if block.last is not None:
            self._face, self._size = block.last


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """Lines drawn around height 0, ready for any height: ``text`` has one %.2f for each of ``heights``.

    Heights are multiples of half a point, so adding them later gives the same numbers as counting down line by line. ``bottom`` is the
    lowest of them, or what the block's maker says it is.
    """

    text: bytes
    heights: tuple[float, ...]
    first: tuple[Face, float] | None
    last: tuple[Face, float] | None
    bottom: float


@lru_cache(maxsize=_PLACED_KEPT)
def _placed(block: Block, y: float) -> bytes:
    return block.text % tuple([y + height for height in block.heights])


class Stencil(Canvas):
    """A canvas around height 0 whose text becomes a block; it takes text lines only."""

    __slots__ = ("_first", "_heights")

    def __init__(self) -> None:
        super().__init__()
        self._first: tuple[Face, float] | None = None
        self._heights: list[float] = []

    def use(self, face: Face, size: float) -> None:
        """Switch face and size; the first switch is left to where the block is placed."""
        if self._first is None:
            self._first = self._face, self._size = face, size
        super().use(face, size)

    def put(self, face: Face, size: float, x: float, y: float, line: Line) -> None:
        """One line with its left end at ``x``, its height left open."""
        self.use(face, size)
        self._heights.append(y)
        self.text.append(b"1 0 0 1 %.2f %%.2f Tm (%b)Tj\n" % (x, line.text.replace(b"%", b"%%")))

    def block(self, bottom: float) -> Block:
        """What was drawn, as a block."""
        last = None if self._face is None else (self._face, self._size)
        return Block(b"".join(self.text), tuple(self._heights), self._first, last, bottom)
