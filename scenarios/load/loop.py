"""The event loop a load runs on: uvloop where it is installed, else asyncio's own."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from importlib.util import find_spec
from typing import TypeVar

Result = TypeVar("Result")


def loop_name() -> str:
    """Which one it is."""
    return "asyncio" if find_spec("uvloop") is None else "uvloop"


def run_loop(work: Coroutine[object, object, Result]) -> Result:
    """Run to the end on a loop of its own."""
    if find_spec("uvloop") is None:
        return asyncio.run(work)
    import uvloop  # noqa: PLC0415 - of an extra that a checkout need not have

    return uvloop.run(work)
