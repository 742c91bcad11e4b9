"""Routes of the scope ``receive``: the caller's own mailbox."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from exchange.api import Package, PackageKind, Scope
from exchange.web.bodies import json_of
from exchange.web.guard import Service, guarded, visitor
from exchange.web.render import EVERYWHERE, body_of, documented, takes
from exchange.web.submit import EDXML
from exchange.web.wire import PACKAGE_ID, ConfirmationsBody, EnvelopeBody, MailboxBody

MOST_LINES = 1000
LONGEST_WAIT = 60
_SMALL = 1 << 20
REFUSAL = "application/vnd.truc.refusal"
_BYTES = {"content": {EDXML: {}, REFUSAL: {}}, "description": "The package, byte for byte as it was submitted", "headers": {
    "Truc-Kind": {"schema": {"type": "string", "enum": [str(kind) for kind in PackageKind]}, "description": "What it is"},
    "Truc-Sender": {"schema": {"type": "string"}, "description": "Whose it is"},
    "Truc-Priority": {"schema": {"type": "integer"}, "description": "Its urgency, 0 to 4"},
    "Truc-Available-At": {"schema": {"type": "string", "format": "date-time"}, "description": "From when on it was there"},
}}  # fmt: skip


def routes(service: Service) -> APIRouter:
    """What a recipient needs."""
    router = guarded(service, Scope.RECEIVE)
    axis, pool = service.axis, service.pool

    @router.get("/mailbox", response_model=MailboxBody, summary="What waits", responses=documented(400, 422, *EVERYWHERE))
    async def mailbox(
        request: Request,
        limit: Annotated[int, Query(ge=1, le=MOST_LINES, description="At most so many lines")] = 100,
        wait: Annotated[float, Query(ge=0, le=LONGEST_WAIT, description="Seconds to wait for mail while there is none")] = 0,
    ) -> Response:
        """Unconfirmed packages in the order of their arrival, urgent ones first among those of one instant."""
        who = visitor(request)
        lines = await pool.run(axis.waiting, who.bearer, await service.instant(request), limit)
        if wait and not lines:
            await service.arrivals.wait(who.organ, await service.instant(request) if service.settings.driven else None, wait)
            lines = await pool.run(axis.waiting, who.bearer, await service.instant(request), limit)
        return body_of(MailboxBody.model_construct(packages=[EnvelopeBody.of(line) for line in lines]))

    @router.get(
        "/mailbox/{package_id}", response_class=Response, summary="Fetch a package",
        responses={200: _BYTES, **documented(400, 404, 422, *EVERYWHERE)},
    )  # fmt: skip
    async def fetch(request: Request, package_id: Annotated[str, Path(pattern=PACKAGE_ID)]) -> Response:
        """The bytes of one package of the mailbox. It stays there until it is confirmed."""
        at = await service.instant(request)
        (package,) = await pool.run(axis.fetch, visitor(request).bearer, [package_id], at)
        kind = REFUSAL if package.envelope.kind is PackageKind.REFUSAL else EDXML
        if package.envelope.size <= _SMALL:
            data = await pool.run(package.read)
            return Response(data, headers=_said(package, len(data)), media_type=kind)
        return StreamingResponse(pool.each(iter(package.chunks())), headers=_said(package, package.envelope.size), media_type=kind)

    @router.post("/mailbox/confirmations", status_code=204, response_class=Response, summary="Confirm packages",
                 openapi_extra=takes(ConfirmationsBody), responses=documented(400, 404, 408, 413, 415, 422, *EVERYWHERE))  # fmt: skip
    async def confirm(request: Request) -> Response:
        """Take packages out of the mailbox: fetched, or failed with a reason. Confirming again changes nothing."""
        body = await json_of(request, service.spool, ConfirmationsBody)
        await pool.run(axis.confirm, visitor(request).bearer, body.fetched(), await service.instant(request))
        return Response(status_code=204)

    return router


def _said(package: Package, size: int) -> dict[str, str]:
    line = package.envelope
    return {
        "Content-Length": str(size), "Truc-Kind": line.kind.value, "Truc-Sender": str(line.sender), "Truc-Priority": str(line.priority),
        "Truc-Available-At": line.available_at.isoformat(), "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff",
    }  # fmt: skip
