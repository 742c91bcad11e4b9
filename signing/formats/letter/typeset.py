"""Setting text: characters to codes, widths, line breaking, justification.

Widths are whole numbers of 1/1000 em, so every machine agrees.
"""

from __future__ import annotations

import codecs
from bisect import bisect_left
from collections.abc import Sequence
from itertools import accumulate
from typing import NamedTuple

from signing.errors import LetterRefused

MAX_WORD = 80
_WORDS_KEPT = 4096
_HEADINGS_KEPT = 512
_HEADING_LENGTH = 400
_LETTER_BITS = 16
"""A word's cell is its width shifted left by these bits plus its letters, so one running sum gives both."""
_LETTER_MASK = (1 << _LETTER_BITS) - 1


class Line(NamedTuple):
    """One broken line: its escaped bytes, its natural width in 1/1000 em and its gaps between words."""

    text: bytes
    width: int
    gaps: int


class _Widths(dict[str, int]):
    """Width and letters of each word met, one space included, in one number (see ``_LETTER_BITS``).

    Vietnamese has few syllables, so most words are found; the number kept is bounded.
    """

    def __init__(self, codes: str, widths: Sequence[int]) -> None:
        self.chars = {char: widths[code] for code, char in enumerate(codes) if char != "\0" and widths[code]}

    def __missing__(self, word: str) -> int:
        if len(word) > MAX_WORD:
            raise LetterRefused("text", f"a word may have at most {MAX_WORD} characters")
        try:
            width = sum(self.chars[char] for char in word) + self.chars[" "]
        except KeyError as error:
            raise LetterRefused("text", f"the letter's fonts have no character U+{ord(error.args[0]):04X}") from None
        if len(self) >= _WORDS_KEPT:
            self.clear()
        cell = self[word] = width << _LETTER_BITS | len(word) + 1
        return cell


def _escape(encoded: bytes) -> bytes:
    if b"(" in encoded or b")" in encoded or b"\\" in encoded:
        return encoded.replace(b"\\", b"\\\\").replace(b"(", b"\\(").replace(b")", b"\\)")
    return encoded


class Face:
    """One typeface of a template: encodes, measures and breaks text."""

    __slots__ = ("_encoding", "_evenly", "_line", "_widths", "_wrapped", "name", "space")

    def __init__(self, name: str, codes: str, widths: Sequence[int]) -> None:
        self.name = name.encode()
        self.space = widths[32]
        self._widths = _Widths(codes, widths)
        # U+FFFE marks a code without character; a second U+0000 would make Python build a slow dictionary instead of its encoding map.
        self._encoding = codecs.charmap_build("\0" + codes[1:].replace("\0", "\ufffe"))
        self._line: dict[str, Line] = {}
        self._evenly: dict[tuple[str, int], list[Line]] = {}
        self._wrapped: dict[tuple[str, int], list[Line]] = {}

    def encode(self, text: str) -> bytes:
        """Escaped bytes of a PDF string; every word of ``text`` must have been measured."""
        return _escape(codecs.charmap_encode(text, "strict", self._encoding)[0])

    def line(self, text: str) -> Line:
        """A whole text as one line, unbroken. Raises :class:`LetterRefused` for a character the fonts lack or an over-long word."""
        known = self._line.get(text)
        if known is None:
            ends = self._ends(text)
            if len(self._line) >= _HEADINGS_KEPT:
                self._line.clear()
            known = self._line[text] = Line(self.encode(text), (ends[-1] >> _LETTER_BITS) - self.space, len(ends) - 1)
        return known

    def break_lines(self, text: str, first: int, rest: int) -> list[Line]:
        """Break greedily into lines of at most ``first`` then ``rest`` (1/1000 em).

        Raises :class:`LetterRefused` for a word wider than a line.
        """
        ends = self._ends(text)
        encoded: bytes = codecs.charmap_encode(text, "strict", self._encoding)[0]
        plain = not (b"(" in encoded or b")" in encoded or b"\\" in encoded)
        lines: list[Line] = []
        space, count, start, done, letter = self.space, len(ends), 0, 0, 0
        limit = first + space + 1
        while start < count:
            end = bisect_left(ends, done + limit << _LETTER_BITS, start)
            if end == start:
                raise LetterRefused("text", "a word is wider than its line")
            cell = ends[end - 1]
            width, stop = cell >> _LETTER_BITS, cell & _LETTER_MASK
            part = encoded[letter : stop - 1]
            lines.append(Line(part if plain else _escape(part), width - done - space, end - start - 1))
            start, done, limit, letter = end, width, rest + space + 1, stop
        return lines

    def _ends(self, text: str) -> list[int]:
        """Running sums of the cells of a text's words: where each word ends, in width and in letters, a space counted after each."""
        if len(text) >= _LETTER_MASK:
            raise LetterRefused("text", f"must be shorter than {_LETTER_MASK} characters")
        return list(accumulate(map(self._widths.__getitem__, text.split(" "))))

    def wrap(self, text: str, limit: int) -> list[Line]:
        """Break a short text that recurs from letter to letter into lines of at most ``limit``; kept, like headings."""
        if len(text) > _HEADING_LENGTH:
            return self.break_lines(text, limit, limit)
        known = self._wrapped.get((text, limit))
        if known is None:
            if len(self._wrapped) >= _HEADINGS_KEPT:
                self._wrapped.clear()
            known = self._wrapped[text, limit] = self.break_lines(text, limit, limit)
        return known

    def break_evenly(self, text: str, limit: int) -> list[Line]:
        """Break into as few lines as fit ``limit``, then as equal in width as possible, as headings are set."""
        known = self._evenly.get((text, limit))
        if known is None:
            if len(self._evenly) >= _HEADINGS_KEPT:
                self._evenly.clear()
            ends = self._ends(text)
            width = (ends[-1] >> _LETTER_BITS) - self.space
            if width <= limit:
                known = [Line(self.encode(text), width, len(ends) - 1)]
            else:
                even = self._even_limit(text, ends, limit)
                known = self.break_lines(text, even, even)
            self._evenly[text, limit] = known
        return known

    def _even_limit(self, text: str, ends: list[int], limit: int) -> int:
        """The smallest limit, to a tenth of an em, that needs no more lines; for a text of several."""
        space = self.space

        def lines(width: int) -> int:
            start = done = count = 0
            while start < len(ends):
                end = bisect_left(ends, done + width + space + 1 << _LETTER_BITS, start)
                if end == start:
                    raise LetterRefused("text", "a word is wider than its line")
                start, done, count = end, ends[end - 1] >> _LETTER_BITS, count + 1
            return count

        wanted = lines(limit)
        widest = max(map(self._widths.__getitem__, text.split(" "))) >> _LETTER_BITS
        low, high = max(widest - space, (ends[-1] >> _LETTER_BITS) // wanted - space), limit
        while high - low > 100:
            middle = (low + high) // 2
            if lines(middle) == wanted:
                high = middle
            else:
                low = middle
        return high
