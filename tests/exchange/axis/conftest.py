"""Every way to build the axis sits the same exam."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from exchange.axis import Axis
from tests.exchange.axis.field import file_url, open_field


@pytest.fixture(params=["memory", "file"])
def axis(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Axis]:
    """An empty axis with every member enrolled."""
    opened = open_field("sqlite://" if request.param == "memory" else file_url(tmp_path / "axis.db"))
    yield opened
    opened.close()
