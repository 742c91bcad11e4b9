"""A report of facts and tables, as one tree of finished sentences: screen, HTML page and printed page are all made from it.

A sheet has a banner (the answer), facts and notes below it, and sections of sentences, pairs, tables and verdicts over time. Whoever makes
one has looked every sentence up in the reader's language; nothing is decided here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from console.verify.words import Told

VERDICTS = ("passed", "failed", "undecided")


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of texts; ``numbers`` are columns set flush right, ``shown`` the rows that a screen has room for, ``more`` what it says then."""

    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    numbers: Sequence[int] = ()
    shown: int = 15
    more: str = ""


@dataclass(frozen=True, slots=True)
class Strip:
    """A verdict over time, as :func:`console.verify.chronicle.told_timeline` tells it."""

    title: str
    stretches: Sequence[Told]


@dataclass(frozen=True, slots=True)
class Section:
    """A heading with what belongs under it, in this order. ``page``: only for pages, a screen leaves it out."""

    title: str
    sentences: Sequence[str] = ()
    pairs: Sequence[Sequence[str]] = ()
    tables: Sequence[Table] = ()
    strips: Sequence[Strip] = ()
    cautions: Sequence[str] = ()
    page: bool = False


@dataclass(frozen=True, slots=True)
class Sheet:
    """The whole. ``verdict`` is one of :data:`VERDICTS`; ``labels`` the words of :func:`console.reports.verify_html.timeline`."""

    lang: str
    title: str
    subtitle: str
    verdict: str
    word: str
    headline: str
    banner: Sequence[Sequence[str]]
    facts: Sequence[Sequence[str]]
    notes: Sequence[str]
    sections: Sequence[Section]
    labels: dict[str, str] = field(default_factory=dict)

    def told(self) -> dict[str, Any]:
        """As plain values, for a template."""
        return asdict(self)
