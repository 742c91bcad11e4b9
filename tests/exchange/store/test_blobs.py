"""Attachments: once by digest, letters as their tail, large ones in chunks, orphans swept."""

from __future__ import annotations

import os
from collections.abc import Iterator
from hashlib import sha256

import pytest
from sqlalchemy import bindparam, func, select, update

from exchange.errors import DamagedBlob
from exchange.store.blobs import CHUNK, BlobWriter, MemoryBudget, adopt, load, sweep
from exchange.store.engine import open_engine
from exchange.store.schema import ensure_schema
from exchange.store.tables import blob, chunk, upload
from exchange.store.work import Store
from tests.exchange.axis.field import DEPARTMENT, PROVINCE, TODAY, letter


@pytest.fixture
def store() -> Iterator[Store]:
    engine = open_engine("sqlite://")
    ensure_schema(engine)
    opened = Store(engine)
    yield opened
    opened.close()


def put(store: Store, data: bytes, budget: int = 1 << 20, piece: int = 50_000) -> int:
    writer = BlobWriter(store, MemoryBudget(budget))
    for start in range(0, len(data), piece):
        writer.write(data[start : start + piece])
    staged = writer.finish()
    assert (staged.sha256, staged.size) == (sha256(data).digest(), len(data))
    with store.writing() as work:
        return adopt(work, [staged])[staged.sha256]


def get(store: Store, number: int) -> bytes:
    with store.reading() as work:
        found = load(work, [number])[number]
    return b"".join(found.chunks(store))


def count(store: Store, table: object) -> int:
    with store.reading() as work:
        return int(work.value(select(func.count()).select_from(table)))  # type: ignore[arg-type]


def test_every_size_comes_back_byte_for_byte(store: Store) -> None:
    for size in (0, 1, CHUNK - 1, CHUNK, CHUNK + 1, CHUNK * 16, CHUNK * 17 + 5):
        data = os.urandom(size)
        assert get(store, put(store, data, budget=4 << 20)) == data
        assert get(store, put(store, data + b"!", budget=0)) == data + b"!"


def test_the_same_attachment_is_stored_once(store: Store) -> None:
    data = os.urandom(1000)
    assert put(store, data) == put(store, data)
    assert count(store, blob) == 1


def test_large_attachments_stand_in_chunks_of_bounded_size(store: Store) -> None:
    put(store, bytes(CHUNK * 3 + 1))
    with store.reading() as work:
        sizes = [row[0] for row in work.all(select(func.length(chunk.c.data)))]
    assert sorted(sizes) == [1, CHUNK, CHUNK, CHUNK]


def test_a_letter_is_kept_as_its_tail(store: Store) -> None:
    data = letter(PROVINCE, (DEPARTMENT,), "15", TODAY)
    number = put(store, data)
    assert get(store, number) == data
    with store.reading() as work:
        kept = work.value(select(func.length(blob.c.data)).where(blob.c.id == number))
    assert kept < len(data) / 10


def test_a_letter_that_comes_back_otherwise_is_never_handed_out(store: Store) -> None:
    number = put(store, letter(PROVINCE, (DEPARTMENT,), "15", TODAY))
    other = put(store, letter(PROVINCE, (DEPARTMENT,), "16", TODAY))
    with store.writing() as work:
        tail = work.value(select(blob.c.data).where(blob.c.id == other))
        work.run(update(blob).where(blob.c.id == number).values(data=bindparam("b_data")), {"b_data": tail})
    with pytest.raises(DamagedBlob):
        get(store, number)


def test_an_upload_nobody_adopted_is_swept_and_an_adopted_one_stays(store: Store) -> None:
    kept = put(store, bytes(CHUNK * 2))
    orphan = BlobWriter(store, MemoryBudget(0))
    orphan.write(os.urandom(CHUNK * 20))
    assert count(store, upload) == 2
    assert sweep(store, idle_seconds=3600) == 0
    assert sweep(store, idle_seconds=0) == 1
    assert count(store, upload) == 1
    assert get(store, kept) == bytes(CHUNK * 2)
    assert sweep(store, idle_seconds=0) == 0
