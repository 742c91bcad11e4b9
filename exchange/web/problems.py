"""What can go wrong, as RFC 9457 problem details: one table, from which the service answers and by which :class:`HttpAxis` understands.

A problem carries the fields of the exception behind it, so that the caller on the other side gets the same exception. Nothing that is not
in the table leaves the service but as ``internal-error``, which tells nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from exchange.api import Rejection
from exchange.errors import (
    AxisUnreachable,
    ExchangeError,
    Forbidden,
    InvalidOrganId,
    LockedOut,
    NotSettled,
    SealedLater,
    StoreError,
    StoreUnavailable,
    TokenRefused,
    TooManyRequests,
    Unauthenticated,
    UnknownHop,
    UnknownLedgerSize,
    UnknownPackage,
)

MEDIA_TYPE = "application/problem+json"
PATH = "/problems/"


@dataclass(frozen=True, slots=True)
class Problem:
    """One kind of problem: the last part of its type, its status, what it is called and what it means for the caller."""

    slug: str
    status: int
    title: str
    meaning: str
    error: type[Exception] | None = None
    fields: tuple[str, ...] = ()
    """Attributes of the exception, in the order of its arguments: members of the problem, by the same names."""


class BadRequest(ExchangeError):
    """A request that the service does not understand: ``slug`` names a problem of the table."""

    def __init__(self, slug: str, detail: str) -> None:
        super().__init__(slug, detail)
        self.slug, self.detail = slug, detail

    def __str__(self) -> str:
        return self.detail


PROBLEMS = (
    Problem(
        "unauthenticated", 401, "Not authenticated",
        "There is no access token, or the organisation is not registered under this secret.", Unauthenticated, ("organ",),
    ),
    Problem(
        "token-refused", 401, "Access token refused",
        "The token is not one of this axis, has expired, or its secret was replaced. Get a new one.", TokenRefused, ("rule",),
    ),
    Problem("forbidden", 403, "Not allowed", "The token does not have the scope, or the organisation may not do this.", Forbidden,
            ("organ", "scope")),
    Problem("locked-out", 403, "Locked out", "The operators of the axis shut this organisation out; `reason` says why.", LockedOut,
            ("organ", "reason")),
    Problem("unknown-package", 404, "No such package", "No package of this name is the caller's own, or in its mailbox.", UnknownPackage,
            ("package_id", "organ")),
    Problem("unknown-hop", 404, "No such hop", "The axis was opened without this leg of the road.", UnknownHop, ("hop",)),
    Problem("not-found", 404, "Not found", "There is nothing at this address; /docs lists what there is."),
    Problem("method-not-allowed", 405, "Method not allowed", "The address exists and does not know this method; see the header Allow."),
    Problem("too-slow", 408, "The body came too slowly", "A body that stands still, or comes slower than 16 KB/s, is given up."),
    Problem("too-large", 413, "Too large", "The body is larger than its route takes."),
    Problem("media-type", 415, "Media type not taken", "The route takes one media type, without a content coding; see /docs."),
    Problem("package-rejected", 422, "Package rejected",
            "The package breaks a rule: `rule` names it, `place` says where. Nothing was stored; mend the package and submit it again."),
    Problem("malformed", 422, "Malformed request", "A parameter or the body is not what the route takes; `detail` names the place."),
    Problem("unknown-ledger-size", 422, "No such size", "The ledger never had so many entries.", UnknownLedgerSize,
            ("first", "second", "size")),
    Problem("sealed-later", 409, "Sealed later", "The ledger was sealed as of a later instant; it goes forwards only.", SealedLater,
            ("sealed", "asked")),
    Problem("organ-malformed", 422, "Malformed organisation code", "The code fits neither Decision 20/2020 nor QCVN 102:2016.",
            InvalidOrganId, ("value", "rule")),
    Problem("instant", 400, "Business instant",
            "The header Truc-Instant belongs to an axis that a scenario drives: there it must stand, elsewhere it must not."),
    Problem("too-many-requests", 429, "Too many requests",
            "The agency, or everybody together, asks for more than the axis gives: `rule` says which. Ask again after Retry-After.",
            TooManyRequests, ("seconds", "rule")),
    Problem("internal-error", 500, "Internal error", "A fault of the axis. Nothing was done, or all of it: submit the same bytes again."),
    Problem("not-settled", 504, "Not settled", "Workers left work undone for too long.", NotSettled, ("rows", "seconds")),
    Problem("store-unavailable", 503, "The database cannot serve",
            "Nothing was done. What was accepted before stays whole. Ask again after Retry-After.", StoreUnavailable, ("reason",)),
)  # fmt: skip
BY_SLUG = {problem.slug: problem for problem in PROBLEMS}
_BY_ERROR = {problem.error: problem for problem in PROBLEMS if problem.error is not None}
_REJECTED = BY_SLUG["package-rejected"]
_STATUS_OF_RULE = {"duplicate-number": 409, "too-large": 413, "sender-mismatch": 403}
"""Rejections of a package that HTTP has a better word for than 422."""
REJECTION_STATUSES = (403, 409, 413, 422)
_BARE = {404: "not-found", 405: "method-not-allowed", 413: "too-large", 415: "media-type"}
_RETRY = {"store-unavailable": 2}


@dataclass(frozen=True, slots=True)
class Answer:
    """A problem as it is sent: status, headers, and the members of its JSON."""

    status: int
    headers: dict[str, str]
    body: dict[str, Any]


def answer_of(error: Exception) -> Answer:
    """The problem that an exception is."""
    if isinstance(error, BadRequest):
        return _answer(BY_SLUG[error.slug], error.detail)
    problem = next((_BY_ERROR[kind] for kind in type(error).__mro__ if kind in _BY_ERROR), None)
    if problem is None and isinstance(error, StoreError):
        return _answer(BY_SLUG["store-unavailable"], str(error), {"reason": str(error)})
    if problem is None:
        return _answer(BY_SLUG["internal-error"], "the axis has written down what went wrong")
    return _answer(problem, str(error), {name: getattr(error, name) for name in problem.fields})


def answer_of_rejection(rejection: Rejection) -> Answer:
    """The problem that a rejected package is."""
    found = _answer(_REJECTED, rejection.detail, {"rule": rejection.rule, "place": rejection.place})
    status = _STATUS_OF_RULE.get(rejection.rule, found.status)
    return Answer(status, found.headers, {**found.body, "status": status})


def answer_of_status(status: int, place: str) -> Answer:
    """The problem for a bare HTTP status at an address."""
    problem = BY_SLUG[_BARE.get(status, "malformed" if status < 500 else "internal-error")]
    return _answer(problem, f"{place}: {problem.meaning[0].lower()}{problem.meaning[1:]}")


def _answer(problem: Problem, detail: str, members: Mapping[str, Any] | None = None) -> Answer:
    body = {"type": PATH + problem.slug, "title": problem.title, "status": problem.status, "detail": detail, **(members or {})}
    return Answer(problem.status, _headers(problem, body), body)


def _headers(problem: Problem, body: Mapping[str, Any]) -> dict[str, str]:
    if problem.status == 401:
        # RFC 6750 §3.1: no error code where no credentials came
        return {"WWW-Authenticate": 'Bearer error="invalid_token"' if problem.slug == "token-refused" else "Bearer"}
    if problem.slug == "forbidden":
        return {"WWW-Authenticate": f'Bearer error="insufficient_scope", scope="{body["scope"]}"'}
    seconds = body["seconds"] if problem.slug == "too-many-requests" else _RETRY.get(problem.slug)
    return {} if seconds is None else {"Retry-After": str(seconds)}


def error_of(body: Mapping[str, Any], url: str) -> Exception | Rejection | None:
    """What a problem that came from an axis says; ``None`` when it is not in the table."""
    problem = BY_SLUG.get(str(body.get("type", "")).removeprefix(PATH))
    if problem is None:
        return None
    if problem is _REJECTED:
        return Rejection(str(body.get("rule", "")), str(body.get("place", "")), str(body.get("detail", "")))
    if problem.error is None:
        return AxisUnreachable(url, str(body.get("detail", ""))) if problem.status >= 500 else ValueError(str(body.get("detail", "")))
    if any(name not in body for name in problem.fields):
        return None
    return problem.error(*(body[name] for name in problem.fields))
