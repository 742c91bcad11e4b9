"""The OpenAPI document: what FastAPI finds in the routes, and what it cannot find there: scopes, the instant, examples."""

from __future__ import annotations

from datetime import date
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from exchange.api import Scope
from exchange.domain.document import TYPES
from exchange.domain.identifiers import OrganId, document_id
from exchange.edxml.model import Contact, EdocHeader, OutgoingAttachment, SignerInfo, TypeInfo
from exchange.edxml.writer import write_edoc
from exchange.web.clock import HEADER
from exchange.web.guard import ANY
from exchange.web.parcels import EDXML
from exchange.web.wire import SCOPES, CollectionBody, ConfirmationsBody, OutageBody, ProblemBody

INTRODUCTION = """
Trục carries signed documents between government agencies. An agency's software gets an access token with the agency's code and secret,
hands edXML packages in, looks into its own mailbox, and asks what became of its documents. Every agency sees its own alone.

1. `POST /oauth2/token` with HTTP Basic gives a token for some minutes.
2. `POST /v1/packages` with an edXML package gives the axis' signed receipt. Sending the same bytes again is safe: it gives the same one.
   A document, a status report (01 to 06) and the negotiations (recall, take-back, update, replace, and their answers) are all packages.
3. `GET /v1/mailbox?wait=30` tells what waits, `GET /v1/mailbox/{package_id}` gives the bytes, and `POST /v1/mailbox/confirmations` takes
   it out. `POST /v1/mailbox/collection` does all three at once, for who gets much mail: it confirms what came last, waits, and brings the
   next packages whole.
4. `GET /v1/deliveries` tells where a document stands with each recipient; `/v1/ledger/…` proves that it was entered and nothing removed.

What goes wrong comes as problem details (RFC 9457): `type` names the problem, and its address tells what it means. 401, 429 and 503 are to
be tried again: with a new token, or after `Retry-After`. Test roots, fictional people: nothing here is a real signature of a real office.
"""
TAGS = {
    "token": "An access token for an agency's code and secret.",
    **{scope.value: f"Scope `{scope}`: {words}." for scope, words in SCOPES.items()},
    ANY: "For everybody with a token.",
    "service": "About the process itself, for everybody.",
}
_METHODS = ("get", "post")


def describe(app: FastAPI, *, driven: bool) -> dict[str, Any]:
    """The document of an application. ``driven``: a scenario's clock comes in a header, which is then told of."""
    found = get_openapi(
        title="Trục", version="1", openapi_version="3.1.0", description=INTRODUCTION.strip(), routes=app.routes,
        tags=[{"name": name, "description": words} for name, words in TAGS.items()],
    )  # fmt: skip
    components = found["components"]
    components["securitySchemes"] = {
        "oauth2": {"type": "oauth2", "flows": {"clientCredentials": {"tokenUrl": "/oauth2/token", "scopes": dict(SCOPES)}}},
        "basic": {"type": "http", "scheme": "basic", "description": "The organisation's code and its secret."},
    }
    components["schemas"] = dict(sorted({**components["schemas"], **_read_by_routes()}.items()))
    for name in ("HTTPValidationError", "ValidationError"):
        components["schemas"].pop(name, None)
    for operations in found["paths"].values():
        for method in _METHODS:
            if method in operations:
                _complete(operations[method], driven=driven)
    found["paths"]["/v1/packages"]["post"]["requestBody"]["content"][EDXML]["example"] = example_package().decode()
    return found


def _read_by_routes() -> dict[str, Any]:
    """Schemas of what FastAPI does not see: bodies that routes read themselves, and problems."""
    found: dict[str, Any] = {}
    for kind in (ProblemBody, CollectionBody, ConfirmationsBody, OutageBody):
        schema = kind.model_json_schema(ref_template="#/components/schemas/{model}")
        found |= schema.pop("$defs", {})
        found[kind.__name__] = schema
    return found


def _complete(operation: dict[str, Any], *, driven: bool) -> None:
    tag = operation["tags"][0]
    if tag in {str(scope) for scope in Scope}:
        operation["security"] = [{"oauth2": [tag]}]
    elif tag == ANY:
        operation["security"] = [{"oauth2": []}]
    if driven and "400" in operation["responses"] and tag != "token":
        schema = {"type": "string", "format": "date-time"}
        words = "The business instant, in whole seconds with an offset."
        header = {"name": HEADER, "in": "header", "required": True, "schema": schema, "description": words, "example": _INSTANT}
        operation.setdefault("parameters", []).append(header)


_INSTANT = "2021-09-27T08:00:00+07:00"


def example_package() -> bytes:
    """A small package as the writer writes it. Its letter is three words and no PDF: it is admitted, and refused when it is judged."""
    sender, day = OrganId("H28"), date(2021, 9, 27)
    header = EdocHeader(
        sender=Contact(sender, "Ủy ban nhân dân tỉnh Hòa Bình"),
        recipients=(Contact(OrganId("H28.20"), "Sở Thông tin và Truyền thông"),),
        number="15", notation="UBND-VX", promulgation_date=day, subject="V/v báo cáo tình hình",
        document_id=document_id(sender, day, "15", "UBND-VX"), place="Hòa Bình", type=TypeInfo.of(TYPES["CV"]),
        signer=SignerInfo("TM.", "CHỦ TỊCH", "Nguyễn Văn A"),
    )  # fmt: skip
    return write_edoc(header, [OutgoingAttachment("letter", "letter.pdf", b"a signed PDF")])
