"""Setting text: characters to codes, widths, line breaking, justification. Widths are whole numbers of 1/1000 em, so every machine agrees."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from signing.errors import LetterRefused

MAX_WORD = 80
_MEMO_LIMIT = 8192
_ESCAPED = {0x28: b"\\(", 0x29: b"\\)", 0x5C: b"\\\\"}


@dataclass(frozen=True, slots=True)
class Line:
    """One broken line: its escaped bytes, its natural width in 1/1000 em and its gaps between words."""

    text: bytes
    width: int
    gaps: int


class Face:
    """One typeface of a template: encodes and measures. Words are remembered up to a fixed number, since Vietnamese has few syllables."""

    __slots__ = ("_chars", "_words", "name", "space")

    def __init__(self, name: str, codes: str, widths: Sequence[int]) -> None:
        self.name = name.encode()
        self._chars = {char: (_ESCAPED.get(code, bytes([code])), widths[code]) for code, char in enumerate(codes) if char != "\0" and widths[code]}
        self._words: dict[str, tuple[bytes, int]] = {}
        self.space = widths[32]

    def word(self, word: str) -> tuple[bytes, int]:
        """Escaped bytes and width of a word. Raises :class:`LetterRefused` for a character the fonts lack or an over-long word."""
        known = self._words.get(word)
        if known is not None:
            return known
        if len(word) > MAX_WORD:
            raise LetterRefused("text", f"a word may have at most {MAX_WORD} characters")
        try:
            pairs = [self._chars[char] for char in word]
        except KeyError as error:
            raise LetterRefused("text", f"the letter's fonts have no character U+{ord(error.args[0]):04X}") from None
        if len(self._words) >= _MEMO_LIMIT:
            self._words.clear()
        result = self._words[word] = (b"".join(pair[0] for pair in pairs), sum(pair[1] for pair in pairs))
        return result

    def line(self, text: str) -> Line:
        """A whole text as one line, unbroken."""
        words = [self.word(word) for word in text.split(" ")]
        return Line(b" ".join(word[0] for word in words), sum(word[1] for word in words) + self.space * (len(words) - 1), len(words) - 1)

    def break_lines(self, text: str, first: int, rest: int) -> list[Line]:
        """Break greedily into lines of at most ``first`` then ``rest`` (1/1000 em). Raises :class:`LetterRefused` for a word wider than a line."""
        lines: list[Line] = []
        memo, space, limit = self._words, self.space, first
        words: list[bytes] = []
        width = -space
        for raw in text.split(" "):
            entry = memo.get(raw) or self.word(raw)
            grown = width + space + entry[1]
            if grown > limit:
                if words:
                    lines.append(Line(b" ".join(words), width, len(words) - 1))
                    limit = rest
                words, grown = [], entry[1]
                if grown > limit:
                    raise LetterRefused("text", "a word is wider than its line")
            words.append(entry[0])
            width = grown
        lines.append(Line(b" ".join(words), width, len(words) - 1))
        return lines

    def break_evenly(self, text: str, limit: int) -> list[Line]:
        """Break into as few lines as fit ``limit``, then as equal in width as possible, as headings are set."""
        lines = self.break_lines(text, limit, limit)
        if len(lines) == 1:
            return lines
        low, high = max(line.width for line in lines) // len(lines), limit
        widest = max(self.word(word)[1] for word in text.split(" "))
        low = max(low, widest)
        while high - low > 100:
            middle = (low + high) // 2
            trial = self.break_lines(text, middle, middle)
            if len(trial) > len(lines):
                low = middle
            else:
                high = middle
        return self.break_lines(text, high, high)
