"""Routes about the process itself, for everybody: is it there, can it serve, what can be asked, what can go wrong."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path
from starlette.responses import Response

from exchange.metrics import CONTENT_TYPE, render
from exchange.web.guard import Service
from exchange.web.problems import BY_SLUG, PATH, BadRequest
from exchange.web.render import body_of, documented
from exchange.web.wire import HealthBody, MeaningBody


def routes(service: Service) -> APIRouter:
    """What needs no token, and tells nothing of any agency."""
    router = APIRouter(tags=["service"])

    @router.get("/healthz", response_model=HealthBody, summary="Is it there")
    async def healthz() -> Response:
        """This process answers. Says nothing of the database: a process is not ended because that is away."""
        return body_of(HealthBody(status="ok"))

    @router.get("/readyz", response_model=HealthBody, summary="Can it serve", responses=documented(429, 503))
    async def readyz() -> Response:
        """The database answers this process, now or a second ago: it may be sent requests."""
        await service.set_clock()
        return body_of(HealthBody(status="ready"))

    @router.get("/metrics", response_class=Response, summary="Metrics",
                responses={200: {"content": {CONTENT_TYPE: {}}, "description": "OpenMetrics text"}})  # fmt: skip
    async def metrics() -> Response:
        """How the axis stands and what this process counted, for a scraper. No organisation and no document is named."""
        return Response(render(await service.standing(), service.axis.counts.read()), headers={"Content-Type": CONTENT_TYPE})

    @router.get(PATH + "{slug}", response_model=MeaningBody, summary="What a problem means", responses=documented(404, 422))
    async def problem(slug: Annotated[str, Path(max_length=40, examples=["unknown-package"])]) -> Response:
        """The address that is the `type` of a problem."""
        found = BY_SLUG.get(slug)
        if found is None:
            raise BadRequest("not-found", "there is no problem of this name")
        return body_of(MeaningBody(type=PATH + slug, title=found.title, status=found.status, meaning=found.meaning))

    return router
