"""Facts written by hand for speed are what the packer would write, whatever the rows hold."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from exchange.store import facts
from exchange.store.facts import FactKind, pack

texts = st.text(max_size=12) | st.sampled_from(['"', "\\", "\n", "\udcff", "received"])
numbers = st.integers(-(1 << 63), (1 << 63) - 1)
odd = st.none() | numbers | texts | st.binary(max_size=4) | st.floats(allow_nan=False)
"""SQLite keeps any type in any column."""


def digest(value: object) -> object:
    return sha256(value).hexdigest() if isinstance(value, bytes) else value


class Work:
    """Gives the attachments of any packages."""

    def __init__(self, rows: list[Any]) -> None:
        self._rows = rows

    def rows(self, *_: object) -> list[Any]:
        return self._rows


@st.composite
def admissions(draw: st.DrawFn, text: st.SearchStrategy[Any], number: st.SearchStrategy[Any], data: st.SearchStrategy[Any]) -> list[Any]:
    head = [
        draw(numbers),
        draw(text),
        draw(text),
        draw(data),
        draw(text),
        *[draw(number) for _ in range(4)],
        *[draw(data) for _ in range(3)],
    ]
    said = [draw(text), draw(text), draw(text), draw(number), draw(text), draw(text)] if draw(st.booleans()) else [None] * 6
    return [*head, *said]


def _admissions_are_packed(row: list[Any], attached: list[list[Any]]) -> None:
    work: Any = Work([[row[0], *one] for one in attached])
    (fact,) = facts._admissions(work, [tuple(row)])
    listed = [[one[0], facts._hex(one[1]), one[2], facts._hex(one[3]), digest(one[4])] for one in attached]
    values = [*row[:9], *map(digest, row[9:12]), listed, *([] if row[12] is None else row[12:18])]
    assert fact.payload == pack(values)


@settings(max_examples=200, deadline=None)
@given(
    admissions(texts, numbers, st.binary(max_size=40)),
    st.lists(
        st.tuples(numbers, st.binary(max_size=4), numbers, st.none() | st.binary(max_size=4), st.none() | st.binary(max_size=9)).map(list)
    ),
)
def test_an_admission_is_written_as_it_would_be_packed(row: list[Any], attached: list[list[Any]]) -> None:
    _admissions_are_packed(row, attached)


@settings(max_examples=200, deadline=None)
@given(admissions(odd, odd, odd), st.lists(st.lists(odd, min_size=5, max_size=5), max_size=2))
def test_an_admission_of_any_types_is_written_and_not_as_one_of_the_right_types(row: list[Any], attached: list[list[Any]]) -> None:
    work: Any = Work([[row[0], *one] for one in attached])
    (fact,) = facts._admissions(work, [tuple(row)])
    if not isinstance(row[2], str) or not isinstance(row[9], bytes):
        listed = [[*map(facts._hex, one[:4]), digest(one[4])] for one in attached]
        assert fact.payload == pack([*row[:9], *map(digest, row[9:12]), listed, *([] if row[12] is None else row[12:18])])


@settings(max_examples=300, deadline=None)
@given(st.tuples(numbers, numbers, numbers, texts, numbers, texts, numbers, texts, st.binary(max_size=8), texts, texts))
def test_an_event_is_written_as_it_would_be_packed(values: tuple[Any, ...]) -> None:
    row = (*values[:8], "ab", *values[8:], None, None, None, None)
    fact = facts._MAKERS[FactKind.EVENT](row)
    assert fact.payload == pack([*row[:8]] if row[3] == "received" else [*row[:8], row[10], row[11]])
    assert fact.package_sha256 == values[8].hex()


@settings(max_examples=300, deadline=None)
@given(st.lists(odd, min_size=12, max_size=12))
def test_an_event_of_any_types_is_written(values: list[Any]) -> None:
    row = (*values, None, None, None, None)
    fact = facts._MAKERS[FactKind.EVENT](row)
    if not isinstance(values[3], str):
        assert fact.payload == pack([*values[:8], values[10], values[11]])
