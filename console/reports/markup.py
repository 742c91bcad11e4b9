"""HTML and SVG by function: every text is escaped once, where it enters."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

_VOID = frozenset({"br", "meta"})


class Markup(str):
    """Finished markup, to be put in as it is."""

    __slots__ = ()


def tag(name: str, /, *children: object, **attributes: object) -> Markup:
    """One element. ``class_`` loses its underscore, other underscores become hyphens; an attribute of ``None`` is left out."""
    written = "".join(f' {_name(key)}="{escape(str(value))}"' for key, value in attributes.items() if value is not None)
    if name in _VOID:
        return Markup(f"<{name}{written}>")
    return Markup(f"<{name}{written}>{join(children)}</{name}>")


def join(children: Iterable[object]) -> Markup:
    """Markup as it is, everything else escaped."""
    return Markup("".join(child if isinstance(child, Markup) else escape(str(child), quote=False) for child in children))


def table(head: Sequence[str], rows: Iterable[Sequence[object]], *, numbers: Iterable[int] = ()) -> Markup:
    """A plain table; ``numbers`` are the columns set flush right."""
    right = frozenset(numbers)

    def line(cell: str, values: Sequence[object]) -> Markup:
        return tag("tr", *(tag(cell, value, class_="n" if place in right else None) for place, value in enumerate(values)))

    body = tag("tbody", *(line("td", row) for row in rows))
    return tag("div", tag("table", tag("thead", line("th", head)), body), class_="scroll")


def _name(key: str) -> str:
    return key.rstrip("_").replace("_", "-")


GENERATOR = tag("meta", name="generator", content="truc")
"""Stands in the head of a report, so that it is known for one that may be written anew."""
