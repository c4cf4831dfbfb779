"""A span for each request, in the trace of its caller; at most so many a second, and none of streams and probes.

Not OpenTelemetry's instrumentation of aiohttp: that patches the application, and costs 60 microseconds a request.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from backend.telemetry import catalogue
from backend.telemetry.instruments import counter
from backend.telemetry.rate import Rate
from backend.telemetry.spans import parsed, story, telling

A_SECOND: Final = 30  # one costs 0.3 ms until it is exported: more would take more than a 50th of a busy replica
FLAG: Final = 54  # where the digit stands whose lowest bit says whether the caller's trace is kept
EVEN: Final = frozenset("02468ace")
_DROPPED = counter(catalogue.TELEMETRY_DROPPED)


def traced(quiet: Collection[str], per_second: float = A_SECOND) -> Middleware:
    """To be the outermost middleware. `quiet`: paths without spans."""
    rate, skipped = Rate(per_second), frozenset(quiet)

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        if not telling() or request.path in skipped or "event-stream" in request.headers.get("Accept", ""):
            return await handler(request)
        header = request.headers.get("traceparent", "")
        if header[FLAG : FLAG + 1] in EVEN and (parent := parsed(header)) and not parent.sampled:
            return await handler(request)
        if not rate.take():  # under load this is most of them: nothing dear stands before it
            _DROPPED.add(1, "traces", "rate")
            return await handler(request)
        parent = parsed(header)
        resource = request.match_info.route.resource
        route = resource.canonical if resource else ""
        attributes = {"http.request.method": request.method, "http.route": route, "url.scheme": request.scheme}
        with story(f"{request.method} {route}".strip(), parent=parent, served=True, attributes=attributes) as made:
            response = await handler(request)
            made.note(http__response__status_code=response.status)
            if response.status >= 500:
                made.fail(str(response.status))
            return response

    return middleware
