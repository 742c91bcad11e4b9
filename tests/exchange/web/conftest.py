"""One service for a module's tests, over an axis on a file, driven by the tests' clock."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import pytest

from exchange.api import Caller
from exchange.axis import Axis
from tests.exchange.axis.field import file_url, open_field
from tests.exchange.web.host import hosting

INSTANT = "2021-09-27T09:00:00+07:00"


@dataclass(frozen=True)
class Served:
    """An axis, and a plain HTTP client at its door."""

    axis: Axis
    http: httpx.Client
    url: str

    def token(self, who: Caller, *scopes: str) -> str:
        """An access token, got over HTTP."""
        form = {"grant_type": "client_credentials", **({"scope": " ".join(scopes)} if scopes else {})}
        answer = self.http.post("/oauth2/token", data=form, auth=(str(who.organ), who.secret))
        assert answer.status_code == 200, answer.text
        return str(answer.json()["access_token"])

    def headers(self, who: Caller, *scopes: str) -> dict[str, str]:
        """Headers of a request in a caller's name."""
        return {"Authorization": f"Bearer {self.token(who, *scopes)}", "Truc-Instant": INSTANT}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The service of this module's tests."""
    axis = open_field(file_url(tmp_path_factory.mktemp("axis") / "axis.db"))
    with hosting(axis) as url, httpx.Client(base_url=url, timeout=20) as http:
        yield Served(axis, http, url)
    axis.close()
