"""Every way to build the axis sits the same exam."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest

from exchange.axis import Axis
from tests.exchange.axis.field import open_field
from tests.exchange.conftest import STORES, address
from tests.exchange.web.host import remote

WAYS = (*STORES, "http")
"""And the axis over HTTP, with a file behind it; with PostgreSQL and workers it stands in tests/exchange/web."""


@pytest.fixture(params=WAYS)
def axis(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Axis]:
    """An empty axis with every member enrolled."""
    opened = open_field(address(request, tmp_path))
    if request.param == "http":
        with remote(opened) as far:
            yield cast("Axis", far)
    else:
        yield opened
    opened.close()
