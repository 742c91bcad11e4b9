"""Every way to build the axis sits the same exam."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest

from exchange.audit import TrustFolder, audit_archive
from exchange.axis import Axis
from tests.exchange.axis.field import at, open_field, pki
from tests.exchange.conftest import STORES, address
from tests.exchange.web.host import remote

WAYS = (*STORES, "http")
"""And the axis over HTTP, with a file behind it; with PostgreSQL and workers it stands in tests/exchange/web."""


@pytest.fixture(params=WAYS)
def axis(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Axis]:
    """An empty axis with every member enrolled; whatever a test did with it, what is left in a file is an archive without a fault."""
    opened = open_field(address(request, tmp_path))
    if request.param == "http":
        with remote(opened) as far:
            yield cast("Axis", far)
    else:
        yield opened
    opened.close()
    if request.param == "file":
        brought = TrustFolder((pki().root.certificate_der,), crls=pki().crls(at(0)))
        assert audit_archive(tmp_path / "axis.db", trust=brought).findings == ()
