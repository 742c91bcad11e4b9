"""What every route has: the axis, its threads, its clock; and who may come in, decided before a byte of a body is read."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from fastapi.routing import APIRoute, APIRouter
from starlette.requests import Request
from starlette.responses import Response

from exchange.api import Bearer, Scope
from exchange.axis import Axis
from exchange.domain.identifiers import OrganId
from exchange.errors import TooManyRequests
from exchange.web.bodies import Spool
from exchange.web.clock import HEADER, DatabaseClock, instant_of
from exchange.web.limits import Buckets, WebSettings
from exchange.web.pool import Pool
from exchange.web.problems import BadRequest

_OPERATORS = 2
"""Settlings at once: they wait for workers, and must not keep others from a thread."""


@dataclass(slots=True)
class Service:
    """One API process over one axis."""

    axis: Axis
    settings: WebSettings
    clock: DatabaseClock = field(init=False)
    pool: Pool = field(init=False)
    operators: Pool = field(init=False)
    spool: Spool = field(init=False)
    buckets: Buckets = field(init=False)

    def __post_init__(self) -> None:
        self.clock = DatabaseClock(self.axis.machine_seconds)
        self.pool = Pool("axis", self.settings.threads, self.settings.waiting)
        self.operators = Pool("operate", _OPERATORS, _OPERATORS)
        self.spool = Spool(self.settings)
        self.buckets = Buckets(self.settings.rate, self.settings.burst)

    async def admit(self, request: Request, scope: Scope) -> Visitor:
        """Who asks. Raises :class:`Unauthenticated`, :class:`TokenRefused`, :class:`Forbidden`, :class:`TooManyRequests`."""
        bearer = Bearer(_token(request))
        organ = self.axis.recall(bearer, scope)
        if organ is None:
            organ = await self.pool.run(self.axis.authorize, bearer, scope)
        self.buckets.take(organ)
        return Visitor(bearer, organ)

    async def instant(self, request: Request) -> datetime:
        """The business instant of a request. Raises :class:`BadRequest`."""
        given = request.headers.get(HEADER)
        if self.settings.driven:
            if given is None:
                raise BadRequest("instant", f"a scenario drives this axis: every request has the header {HEADER}")
            return instant_of(given)
        if given is not None:
            raise BadRequest("instant", f"this axis follows its own clock: {HEADER} is not admitted")
        if self.clock.is_old():
            await self._look()
        return self.clock.now()

    async def _look(self) -> None:
        try:
            await self.pool.run(self.clock.look)
        except TooManyRequests:
            if not self.clock.known:
                raise

    def close(self) -> None:
        """Finish what runs."""
        self.pool.close()
        self.operators.close()


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who was let in."""

    bearer: Bearer
    organ: OrganId


def guarded(service: Service, scope: Scope) -> APIRouter:
    """A router whose every route lets only callers with this scope in: a route in it cannot forget to ask."""

    class Guarded(APIRoute):
        """A route behind the guard."""

        def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
            """The route's own handler, after the guard."""
            handler = super().get_route_handler()

            async def handle(request: Request) -> Response:
                request.state.visitor = await service.admit(request, scope)
                return await handler(request)

            return handle

    return APIRouter(prefix="/v1", route_class=Guarded, tags=[scope.value])


def visitor(request: Request) -> Visitor:
    """Whom the guard let in."""
    found: Visitor = request.state.visitor
    return found


def _token(request: Request) -> str:
    given = request.headers.getlist("authorization")
    scheme, _, token = given[0].partition(" ") if len(given) == 1 else ("", "", "")
    if scheme.lower() != "bearer" or not token.strip():
        raise BadRequest("unauthenticated", "there is no access token; POST /oauth2/token gives one")
    return token.strip()
