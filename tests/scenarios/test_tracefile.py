"""The trace on disk: what is written is read again, equal traces are equal bytes, a damaged line is named."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any, get_args

import pytest

from scenarios.trace import Cause, Channel, Dispatched, Record, Scope, Signed
from scenarios.tracefile import TraceFileError, TraceWriter, decode, encode, read_trace

SAMPLES: dict[str, Any] = {
    "int": 7, "str": "Số 07/QĐ-UBND", "bool": True, "Scope": Scope.PARTY, "Channel": Channel.AXIS, "Cause | None": Cause.OUTAGE,
    "Literal['edoc', 'status']": "edoc", 'Literal["edoc", "status"]': "edoc",
}  # fmt: skip


@pytest.mark.parametrize("kind", get_args(Record), ids=lambda kind: kind.__name__)
def test_every_record_comes_back(kind: type[Any]) -> None:
    """Each of the records, filled with one value a field, survives the file, enums as enums."""
    values = {field.name: SAMPLES.get(str(field.type), "recall" if "recall" in str(field.type) else "asked") for field in fields(kind)}
    record = kind(**values)
    line = encode(record)
    assert decode(line) == record
    assert line.endswith(b"}\n")
    assert line.count(b"\n") == 1


def test_bytes_are_pinned() -> None:
    """The canonical line of a record, as released."""
    record = Signed(36_000, "H28", "H28,2021,2700001", "H28/01", False, Cause.NO_CERTIFICATE)
    assert encode(record).decode() == (
        '{"record":"Signed","at":36000,"agency":"H28","document":"H28,2021,2700001","by":"H28/01","electronic":false,'
        '"cause":"no-certificate"}\n'
    )


def test_a_file_streams_back(tmp_path: Path) -> None:
    """Records in the order written."""
    records: list[Record] = [
        Dispatched(1, "H28", "d", "H28.13", Scope.STATE_IN_PROVINCE, Channel.PAPER, Cause.NO_COMPUTER, False, None, "province", "state"),
        Signed(2, "H28", "d", "H28/01", True, None),
    ]
    with TraceWriter(tmp_path / "trace") as sink:
        for record in records:
            sink(record)
    assert list(read_trace(tmp_path / "trace")) == records


@pytest.mark.parametrize(
    "line", [b'{"record":"Nonsense","at":1}', b"{", b'{"record":"Signed","at":1}', b'{"record":"Signed","cause":"bad"}']
)
def test_a_damaged_line_is_named(tmp_path: Path, line: bytes) -> None:
    """The error tells file and line."""
    path = tmp_path / "trace"
    path.write_bytes(encode(Signed(2, "H28", "d", "H28/01", True, None)) + line + b"\n")
    with pytest.raises(TraceFileError, match=r"trace, line 2: "):
        list(read_trace(path))
