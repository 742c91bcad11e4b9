"""Byte accounting: which bytes of a file are covered by which signature, which only hold signatures together, and which by nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

NOTHING_COVERS = "covered by nothing"
STRUCTURE = "structure"


@dataclass(frozen=True, slots=True)
class Span:
    """Bytes from ``start`` up to, not including, ``end``, and what they are."""

    start: int
    end: int
    label: str


@dataclass(frozen=True, slots=True)
class SignedRange:
    """What one PDF signature or time-stamp covers: all up to ``opening``, and ``closing`` to ``end``; between them stands its value."""

    name: str
    opening: int
    closing: int
    end: int


def pdf_coverage(size: int, ranges: Sequence[SignedRange]) -> tuple[Span, ...]:
    """Every byte of a PDF: labelled by the signatures over it, as a signature's value, or as covered by nothing."""
    edges = {0, size}
    for item in ranges:
        edges |= {min(item.opening, size), min(item.closing, size), min(item.end, size)}
    cuts = sorted(edges)
    return joined(Span(start, end, _label(start, ranges)) for start, end in pairwise(cuts))


def joined(spans: Iterable[Span]) -> tuple[Span, ...]:
    """Neighbours with one label as one; empty ones left out."""
    found: list[Span] = []
    for span in spans:
        if span.start == span.end:
            continue
        if found and found[-1].label == span.label and found[-1].end == span.start:
            found[-1] = Span(found[-1].start, span.end, span.label)
        else:
            found.append(span)
    return tuple(found)


def _label(at: int, ranges: Sequence[SignedRange]) -> str:
    value = next((item.name for item in ranges if item.opening <= at < item.closing), None)
    covering = [item.name for item in ranges if at < item.opening or item.closing <= at < item.end]
    covered = f"covered by {', '.join(covering)}" if covering else NOTHING_COVERS
    if value is None:
        return covered
    return f"signature value of {value}" + (f", {covered}" if covering else "")
