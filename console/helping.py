"""Help pages in the reader's words: headings, what stands in brackets, and metavars as manuals write them.

The library writes English, and an argument as ``{FILE…}...`` or ``[[DB]]`` with the type it has in Python. Both are put right where its
lines are laid out, so that every command has it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from typer.core import TyperGroup

from console.locale import Text
from console.shared import HELP

_Formatter: Any = TyperGroup.context_class.formatter_class

_ARGUMENT = re.compile(
    r"\{(?P<needed>[^{}]+)\}(?:\.\.\.)?|\[(?P<optional>\[[^\[\]]+\])\]|(?P<many>\[[^\[\]]+…\])\.\.\.|(?P<plain>\[[a-z_]+\])"
)
_TYPES = {
    "<int>": "N", "<float>": "N", "<int range>": "N", "<float range>": "N",
    "<str>": "TEXT", "<dir>": "DIR", "<file>": "FILE", "<path>": "PATH",
}  # fmt: skip
_TYPE = re.compile(r" (<[^<>]+>)$")
_NOTES = re.compile(r"(?P<help>.*)  \[(?P<notes>.*?)\]", re.DOTALL)
_RANGES = ((re.compile(r"(\S+)<=x<=(\S+)"), r"\1…\2"), (re.compile(r"x>=(\S+)"), r"\1…"), (re.compile(r"x<=(\S+)"), r"…\1"))
_UNBROKEN = "\u2011"
"""Stands for a hyphen while lines are broken: ``etsi-baseline`` is one name."""
_NOTE = {"default: ": "help.default", "env var: ": "help.variable"}


def usage(pieces: str, text: Text) -> str:
    """What stands behind the name of a command: ``[OPTIONS] FILE…``."""
    plain = _ARGUMENT.sub(lambda found: found[found.lastgroup or 0].upper(), pieces)
    for written, key in (("[OPTIONS]", "help.usage.options"), ("COMMAND", "help.usage.command"), ("[ARGS]...", "help.usage.args")):
        plain = plain.replace(written, text(key))
    return plain


def option(name: str, said: str, text: Text) -> tuple[str, str]:
    """``--days N`` and what is said of it; the library names a type of Python."""
    if name == "--help":
        return name, text("help.help")
    return _TYPE.sub(lambda found: f" {_TYPES.get(found[1], found[1])}", name), noted(said, text)


def argument(name: str, said: str, text: Text) -> tuple[str, str]:
    """``FILE…`` and what is said of it; whether it may be left out stands in the first line of the page."""
    bare = _TYPE.sub("", name).strip("[]")
    return bare.upper() if bare.islower() else bare, noted(said, text)


def noted(said: str, text: Text) -> str:
    """A help text whose last brackets, which the library wrote, are said in the reader's language."""
    found = _NOTES.fullmatch(said)
    if found is None:
        return said
    notes = "; ".join(_note(one, text) for one in found["notes"].split("; "))
    return f"{found['help']}  [{notes}]".strip()


def _note(written: str, text: Text) -> str:
    if written == "required":
        return text("help.required")
    key = next((start for start in _NOTE if written.startswith(start)), "")
    if key:
        return text(_NOTE[key], value=written.removeprefix(key))
    for written_range, plain in _RANGES:
        written = written_range.sub(plain, written)
    return written


class Page(_Formatter):  # type: ignore[misc]
    """Lays out one help page."""

    _list = ""

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        """The first line."""
        super().write_usage(prog, usage(args, HELP), f"{HELP('help.usage')}: ")

    def write_heading(self, heading: str) -> None:
        """Above a list."""
        self._list = heading
        super().write_heading(HELP.label("page-list", heading))

    def write_dl(self, rows: Sequence[tuple[str, str]], col_max: int = 30, col_spacing: int = 2) -> None:
        """A list of options, arguments or commands."""
        written = {"Options": option, "Arguments": argument}.get(self._list)
        told = rows if written is None else [written(*row, HELP) for row in rows]
        super().write_dl([(name, said.replace("-", _UNBROKEN)) for name, said in told], col_max, col_spacing)

    def write_text(self, text: str) -> None:
        """A paragraph."""
        super().write_text(text.replace("-", _UNBROKEN))

    def getvalue(self) -> str:
        """The page."""
        return str(super().getvalue()).replace(_UNBROKEN, "-")
