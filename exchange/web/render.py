"""Answers: JSON of one encoder, problems, and nothing a cache may keep."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel
from starlette.responses import Response

from exchange.web.problems import MEDIA_TYPE, Answer
from exchange.web.wire import ProblemBody

_NO_STORE = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


def body_of(value: BaseModel, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A body of :mod:`exchange.web.wire`."""
    return Response(value.model_dump_json().encode(), status, {**_NO_STORE, **(headers or {})}, "application/json")


def problem_of(answer: Answer) -> Response:
    """A problem. What a caller wrote may hold lone surrogates: JSON's escapes carry those too."""
    return Response(json.dumps(answer.body).encode("ascii"), answer.status, {**_NO_STORE, **answer.headers}, MEDIA_TYPE)


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """For the OpenAPI: these statuses are problems."""
    return {status: {"model": ProblemBody, "content": {MEDIA_TYPE: {}}, "description": _WORDS[status]} for status in statuses}


_WORDS = {
    400: "The header Truc-Instant stands where it must not, or not where it must",
    401: "No access token, or one that is refused",
    403: "The scope is missing, or the package names another sender",
    404: "Not the caller's own, or not there",
    408: "The body came too slowly",
    409: "The sender's document of this number was submitted before with other bytes",
    413: "The body is too large",
    415: "Another media type",
    422: "Malformed: `rule` and `place`, or `detail`, say where",
    429: "Too many requests: see Retry-After",
    503: "The database cannot serve: see Retry-After",
    504: "Workers left work undone for too long",
}
EVERYWHERE = (401, 403, 429, 503)
"""What every guarded route may answer."""
