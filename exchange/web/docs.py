"""``/docs``: the OpenAPI document as one page for people. No scripts, nothing from elsewhere: it opens in a network that is closed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from exchange.web.problems import PATH, PROBLEMS

_STYLE = """
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1b1b1b;background:#fff}
h2{margin-top:2.5rem;border-bottom:1px solid #ccc}h3{margin:2rem 0 .3rem;font-family:ui-monospace,monospace;font-size:1rem}
h3 b{display:inline-block;min-width:3.2rem;color:#0b5394}code,pre{font:14px/1.4 ui-monospace,monospace}
pre{background:#f4f4f4;padding:.7rem;overflow:auto;max-height:22rem;white-space:pre-wrap;overflow-wrap:anywhere}table{border-collapse:collapse;width:100%}
th,td{text-align:left;vertical-align:top;padding:.25rem .8rem .25rem 0;border-bottom:1px solid #e5e5e5}
@media(prefers-color-scheme:dark){body{background:#161616;color:#e6e6e6}pre{background:#242424}h3 b{color:#7fb2e5}
th,td{border-color:#3a3a3a}a{color:#9cc3ee}}
"""
POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
_SELF = re.compile(r"https?://[A-Za-z0-9.:\[\]-]{1,255}")
_HERE = "%THIS-AXIS%"
_FIRST_STEPS = """
AXIS=%THIS-AXIS%
ORGAN=H28.01     # one of the axis' members; its secret, in a file of its own:
#   truc admin rotate-secret $ORGAN --reason trial --out organ.secret --database …
TOKEN=$(printf 'user = "%s:%s"' $ORGAN $(cat organ.secret) | curl -s -K - -d grant_type=client_credentials $AXIS/oauth2/token \\
    | python3 -c 'import json, sys; print(json.load(sys.stdin)["access_token"])')
curl -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/edxml+xml' --data-binary @letter.edxml $AXIS/v1/packages
curl -H "Authorization: Bearer $TOKEN" "$AXIS/v1/mailbox?wait=30"
"""


def page(document: Mapping[str, Any]) -> str:
    """The page of an OpenAPI document, for :func:`shown`."""
    return "".join(_page(document))


def shown(page: str, address: str) -> str:
    """The page as whoever reads it at this address sees it."""
    found = _SELF.fullmatch(address.rstrip("/"))
    return page.replace(_HERE, found[0] if found else "http://127.0.0.1:8080")


def _page(document: Mapping[str, Any]) -> Iterator[str]:
    yield f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Trục</title><style>{_STYLE}</style><h1>Trục</h1>'
    yield _prose(document["info"]["description"])
    yield '<p>The same for machines: <a href="/openapi.json">/openapi.json</a> (OpenAPI 3.1).</p>'
    yield f"<h2>First steps</h2><pre>{escape(_FIRST_STEPS.strip())}</pre>"
    for tag in document["tags"]:
        yield f"<h2>{escape(tag['name'])}</h2>{_prose(tag['description'])}"
        for path, operations in document["paths"].items():
            for method, operation in operations.items():
                if operation["tags"][0] == tag["name"]:
                    yield from _operation(path, method, operation, document["components"]["schemas"])
    yield "<h2>Problems</h2><table><tr><th>Type<th>Status<th>Meaning"
    for problem in PROBLEMS:
        yield f'<tr id="{problem.slug}"><td><code>{PATH}{problem.slug}</code><td>{problem.status}<td>{_inline(problem.meaning)}'
    yield "</table><h2>Bodies</h2>"
    for name, schema in document["components"]["schemas"].items():
        yield f'<h3 id="{escape(name)}">{escape(name)}</h3><pre>{escape(json.dumps(schema, ensure_ascii=False, indent=1))}</pre>'
    yield "</html>\n"


def _operation(path: str, method: str, operation: Mapping[str, Any], schemas: Mapping[str, Any]) -> Iterator[str]:
    yield f"<h3><b>{method.upper()}</b> {escape(path)}</h3>{_prose(operation.get('description', ''))}"
    parameters = operation.get("parameters", [])
    if parameters:
        yield "<table><tr><th>Parameter<th>In<th>Meaning"
        for one in parameters:
            must = "required" if one.get("required") else ""
            yield f"<tr><td><code>{escape(one['name'])}</code><td>{one['in']} {must}<td>{_inline(one.get('description', ''))}"
        yield "</table>"
    for kind, content in operation.get("requestBody", {}).get("content", {}).items():
        yield f"<p>Body: <code>{escape(kind)}</code> {_link(content.get('schema', {}))}</p>{_example(content)}"
    yield "<table><tr><th>Answer<th>Meaning<th>Body"
    for status, answer in operation["responses"].items():
        links = " ".join(
            f"<code>{escape(kind)}</code> {_link(content.get('schema', {}))}" for kind, content in answer.get("content", {}).items()
        )
        yield f"<tr><td>{status}<td>{_inline(answer['description'])}<td>{links}"
    yield "</table>"
    for content in operation["responses"].get("200", operation["responses"].get("201", {})).get("content", {}).values():
        name = _name(content.get("schema", {}))
        yield _example({"example": example} if (example := next(iter(schemas.get(name, {}).get("examples", [])), None)) else {})


def _example(content: Mapping[str, Any]) -> str:
    if "example" not in content:
        return ""
    example = content["example"]
    return f"<pre>{escape(example if isinstance(example, str) else json.dumps(example, ensure_ascii=False, indent=1))}</pre>"


def _name(schema: Mapping[str, Any]) -> str:
    return str(schema.get("$ref", "")).rsplit("/", maxsplit=1)[-1]


def _link(schema: Mapping[str, Any]) -> str:
    name = _name(schema)
    return f'<a href="#{escape(name)}">{escape(name)}</a>' if name else ""


def _prose(text: str) -> str:
    return "".join(f"<p>{_inline(part)}</p>" for part in text.strip().split("\n\n") if part)


def _inline(text: str) -> str:
    marked = re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text))
    return re.sub(r"\n(?=\d\. )", "<br>", marked)
