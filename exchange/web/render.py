"""Answers: JSON of one encoder, problems, and nothing a cache may keep; and how the OpenAPI tells of problems."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel
from starlette.responses import Response

from exchange.web.problems import MEDIA_TYPE, PATH, PROBLEMS, Answer

HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


def body_of(value: BaseModel, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A body of :mod:`exchange.web.wire`."""
    return Response(value.model_dump_json().encode(), status, {**HEADERS, **(headers or {})}, "application/json")


def problem_of(answer: Answer) -> Response:
    """A problem. What a caller wrote may hold lone surrogates: JSON's escapes carry those too."""
    return Response(json.dumps(answer.body).encode("ascii"), answer.status, {**HEADERS, **answer.headers}, MEDIA_TYPE)


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """For the OpenAPI: these statuses are problems."""
    return {status: {"description": _WORDS[status], "content": {MEDIA_TYPE: _content(status)}} for status in statuses}


def takes(kind: type[BaseModel], example: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """For the OpenAPI: the route takes such a JSON body, and reads it itself, within bounds."""
    told = {} if example is None else {"example": example}
    content = {"application/json": {"schema": {"$ref": f"#/components/schemas/{kind.__name__}"}, **told}}
    return {"requestBody": {"required": True, "content": content}}


def _content(status: int) -> dict[str, Any]:
    problem = next((one for one in PROBLEMS if one.status == status), None)
    example = _EXAMPLES.get(status)
    if example is None and problem is not None:
        example = {"type": PATH + problem.slug, "title": problem.title, "status": status, "detail": problem.meaning}
    return {"schema": {"$ref": "#/components/schemas/ProblemBody"}, "example": example}


_REJECTED = {"type": PATH + "package-rejected", "title": "Package rejected"}
_EXAMPLES: dict[int, dict[str, Any]] = {
    403: {"type": PATH + "forbidden", "title": "Not allowed", "status": 403, "detail": "H28.20 may not operate here",
          "organ": "H28.20", "scope": "operate"},
    404: {"type": PATH + "unknown-package", "title": "No such package", "status": 404,
          "detail": "H28.20 has no package 5f1c8d9a2b7e4c3d6a0f9e8b", "package_id": "5f1c8d9a2b7e4c3d6a0f9e8b", "organ": "H28.20"},
    409: {**_REJECTED, "status": 409,
          "detail": "MessageHeader/Code/CodeNumber: document H28 15/UBND-VX (2021) was submitted before with other bytes",
          "rule": "duplicate-number", "place": "MessageHeader/Code/CodeNumber"},
    422: {**_REJECTED, "status": 422, "detail": "byte 9: the package is not well-formed XML (it ends before its elements do)",
          "rule": "not-well-formed", "place": "byte 9"},
    429: {"type": PATH + "too-many-requests", "title": "Too many requests", "status": 429,
          "detail": "the axis takes no more of this now: what is of this urgency already waits too long; ask again in 7 s",
          "rule": "above-capacity", "seconds": 7},
}  # fmt: skip
_WORDS = {
    400: "The header Truc-Instant stands where it must not, or not where it must",
    401: "No access token, or one that is refused",
    403: "The scope is missing, the organisation is locked out, or the package names another sender",
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
