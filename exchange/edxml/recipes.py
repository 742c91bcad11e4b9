"""What packages of one shape say, read without their trees.

Where a field of the header comes from is the same for all packages of a shape. So the readers read the shape itself once, with a promise
in place of each value that a package will have. In what they make of it every promise stands where its value belongs: that is the recipe,
by which the values of a package are put there straight from its texts.

A reader may do nothing with a promise but hand it on, and look at a tree only by what :class:`_Outline` offers. Where one does more, or
where the recipe does not give what the tree gives, there is none, and packages of the shape are read from their trees.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NoReturn, cast

from exchange.edxml.fields import Fields
from exchange.edxml.shapes import LONGEST, Frame, Node, Shape, Shapes, Texts, Whole
from exchange.errors import EdxmlError

Reader = Callable[[Fields], Any]
Outlined = Callable[[Fields], Sequence[object]]
"""Reads the root element of a package into so many values; none where it has no use for a recipe."""


class _Promise:
    """A value that a package will have. Two are never equal, and none is true or false."""

    __slots__ = ()

    @property
    def organ(self) -> _Promise:
        """Of a contact promised: a recipient as good as any. That no two are the same is asked of each package."""
        return self

    def __bool__(self) -> NoReturn:
        raise TypeError("a promise has no value yet")


@dataclass(frozen=True, slots=True, eq=False)
class _Text(_Promise):
    """A text of 1 to ``limit`` characters."""

    slot: int
    limit: int


@dataclass(frozen=True, slots=True, eq=False)
class _Part(_Promise):
    """What a reader makes of an element."""

    whole: Whole
    read: Reader


class _Outline:
    """The markup of a shape as :class:`Fields` gives that of a package, with promises for values. Raises for whatever is not plain."""

    def __init__(self, shapes: Shapes, frame: Frame) -> None:
        self._shapes, self._frame = shapes, frame

    def has(self, name: str) -> bool:
        return name in self._frame.nodes

    def singly(self, *names: str) -> None:
        for name in names:
            self._only(name)

    def child(self, name: str) -> Fields:
        node = self._only(name)
        if isinstance(node, Frame):
            return cast("Fields", _Outline(self._shapes, node))
        if node is not None:
            raise TypeError(f"{name} is read as a whole or not at all")
        return _NOTHING.child(name)

    def part(self, name: str, read: Reader) -> Any:
        node = self._only(name)
        return _NOTHING.part(name, read) if node is None else self._promised(node, read)

    def parts(self, name: str, read: Reader) -> list[_Promise]:
        return [self._promised(node, read) for node in self._frame.nodes.get(name, ())]

    def text(self, name: str, limit: int, *, required: bool = False) -> Any:
        node = self._only(name)
        if isinstance(node, int):
            return _Text(node, limit or LONGEST)
        return self._constant(name, node).text(name, limit, required=required)

    def day(self, name: str, *, required: bool = False) -> Any:
        return self._value(name, _day(name, required=required))

    def number(self, name: str, low: int, high: int) -> Any:
        return self._value(name, _number(name, low, high))

    def _value(self, name: str, read: Reader) -> Any:
        node = self._only(name)
        return _Part(self._shapes.only_child(name, node), read) if isinstance(node, int) else read(self._constant(name, node))

    def _only(self, name: str) -> Node | None:
        nodes = self._frame.nodes.get(name, (None,))
        if len(nodes) > 1:
            raise TypeError(f"there are several {name}")
        return nodes[0]

    @staticmethod
    def _promised(node: Node, read: Reader) -> _Promise:
        if isinstance(node, Whole):
            return _Part(node, read)
        raise TypeError("only what is kept as a whole is read at once")

    @staticmethod
    def _constant(name: str, node: Node | None) -> Fields:
        """An element whose only child is a text of the markup, or which has none."""
        if node is None:
            return _NOTHING
        if isinstance(node, str):
            return Fields({name: [node]})
        raise TypeError(f"{name} is no text")


_NOTHING = Fields({})


@lru_cache(maxsize=64)
def _day(name: str, *, required: bool) -> Reader:
    return lambda one: one.day(name, required=required)


@lru_cache(maxsize=64)
def _number(name: str, low: int, high: int) -> Reader:
    return lambda one: one.number(name, low, high)


class Recipe:
    """Where the values of a shape's packages come from."""

    def __init__(self, shapes: Shapes, outlined: Sequence[object]) -> None:
        self._shapes = shapes
        self._given = list(outlined)
        """Values that are part of the markup, in the places of theirs."""
        places = list(enumerate(outlined))
        self._texts = [(place, one.slot, one.limit) for place, one in places if isinstance(one, _Text)]
        self._parts = [(place, one.whole, one.read) for place, one in places if isinstance(one, _Part)]
        self._rows = [
            (place, [(part.whole, part.read) for part in one]) for place, one in places
            if isinstance(one, (tuple, list)) and one and all(isinstance(part, _Part) for part in one)
        ]  # fmt: skip

    def values(self, texts: Texts) -> list[Any] | None:
        """The values of a package of these texts; ``None`` where a reader would refuse one, and say why."""
        values, element = self._given.copy(), self._shapes.element
        for place, slot, limit in self._texts:
            text = values[place] = texts[slot]
            if not 0 < len(text) <= limit:
                return None
        try:
            for place, whole, read in self._parts:
                known = element(whole, texts)
                found = known.read.get(read)
                values[place] = Fields(known).value(read) if found is None else found
            for place, row in self._rows:
                values[place] = tuple([Fields(element(whole, texts)).value(read) for whole, read in row])
        except EdxmlError:
            return None
        return values


def recipe_of(shapes: Shapes, shape: Shape, texts: Texts, read: Outlined) -> Recipe | None:
    """The recipe for what ``read`` makes of packages of a shape, tried on one of them; ``None`` where there is none."""
    if read not in shape.read:
        try:
            by_tree = read(Fields(shapes.filled(shape, texts).root))
        except EdxmlError:
            return None  # this one is refused: the next one will tell
        recipe = _recipe(shapes, shape, read)
        shape.read[read] = recipe if recipe is not None and recipe.values(texts) == list(by_tree) else None
    return cast("Recipe | None", shape.read[read])


def _recipe(shapes: Shapes, shape: Shape, read: Outlined) -> Recipe | None:
    try:
        return Recipe(shapes, read(cast("Fields", _Outline(shapes, shape.frame))))
    except Exception:  # whatever a reader that does more than hand promises on makes of them
        return None
