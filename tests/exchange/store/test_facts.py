"""Facts written by hand for speed are what the packer would write, whatever the rows hold."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from exchange.store import facts
from exchange.store.facts import FactKind
from exchange.store.payloads import hexadecimal, pack

texts = st.text(max_size=12) | st.sampled_from(['"', "\\", "\n", "\udcff", "received"])
numbers = st.integers(-(1 << 63), (1 << 63) - 1)
odd = st.none() | numbers | texts | st.binary(max_size=4) | st.floats(allow_nan=False)
"""SQLite keeps any type in any column."""


def digest(value: object) -> object:
    return sha256(value).hexdigest() if isinstance(value, bytes) else value


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


def _as_read(row: list[Any], one: list[Any]) -> tuple[Any, ...]:
    """An attachment (ordinal, SHA-256, size, template, data) among the columns in which it is read."""
    return (row[0], one[0], 1, *one[1:], None)


def _admissions_are_packed(row: list[Any], attached: list[list[Any]]) -> None:
    fact = facts._admission(tuple(row), [_as_read(row, one) for one in attached])
    listed = [[one[0], hexadecimal(one[1]), one[2], hexadecimal(one[3]), digest(one[4])] for one in attached]
    values = [*row[1:9], *map(digest, row[9:12]), listed, *([] if row[12] is None else row[12:18])]
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
    fact = facts._admission(tuple(row), [_as_read(row, one) for one in attached])
    if not isinstance(row[2], str) or not isinstance(row[9], bytes):
        listed = [[*map(hexadecimal, one[:4]), digest(one[4])] for one in attached]
        assert fact.payload == pack([*row[1:9], *map(digest, row[9:12]), listed, *([] if row[12] is None else row[12:18])])


@settings(max_examples=300, deadline=None)
@given(
    st.tuples(numbers, numbers, numbers, texts, numbers, texts, numbers, texts, texts, st.binary(max_size=8), texts, texts, texts, texts)
)
def test_an_event_is_written_as_it_would_be_packed(values: tuple[Any, ...]) -> None:
    fact = facts._MAKERS[FactKind.EVENT]((*values, None, None, None, None))
    assert fact.payload == pack(_said(values))
    assert fact.package_sha256 == values[9].hex()


@settings(max_examples=300, deadline=None)
@given(st.lists(odd, min_size=14, max_size=14))
def test_an_event_of_any_types_is_written(values: list[Any]) -> None:
    fact = facts._MAKERS[FactKind.EVENT]((*values, None, None, None, None))
    assert fact.payload == pack(_said(values))


def _said(values: Sequence[Any]) -> list[Any]:
    _, _, at, state, _, reason, _, recipient, _, _, organ, route, cause, founder = values
    said = [at, state, cause, reason, founder, recipient]
    return said if state == "received" else [*said, organ, route]


@settings(max_examples=300, deadline=None)
@given(
    st.tuples(numbers, numbers, numbers, numbers, texts, texts, texts, numbers, texts, texts, st.binary(max_size=8)),
    st.tuples(st.none() | numbers, texts, numbers) | st.just((None, None, None)),
)
def test_a_verdict_is_written_as_it_would_be_packed(values: tuple[Any, ...], stamped: tuple[Any, ...]) -> None:
    fact = facts._MAKERS[FactKind.VERDICT]((*values, *stamped, None, None, None, None))
    assert fact.payload == pack([*values[2:8], *(stamped if stamped[2] is not None else ())])


@settings(max_examples=300, deadline=None)
@given(st.lists(odd, min_size=11, max_size=11), st.lists(odd, min_size=3, max_size=3))
def test_a_verdict_of_any_types_is_written_and_not_as_one_of_the_right_types(values: list[Any], stamped: list[Any]) -> None:
    fact = facts._MAKERS[FactKind.VERDICT]((*values, *stamped, None, None, None, None))
    if stamped[2] is not None or any(type(one) is not int for one in (values[2], values[3], values[7])):
        assert fact.payload == pack([*values[2:8], *(stamped if stamped[2] is not None else ())])
