"""What no text of a package may hold, read or written."""

from __future__ import annotations

import re
import unicodedata

from signing import stream_safe

_HARMFUL = re.compile("[\x80-\x84\x86-\x9f\u202a-\u202e\u2066-\u2069]")
"""Control characters of 8-bit terminals, and those that show a text in another order than it is stored in. XML lets them pass.

None of them is printable: a printable text, which is quicker to find out, holds none of them.
"""


def fault_of(text: str) -> tuple[str, str] | None:
    """The rule (of :data:`exchange.edxml.rules.RULES`) a text breaks and how, ``None`` for a text that may be brought to NFC and kept.

    A text in NFC already has its marks in order, so that nothing is left that could take long (:func:`signing.stream_safe`).
    """
    harmful = None if text.isprintable() else _HARMFUL.search(text)
    if harmful is not None:
        return "illegal-character", f"U+{ord(harmful[0]):04X}, which steers a terminal or turns the text around"
    if not unicodedata.is_normalized("NFC", text) and not stream_safe(text):
        return "too-many-marks", "more than thirty combining marks behind one letter"
    return None
