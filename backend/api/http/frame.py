"""Around every request: its id, its problems, the headers of every answer."""

from __future__ import annotations

import logging
import re
import time
from random import getrandbits
from typing import Final, NamedTuple, Protocol

from aiohttp import web
from aiohttp.typedefs import Handler

from backend.api.http.problem import (
    BODY_TOO_LARGE,
    CONTENT_TYPE,
    INTERNAL,
    METHOD_NOT_ALLOWED,
    NOT_FOUND,
    Problem,
    kind_of_status,
)
from backend.api.http.taken import Taken

log = logging.getLogger(__name__)

BODY_LIMIT = 64 * 1024
REQUEST_ID = "X-Request-Id"
SECURITY: Final = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Server": "bsls",
}
CACHING: Final = "no-store"  # nearly all is personal
CLIENT_LEFT = 499  # in logs only: nobody is there to be answered
_SANE_ID = re.compile(r"[A-Za-z0-9._:/+=-]{1,64}")
_ID = web.RequestKey("request_id", str)
_BEGUN = web.RequestKey("begun", bool)


class Quick(NamedTuple):
    """A GET of which there is no `web.Request`: answered the short way (`http/quick.py`), or a stream that outlived its
    handler (`http/taken.py`). `route`: the path as it
    was added to the router, with the server's `namespace` and `name` in it, if there are such.
    """

    user: str
    route: str
    namespace: str | None
    name: str | None
    status: int
    request_id: str
    seconds: float


class Observer(Protocol):
    """Who is told of every request."""

    def streams(self, request: web.Request, status: int) -> None:
        """A streamed answer began."""

    def ended(self, request: web.Request, status: int, problem: Problem | None, seconds: float) -> None:
        """The answer was made, or its stream ended, after so long."""

    def quick(self, told: Quick) -> None:
        """The same, where there is no request any more."""


def application(observer: Observer) -> web.Application:
    """An application whose answers are all framed; add further middlewares behind."""
    app = web.Application(middlewares=[_frame(observer)], client_max_size=BODY_LIMIT)
    app.on_response_prepare.append(_decorate(observer))
    return app


def request_id(request: web.Request) -> str:
    """Under which the request is logged, and answered."""
    return request[_ID]


def choose_id(offered: str | None) -> str:
    """The client's own id where it is sane (it gets into logs), else a new one."""
    return offered if offered and _SANE_ID.fullmatch(offered) else new_id()


def new_id() -> str:
    """Unlikely to be there twice; nothing depends on that it cannot be guessed."""
    return f"{getrandbits(64):016x}"


def problem_response(problem: Problem, request_id: str) -> web.Response:
    return web.Response(
        status=problem.kind.status,
        body=problem.body(request_id),
        content_type=CONTENT_TYPE,
        headers=problem.headers,
    )


def _frame(observer: Observer):  # type: ignore[no-untyped-def]  # aiohttp's type of a middleware is private
    @web.middleware
    async def frame(request: web.Request, handler: Handler) -> web.StreamResponse:
        started = time.perf_counter()
        request[_ID] = choose_id(request.headers.get(REQUEST_ID))
        status, problem, taken = CLIENT_LEFT, None, False
        try:
            try:
                response = await handler(request)
                taken = isinstance(response, Taken)
            except Problem as error:
                problem = error
            except web.HTTPException as error:
                if error.status < 400:
                    status = error.status
                    raise
                problem = problem_of(error)
            except ConnectionError:
                if request.transport is None or request.transport.is_closing():
                    return web.Response(status=CLIENT_LEFT)  # nobody gets it, and aiohttp does not call it an error
                raise
            except Exception:
                log.exception("request %s failed", request[_ID])
                problem = Problem(INTERNAL, f"Report this with the request id {request[_ID]}.")
            if problem is not None:
                status = problem.kind.status
                if _BEGUN in request:
                    raise _broken_off(request)
                response = problem_response(problem, request[_ID])
            status = response.status
            return response
        finally:
            if not taken:  # who took the connection tells its end
                observer.ended(request, status, problem, time.perf_counter() - started)

    return frame


def _broken_off(request: web.Request) -> ConnectionError:
    """A stream that failed must not look as if it had ended."""
    if request.transport is not None:
        request.transport.abort()
    return ConnectionResetError("the answer broke off")


def _decorate(observer: Observer):  # type: ignore[no-untyped-def]  # aiohttp's type of a signal is private
    async def decorate(request: web.Request, response: web.StreamResponse) -> None:
        headers = response.headers
        headers[REQUEST_ID] = request.get(_ID) or choose_id(None)
        policy = headers.get("Content-Security-Policy")  # a page has one of its own
        headers.update(SECURITY)
        if policy:
            headers["Content-Security-Policy"] = policy
        headers.setdefault("Cache-Control", CACHING)
        request[_BEGUN] = True
        if not isinstance(response, web.Response):
            observer.streams(request, response.status)

    return decorate


def problem_of(error: web.HTTPException) -> Problem:
    """What aiohttp itself refuses, in our words: its own may quote the request."""
    if isinstance(error, web.HTTPNotFound):
        return Problem(NOT_FOUND, "There is nothing at this path: the paths are in /api/v1/openapi.json.")
    if isinstance(error, web.HTTPMethodNotAllowed):
        allowed = ", ".join(sorted(error.allowed_methods))
        return Problem(METHOD_NOT_ALLOWED, f"Use one of these methods: {allowed}.", headers={"Allow": allowed})
    if isinstance(error, web.HTTPRequestEntityTooLarge):
        return Problem(BODY_TOO_LARGE, f"Send a body of at most {BODY_LIMIT} bytes.")
    kind = kind_of_status(error.status)
    return Problem(kind, f"{kind.title}.")
