"""Routes of the scope ``operate``: for the organisation that runs the axis."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path
from starlette.requests import Request
from starlette.responses import Response

from exchange.api import Scope
from exchange.web.bodies import json_of
from exchange.web.guard import Service, guarded
from exchange.web.problems import BadRequest
from exchange.web.render import EVERYWHERE, body_of, documented, takes
from exchange.web.wire import CheckpointBody, OutageBody, SettledBody


def routes(service: Service) -> APIRouter:
    """What an operator needs."""
    router = guarded(service, Scope.OPERATE)
    axis, pool = service.axis, service.operators

    @router.post("/operate/settle", response_model=SettledBody, summary="Settle", responses=documented(400, 504, *EVERYWHERE))
    async def settle(request: Request) -> Response:
        """Have everything done that is due by now, or by the scenario's instant; answers when it is."""
        return body_of(SettledBody.of(await pool.run(axis.settle, await service.instant(request))))

    @router.post("/operate/seal", response_model=CheckpointBody, summary="Seal", responses=documented(400, 409, *EVERYWHERE))
    async def seal(request: Request) -> Response:
        """Enter into the ledger what happened and is not in it yet, and sign what the ledger then is."""
        return body_of(CheckpointBody.of(await pool.run(axis.seal, await service.instant(request))))

    @router.post("/operate/hops/{hop}/outages", status_code=204, response_class=Response, summary="Announce an outage",
                 openapi_extra=takes(OutageBody), responses=documented(404, 408, 413, 415, 422, *EVERYWHERE))  # fmt: skip
    async def outage(request: Request, hop: Annotated[str, Path(max_length=64, examples=["bus:H28"])]) -> Response:
        """Nothing leaves the hop in this time; only what crosses it waits."""
        body = await json_of(request, service.spool, OutageBody)
        try:
            await pool.run(axis.stop_hop, hop, body.since, body.until)
        except ValueError as error:
            raise BadRequest("malformed", str(error)) from None
        return Response(status_code=204)

    return router
