"""Records made quickly are the dataclasses they were: the same arguments, defaults, equality and refusals."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, dataclass, field, replace
from typing import Any

import pytest

from signing import quickly_made


@quickly_made
@dataclass(frozen=True, slots=True)
class Line:
    first: str
    second: int = 2


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    late: int = 1
    early: str


def test_it_is_made_compared_and_replaced_as_before() -> None:
    assert Line("a") == Line("a", 2) == Line(second=2, first="a") == replace(Line("b"), first="a")
    assert Line("a") != Line("a", 3)
    assert hash(Line("a")) == hash(Line("a", 2))
    assert repr(Line("a")) == "Line(first='a', second=2)"
    assert Named(early="x") == Named(early="x", late=1)


def test_it_stays_frozen() -> None:
    with pytest.raises(FrozenInstanceError):
        Line("a").first = "b"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("record", "given", "named"),
    [(Line, (), {}), (Line, ("a", 2, 3), {}), (Line, ("a",), {"third": 3}), (Named, ("x",), {}), (Named, (), {})],
)
def test_wrong_arguments_are_refused(record: Any, given: tuple[Any, ...], named: dict[str, Any]) -> None:
    with pytest.raises(TypeError):
        record(*given, **named)


def test_a_record_that_does_more_than_keep_is_refused() -> None:
    @dataclass(frozen=True, slots=True)
    class Checked:
        value: int

        def __post_init__(self) -> None:
            raise ValueError

    @dataclass(frozen=True, slots=True)
    class Listed:
        values: list[int] = field(default_factory=list)

    @dataclass(frozen=True, slots=True)
    class Own:
        value: int = field(default=1, init=False)

    for record in (Checked, Listed, Own):
        with pytest.raises(TypeError, match="more than keep"):
            quickly_made(record)
