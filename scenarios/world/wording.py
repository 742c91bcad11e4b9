"""What is said of a value that the schema does not take: what must stand there and what does, never the checking library's own words.

What a key may hold is read off the schema itself, so that a bound is written once. Values are named as TOML writes them, cut where long.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from difflib import get_close_matches
from functools import cache
from typing import Any

from pydantic_core import ErrorDetails

from scenarios.world.expand import Place
from scenarios.world.places import printable
from scenarios.world.schema import WorldItem

Node = Mapping[str, Any]
_LONGEST = 40
"""Characters of a value that are repeated."""
NAME = "[key]"
"""What the checking library calls the name of a table, at the end of a place."""


def rule_of(fault: ErrorDetails) -> str:
    """The sentence about one fault of the schema."""
    place = fault["loc"]
    if place[-1] == NAME:
        return f"a table is called by a printable name of 1 to 60 characters, not {shown(fault['input'])}"
    if fault["type"] == "missing":
        return "this key must be given"
    if fault["type"] == "extra_forbidden":
        near = _near(place, fault["input"])
        kind = "table" if _is_table(fault["input"]) else "key"
        return f"unknown {kind}; is {near} meant?" if near else f"unknown {kind}"
    return f"this must be {_wanted(_at(place))}, not {shown(fault['input'])}"


def _is_table(value: object) -> bool:
    return isinstance(value, Mapping) or (isinstance(value, list) and bool(value) and all(isinstance(one, Mapping) for one in value))


def _near(place: Place, value: object) -> str:
    """The key that is meant by one there is not: of those written nearly so, one that takes such a value before one that does not."""
    near = get_close_matches(str(place[-1]), tuple(_at(place[:-1]).get("properties", ())), n=3)
    fitting = (one for one in near if _TYPES.get(type(value)) == _at((*place[:-1], one)).get("type"))
    return next(fitting, near[0] if near else "")


_TYPES = {bool: "boolean", int: "integer", float: "number", str: "string", list: "array", dict: "object"}
"""What the schema calls a type of TOML."""


@cache
def _schema() -> Node:
    return WorldItem.model_json_schema()


def _at(place: Place) -> Node:
    """What the schema says of a place; nothing where it has none."""
    node = _schema()
    for part in place:
        inner = node.get("items", {}) if isinstance(part, int) else node.get("properties", {}).get(part) or _of_any_name(node)
        node = _resolved(inner if isinstance(inner, Mapping) else {})
    return node


def _of_any_name(node: Node) -> object:
    """What stands under names the file chooses."""
    return next(iter(node.get("patternProperties", {}).values()), None)


def _resolved(node: Node) -> Node:
    """The node itself, without "or nothing at all" and references around it: TOML has no way to say nothing."""
    while "anyOf" in node or "$ref" in node:
        if "anyOf" in node:
            node = next(one for one in node["anyOf"] if one.get("type") != "null")
        else:
            node = _schema()["$defs"][node["$ref"].rpartition("/")[2]]
    return node


_KINDS = {
    "boolean": "true or false",
    "integer": "a whole number from {low} to {high}",
    "array": "a list in square brackets",
    "string": "a text in quotes",
    "object": "a table of keys",
}


def _wanted(node: Node) -> str:
    """What may stand at a place, as the sentence goes on."""
    kind = node.get("format") or node.get("type") or "object"
    low, high = node.get("minimum", node.get("exclusiveMinimum")), node.get("maximum")
    if "enum" in node:
        return "one of " + ", ".join(json.dumps(one, ensure_ascii=False) for one in node["enum"])
    if "description" in node and kind != "object":
        return str(node["description"])
    if kind == "number" and low is not None:
        return f"a number above {low:g} and up to {high:.0f}"
    if kind == "number" and high is not None:
        return f"a number up to {high:.0f}"
    if kind == "array" and _resolved(node["items"]).get("type") == "object":
        return f"a list of at most {node['maxItems']} tables" if "maxItems" in node else "a list of tables"
    if "maxItems" in node and "minItems" in node:
        return f"a list in square brackets of {node['minItems']} to {node['maxItems']}"
    if "maxItems" in node:
        return f"a list in square brackets of at most {node['maxItems']}"
    if "maxLength" in node:
        return f"a printable text in quotes of {node.get('minLength', 0)} to {node['maxLength']} characters"
    return _KINDS[kind].format(low=low, high=high)


_LONGEST_NUMBER = 128
"""Bits of a number that is shown in digits."""


def shown(value: object) -> str:
    """What stands there, on one line, cut where it is long."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int) and value.bit_length() > _LONGEST_NUMBER:
        return f"a number of {value.bit_length()} bits"  # in digits Python would refuse to write it
    if isinstance(value, Mapping):
        return "a table of keys"
    if isinstance(value, list):
        return f"a list of {len(value)}"
    if isinstance(value, str):
        shown = printable(json.dumps(value[:_LONGEST], ensure_ascii=False))
        return shown if len(value) <= _LONGEST else f'{shown[:-1]}…" of {len(value)} characters'
    said = value.isoformat() if hasattr(value, "isoformat") else str(value)
    return said if len(said) <= _LONGEST else f"{said[:_LONGEST]}…"
