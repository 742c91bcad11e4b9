"""Where in a TOML text a path of keys lies: the parser forgets line numbers, people need them."""

from __future__ import annotations

from collections.abc import Sequence

from scenarios.world.expand import Place

_LONGEST = 60
"""Characters of a key that are repeated."""


def place_in(text: str, path: Place) -> str:
    """``group.3.name (line 41)``, the third group counted from one; without the line where it cannot be found."""
    parts = (str(part + 1) if isinstance(part, int) else part for part in path)
    dotted = ".".join(printable(part if len(part) <= _LONGEST else f"{part[:_LONGEST]}…") for part in parts)
    line = _line(text.split("\n"), path)
    return f"{dotted} (line {line})" if line else dotted


def printable(text: str) -> str:
    """A text of the file as a sentence repeats it: on one line, and nothing in it that a terminal would obey."""
    return "".join(one if one.isprintable() else _ESCAPES.get(one) or f"\\u{ord(one):04X}" for one in text)


_ESCAPES = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def _line(lines: Sequence[str], path: Place) -> int | None:
    """The line of the key, else of the table that holds it."""
    if not path:
        return None
    table, rest = _table(lines, path)
    key = _key(lines, table, str(rest[0])) if rest else None
    found = key if key is not None else table
    return None if found is None else found + 1


def _table(lines: Sequence[str], path: Place) -> tuple[int | None, Place]:
    """Index of the header line of the innermost table ``path`` names, and what of the path is left."""
    first, rest = str(path[0]), path[1:]
    if rest and isinstance(rest[0], int):
        wanted = _bare(f"[[{first}]]")
        headers = [number for number, line in enumerate(lines) if _header(line) == wanted]
        if headers:
            return (headers[rest[0]] if rest[0] < len(headers) else None), rest[1:]
    inner = (f"[{first}.{rest[0]}]",) if rest else ()
    for depth, heads in ((2, [_bare(one) for one in inner]), (1, [_bare(f"[{first}]"), _bare(f"[[{first}]]")])):
        for number, line in enumerate(lines):
            if _header(line) in heads:
                return number, path[depth:]
    return None, path


def _header(line: str) -> str:
    return _bare(line.split("#", maxsplit=1)[0]) if line.lstrip().startswith("[") else ""


def _bare(head: str) -> str:
    """Without the quotes and blanks that may stand in it."""
    return head.translate(_QUOTES_AND_BLANKS)


_QUOTES_AND_BLANKS = str.maketrans("", "", " \t\r\"'")


def _key(lines: Sequence[str], table: int | None, name: str) -> int | None:
    start = 0 if table is None else table + 1
    for number in range(start, len(lines)):
        if lines[number].lstrip().startswith("["):
            return None
        if _gives(lines[number], name):
            return number
    return None


def _gives(line: str, name: str) -> bool:
    """Whether a line gives a key its value. A name may be as long as the file, too long for a pattern."""
    begun = line.lstrip().removeprefix('"')
    return begun.startswith(name) and begun[len(name) :].removeprefix('"').lstrip().startswith("=")
