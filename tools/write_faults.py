"""Write the catalogue of faults as documents: docs/faults.md and docs/faults.vi.md.

    .venv/bin/python tools/write_faults.py

A test holds both equal to the catalogue.
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from console.faults import document  # noqa: E402 - the path comes first
from console.locale import catalogue  # noqa: E402

DOCUMENTS = {"en": ROOT / "docs" / "faults.md", "vi": ROOT / "docs" / "faults.vi.md"}


def main() -> None:
    """Write both."""
    for lang, path in DOCUMENTS.items():
        path.write_text(document(catalogue(lang)), encoding="utf-8")


if __name__ == "__main__":
    main()
