"""Routes of the scope ``submit``."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from exchange.api import Receipt, Scope, Submission
from exchange.errors import Overloaded
from exchange.web.guard import Service, guarded, visitor
from exchange.web.parcels import EDXML
from exchange.web.problems import BadRequest, answer_of_rejection
from exchange.web.render import EVERYWHERE, body_of, documented, problem_of
from exchange.web.wire import ReceiptBody

_PATIENCE = 30.0
"""Seconds a submission waits for its transaction."""
_BODY = {
    "requestBody": {
        "required": True,
        "description": "One edXML package (QCVN 102:2016/BTTTT), byte for byte as it shall arrive.",
        "content": {EDXML: {"schema": {"type": "string", "contentMediaType": EDXML}}},
    }
}


def routes(service: Service) -> APIRouter:
    """What a sender needs."""
    router = guarded(service, Scope.SUBMIT)
    limit = service.axis.settings.max_package_bytes

    @router.post(
        "/packages", status_code=201, response_model=ReceiptBody, summary="Submit a package", openapi_extra=_BODY,
        responses={200: {"model": ReceiptBody, "description": "The axis held the package already: its first receipt, byte for byte"},
                   201: {"description": "The package is held by the axis; the receipt says so"},
                   **documented(400, 408, 409, 413, 415, 422, *EVERYWHERE)},
    )  # fmt: skip
    async def submit(request: Request) -> Response:
        """Hand one package to the axis: a document, a status report, or one of the negotiations (recall, take-back, update, replace).

        Answers when the package is stored for good, before its signatures are judged: what becomes of it, `/v1/deliveries` tells, and a
        refusal comes to the sender's mailbox. Safe to repeat: the same bytes again give the same receipt.
        """
        _one_media_type(request)
        at = await service.instant(request)
        async with service.spool.body(request, limit) as package:
            line = await service.pool.run(service.gatherer.hand_in, visitor(request).bearer, Submission(package), at)
        try:
            async with asyncio.timeout(_PATIENCE):
                answer = await asyncio.wrap_future(line)  # given up, it leaves the line if it still stands there
        except TimeoutError:
            raise Overloaded(1, "too-late") from None
        if not isinstance(answer, Receipt):
            return problem_of(answer_of_rejection(answer))
        place = {"Location": f"/v1/receipts/{answer.package_id}"}
        return body_of(ReceiptBody.of(answer), 200 if answer.stored else 201, place)

    return router


def _one_media_type(request: Request) -> None:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    coding = request.headers.get("content-encoding", "identity").strip().lower()
    if kind != EDXML or coding != "identity":
        raise BadRequest("media-type", f"a package comes as {EDXML}, without a content coding")
