"""Texts from outside, before they are brought to a normal form.

Ordering the combining marks behind a letter takes time that grows with the square of their number, and nothing else runs meanwhile: thirty
thousand marks cost a second. Written languages need a few; Unicode's own bound for texts of a stream is thirty (UAX #15 §13).
"""

from __future__ import annotations

from unicodedata import combining

MOST_MARKS = 30
_MARKS_INSIDE = frozenset("\u0f73\u0f75\u0f81\uff9e\uff9f")  # letters by their class, but nothing but marks when decomposed


def stream_safe(text: str) -> bool:
    """Whether no run of combining marks is longer than :data:`MOST_MARKS`: then any normal form takes time in proportion to the length.

    A mark is what begins with one when decomposed (NFKD), as UAX #15 §13 (Stream-Safe Text Format) counts.
    """
    run = 0
    for character in text:
        if character < "\u0300":
            run = 0
        elif combining(character) or character in _MARKS_INSIDE:
            run += 1
            if run > MOST_MARKS:
                return False
        else:
            run = 0
    return True
