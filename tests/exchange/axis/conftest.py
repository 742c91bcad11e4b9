"""Every way to build the axis sits the same exam."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from exchange.axis import Axis
from tests.exchange.axis.field import file_url, open_field
from tests.judges import needs_postgres

STORES = ("memory", "file", pytest.param("postgres", marks=needs_postgres))
"""The stores the contract holds over; an axis behind HTTP will be one more."""


@pytest.fixture(params=STORES)
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where an empty axis is to be opened."""
    if request.param == "postgres":
        return str(request.getfixturevalue("postgres_url"))
    return "sqlite://" if request.param == "memory" else file_url(tmp_path / "axis.db")


@pytest.fixture
def axis(store_url: str) -> Iterator[Axis]:
    """An empty axis with every member enrolled."""
    opened = open_field(store_url)
    yield opened
    opened.close()
