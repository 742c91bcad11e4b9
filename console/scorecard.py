"""The public suites' table: they lie beside the tests in the source repository, so an installed copy can only say where they are."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import typer

from console.locale import Text

ROOT = Path(__file__).resolve().parents[1]
_MISSING = 3


def scorecard(text: Text, root: Path = ROOT) -> int:
    """Run all suites and print the table; 0 all accounted for, 1 a difference without a written reason, 3 the suites are not here."""
    if not (root / "tests" / "scorecard" / "table.py").is_file() or not (root / "tests" / "vectors").is_dir():
        typer.echo(text("scorecard.missing", folder=root / "tests" / "vectors"), err=True)
        return _MISSING
    sys.path.insert(0, str(root))
    try:
        return int(importlib.import_module("tests.scorecard.table").main())
    finally:
        sys.path.remove(str(root))
