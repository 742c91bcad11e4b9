"""The answer as one page to keep: HTML by itself, or PDF by typst."""

from __future__ import annotations

from console.reports.verify_html import page
from console.reports.verify_pdf import ExtraMissing, print_page
from console.verify.words import Told

__all__ = ["ExtraMissing", "html", "pdf"]


def html(told: Told) -> bytes:
    """One self-contained page."""
    return page(told).encode("utf-8")


def pdf(told: Told) -> bytes:
    """The same, printed. Raises :class:`ExtraMissing` without typst."""
    return print_page(told)
