"""Routes of the scope ``receive``: the caller's own mailbox."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from exchange.api import Package, PackageKind, Scope
from exchange.mailbox import PAGE_BYTES
from exchange.web.bodies import json_of
from exchange.web.guard import Service, guarded, visitor
from exchange.web.parcels import EDXML, MULTIPART, REFUSAL, media_type, said, write
from exchange.web.render import EVERYWHERE, HEADERS, body_of, documented, takes
from exchange.web.wire import LONGEST_WAIT, MOST_LINES, PACKAGE_ID, CollectionBody, ConfirmationsBody, EnvelopeBody, MailboxBody

_COLLECTED = {
    "description": "The packages, one part each: its headers are those of a package fetched alone, with `Truc-Package`, its name, and "
    "`Content-Length`, the bytes of the part, which are the package's own. A package longer than 1 MiB comes as an empty part whose "
    "`Content-Location` is where it is fetched, and `Truc-Size` its size. All parts together are 1 MiB at most.",
    "content": {MULTIPART: {"schema": {"type": "string", "contentMediaType": MULTIPART}, "example": (
        "--7b0c\r\nContent-Type: application/edxml+xml\r\nContent-Length: 20\r\nTruc-Package: 5f1c8d9a2b7e4c3d6a0f9e8b\r\n"
        "Truc-Kind: edoc\r\nTruc-Sender: H28\r\nTruc-Priority: 0\r\nTruc-Available-At: 2021-09-27T08:00:00+07:00\r\n"
        "Truc-Size: 20\r\n\r\n<?xml version='1.0'?>\r\n--7b0c--\r\n")}},
}  # fmt: skip
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
        """Unconfirmed packages: urgent documents first, then in the order of their arrival."""
        who = visitor(request)
        lines = await pool.run(axis.waiting, who.bearer, await service.instant(request), limit)
        if wait and not lines:
            await service.mailroom.wait(who.bearer, who.organ, await service.lasting(request), wait)
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
        kind = media_type(package.envelope.kind)
        if package.envelope.size <= PAGE_BYTES:
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

    @router.post("/mailbox/collection", response_class=Response, summary="Confirm packages and collect the next",
                 openapi_extra=takes(CollectionBody, {"outcomes": [{"package_id": "5f1c8d9a2b7e4c3d6a0f9e8b", "ok": True}], "wait": 30}),
                 responses={200: _COLLECTED, 204: {"description": "Confirmed, and nothing waits"},
                            **documented(400, 404, 408, 413, 415, 422, *EVERYWHERE)})  # fmt: skip
    async def collect(request: Request) -> Response:
        """One request in place of three: take out what was collected before, wait for mail if there is none, and get it, bytes and all.

        What is collected stays in the mailbox until it is confirmed, by the next collection or by `/v1/mailbox/confirmations`.
        """
        who, body = visitor(request), await json_of(request, service.spool, CollectionBody)
        at = await service.lasting(request)
        parts = await service.mailroom.collect(who.bearer, who.organ, body.fetched(), at, body.limit, body.wait)
        if not parts:
            return Response(status_code=204, headers=HEADERS)
        kind, data = write(parts)
        return Response(data, headers={**HEADERS, "Content-Type": kind})

    return router


def _said(package: Package, size: int) -> dict[str, str]:
    return {**HEADERS, "Content-Length": str(size), **said(package.envelope)}
