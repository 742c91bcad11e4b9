"""The stores the exchange's tests are held over, where the store matters."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.exchange.axis.field import file_url
from tests.judges import needs_postgres

STORES = ("memory", "file", pytest.param("postgres", marks=needs_postgres))


@pytest.fixture(params=STORES)
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where an empty axis is to be opened."""
    return address(request, tmp_path)


def address(request: pytest.FixtureRequest, folder: Path) -> str:
    """Of an empty store of the kind a fixture was asked for; what is behind HTTP is a file."""
    if request.param == "postgres":
        return str(request.getfixturevalue("postgres_url"))
    return "sqlite://" if request.param == "memory" else file_url(folder / "axis.db")
