"""Routes of the scope ``audit``: what became of the caller's own documents, and the ledger."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import StringConstraints
from starlette.requests import Request
from starlette.responses import Response

from exchange.api import Scope
from exchange.domain.lifecycle import DeliveryState
from exchange.web.guard import Service, guarded, visitor
from exchange.web.render import EVERYWHERE, body_of, documented
from exchange.web.wire import (
    PACKAGE_ID,
    CheckpointBody,
    ConsistencyBody,
    CountBody,
    DeliveriesBody,
    DeliveryBody,
    InclusionBody,
    InclusionsBody,
    NewestBody,
)

MOST_PACKAGES = 100
Packages = Annotated[
    list[Annotated[str, StringConstraints(pattern=PACKAGE_ID)]],
    Query(alias="package", min_length=1, max_length=MOST_PACKAGES, description="Repeat it for up to a hundred packages"),
]
Size = Annotated[int, Query(ge=0, le=(1 << 63) - 1)]


def routes(service: Service) -> APIRouter:
    """What an auditor needs."""
    router = guarded(service, Scope.AUDIT)
    axis, pool = service.axis, service.pool

    @router.get("/deliveries", response_model=DeliveriesBody, summary="Where documents stand", responses=documented(404, 422, *EVERYWHERE))
    async def deliveries(request: Request, package: Packages) -> Response:
        """State of every (document, recipient) of the caller's own documents."""
        views = await pool.run(axis.deliveries, visitor(request).bearer, package)
        return body_of(DeliveriesBody.model_construct(deliveries=[DeliveryBody.of(view) for view in views]))

    @router.get("/deliveries/count", response_model=CountBody, summary="Count a state", responses=documented(422, *EVERYWHERE))
    async def count(request: Request, state: DeliveryState) -> Response:
        """How many (document, recipient) pairs of the whole axis are in one state; for the organisation that runs it."""
        found = await pool.run(axis.overview, visitor(request).bearer, state)
        return body_of(CountBody.model_construct(state=state, count=found))

    @router.get("/ledger/checkpoint", response_model=NewestBody, summary="The newest checkpoint", responses=documented(*EVERYWHERE))
    async def checkpoint() -> Response:
        """The axis' signed word on its whole ledger: keep it, and no entry before it can be changed unseen."""
        newest = await pool.run(axis.checkpoint)
        return body_of(NewestBody.model_construct(checkpoint=None if newest is None else CheckpointBody.of(newest)))

    @router.get("/ledger/inclusion", response_model=InclusionsBody, summary="Prove admissions", responses=documented(422, *EVERYWHERE))
    async def inclusion(package: Packages) -> Response:
        """Where each package's admission stands in the ledger. Whoever can name a package may ask: its receipt says no less."""
        found = await pool.run(axis.inclusion, package)
        return body_of(InclusionsBody.model_construct(inclusions=[None if one is None else InclusionBody.of(one) for one in found]))

    @router.get("/ledger/consistency", response_model=ConsistencyBody, summary="Prove growth", responses=documented(422, *EVERYWHERE))
    async def consistency(first: Size, second: Size) -> Response:
        """That an earlier ledger is the beginning of a later one."""
        return body_of(ConsistencyBody.of(await pool.run(axis.consistency, first, second)))

    return router
