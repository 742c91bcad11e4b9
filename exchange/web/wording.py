"""What is said of a parameter or a member of a body that a route does not take: place, rule, what came. The checking library's own words
stay inside.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from exchange.web.wire import PACKAGE_ID

_LONGEST = 40
"""Characters of a value that are repeated."""
_INSTANT = "must be an instant with its offset such as 2021-09-27T08:00:00+07:00"
_RULES = {
    "missing": "must be given",
    "extra_forbidden": "is nothing this route takes",
    "greater_than": "must be more than {gt:g}",
    "greater_than_equal": "must be {ge:g} or more",
    "less_than": "must be less than {lt:g}",
    "less_than_equal": "must be {le:g} or less",
    "finite_number": "must be a finite number",
    "string_too_long": "must have {max_length} characters or fewer",
    "string_too_short": "must have {min_length} characters or more",
    "too_long": "must have {max_length} entries or fewer",
    "too_short": "must have {min_length} entries or more",
    "enum": "must be {expected}",
    "literal_error": "must be {expected}",
}
_FAMILIES = {
    "int": "must be a whole number",
    "float": "must be a number",
    "bool": "must be true or false",
    "string": "must be a text",
    "list": "must be a list",
    "datetime": _INSTANT,
    "timezone": _INSTANT,
    "date": _INSTANT,
    "model": "must be an object",
    "dict": "must be an object",
}
"""By the first word of a kind of error, for those that say that a value is of another kind."""
_PATTERNS = {PACKAGE_ID: "must be a package's name, 24 of the signs 0-9 and a-f"}
_VALUELESS = frozenset({"missing", "extra_forbidden"})


def sentence_of(fault: Mapping[str, Any], place: tuple[str, ...] = ()) -> str:
    """``query/wait: must be 60 or less, not "99"``, of one error of a validation."""
    where = "/".join(str(part) for part in (*place, *fault.get("loc", ())))
    kind, known = str(fault.get("type", "")), dict(fault.get("ctx", {}))
    if kind == "value_error":
        rule = f"must be {known['error']}"
    elif kind == "string_pattern_mismatch":
        rule = _PATTERNS.get(known["pattern"], "must have another form")
    else:
        rule = _RULES[kind].format(**known) if kind in _RULES else _FAMILIES.get(kind.split("_", maxsplit=1)[0], "must be something else")
    return f"{where}: {rule}" + ("" if kind in _VALUELESS else f", not {_shown(fault.get('input'))}")


def _shown(value: object) -> str:
    if isinstance(value, Mapping):
        return "an object"
    if isinstance(value, list):
        return f"a list of {len(value)}"
    if isinstance(value, str) and len(value) > _LONGEST:
        return f"a text of {len(value)} characters"
    said = json.dumps(value if isinstance(value, str | int | float | None) else str(value), ensure_ascii=False)
    return said if len(said) <= 2 * _LONGEST else f"{said[:_LONGEST]}…"
