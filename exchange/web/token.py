"""The token endpoint: OAuth 2.0 client credentials (RFC 6749 §4.4) with HTTP Basic. Its errors are OAuth's own, not problem details."""

from __future__ import annotations

from base64 import b64decode
from urllib.parse import parse_qsl, unquote_plus

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from exchange.api import Caller, Scope, Token
from exchange.domain.identifiers import OrganId
from exchange.errors import Forbidden, InvalidOrganId, LockedOut, Unauthenticated
from exchange.web.guard import Service
from exchange.web.render import body_of, documented
from exchange.web.wire import TokenBody, TokenErrorBody

_LONGEST = 4096
_FORM = "application/x-www-form-urlencoded"
_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            _FORM: {
                "schema": {
                    "type": "object",
                    "required": ["grant_type"],
                    "properties": {
                        "grant_type": {"type": "string", "enum": ["client_credentials"]},
                        "scope": {"type": "string", "description": "Names parted by blanks; without it, all the agency has."},
                    },
                },
                "example": {"grant_type": "client_credentials", "scope": "submit receive"},
            }
        },
    },
    "security": [{"basic": []}],
}


class _Refused(Exception):
    """No token: an error code of RFC 6749 §5.2 and a sentence."""

    def __init__(self, error: str, description: str, status: int = 400) -> None:
        super().__init__(error, description, status)
        self.error, self.description, self.status = error, description, status


def routes(service: Service) -> APIRouter:
    """The one route that asks for a secret."""
    router = APIRouter(tags=["token"])

    @router.post(
        "/oauth2/token", response_model=TokenBody, summary="Get an access token", openapi_extra=_BODY,
        responses={400: {"model": TokenErrorBody, "description": "The request, a scope or the grant type is not taken"},
                   401: {"model": TokenErrorBody, "description": "Not registered under this secret"},
                   **documented(403, 408, 413, 429, 503)},
    )  # fmt: skip
    async def token(request: Request) -> Response:
        """HTTP Basic with the organisation's code and its secret gives a token for ten minutes. Keep it until it ends."""
        try:
            caller = _caller(request)
            async with service.spool.body(request, _LONGEST) as body:
                scopes = _scopes(request, body if isinstance(body, bytes) else body.read())
            found = await service.pool.run(_ask, service, caller, scopes)
        except _Refused as refused:
            said = TokenErrorBody(error=refused.error, error_description=refused.description)
            return body_of(said, refused.status, {"WWW-Authenticate": 'Basic realm="truc"'} if refused.status == 401 else None)
        service.buckets.take(caller.organ)
        scope = " ".join(sorted(found.scopes))
        return body_of(TokenBody(access_token=found.value, expires_in=found.seconds, scope=scope), headers={"Pragma": "no-cache"})

    return router


def _ask(service: Service, caller: Caller, scopes: frozenset[Scope]) -> Token:
    try:
        return service.axis.token(caller, scopes)
    except Unauthenticated:
        raise _Refused("invalid_client", "the organisation is not registered under this secret", 401) from None
    except LockedOut as error:
        raise _Refused("unauthorized_client", error.reason) from None
    except Forbidden as error:
        raise _Refused("invalid_scope", str(error)) from None


def _caller(request: Request) -> Caller:
    """RFC 6749 §2.3.1: both halves of Basic are form-encoded before they are joined."""
    given = request.headers.getlist("authorization")
    scheme, _, encoded = given[0].partition(" ") if len(given) == 1 else ("", "", "")
    if scheme.lower() != "basic":
        raise _Refused("invalid_client", "the organisation's code and secret come by HTTP Basic", 401)
    try:
        organ, colon, secret = b64decode(encoded.strip(), validate=True).decode().partition(":")
        found = Caller(OrganId.parse(unquote_plus(organ)), unquote_plus(secret))
    except (ValueError, InvalidOrganId):
        raise _Refused("invalid_client", "HTTP Basic holds an organisation's code, a colon and its secret", 401) from None
    if not colon:
        raise _Refused("invalid_client", "HTTP Basic holds an organisation's code, a colon and its secret", 401)
    return found


def _scopes(request: Request, body: bytes) -> frozenset[Scope]:
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _FORM:
        raise _Refused("invalid_request", f"the body is {_FORM}")
    try:
        fields = parse_qsl(body.decode(), keep_blank_values=True, strict_parsing=bool(body), max_num_fields=8)
    except ValueError:
        raise _Refused("invalid_request", f"the body is {_FORM}") from None
    said = dict(fields)
    if len(said) != len(fields):
        raise _Refused("invalid_request", "a parameter comes once")
    if "grant_type" not in said:
        raise _Refused("invalid_request", "grant_type is missing")
    if said["grant_type"] != "client_credentials":
        raise _Refused("unsupported_grant_type", "the grant type is client_credentials")
    try:
        return frozenset(Scope(word) for word in said.get("scope", "").split())
    except ValueError:
        raise _Refused("invalid_scope", f"scopes are {', '.join(Scope)}") from None
