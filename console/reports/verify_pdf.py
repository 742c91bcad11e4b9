"""The verification report printed by typst: the same words as the page, handed to a fixed template as data, so that nothing is markup.

typst is the extra ``report``; it is imported when a page is printed and reaches for no network.
"""

from __future__ import annotations

import json
import tempfile
from importlib.resources import files
from pathlib import Path

from console.verify.words import Told


class ExtraMissing(Exception):
    """typst is not installed."""


def pdf(told: Told, template: str = "verify.typ") -> bytes:
    """The report as PDF, by a template of this package. Raises :class:`ExtraMissing`."""
    try:
        import typst
    except ImportError as error:
        raise ExtraMissing from error
    with tempfile.TemporaryDirectory(prefix="truc-") as name:
        folder = Path(name)
        (folder / "data.json").write_text(json.dumps(told, ensure_ascii=False), encoding="utf-8")
        for part in (template, "kit.typ"):
            (folder / part).write_text(files("console.reports").joinpath(part).read_text("utf-8"), encoding="utf-8")
        return bytes(typst.compile(str(folder / template), root=str(folder), ignore_system_fonts=True))
