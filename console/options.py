"""Options that several commands read alike."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from console.locale import Text
from console.outcome import Unusable
from exchange.domain.calendar import VN

ARCHIVE = "axis.db"
"""The database of the axis in the folder of a run."""
_YEARS = range(1990, 2200)
_DAY = len("2021-09-27")
_SLASHES = re.compile(r"(?P<day>\d{1,2})/(?P<month>\d{1,2})/(?P<year>\d{4})(?:[ T]+(?P<clock>\d\d:\d\d(?::\d\d)?))?")
"""A date as reports show it and Vietnamese write it."""


def answered(ask: Callable[[Path], bool], path: Path, text: Text) -> bool:
    """What a path is asked to be, where one may look at it and a file can have the name. Raises :class:`Unusable`."""
    try:
        return ask(path)
    except OSError as error:
        raise Unusable(text("verify.error.unreadable", path=path, reason=text.reason(error))) from None


def fingerprint(given: str, text: Text) -> bytes:
    """The SHA-256 that somebody names a certificate by, with colons or without. Raises :class:`Unusable`."""
    try:
        digest = bytes.fromhex(given.replace(":", ""))
    except ValueError:
        digest = b""
    if len(digest) != 32:
        raise Unusable(text("verify.error.fingerprint", given=given or "''"))
    return digest


def moment(given: str, option: str, text: Text, *, end_of_day: bool) -> datetime:
    """An instant, Vietnamese time unless it says otherwise; a day alone means its end, or its beginning. Raises :class:`Unusable`."""
    try:
        at = datetime.fromisoformat(given)
    except ValueError:
        at = None
    meant = _SLASHES.fullmatch(given.strip())
    if at is None and meant is not None:
        clock = f"T{meant['clock']}" if meant["clock"] else ""
        said = f"{meant['year']}-{meant['month']:>02}-{meant['day']:>02}{clock}"
        raise Unusable(text("error.moment.meant", option=option, given=given, meant=said))
    if at is None or at.year not in _YEARS:
        raise Unusable(text("error.moment", option=option, given=given or "''"))
    if len(given) <= _DAY and end_of_day:
        at = at.replace(hour=23, minute=59, second=59)
    return (at if at.tzinfo is not None else at.replace(tzinfo=VN)).replace(microsecond=0)
