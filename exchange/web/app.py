"""The application: one axis behind its routes, and every error a problem of one table."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from exchange.errors import ExchangeError
from exchange.web import audit, observe, operate, receive, submit, token
from exchange.web import service as about
from exchange.web.docs import POLICY, page, shown
from exchange.web.guard import Service
from exchange.web.openapi import describe
from exchange.web.problems import BadRequest, answer_of, answer_of_status
from exchange.web.render import problem_of
from exchange.web.wording import sentence_of


def make_app(service: Service) -> FastAPI:
    """The service over an axis that somebody else opened and closes."""

    @asynccontextmanager
    async def life(_: FastAPI) -> AsyncIterator[None]:
        yield
        service.close()

    app = FastAPI(lifespan=life, docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)
    for part in (
        submit.routes,
        receive.routes,
        audit.routes,
        audit.directory_routes,
        token.routes,
        operate.routes,
        observe.routes,
        about.routes,
    ):
        app.router.routes.extend(part(service).routes)  # a router that is included is asked twice for each request
    _describe(app, describe(app, driven=service.settings.driven))
    app.add_exception_handler(ExchangeError, _known)
    app.add_exception_handler(RequestValidationError, _malformed)
    app.add_exception_handler(HTTPException, _bare)
    app.add_exception_handler(Exception, _unknown)
    return app


_LONGEST_PATH = 100
"""Characters of an address that are repeated in a problem."""


def _describe(app: FastAPI, document: dict[str, Any]) -> None:
    """The OpenAPI document and its page; who comes without a path is led there."""
    machine, people = json.dumps(document, ensure_ascii=False).encode(), page(document)

    async def openapi(_: Request) -> Response:
        return Response(machine, media_type="application/json", headers={"X-Content-Type-Options": "nosniff"})

    async def docs(request: Request) -> Response:
        return Response(
            shown(people, str(request.base_url)).encode(),
            media_type="text/html; charset=utf-8",
            headers={"Content-Security-Policy": POLICY, "Cache-Control": "no-store"},
        )

    async def start(_: Request) -> Response:
        return Response(status_code=307, headers={"Location": "/docs"})

    app.add_route("/", start, ["GET"], include_in_schema=False)
    app.add_route("/openapi.json", openapi, ["GET"], include_in_schema=False)
    app.add_route("/docs", docs, ["GET"], include_in_schema=False)


async def _known(_: Request, error: Exception) -> Response:
    return problem_of(answer_of(error))


async def _malformed(_: Request, error: Exception) -> Response:
    first: Mapping[str, Any] = error.errors()[0] if isinstance(error, RequestValidationError) else {}
    return problem_of(answer_of(BadRequest("malformed", sentence_of(first))))


async def _bare(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    answer = answer_of_status(status, f"{request.method} {request.url.path[:_LONGEST_PATH]}")
    answer.headers.update(getattr(error, "headers", None) or {})
    return problem_of(answer)


async def _unknown(_: Request, error: Exception) -> Response:
    """A fault of ours: the server writes it down, for it is raised again once this is sent."""
    return problem_of(answer_of(error))
