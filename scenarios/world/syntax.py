"""From a world file's bytes to its table of texts in NFC. What would take long to read is refused before it is read.

Ordering combining marks takes time that grows with the square of their number (:func:`signing.stream_safe`), whether they stand in the
file or are written with escapes.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from typing import Any

from scenarios.world.bounds import MOST_JOINED, MOST_SIGNS, SIGNS
from scenarios.world.broken import NAME, fault_of
from scenarios.world.expand import Place, SpecError

_TOO_MANY_MARKS = "more than thirty combining marks behind one letter"
_JOINED = re.compile(rf"(?:\.[ \t]*+{NAME}[ \t]*+){{{MOST_JOINED},}}+")
"""As many names behind a first one, or more. They are a key's when a value or the end of a table's head follows."""
_BRACKETS = re.compile(
    r"""[\[\]{}]|#[^\n]*+|'{3}(?:(?!'{3}).)*+(?:'{3})?|"{3}(?:\\.|(?!"{3})[^\\])*+(?:"{3})?|'[^'\n]*+'?|"(?:[^"\\\n]|\\.)*+"?""", re.DOTALL
)
"""Brackets, and what may hold some that are none: comments, and texts in quotes to their end or the line's, so that each is passed once."""
_DEEP = 50
"""Brackets open at once; a world needs three, and Python's parser takes some three hundred."""
_DIGITS = re.compile(r"(?<![0-9_])[0-9](?:_?[0-9]){4300}")
"""More than Python makes a number of."""


class Unreadable(ValueError):
    """A text that is not taken: ``place`` in it (a line, a byte) and ``rule`` in one sentence."""

    def __init__(self, place: str, rule: str) -> None:
        super().__init__(place, rule)
        self.place, self.rule = place, rule


def text_of(data: bytes) -> str:
    """A file's text in NFC. Raises :class:`Unreadable`."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Unreadable(f"byte {error.start}", "a world file is UTF-8 text") from None
    if _overmarked(text):
        line = next(number for number, line in enumerate(text.split("\n"), 1) if _overmarked(line))
        raise Unreadable(f"line {line}", _TOO_MANY_MARKS)
    return unicodedata.normalize("NFC", text)


def table_of(text: str) -> dict[str, Any]:
    """What a text in NFC says. Raises :class:`Unreadable`, and :class:`SpecError` for a value that cannot be composed."""
    _expect_little(text)
    try:
        table: dict[str, Any] = _composed(tomllib.loads(text), ())
    except SpecError:
        raise
    except tomllib.TOMLDecodeError as error:
        raise Unreadable(*fault_of(str(error), text)) from None
    except RecursionError:
        raise Unreadable(_where_deep(text), "lists and tables are nested too deeply") from None
    except ValueError:  # the only other one that Python's parser lets through
        raise Unreadable(_where_long(text), "not valid TOML: a number has thousands of digits") from None
    return table


def _expect_little(text: str) -> None:
    """Before it is parsed (:mod:`scenarios.world.bounds`)."""
    signs = sum(map(text.count, SIGNS))
    if signs > MOST_SIGNS:
        raise Unreadable("", f"this file has {signs} of the signs {' '.join(SIGNS)}; a world file has {MOST_SIGNS} at most")
    for joined in _JOINED.finditer(text):
        if text[joined.end() : joined.end() + 1] in ("=", "]"):
            raise Unreadable(f"line {_line_of(text, joined.start())}", f"more than {MOST_JOINED} names are joined by dots")


def _where_deep(text: str) -> str:
    """The line where so many brackets are open that nobody means them."""
    depth = 0
    for one in _BRACKETS.finditer(text):
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(one[0], 0)
        if depth > _DEEP:
            return f"line {_line_of(text, one.start())}"
    return ""


def _where_long(text: str) -> str:
    found = _DIGITS.search(text)
    return f"line {_line_of(text, found.start())}" if found else ""


def _line_of(text: str, index: int) -> int:
    return text.count("\n", 0, index) + 1


def _composed(value: Any, place: Place) -> Any:
    """A parsed value with its texts in NFC, those written with escapes too."""
    if isinstance(value, str):
        return _in_nfc(value, place)
    if isinstance(value, dict):
        return {_in_nfc(key, place): _composed(inner, (*place, key)) for key, inner in value.items()}
    return [_composed(inner, (*place, index)) for index, inner in enumerate(value)] if isinstance(value, list) else value


def _in_nfc(text: str, place: Place) -> str:
    if _overmarked(text):
        raise SpecError(place, _TOO_MANY_MARKS)
    return unicodedata.normalize("NFC", text)


def _overmarked(text: str) -> bool:
    """Whether it may not be brought to NFC. A text in NFC already has its marks in order, which is quickly seen."""
    if text.isascii() or unicodedata.is_normalized("NFC", text):
        return False
    from signing import stream_safe  # noqa: PLC0415 - a second of imports that naming the scenarios does not need

    return not stream_safe(text)
