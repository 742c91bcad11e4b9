"""Errors of an agency's document software: one type, one clear sentence.

OfficeError    a command that its person may not give, or not now
"""

from __future__ import annotations


class OfficeError(Exception):
    """A command was refused: ``who`` may not do ``what``, because ``why``. Nothing was changed."""

    def __init__(self, who: str, what: str, why: str) -> None:
        super().__init__(who, what, why)
        self.who, self.what, self.why = who, what, why

    def __str__(self) -> str:
        return f"{self.who} may not {self.what}: {self.why}"
