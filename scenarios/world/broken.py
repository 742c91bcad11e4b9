"""What is said of a text that is no TOML: where Python's parser stopped, why in our words, and what stands there."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence

from scenarios.world.wording import shown

NAME = r"""(?:[A-Za-z0-9_-]++|"(?:[^"\\\n]|\\.)*+"|'[^'\n]*+')"""
"""One name of a key."""
_HEAD = re.compile(r"[ \t]*+(?P<open>\[{1,2})(?P<name>[^\]#]++)\]")
_KEY = re.compile(rf"[ \t]*+(?P<name>{NAME}(?:[ \t]*+\.[ \t]*+{NAME})*+)[ \t]*+=")
_WHERE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")
_REASONS = (
    ("Duplicate inline table key", "a key is given twice in braces"),
    ("Illegal character '\\n'", "a text in quotes ends on the line it begins on"),
    ("Illegal character '\\r'", "a text in quotes ends on the line it begins on"),
    ("Illegal character", "a control character is written as an escape"),
    ("Found invalid character", "a control character is written as an escape"),
    ("Unterminated string", "a text is begun and its quotes do not end"),
    ("Expected '\"'", "a text is begun and its quotes do not end"),
    ('Expected "\'"', "a text is begun and its quotes do not end"),
    ('Expected \'"""\'', "a text is begun and its quotes do not end"),
    ("Expected \"'''\"", "a text is begun and its quotes do not end"),
    ("Invalid value", "behind = stands a text in quotes, a number, true, false, a date or a list"),
    ("Invalid date", "there is no such date or time"),
    ("Expected newline", "more follows where a value has ended (numbers have no leading zero, dates are written 2021-09-27)"),
    ("Expected '=' after a key", "a key is followed by = and its value"),
    ("Expected ']' at the end", "the head of a table is closed by ]"),
    ("Expected ']]' at the end", "the head of a table in a list is closed by ]]"),
    ("Unclosed array", "a list is not closed by ], or lacks a comma"),
    ("Unclosed inline table", "a table in braces is not closed by } on its line, or lacks a comma"),
    ("Invalid initial character", "a name has letters, digits, _ and -, or stands in quotes"),
    ("Invalid statement", "a line begins with a key, the [head] of a table or #"),
    ("Unescaped", "a backslash begins an escape; the sign itself is written twice"),
    ("Invalid hex value", "an escape has four or eight hexadecimal digits"),
    ("Escaped character", "an escape names no character"),
)
"""What Python's parser says, and what our users are told."""


_LONGEST = 2**16
"""Characters of a text in which it is looked for what was given twice: parts of it are parsed again."""
_STEPS = 20
"""Lines of a value that are passed in looking for where it begins."""


def fault_of(message: str, text: str) -> tuple[str, str]:
    """Place and rule of what is no TOML, from what Python's parser says of it."""
    found = _WHERE.search(message)
    stopped = (int(found[1]), int(found[2])) if found is not None and found[1] is not None else None
    if message.startswith("Cannot "):
        return _given_twice(text, stopped[0] if stopped is not None else text.rstrip().count("\n") + 1)
    reason = next((ours for theirs, ours in _REASONS if message.startswith(theirs)), "")
    if stopped is None:
        return "end of the file", f"not valid TOML: {reason or 'something is begun and not ended'}"
    line, column = stopped
    lines = text.split("\n")
    there = shown(lines[line - 1].strip() if line <= len(lines) else "")
    return f"line {line}, column {column}", f"not valid TOML: {reason}: {there}" if reason else f"not valid TOML: {there}"


def _given_twice(text: str, line: int) -> tuple[str, str]:
    """The parser says where the second one ends; where both begin is said only where it is sure."""
    lines = text.split("\n")
    begun = _begun(lines, line) if len(text) <= _LONGEST else None
    if begun is None:
        return f"line {line}", f"not valid TOML: this key or table was given before: {shown(lines[line - 1].strip())}"
    first = _same_above(lines, begun)
    where = f", in line {first}" if first is not None and _whole(lines[: first - 1]) else ""
    heads = [_HEAD.match(lines[number - 1]) for number in (first or begun, begun)]
    hint = "; in a list of tables each has two brackets" if where and len({one["open"] for one in heads if one}) == 2 else ""
    return f"line {begun}", f"not valid TOML: this key or table was given before{where}{hint}: {shown(lines[begun - 1].strip())}"


def _begun(lines: Sequence[str], end: int) -> int | None:
    """The line of the statement that ends in this one: what stands above it is whole."""
    return next((number for number in range(end, max(0, end - _STEPS), -1) if _whole(lines[: number - 1])), None)


def _whole(lines: Sequence[str]) -> bool:
    try:
        tomllib.loads("\n".join(lines))
    except ValueError:
        return False
    return True


def _same_above(lines: Sequence[str], here: int) -> int | None:
    """The nearest line above that gives the same name in the same words and the same table; nothing behind a further table of a list."""
    head = _HEAD.match(lines[here - 1])
    wanted = head or _KEY.match(lines[here - 1])
    for number in range(here - 1, 0, -1) if wanted is not None else ():
        table = _HEAD.match(lines[number - 1])
        found = table if head else _KEY.match(lines[number - 1])
        if found is not None and wanted is not None and found["name"].strip() == wanted["name"].strip():
            return number
        if table is not None and (head is None or table["open"] == "[["):
            return None
    return None
