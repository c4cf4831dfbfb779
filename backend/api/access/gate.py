"""The middleware that nobody passes without a valid token, and that holds everyone to their limits."""

from __future__ import annotations

from collections.abc import Collection

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from backend.api.access.access import Access
from backend.api.access.caller import Caller
from backend.api.access.limits import Limits

_CALLER = web.RequestKey("caller", Caller)


def gate(access: Access, limits: Limits, public: Collection[str]) -> Middleware:
    """A middleware. `public`: the paths that need no token; every other does, whether there is a route or not."""
    open_to_all = frozenset(public)

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path not in open_to_all:
            caller = await access.authenticate(request.headers)
            request[_CALLER] = caller
            limits.admit(caller)
        return await handler(request)

    return middleware


def caller_of_request(request: web.Request) -> Caller:
    """Who sent it; of requests to public paths there is none (KeyError)."""
    return request[_CALLER]


def known_caller(request: web.Request) -> Caller | None:
    """Who sent it, where that was found out."""
    return request.get(_CALLER)
