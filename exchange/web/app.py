"""The application: one axis behind its routes, and every error a problem of one table."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from exchange.errors import ExchangeError
from exchange.web import audit, operate, receive, submit, token
from exchange.web.guard import Service
from exchange.web.problems import BadRequest, answer_of, answer_of_status
from exchange.web.render import problem_of

_log = logging.getLogger("truc.axis")
_JSON_BODY = 1 << 20


def make_app(service: Service) -> FastAPI:
    """The service over an axis that somebody else opened and closes."""

    @asynccontextmanager
    async def life(_: FastAPI) -> AsyncIterator[None]:
        yield
        service.close()

    app = FastAPI(title="Trục", version="1", lifespan=life, docs_url=None, redoc_url=None, max_body_size=None)
    for part in (token, submit, receive, audit, operate):
        app.include_router(part.routes(service))
    app.add_exception_handler(ExchangeError, _known)
    app.add_exception_handler(RequestValidationError, _malformed)
    app.add_exception_handler(HTTPException, _bare)
    app.add_exception_handler(Exception, _unknown)
    return app


async def _known(request: Request, error: Exception) -> Response:
    answer = answer_of(error)
    if answer.status >= 500:
        _log.error("%s %s: %s", request.method, request.scope.get("route_path", "-"), error)
    return problem_of(answer)


async def _malformed(_: Request, error: Exception) -> Response:
    first: Mapping[str, Any] = error.errors()[0] if isinstance(error, RequestValidationError) else {}
    place = "/".join(str(part) for part in first.get("loc", ()))
    return problem_of(answer_of(BadRequest("malformed", f"{place}: {first.get('msg', '')}")))


async def _bare(_: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    answer = answer_of_status(status, str(getattr(error, "detail", "")))
    answer.headers.update(getattr(error, "headers", None) or {})
    return problem_of(answer)


async def _unknown(request: Request, error: Exception) -> Response:
    _log.exception("%s failed", request.method, exc_info=error)
    return problem_of(answer_of(error))
