"""Reading fields out of the tree, each with its place, limit and family of fault.

Rules by family of the provincial checkers: ``missing-field`` (N), ``too-long`` and ``out-of-range`` (R), ``mismatch`` (M),
``wrong-type`` (T).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import TypeVar

from exchange.domain.calendar import VN
from exchange.domain.identifiers import OrganId
from exchange.edxml.shapes import Known
from exchange.edxml.tree import Element, Value
from exchange.errors import EdxmlError, InvalidOrganId

_EMPTY = Known({})
_ABSENT: list[Value] = [_EMPTY]
Read = TypeVar("Read")


class Fields:
    """One element: its children by name. It knows where it stands, for when it must be told."""

    __slots__ = ("_above", "_element", "_name", "_number")

    def __init__(self, element: Element, name: str = "", above: Fields | None = None, number: int = 0) -> None:
        """``number``: which of several children of that name, from 1 on; 0 for an only one."""
        self._element, self._name, self._above, self._number = element, name, above, number

    @property
    def place(self) -> str:
        """Its path."""
        own = f"{self._name}[{self._number}]" if self._number else self._name
        above = self._above.place if self._above is not None else ""
        return f"{above}/{own}" if above and own else above or own

    def at(self, name: str) -> str:
        """Path of a child."""
        place = self.place
        return f"{place}/{name}" if place else name

    def value(self, read: Callable[[Fields], Read]) -> Read:
        """What ``read`` makes of this element; of one met before, what it made then. It may look at nothing else."""
        element = self._element
        if type(element) is not Known:
            return read(self)
        found = element.read.get(read)
        if found is None:
            found = element.read[read] = read(self)
        return found  # type: ignore[return-value]  # kept under the reader that made it

    def part(self, name: str, read: Callable[[Fields], Read]) -> Read:
        """``child(name).value(read)``, in one step for an element met before."""
        found = _read_before(self._element.get(name, _ABSENT), read)
        return self.child(name).value(read) if found is None else found

    def parts(self, name: str, read: Callable[[Fields], Read]) -> list[Read]:
        """What ``read`` makes of each child of that name, in order."""
        values = self._element.get(name)
        if values is None:
            return []
        found = _read_before(values, read)
        return [one.value(read) for one in self.children(name)] if found is None else [found]

    def singly(self, *names: str) -> None:
        """Raise where one of these children stands there twice."""
        for name in names:
            values = self._element.get(name)
            if values is not None and len(values) > 1:
                self.child(name)

    def has(self, name: str) -> bool:
        """Whether there is such a child, even an empty one."""
        return name in self._element

    def child(self, name: str) -> Fields:
        """The only child of that name; an empty one when there is none. Raises on two."""
        values = self._element.get(name)
        if values is None:
            return Fields(_EMPTY, name, self)
        if len(values) > 1:
            raise EdxmlError(self.at(name), "duplicate-element", f"{len(values)} times")
        value = values[0]
        return Fields(value if isinstance(value, dict) else _EMPTY, name, self)

    def children(self, name: str) -> list[Fields]:
        """All children of that name, in order."""
        values = self._element.get(name)
        if values is None:
            return []
        return [Fields(value if isinstance(value, dict) else _EMPTY, name, self, number) for number, value in enumerate(values, 1)]

    def all(self, name: str, limit: int = 0) -> tuple[str, ...]:
        """Texts of all children of that name that have any."""
        values = self._element.get(name)
        if values is None:
            return ()
        return tuple(self._checked(value, name, limit) for value in values if isinstance(value, str) and value)

    def text(self, name: str, limit: int, *, required: bool = False) -> str:
        """Text of the only child of that name, at most ``limit`` characters; empty when absent and not required."""
        values = self._element.get(name)
        if values is None or values[0] == "":
            if required:
                raise EdxmlError(self.at(name), "missing-field")
            return ""
        value = values[0]
        if len(values) > 1:
            raise EdxmlError(self.at(name), "duplicate-element", f"{len(values)} times")
        if not isinstance(value, str):
            raise EdxmlError(self.at(name), "wrong-type", "a text was expected, elements were found")
        return self._checked(value, name, limit)

    def _checked(self, value: str, name: str, limit: int) -> str:
        if limit and len(value) > limit:
            raise EdxmlError(self.at(name), "too-long", f"{len(value)} characters, {limit} are allowed")
        return value

    def number(self, name: str, low: int, high: int) -> int | None:
        """A whole number within bounds, ``None`` when absent."""
        text = self.text(name, 0)
        if not text:
            return None
        if not (text.isascii() and text.removeprefix("-").isdigit()) or len(text) > 9:
            raise EdxmlError(self.at(name), "wrong-type", f"{text[:20]!r} is no whole number")
        value = int(text)
        if not low <= value <= high:
            raise EdxmlError(self.at(name), "out-of-range", f"{value} is not within {low} and {high}")
        return value

    def flag(self, name: str) -> bool | None:
        """``true``/``false`` or ``1``/``0``, ``None`` when absent."""
        text = self.text(name, 0).lower()
        if not text:
            return None
        if text not in {"true", "false", "0", "1"}:
            raise EdxmlError(self.at(name), "wrong-type", f"{text[:20]!r} is neither true nor false")
        return text in {"true", "1"}

    def organ(self, name: str = "OrganId") -> OrganId:
        """A required organisation code in either style."""
        text = self.text(name, 35, required=True)
        try:
            return OrganId.parse(text)
        except InvalidOrganId as error:
            raise EdxmlError(self.at(name), "organ-id", f"{text!r}: {error.rule}") from None

    def day(self, name: str, *, required: bool = False) -> date | None:
        """A date ``yyyy/MM/dd``, ``None`` when absent and not required."""
        text = self.text(name, 0, required=required)
        if not text:
            return None
        if len(text) == 10 and text[4] == text[7] == "/":
            try:
                return date.fromisoformat(text.replace("/", "-"))
            except ValueError:
                pass
        raise EdxmlError(self.at(name), "wrong-type", f"{text[:30]!r} is no date yyyy/MM/dd")

    def instant(self, name: str, *, required: bool = False) -> datetime | None:
        """An instant ``yyyy/MM/dd HH:mm:ss`` in Vietnamese civil time, ``None`` when absent and not required."""
        text = self.text(name, 0, required=required)
        if not text:
            return None
        if len(text) == 19 and text[4] == text[7] == "/" and text[10] == " " and text[13] == text[16] == ":":
            try:
                return datetime.fromisoformat(text.replace("/", "-")).replace(tzinfo=VN)
            except ValueError:
                pass
        raise EdxmlError(self.at(name), "wrong-type", f"{text[:30]!r} is no instant yyyy/MM/dd HH:mm:ss")


def _read_before(values: list[Value], read: Callable[[Fields], Read]) -> Read | None:
    """What ``read`` made of an only child, if it is one that was met before."""
    only = values[0]
    return only.read.get(read) if type(only) is Known and len(values) == 1 else None  # type: ignore[return-value]  # kept under its reader
