"""What every route has: the axis, its threads, its clock; and who may come in, decided before a byte of a body is read."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from datetime import datetime
from inspect import iscoroutinefunction, signature
from typing import Any

from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute, APIRouter
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Send
from starlette.types import Scope as ASGIScope

from exchange.api import Bearer, Scope
from exchange.axis import Axis
from exchange.domain.identifiers import OrganId
from exchange.errors import ExchangeError
from exchange.gathering import Gatherer
from exchange.standing import Standing
from exchange.web.bodies import Spool
from exchange.web.clock import HEADER, DatabaseClock, instant_of
from exchange.web.limits import Buckets, WebSettings
from exchange.web.mailroom import Mailroom
from exchange.web.pool import Pool
from exchange.web.problems import BadRequest, answer_of
from exchange.web.render import problem_of

_log = logging.getLogger("truc.axis")
ANY = "directory"
"""The tag of routes for everybody with a token."""
_STANDING_SECONDS = 1.0
_OPERATORS = 2
"""Settlings and statistics at once: they take their time, and must not keep others from a thread."""


@dataclass(slots=True)
class Service:
    """One API process over one axis."""

    axis: Axis
    settings: WebSettings
    clock: DatabaseClock = field(init=False)
    pool: Pool = field(init=False)
    operators: Pool = field(init=False)
    mail: Pool = field(init=False)
    spool: Spool = field(init=False)
    buckets: Buckets = field(init=False)
    gatherer: Gatherer = field(init=False)
    mailroom: Mailroom = field(init=False)

    _standing: Standing | None = field(init=False, default=None)
    _looked: float = field(init=False, default=-math.inf)

    def __post_init__(self) -> None:
        self.clock = DatabaseClock(self.axis.machine_seconds)
        self.pool = Pool("axis", self.settings.threads, self.settings.waiting)
        self.operators = Pool("operate", _OPERATORS, 4 * _OPERATORS)
        # what has been admitted must not stand in line behind what wants to be: mail that falls behind costs more, and falls behind further
        self.mail = Pool("mail", 1, 1)
        self.spool = Spool(self.settings)
        self.buckets = Buckets(self.settings.rate, self.settings.burst)
        self.gatherer = Gatherer(self.axis)
        self.mailroom = Mailroom(self.mail, self.axis, self.clock.now)

    async def admit(self, request: Request, scope: Scope | None) -> Visitor:
        """Who asks. Raises :class:`Unauthenticated`, :class:`TokenRefused`, :class:`Forbidden`, :class:`Overloaded`."""
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
        await self.set_clock()
        return self.clock.now()

    async def lasting(self, request: Request) -> datetime | None:
        """The instant of a request that may wait: the one a scenario gave it, else ``None``: the present one whenever it is looked at."""
        at = await self.instant(request)
        return at if self.settings.driven else None

    async def set_clock(self) -> None:
        """Set the clock by the database's, if that was not done within this second. Raises :class:`StoreUnavailable`."""
        if self.clock.is_old():
            await self.pool.run(self.clock.look)

    async def standing(self) -> Standing | None:
        """How the axis stands, as of a second ago at most; ``None`` when the database does not say."""
        now = time.monotonic()
        if now - self._looked >= _STANDING_SECONDS:
            self._looked = now
            try:
                self._standing = await self.operators.run(self.axis.standing)
            except ExchangeError:
                self._standing = None
        return self._standing

    def stop_waiting(self) -> None:
        """The service is about to stop: whoever waits at a mailbox gets the answer there is."""
        self.mailroom.close()

    def close(self) -> None:
        """Finish what runs."""
        self.stop_waiting()
        self.gatherer.close()
        self.pool.close()
        self.operators.close()
        self.mail.close()


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who was let in."""

    bearer: Bearer
    organ: OrganId


def guarded(service: Service, scope: Scope | None) -> APIRouter:
    """A router whose every route lets only callers with this scope in, or with any: a route in it cannot forget to ask."""

    class Guarded(APIRoute):
        """A route behind the guard."""

        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, **options)
            if _asks_for_nothing(self):
                self.app = _answering(self.get_route_handler())

        def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
            """The route's own handler, after the guard."""
            handler = self.endpoint if _asks_for_nothing(self) else super().get_route_handler()
            name = f"{min(self.methods or ())} {self.path_format}"

            async def handle(request: Request) -> Response:
                try:
                    request.state.visitor = await service.admit(request, scope)
                    return await handler(request)
                except (RequestValidationError, HTTPException, ClientDisconnect):
                    raise
                except ExchangeError as error:
                    answer = answer_of(error)
                    if answer.status >= 500:
                        _log.error("%s: %s", name, error)
                    return problem_of(answer)
                except Exception as error:  # a fault of ours: written down, and told as that; the connection goes on
                    _log.exception("%s failed", name)
                    return problem_of(answer_of(error))

            return handle

    return APIRouter(prefix="/v1", route_class=Guarded, tags=[ANY if scope is None else scope.value])


def _asks_for_nothing(route: APIRoute) -> bool:
    """Whether its function takes the request as it is, with nothing to be found in it and checked before, and answers it itself."""
    call, named = route.endpoint, route.dependant.request_param_name
    alone = [*signature(call).parameters] == [named] and not route.dependant.dependencies
    return alone and iscoroutinefunction(call) and call.__annotations__.get("return") in ("Response", Response)


def _answering(handle: Callable[[Request], Coroutine[Any, Any, Response]]) -> ASGIApp:
    """The plain application of a route, without the stacks that FastAPI keeps for dependencies."""

    async def app(scope: ASGIScope, receive: Receive, send: Send) -> None:
        response = await handle(Request(scope, receive, send))
        await response(scope, receive, send)

    return app


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
