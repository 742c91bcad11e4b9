"""Reports that a command was asked to leave behind."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from rich.console import Console

from console.locale import Text
from console.outcome import DONE, UNREACHED, USAGE
from console.reports.verify_pdf import ExtraMissing

Told = TypeVar("Told")


def write_reports(told: Told, wanted: Sequence[tuple[Path | None, Callable[[Told], bytes]]], text: Text, talk: Console) -> int:
    """Each report to the file asked for, in the way beside it; an exit code, and a sentence for each."""
    for path, render in wanted:
        if path is None:
            continue
        try:
            path.write_bytes(render(told))
        except OSError as error:
            talk.print(text("verify.error.write", path=path, reason=text.reason(error)), markup=False)
            return USAGE
        except ExtraMissing:
            talk.print(text("verify.error.typst"), markup=False)
            return UNREACHED
        talk.print(text("progress.written", files=path), markup=False)
    return DONE
