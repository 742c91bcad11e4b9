"""The trace on disk: one record a line, canonical JSON (keys as declared, no blanks), so that equal traces are equal bytes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import fields
from json.encoder import encode_basestring
from operator import attrgetter
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, get_args

from scenarios.trace import Cause, Channel, Record, Scope

_KINDS: dict[str, type[Any]] = {kind.__name__: kind for kind in get_args(Record)}
_FIELDS = {name: tuple(field.name for field in fields(kind)) for name, kind in _KINDS.items()}
_ENUMS = {"Scope": Scope, "Channel": Channel, "Cause": Cause}
_READERS = {
    name: {field.name: _ENUMS[field.type.partition(" ")[0]] for field in fields(kind) if field.type.partition(" ")[0] in _ENUMS}
    for name, kind in _KINDS.items()
}
_ENCODE = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False).encode
_TEMPLATES = {name: f'{{"record":"{name}"' + "".join(f',"{field}":%s' for field in names) + "}\n" for name, names in _FIELDS.items()}
_VALUES = {name: attrgetter(*names) for name, names in _FIELDS.items()}


class TraceFileError(ValueError):
    """A line that is no record: ``line`` counts from 1."""

    def __init__(self, path: str, line: int, rule: str) -> None:
        super().__init__(path, line, rule)
        self.path, self.line, self.rule = path, line, rule

    def __str__(self) -> str:
        return f"{self.path}, line {self.line}: {self.rule}"


def encode(record: Record) -> bytes:
    """One record as its line, line feed included."""
    name = type(record).__name__
    return (_TEMPLATES[name] % tuple([_value(value) for value in _VALUES[name](record)])).encode()


def _value(value: Any) -> str:
    """One value as JSON writes it; numbers and texts, which are nearly all, without the encoder's own start and end."""
    kind = type(value)
    if kind is str:
        return encode_basestring(value)
    return str(value) if kind is int else _ENCODE(value)


def decode(line: bytes) -> Record:
    """The record of a line. Raises ValueError for anything else."""
    values = json.loads(line)
    name = values.pop("record", None)
    if name not in _KINDS:
        raise ValueError(f"there is no record {name!r}")
    for field, kind in _READERS[name].items():
        if values.get(field) is not None:
            values[field] = kind(values[field])
    try:
        record: Record = _KINDS[name](**values)
    except TypeError as error:
        raise ValueError(f"{name} does not have these fields ({error})") from None
    return record


class TraceWriter:
    """A sink that writes each record as it happens; a context manager."""

    def __init__(self, path: Path) -> None:
        self._file: BinaryIO = path.open("wb", buffering=1 << 20)

    def __call__(self, record: Record) -> None:
        self._file.write(encode(record))

    def __enter__(self) -> TraceWriter:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        self._file.close()

    def close(self) -> None:
        """Write what is buffered and let go of the file."""
        self._file.close()


def read_trace(path: Path) -> Iterator[Record]:
    """The records of a file, streamed. Raises :class:`TraceFileError` naming the line."""
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            try:
                yield decode(line)
            except ValueError as error:
                raise TraceFileError(str(path), number, str(error)) from None
