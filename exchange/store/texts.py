"""Texts and columns as databases take them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any


@cache
def dumpers() -> tuple[type, type]:
    """PostgreSQL's driver's dumpers of texts and of columns."""
    from psycopg.types.array import ListDumper  # noqa: PLC0415 - the driver is an extra
    from psycopg.types.string import StrDumper  # noqa: PLC0415

    class Storable(StrDumper):
        """What somebody asks for may hold what no stored text can; it is then not found, instead of ending the transaction."""

        def dump(self, obj: str) -> Any:
            return super().dump(storable(obj))

    class Columns(ListDumper):
        """A column of many rows, all whole numbers or all texts: the driver's own way took a fifth of a worker's time."""

        def get_key(self, obj: list[Any], format: Any) -> Any:
            return self.cls

        def upgrade(self, obj: list[Any], format: Any) -> Any:
            return self

        def dump(self, obj: list[Any]) -> Any:
            literal = array_literal(obj)
            return super().dump(obj) if literal is None else literal.encode()

    return Storable, Columns


def array_literal(values: Sequence[object]) -> str | None:
    """An array as PostgreSQL reads it (its manual, §8.15.6), or ``None`` where values are neither whole numbers nor texts."""
    kinds = {*map(type, values)}
    kinds.discard(type(None))
    if kinds <= {int}:
        return "{" + ",".join(["NULL" if value is None else str(value) for value in values]) + "}"
    if kinds == {str}:
        return "{" + ",".join(["NULL" if value is None else _quoted(value) for value in values]) + "}"  # type: ignore[arg-type]
    return None


def _quoted(words: str) -> str:
    return '"' + storable(words).replace("\\", "\\\\").replace('"', '\\"') + '"'


def storable(words: str) -> str:
    """A text every database takes: without NUL and lone surrogates, which stand for bytes that were no text."""
    if "\0" in words:
        words = words.replace("\0", "\ufffd")
    return words if words.isascii() else words.encode("utf-8", "replace").decode("utf-8")
