"""A metadata stream says the same whether it is read in one look or as JSON, and breaks the same limits."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signing import LetterContent, LetterRefused
from signing.formats.letter import content
from signing.formats.letter.content import parse_content
from tests.signing.letter import lab

VALUES: dict[str, Any] = json.loads(lab.CONTENT.canonical())
texts = st.text(max_size=8) | st.sampled_from(["", '"', "\\", "\n", "\x7f", "\u2028", '","', "e\u0301", "KHẨN", "MẬT", "party", "\ud800"])
long = st.builds(lambda size: "a" * size, st.sampled_from([64, 65, 300, 301, 4_000, 4_001]))
lists = st.lists(texts | long, max_size=3) | st.builds(lambda size: ["a"] * size, st.sampled_from([0, 1, 60, 61, 2_000, 2_001]))


@contextmanager
def as_json() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(content, "_PLAIN", re.compile("(?!)"))
        yield


def read(data: bytes) -> LetterContent | str:
    try:
        return parse_content(data)
    except LetterRefused as refusal:
        return str(refusal)


def same(data: bytes) -> None:
    found = read(data)
    with as_json():
        assert read(data) == found


@settings(max_examples=1500, deadline=None)
@given(st.dictionaries(st.sampled_from(content.FIELDS), texts | long | lists | st.none() | st.integers(), max_size=3))
def test_any_values_are_read_the_same(changed: dict[str, Any]) -> None:
    same(json.dumps({**VALUES, **changed}, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass"))


@settings(max_examples=800, deadline=None)
@given(st.data())
def test_changed_bytes_are_read_the_same(data: st.DataObject) -> None:
    changed = bytearray(lab.CONTENT.canonical())
    at = data.draw(st.integers(0, len(changed)))
    put = data.draw(
        st.sampled_from([b'"', b",", b'","', b" ", b"\\", b"\\u0041", b"[", b"]", b"{}", b"\xff", b"\n"]) | st.binary(max_size=2)
    )
    changed[at : at + data.draw(st.sampled_from((0, 0, 1, 3)))] = put
    same(bytes(changed))


@pytest.mark.parametrize("name", content.FIELDS)
def test_every_limit_stands_in_the_one_look(name: str) -> None:
    """At its limit a value is read in one look, and beyond it is refused."""
    if name in content._CHOICES:
        inside, beyond = [*content._CHOICES[name]], ["x"]
    elif name in content._TEXTS:
        inside, beyond = ["a" * content._TEXTS[name]], ["a" * (content._TEXTS[name] + 1)]
    else:
        count, limit = content._LISTS[name]
        inside, beyond = [["a"] * count, ["a" * limit]], [["a"] * (count + 1), ["a" * (limit + 1)], [""]]
    empty = [] if name in content._CHOICES else [[] if name in content._LISTS else ""]
    (beyond if name in content._REQUIRED else inside).extend(empty)
    for value, good in [(value, True) for value in inside] + [(value, False) for value in beyond]:
        data = json.dumps({**VALUES, name: value}, ensure_ascii=False, separators=(",", ":")).encode()
        assert (content._PLAIN.fullmatch(data.decode()) is not None) is good, (name, value)
        same(data)
