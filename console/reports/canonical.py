"""Reports as plain values, and the one way they are written as JSON."""

from __future__ import annotations

import json
from typing import Any

Tree = dict[str, Any]


def canonical(tree: Tree) -> str:
    """The written form: sorted keys, one space, UTF-8, fractions to six digits, a line feed at the end."""
    return json.dumps(_rounded(tree), sort_keys=True, ensure_ascii=False, indent=1) + "\n"


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 6)
    if isinstance(value, dict):
        return {str(key): _rounded(item) for key, item in value.items()}
    return [_rounded(item) for item in value] if isinstance(value, list | tuple) else value
