"""Routes of the scope ``audit``: what became of the caller's own documents, and the ledger."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import AfterValidator, AwareDatetime, StringConstraints
from starlette.requests import Request
from starlette.responses import Response

from exchange.api import Scope
from exchange.domain.identifiers import OrganId
from exchange.domain.lifecycle import DeliveryState
from exchange.web.clock import YEARS
from exchange.web.guard import Service, guarded, visitor
from exchange.web.registers import DirectoryBody, OrganizationBody, StatisticsBody, TrafficBody
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
    ReceiptBody,
    ReceiptsBody,
)

MOST_PACKAGES = 100


def _in_reach(at: datetime) -> datetime:
    if at.year not in YEARS:
        raise ValueError(f"an instant of the years {YEARS[0]} to {YEARS[-1]}")
    return at


Packages = Annotated[
    list[Annotated[str, StringConstraints(pattern=PACKAGE_ID)]],
    Query(alias="package", min_length=1, max_length=MOST_PACKAGES, description="Repeat it for up to a hundred packages"),
]
MOST_ORGANIZATIONS = 1000
Moment = Annotated[AwareDatetime, AfterValidator(_in_reach), Query(examples=["2021-09-27T00:00:00+07:00"])]
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

    @router.get("/receipts/{package_id}", response_model=ReceiptBody, summary="A receipt", responses=documented(404, 422, *EVERYWHERE))
    async def receipt(request: Request, package_id: Annotated[str, Path(pattern=PACKAGE_ID)]) -> Response:
        """The receipt of one of the caller's own packages, byte for byte as it was first given."""
        (found,) = await pool.run(axis.receipts_of, visitor(request).bearer, [package_id])
        return body_of(ReceiptBody.of(found))

    @router.get("/receipts", response_model=ReceiptsBody, summary="Receipts", responses=documented(404, 422, *EVERYWHERE))
    async def receipts(request: Request, package: Packages) -> Response:
        """The receipts of several packages of the caller's own."""
        found = await pool.run(axis.receipts_of, visitor(request).bearer, package)
        return body_of(ReceiptsBody.model_construct(receipts=[ReceiptBody.of(one) for one in found]))

    @router.get("/statistics", response_model=StatisticsBody, summary="Statistics", responses=documented(422, *EVERYWHERE))
    async def statistics(request: Request, since: Moment, until: Moment) -> Response:
        """What the caller and every organisation beneath it exchanged in a period (Decision 28/2018/QĐ-TTg Art. 11).

        Beneath a ministry, a province or a department is whose code begins with its own; the axis' operator sees everybody.
        """
        # counted from the rows of the period: it may take its time, and must not keep others from a thread
        found = await service.operators.run(axis.traffic, visitor(request).bearer, since, until)
        rows = [TrafficBody.of(one, axis.directory.lookup(one.organ)) for one in found]
        return body_of(StatisticsBody.model_construct(since=since, until=until, organizations=rows))

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


def directory_routes(service: Service) -> APIRouter:
    """What everybody with a token may see."""
    router = guarded(service, None)

    @router.get("/directory", response_model=DirectoryBody, summary="The directory", responses=documented(422, *EVERYWHERE))
    async def directory(
        request: Request,
        after: Annotated[str, Query(max_length=20, description="Codes after this one", examples=["H28.20"])] = "",
        limit: Annotated[int, Query(ge=1, le=MOST_ORGANIZATIONS)] = MOST_ORGANIZATIONS,
    ) -> Response:
        """The organisations of the axis in order of their codes, a page at a time."""
        last = OrganId.parse(after) if after else None
        found = await service.pool.run(service.axis.organizations, visitor(request).bearer, last, limit + 1)
        rest = str(found[limit - 1].id) if len(found) > limit else None
        return body_of(DirectoryBody.model_construct(organizations=[OrganizationBody.of(one) for one in found[:limit]], next=rest))

    return router
