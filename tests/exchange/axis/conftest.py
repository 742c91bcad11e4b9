"""Every way to build the axis sits the same exam."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest

from exchange.axis import Axis
from tests.exchange.axis.field import file_url, open_field
from tests.exchange.web.host import remote
from tests.judges import needs_postgres

STORES = ("memory", "file", pytest.param("postgres", marks=needs_postgres))
"""The stores the contract holds over."""
WAYS = (*STORES, "http")
"""And the axis over HTTP, with a file behind it; with PostgreSQL and workers it stands in tests/exchange/web."""


@pytest.fixture(params=STORES)
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where an empty axis is to be opened."""
    return _url(request, tmp_path)


@pytest.fixture(params=WAYS)
def axis(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Axis]:
    """An empty axis with every member enrolled."""
    opened = open_field(_url(request, tmp_path))
    if request.param == "http":
        with remote(opened) as far:
            yield cast("Axis", far)
    else:
        yield opened
    opened.close()


def _url(request: pytest.FixtureRequest, folder: Path) -> str:
    if request.param == "postgres":
        return str(request.getfixturevalue("postgres_url"))
    return "sqlite://" if request.param == "memory" else file_url(folder / "axis.db")
