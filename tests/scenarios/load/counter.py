"""A counter to drive at: a small HTTP server that answers submissions as it is told to, for what concerns the driver alone."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from aiohttp import web

Respond = Callable[[int], Awaitable[web.Response]]
"""From how many submissions came before to an answer."""


def receipt(status: int = 201) -> web.Response:
    """A receipt that nobody verifies here."""
    return web.json_response({"package_id": "0" * 24}, status=status)


def problem(status: int, slug: str, **headers: str) -> web.Response:
    """A problem of the service."""
    body = json.dumps({"type": f"/problems/{slug}", "title": slug, "status": status, "detail": slug})
    return web.Response(body=body.encode(), status=status, content_type="application/problem+json", headers=headers)


@asynccontextmanager
async def counter(respond: Respond) -> AsyncIterator[str]:
    """Its address while the block lasts."""
    came = 0

    async def packages(request: web.Request) -> web.Response:
        nonlocal came
        number, came = came, came + 1
        await request.read()
        return await respond(number)

    async def token(_: web.Request) -> web.Response:
        return web.json_response({"access_token": "t", "token_type": "Bearer", "expires_in": 600, "scope": "submit"})

    async def nothing(_: web.Request) -> web.Response:
        await asyncio.sleep(0.2)
        return web.Response(status=204)

    app = web.Application(client_max_size=1 << 24)
    app.router.add_post("/v1/packages", packages)
    app.router.add_post("/oauth2/token", token)
    app.router.add_post("/v1/mailbox/collection", nothing)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()
