"""Runs of combining marks, counted as UAX #15 §13 counts."""

from __future__ import annotations

import unicodedata
from itertools import groupby

from hypothesis import given
from hypothesis import strategies as st

from signing.text import _MARKS_INSIDE, MOST_MARKS, stream_safe
from signing.validation.rfc5280.names import prepare

MARKS = st.sampled_from("\u0301\u0323\u0344\u0345\u0f71\u0f73\u0f75\u0f81\u302a\u3099\uff9e\uff9f")
LETTERS = st.sampled_from("ao \u0131\u1ed9\uac00\uff76\ufdfa\u1fb2")


@given(st.lists(st.one_of(st.text(LETTERS, max_size=3), st.text(MARKS, max_size=40))).map("".join))
def test_the_bound_is_on_what_decomposing_has_to_order(text: str) -> None:
    ordered = unicodedata.normalize("NFKD", text)
    runs = [len(list(run)) for mark, run in groupby(ordered, key=lambda one: unicodedata.combining(one) != 0) if mark]
    if stream_safe(text):
        assert max(runs, default=0) <= 2 * MOST_MARKS + 3  # each mark is two at most, and three may come out of the letter before
    else:
        assert max(runs) > MOST_MARKS


def test_no_letter_hides_marks_that_are_not_listed() -> None:
    """Over all of Unicode: what is a letter by its class and begins with a mark when decomposed."""
    letters = (chr(point) for point in range(0x110000) if not unicodedata.combining(chr(point)))
    hidden = {one for one in letters if unicodedata.combining(unicodedata.normalize("NFKD", one)[0])}
    assert hidden == _MARKS_INSIDE


def test_a_name_of_marks_equals_itself_and_nothing_else() -> None:
    crowded = "o" + "\u0301\u0323" * 5_000
    assert prepare(crowded) == prepare(crowded)
    assert prepare(crowded) != prepare("o" + "\u0323\u0301" * 5_000)
