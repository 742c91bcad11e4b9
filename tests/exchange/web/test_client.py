"""What the client does while a service comes back: it asks again, for a token as for anything else."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from exchange.api import Caller
from exchange.client import HttpAxis
from exchange.domain.identifiers import OrganId
from exchange.errors import StoreUnavailable
from tests.exchange.axis.field import at

CALLER = Caller(OrganId("H28"), "x")


class Recovering(BaseHTTPRequestHandler):
    """Gives no token for the first so many requests, as a service does whose database starts again."""

    left = 0

    def do_POST(self) -> None:
        type(self).left -= 1
        if self.left >= 0:
            self._say(503, {"type": "/problems/store-unavailable", "reason": "the database is not reachable"}, "application/problem+json")
        else:
            self._say(200, {"access_token": "t", "token_type": "Bearer", "expires_in": 600, "scope": "receive"})

    def do_GET(self) -> None:
        self._say(200, {"packages": []})

    def log_message(self, *_: object) -> None:
        """Nothing."""

    def _say(self, status: int, body: object, kind: str = "application/json") -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


@pytest.fixture
def url() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Recovering) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_a_token_that_cannot_be_had_yet_is_asked_for_again(url: str) -> None:
    Recovering.left = 3
    with HttpAxis(url, CALLER, driven=False, patience=20) as axis:
        assert axis.waiting(CALLER, at(0)) == ()
    assert Recovering.left == -1


def test_but_not_for_ever(url: str) -> None:
    Recovering.left = 1 << 20
    with HttpAxis(url, CALLER, driven=False, patience=0.5) as axis, pytest.raises(StoreUnavailable, match="not reachable"):
        axis.waiting(CALLER, at(0))
