"""Reading fields out of the tree, each with its place, limit and family of fault.

Rules by family of the provincial checkers: ``missing-field`` (N), ``too-long`` and ``out-of-range`` (R), ``mismatch`` (M),
``wrong-type`` (T).
"""

from __future__ import annotations

from datetime import date, datetime

from exchange.domain.calendar import VN
from exchange.domain.identifiers import OrganId
from exchange.edxml.tree import Element
from exchange.errors import EdxmlError, InvalidOrganId

_EMPTY: Element = {}


class Fields:
    """One element: its children by name. ``place`` is its path."""

    __slots__ = ("_element", "place")

    def __init__(self, element: Element, place: str) -> None:
        self._element, self.place = element, place

    def at(self, name: str) -> str:
        """Path of a child."""
        return f"{self.place}/{name}" if self.place else name

    def has(self, name: str) -> bool:
        """Whether there is such a child, even an empty one."""
        return name in self._element

    def child(self, name: str) -> Fields:
        """The only child of that name; an empty one when there is none. Raises on two."""
        values = self._element.get(name)
        if values is None:
            return Fields(_EMPTY, self.at(name))
        if len(values) > 1:
            raise EdxmlError(self.at(name), "duplicate-element", f"{len(values)} times")
        value = values[0]
        return Fields(value if isinstance(value, dict) else _EMPTY, self.at(name))

    def children(self, name: str) -> list[Fields]:
        """All children of that name, in order."""
        return [
            Fields(value if isinstance(value, dict) else _EMPTY, f"{self.at(name)}[{number}]")
            for number, value in enumerate(self._element.get(name, ()), 1)
        ]

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
