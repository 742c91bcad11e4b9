"""Routes of the scope ``operate`` that only read: every record of the axis, page by page. A run reconciles with them, and so may others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel
from starlette.responses import Response

from exchange.api import Scope
from exchange.observe import PAGE
from exchange.web import observed
from exchange.web.guard import Service, guarded
from exchange.web.render import EVERYWHERE, body_of, documented
from exchange.web.wire import CheckpointBody

After = Annotated[int, Query(ge=0, le=(1 << 63) - 1, description="The cursor of the last record of the page before")]
Limit = Annotated[int, Query(ge=1, le=PAGE)]


def routes(service: Service) -> APIRouter:
    """What a kernel, or an auditor beside the axis, reads."""
    router, axis = guarded(service, Scope.OPERATE), service.axis
    pages: tuple[tuple[str, str, type[BaseModel], Any, Callable[[int, int], Sequence[Any]]], ...] = (
        ("judgements", "Verdicts", observed.JudgementsBody, observed.JudgementBody.of, axis.judgement_page),
        ("letter-stamps", "Time-stamps of letters", observed.LetterStampsBody, observed.LetterStampBody.of, axis.letter_stamp_page),
        ("refusals", "Refusals", observed.RefusalsBody, observed.RefusalBody.of, axis.refusal_page),
        ("path-steps", "Certificate paths", observed.PathStepsBody, observed.PathStepBody.of, axis.path_step_page),
        ("deliveries", "Deliveries", observed.PairsBody, observed.PairBody.of, axis.delivery_page),
        ("negotiations", "Negotiations", observed.NegotiationsBody, observed.NegotiationBody.of, axis.negotiation_page),
        ("checkpoints", "Checkpoints", observed.CheckpointsBody, CheckpointBody.of, axis.checkpoint_page),
    )
    for name, summary, body, of, page in pages:
        _add(router, service, f"/operate/{name}", summary, body, of, page)

    @router.get("/operate/standing", response_model=observed.StandingBody, summary="How it stands", responses=documented(*EVERYWHERE))
    async def standing() -> Response:
        """How many receipts were signed, what is in flight, and which raw signature operations the axis' processes report."""
        receipts, depth = await service.operators.run(axis.receipts), await service.operators.run(axis.depth)
        found = await service.operators.run(axis.operations)
        operations = [observed.OperationsBody.of(one) for one in found]
        return body_of(observed.StandingBody.model_construct(receipts=receipts, depth=dict(depth), operations=operations))

    return router


def _add(
    router: APIRouter, service: Service, path: str, summary: str, body: type[BaseModel], of: Any, page: Callable[[int, int], Sequence[Any]]
) -> None:
    async def read(after: After = 0, limit: Limit = PAGE) -> Response:
        found = await service.operators.run(page, after, limit)
        return body_of(body.model_construct(records=[of(one) for one in found]))

    read.__doc__ = f"{body.__doc__}"
    router.add_api_route(path, read, methods=["GET"], response_model=body, summary=summary, responses=documented(422, *EVERYWHERE))
