"""What is said of a text that is no TOML: where Python's parser stopped, why in our words, and what stands there."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from scenarios.world.wording import shown

NAME = r"""(?:[A-Za-z0-9_-]++|"(?:[^"\\\n]|\\.)*+"|'[^'\n]*+')"""
"""One name of a key."""
_KEY = rf"{NAME}(?:[ \t]*+\.[ \t]*+{NAME})*+"
_STATEMENT = re.compile(rf"[ \t]*+(?:(?P<open>\[{{1,2}})[ \t]*+(?P<head>{_KEY})[ \t]*+\]|(?P<key>{_KEY})[ \t]*+=)")
_BARE = re.compile(r"""[\s"']""")
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


@dataclass(frozen=True, slots=True)
class _Statement:
    """A line that begins a table or gives a key its value; ``full`` is the name below the table it stands in."""

    line: int
    opened: str
    name: str
    full: str


def fault_of(message: str, text: str) -> tuple[str, str]:
    """Place and rule of what is no TOML, from what Python's parser says of it."""
    found = _WHERE.search(message)
    lines = text.split("\n")
    ends = found is None or found[1] is None
    line = len(text.rstrip().split("\n")) if found is None or found[1] is None else int(found[1])
    if message.startswith("Cannot "):
        return _given_twice(lines, line)
    reason = next((ours for theirs, ours in _REASONS if message.startswith(theirs)), "")
    if ends:
        return "end of the file", f"not valid TOML: {reason or 'something is begun and not ended'}"
    there = shown(lines[line - 1].strip() if line <= len(lines) else "")
    place = f"line {line}, column {int(found[2]) if found else 0}"
    return place, f"not valid TOML: {reason}: {there}" if reason else f"not valid TOML: {there}"


def _given_twice(lines: Sequence[str], line: int) -> tuple[str, str]:
    """The parser says where the second one ends; it begins there or above."""
    statements = list(_statements(lines[:line]))
    if not statements:
        return f"line {line}", "not valid TOML: this key or table was given before"
    here = statements[-1]
    first = next((one for one in _comparable(statements[:-1], here) if one.full == here.full), None)
    place = f"line {here.line}"
    if first is None:
        return place, f"not valid TOML: {shown(here.name)} was given before"
    rule = f"not valid TOML: {shown(here.name)} was given before, in line {first.line}"
    return place, f"{rule}; in a list of tables each has two brackets" if {first.opened, here.opened} == {"[", "[["} else rule


def _comparable(earlier: Sequence[_Statement], here: _Statement) -> Sequence[_Statement]:
    """A key is twice in one table; the next table of a list may have it too."""
    if here.opened:
        return earlier
    last = next((place for place in range(len(earlier) - 1, -1, -1) if earlier[place].opened), 0)
    return earlier[last:]


def _statements(lines: Sequence[str]) -> Iterator[_Statement]:
    above = ""
    for number, line in enumerate(lines, 1):
        found = _STATEMENT.match(line)
        if found is None:
            continue
        opened, name = found["open"] or "", _BARE.sub("", found["head"] or found["key"])
        yield _Statement(number, opened, name, name if opened else f"{above}{name}")
        if opened:
            above = f"{name}."
