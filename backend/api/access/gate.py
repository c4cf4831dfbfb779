"""The middleware that nobody passes without a valid token, and that holds everyone to their limits."""

from __future__ import annotations

from collections.abc import Callable, Collection

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware
from multidict import MultiMapping

from backend.api.access.access import Access
from backend.api.access.caller import Caller
from backend.api.access.limits import Limits

_CALLER = web.RequestKey("caller", Caller)

Admit = Callable[[web.Request], MultiMapping[str] | None]
"""The headers that tell who calls; None: it needs no token."""


def by_token(public: Collection[str]) -> Admit:
    """`public`: the paths that need no token; every other does, whether there is a route or not."""
    open_to_all = frozenset(public)
    return lambda request: None if request.path in open_to_all else request.headers


def gate(access: Access, limits: Limits, admit: Admit) -> Middleware:
    """A middleware."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        headers = admit(request)
        if headers is not None:
            caller = await access.authenticate(headers)
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
