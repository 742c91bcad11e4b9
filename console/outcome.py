"""How a command ends: its exit code, and the sentence for what it could not follow."""

from __future__ import annotations

DONE, SHORT, USAGE, UNREACHED = 0, 1, 2, 3
"""Exit codes: done and held; a verdict fell short; unreadable input; a part could not be used."""


class Unusable(Exception):
    """An option that cannot be followed; its text is the sentence for the user."""
