"""The service in this process: real servers on real sockets in threads of their own, over an axis the test holds too."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send

from exchange.api import AxisApi, Caller
from exchange.axis import Axis
from exchange.domain.identifiers import OrganId
from exchange.driving import HttpDrivenAxis
from exchange.observe import Observed
from exchange.web.app import make_app
from exchange.web.guard import Service
from exchange.web.limits import WebSettings
from exchange.web.server import listen, make_server

OPERATOR = Caller(OrganId("G22"), "secret of the operator")
DRIVEN = WebSettings(driven=True)


@contextmanager
def hosting(axis: Axis, settings: WebSettings = DRIVEN) -> Iterator[str]:
    """The address at which the axis is served by a server of its own while the block lasts."""
    axis.enrol(OPERATOR.organ, OPERATOR.secret)
    with listen("127.0.0.1", 0) as listening:
        service = Service(axis, settings)
        server = make_server(make_app(service), settings, service.stop_waiting)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, name="host")
        thread.start()
        try:
            while not server.started:
                assert thread.is_alive()
                time.sleep(0.005)
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(30)
            assert not thread.is_alive()


class _House:
    """One server for many axes, one after the other: starting one for each test would take longer than most tests."""

    def __init__(self) -> None:
        self.app: ASGIApp | None = None
        listening = listen("127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        server = make_server(self, DRIVEN)
        threading.Thread(target=server.run, kwargs={"sockets": [listening]}, name="house", daemon=True).start()
        while not server.started:
            time.sleep(0.005)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            assert self.app is not None
            await self.app(scope, receive, send)


@cache
def _house() -> _House:
    return _House()


class Remote:
    """An axis as its users see it: the four Protocols and its records over HTTP, and what only its own house may look at beneath.

    Tests of the contract ask for both; whatever a Protocol names goes over the wire.
    """

    _PROTOCOLS = frozenset(name for one in (AxisApi, Observed) for name in dir(one) if not name.startswith("_"))

    def __init__(self, far: HttpDrivenAxis, near: Axis) -> None:
        self._far, self._near = far, near

    def __getattr__(self, name: str) -> Any:
        return getattr(self._far if name in self._PROTOCOLS else self._near, name)


@contextmanager
def remote(axis: Axis) -> Iterator[Remote]:
    """The axis over HTTP, driven by the test's clock."""
    axis.enrol(OPERATOR.organ, OPERATOR.secret)
    service = Service(axis, DRIVEN)
    _house().app = make_app(service)
    with HttpDrivenAxis(_house().url, OPERATOR, patience=5) as far:
        yield Remote(far, axis)
    _house().app = None
    service.close()
