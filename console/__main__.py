"""``python -m console`` is ``truc``, where no script of that name is installed."""

from __future__ import annotations

import sys

from console.cli import main

sys.argv[0] = "truc"
main()
