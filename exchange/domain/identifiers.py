"""Who and which: organisation codes in both styles, and what makes a document unique.

QCVN 102:2016 writes level 4 first and pads (``000.00.20.H28``), Decision 20/2020/QĐ-TTg writes level 1 first and drops unused levels
(``H28.20``). Both circulate in 2021, so both are read and one is canonical: two spellings of one code are equal.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from exchange.errors import InvalidNumber, InvalidOrganId

_ROOT = re.compile(r"[A-Z][0-9]{2}")
_WIDTHS = (2, 2, 3)
"""Digits of levels 2, 3 and 4 (QCVN 102:2016: Y1Y2, Z1Z2, V1V2V3)."""


@dataclass(frozen=True, slots=True, order=True)
class OrganId:
    """An organisation's code, canonical in the Decision 20 style: ``H28``, ``H28.20``, ``H13.20.00.002``.

    Levels 2 and 3 have two digits, level 4 three; unused trailing levels are dropped, a gap in the middle stays (real directories have
    them, and dropping it as some converters do makes two organisations one). Raises :class:`InvalidOrganId` when not canonical.
    """

    value: str

    def __post_init__(self) -> None:
        if _canonical(self.value) != self.value:
            raise InvalidOrganId(self.value, "not in canonical form; use OrganId.parse")

    def __hash__(self) -> int:
        return hash(self.value)  # the generated one makes a tuple first, and directories are asked a dozen times for a document

    @classmethod
    def parse(cls, text: str) -> OrganId:
        """Read either style, tolerating missing groups, short groups and surrounding blanks. Raises :class:`InvalidOrganId`."""
        return _parse(text)

    @property
    def groups(self) -> tuple[str, ...]:
        """Level 1 first, e.g. ``('H28', '20')``."""
        return tuple(self.value.split("."))

    @property
    def root(self) -> str:
        """Level 1: the province (``Hnn``) or the ministry (``Gnn``)."""
        return self.value[:3]

    @property
    def qcvn(self) -> str:
        """The 13-character form of QCVN 102:2016, ``000.00.20.H28``."""
        return _qcvn(self.value)

    def __str__(self) -> str:
        return self.value


@lru_cache(maxsize=65_536)
def _parse(text: str) -> OrganId:
    plain = text.strip()
    organ = OrganId(_canonical(plain.upper() if plain.isascii() else plain))  # upper() would make Latin letters of some others
    return organ if organ.value == text else _parse(organ.value)  # one object for every style: a directory finds it without comparing


@lru_cache(maxsize=65_536)
def _qcvn(value: str) -> str:
    groups = value.split(".")
    levels = groups[1:] + ["0" * width for width in _WIDTHS[len(groups) - 1 :]]
    return ".".join([*reversed(levels), groups[0]])


def _canonical(text: str) -> str:
    groups = text.split(".")
    if len(groups) > 4:
        raise InvalidOrganId(text, "more than four groups")
    if not _ROOT.fullmatch(groups[0]):
        groups.reverse()
    root, lower = groups[0], groups[1:]
    if not _ROOT.fullmatch(root):
        raise InvalidOrganId(text, "no level-1 group of one letter and two digits at either end")
    padded = [_pad(text, group, width) for group, width in zip(lower, _WIDTHS, strict=False)]
    while padded and not padded[-1].strip("0"):
        padded.pop()
    return ".".join([root, *padded])


def _pad(text: str, group: str, width: int) -> str:
    if not (group.isascii() and group.isdigit()):
        raise InvalidOrganId(text, f"group {group!r} is not made of digits")
    digits = group.lstrip("0")
    if len(digits) > width:
        raise InvalidOrganId(text, f"group {group!r} has more than {width} digits")
    return digits.rjust(width, "0")


@dataclass(frozen=True, slots=True, order=True)
class DocumentKey:
    """What may exist once: sender, number and notation within a year (Decree 30/2020 Art. 15 and Annex VI).

    ``number`` is without leading zeros, so that ``01`` and ``1`` are one number. Build it with :meth:`of`.
    """

    sender: OrganId
    number: str
    notation: str
    year: int

    @classmethod
    def of(cls, sender: OrganId, number: str, notation: str, day: date) -> DocumentKey:
        """Normalise number and notation (NFC, no blanks, no leading zeros). Raises :class:`InvalidNumber` when either is empty."""
        plain_number = _plain(number)
        plain_notation = _plain(notation)
        if not plain_number or not plain_notation:
            raise InvalidNumber(f"{number}/{notation}", "number and notation must not be empty")
        return cls(sender, plain_number.lstrip("0") or "0", plain_notation, day.year)

    def __str__(self) -> str:
        return f"{self.sender} {self.number}/{self.notation} ({self.year})"


def _plain(text: str) -> str:
    return unicodedata.normalize("NFC", "".join(text.split()))


def document_id(sender: OrganId, day: date, number: str, notation: str) -> str:
    """DocumentId as the axis' own samples spell it: ``000.00.00.G22,2015/09/30,7816/VPCP-TTĐT``. Never parsed for facts."""
    return f"{sender.qcvn},{day:%Y/%m/%d},{number}/{notation}"
