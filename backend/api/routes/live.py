"""Live events: of one server, of one namespace, or of all that the caller may see."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable

from aiohttp import web
from pydantic import Field

from backend.api.access.access import Access
from backend.api.access.caller import Caller
from backend.api.access.gate import caller_of_request
from backend.api.access.limits import Limits
from backend.api.access.scope import Scope
from backend.api.data.query import Text, VmNamespace, parse
from backend.api.http.frame import Observer, Quick, request_id
from backend.api.http.problem import BAD_REQUEST, NOT_ACCEPTABLE, Problem, unavailable
from backend.api.openapi.route import EVENT_STREAM, Answer, Route
from backend.api.routes.history import EventFilter, EventQuery, History, selection_of
from backend.api.routes.lists import PREFIX
from backend.api.routes.seen import Seen
from backend.api.stream.hub import Hub, StreamsRefused, Subscriber
from backend.api.stream.position import InvalidPosition, Position
from backend.api.stream.position import parse as parse_position
from backend.events.select import Selection

_RESUME = {
    "Last-Event-ID": {
        "type": "string",
        "pattern": r"^[0-9]{1,20}-[0-9]{1,20}(\.[0-9]{1,8})?$",
        "description": "Of a stream: `id` of the last event that came.",
    }
}


class AllQuery(EventFilter):
    """Live events of all servers."""

    namespace: Text | None = Field(default=None, description="Of the servers.")
    vm_namespace: VmNamespace = None


class Live:
    """Streams, and the past of one server under the same path: `Accept` decides."""

    def __init__(
        self, hub: Hub, access: Access, limits: Limits, seen: Seen, history: History, observer: Observer
    ) -> None:
        self._hub = hub
        self._access = access
        self._limits = limits
        self._seen = seen
        self._history = history
        self._observer = observer

    def routes(self) -> list[Route]:
        stream = Answer(200, "Server-sent events; `data` is a CloudEvent, `id` its position", media=EVENT_STREAM)
        past = self._history.event_route()
        return [
            dataclasses.replace(past, handler=self.of_server, answers=(*past.answers, stream),
                                headers=_RESUME, problems=(406,)),
            Route("GET", f"{PREFIX}/events", self.of_all, "followEvents", "Live events of all servers", "events",
                  answers=(stream,), query=AllQuery, headers=_RESUME, problems=(406,)),
        ]  # fmt: skip

    async def of_server(self, request: web.Request) -> web.StreamResponse:
        position = _position(request)
        if not wants_stream(request):
            return await self._history.events(request)
        query = parse(EventQuery, request.query)
        selection = selection_of(query, _now_ms())
        namespace, name, scope = await self._seen.server(request, query.vm_namespace)
        selection = dataclasses.replace(selection, servers=(f"{namespace}/{name}",))
        return await self._serve(request, selection, scope, position)

    async def of_all(self, request: web.Request) -> web.StreamResponse:
        if not wants_stream(request):
            raise Problem(NOT_ACCEPTABLE, f"Send Accept: {EVENT_STREAM}; the past is listed server by server.")
        query = parse(AllQuery, request.query)
        selection = selection_of(query, _now_ms())
        if query.namespace:
            selection = dataclasses.replace(selection, namespaces=(query.namespace,))
        scope = await self._seen.all(request, query.namespace, query.vm_namespace)
        return await self._serve(request, selection, scope, _position(request))

    async def _serve(
        self, request: web.Request, selection: Selection, scope: Scope, position: Position | None
    ) -> web.StreamResponse:
        caller = caller_of_request(request)

        async def still_allowed() -> Scope | None:
            return await self._access.recheck(caller, scope)

        subscriber = Subscriber(selection, scope, position, still_allowed, caller.expires)
        self._limits.enter(caller)
        try:
            return await self._hub.serve(request, subscriber, self._end_of(request, caller))
        except BaseException as error:
            self._limits.leave(caller.username)
            if isinstance(error, StreamsRefused):
                raise unavailable(f"{error}.") from None
            raise

    def _end_of(self, request: web.Request, caller: Caller) -> Callable[[], None]:
        """What is done when the stream has ended; holds nothing of the request, which is long gone by then."""
        match, begun, observer, limits = request.match_info, time.perf_counter(), self._observer, self._limits
        resource = match.route.resource
        told = Quick(caller.username, resource.canonical if resource else "", match.get("namespace"), match.get("name"),
                     200, request_id(request), 0)  # fmt: skip

        def end() -> None:
            limits.leave(told.user)
            observer.quick(told._replace(seconds=time.perf_counter() - begun))

        return end


def wants_stream(request: web.Request) -> bool:
    """An EventSource asks for exactly this type; whatever takes everything gets JSON."""
    return any(part.partition(";")[0].strip() == EVENT_STREAM for part in request.headers.get("Accept", "").split(","))


def _position(request: web.Request) -> Position | None:
    text = request.headers.get("Last-Event-ID")
    if not text:
        return None
    try:
        return parse_position(text)
    except InvalidPosition as error:
        raise Problem(BAD_REQUEST, f"Last-Event-ID: {error}.") from None


def _now_ms() -> int:
    return int(time.time() * 1000)
