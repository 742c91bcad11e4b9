"""How a fault befalls a real letter: before it is signed (a certificate, a clock, a tool), or afterwards (the file).

A scenario asks for "fault X on the next letter of agency Y" and applies the parts of an :class:`Incident` where each belongs; the
catalogue's own vectors of letters are made by the very same parts.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from signing.pki.profiles import HolderSpec


def unchanged_holder(spec: HolderSpec, at: datetime) -> HolderSpec:
    """The description of a holder as it is."""
    return spec


def unchanged_letter(letter: bytes) -> bytes:
    """A letter as it is."""
    return letter


@dataclass(frozen=True, slots=True)
class Incident:
    """What differs from an ordinary letter.

    ``leader`` and ``seal`` bend the description by which the signer is certified, given the instant of signing (a second certificate of
    the same person needs another subject, another authority or another PKI). ``clock`` is how far the signing tool's clock is ahead.
    ``leaf_only`` leaves the authority's certificate out. ``stamped`` is false where the time-stamp service gave no answer and the
    tool went on without, where letters are stamped at all. ``letter`` changes the finished file.
    """

    leader: Callable[[HolderSpec, datetime], HolderSpec] = unchanged_holder
    seal: Callable[[HolderSpec, datetime], HolderSpec] = unchanged_holder
    clock: timedelta = timedelta(0)
    leaf_only: bool = False
    stamped: bool = True
    letter: Callable[[bytes], bytes] = unchanged_letter
