"""Events of the past, and traces made of them: read from a server's stream, newest first."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from pydantic import ConfigDict, Field

from backend.api.access.scope import Scope
from backend.api.data.models import _Model
from backend.api.data.query import Moment, SeenQuery, Text, VmNamespace, parse
from backend.api.data.traces import TraceView, traces_of, traces_of_work
from backend.api.http.answers import answer
from backend.api.http.pages import DEFAULT_LIMIT, MAX_LIMIT, decode_cursor, encode_cursor
from backend.api.http.problem import INVALID_QUERY, Problem, not_found, unavailable
from backend.api.openapi.route import Answer, Model, Route
from backend.api.routes.lists import SERVER
from backend.api.routes.seen import Seen
from backend.api.settings import TRACE_ID
from backend.events.catalogue import Severity
from backend.events.errors import StoreError
from backend.events.keys import ServerKeys
from backend.events.moments import parse_moment
from backend.events.reader import StreamReader
from backend.events.select import InvalidSelection, Selection, check_type

AT_ONCE = 500  # entries of one read
MAX_READ = 10_000  # for one answer: filters that match hardly anything must not read everything
TRACED = 5_000  # entries that recent traces are made of
_PURPOSE = "events"


class EventFilter(Model):
    """Which events."""

    type: str | None = Field(default=None, max_length=200, description="Such as snapshot.created, or 'tls.*'.")
    tenant: Text | None = Field(default=None, description="user@host.")
    severity: Severity | None = Field(default=None, description="This one or worse.")
    since: Moment | None = None
    until: Moment | None = None


class EventQuery(EventFilter, SeenQuery):
    """Events of a server, the newest first."""


class TraceQuery(Model):
    """Recent traces of a server, the newest first."""

    limit: int = Field(default=DEFAULT_LIMIT, ge=1, le=MAX_LIMIT, description="How many.")
    tenant: Text | None = Field(default=None, description="user@host.")
    vm_namespace: VmNamespace = None
    trace: str | None = Field(default=None, pattern=r"^[0-9a-f]{32}$", description="Only this one, by its traceId.")


class EventPage(_Model):
    """`next` may be there although nothing more matches: it tells where to read on."""

    items: tuple[dict[str, Any], ...] = Field(description="CloudEvents; the payloads are the schemas event.*.")
    next: str | None = Field(default=None, description="The cursor of older events; absent at the oldest.")


class TracePage(_Model):
    model_config = ConfigDict(extra="forbid")

    items: tuple[TraceView, ...]


@dataclass
class _Read:
    """`last`: the oldest entry that was read; `ended`: there are no older ones."""

    found: list[tuple[bytes, Mapping[str, Any]]] = field(default_factory=list)
    last: str = ""
    ended: bool = False


class History:
    """`trace_url`: of a trace in the cluster's viewer, with `{traceId}` in it."""

    def __init__(self, reader: StreamReader, seen: Seen, trace_url: str | None = None) -> None:
        self._reader = reader
        self._seen = seen
        self._trace_url = trace_url

    def event_route(self) -> Route:
        answers = (Answer(200, "A page", EventPage), Answer(304, "Unchanged"))
        return Route("GET", f"{SERVER}/events", self.events, "listEvents", "Events of a server", "events",
                     answers=answers, query=EventQuery)  # fmt: skip

    def routes(self) -> list[Route]:
        answers = (Answer(200, "Traces", TracePage), Answer(304, "Unchanged"))
        return [
            Route("GET", f"{SERVER}/traces", self.traces, "listTraces", "Recent traces of a server", "traces",
                  answers=answers, query=TraceQuery)
        ]  # fmt: skip

    async def events(self, request: web.Request) -> web.StreamResponse:
        query = parse(EventQuery, request.query)
        selection = selection_of(query, int(time.time() * 1000))
        namespace, name, scope = await self._seen.server(request, query.vm_namespace)
        before = str(decode_cursor(_PURPOSE, query.cursor, [str])[0]) if query.cursor else "+"
        read = await self._read(ServerKeys(namespace, name), scope, selection, before, query.limit, MAX_READ)
        if not query.cursor:
            self._check(namespace, name, read)
        following = None if read.ended else encode_cursor(_PURPOSE, [read.last])
        tail = b',"next":"%b"}' % following.encode() if following else b"}"
        body = b'{"items":[%b]%b' % (b",".join(raw for raw, _ in read.found), tail)
        return await answer(request, body)

    async def traces(self, request: web.Request) -> web.StreamResponse:
        query = parse(TraceQuery, request.query)
        namespace, name, scope = await self._seen.server(request, query.vm_namespace)
        selection = Selection(tenants=_exactly(query.tenant))
        read = await self._read(ServerKeys(namespace, name), scope, selection, "+", TRACED, TRACED)
        self._check(namespace, name, read)
        found = traces_of(event for _, event in reversed(read.found))
        if not query.tenant and scope.sees_all_of(namespace):
            found += await self._work(ServerKeys(namespace, name))
            found.sort(key=lambda one: (one.start, one.trace_id), reverse=True)
        if query.trace is not None:
            found = [one for one in found if one.trace_id == query.trace]
        found = [self._linked(one) for one in found[: query.limit]]
        return await answer(request, TracePage(items=tuple(found)).model_dump_json(by_alias=True).encode())

    async def _work(self, keys: ServerKeys) -> list[TraceView]:
        try:
            stories = await self._reader.stories(keys)
        except StoreError as error:
            raise unavailable(str(error)) from None
        return traces_of_work(stories, keys.name)

    def _check(self, namespace: str, name: str, read: _Read) -> None:
        """A deleted server's events are told until they expire; of one that never was there are none."""
        if not read.last and not self._seen.there(namespace, name):
            raise not_found(f"server {namespace}/{name}")

    def _linked(self, trace: TraceView) -> TraceView:
        if self._trace_url is None:
            return trace
        return trace.model_copy(update={"url": self._trace_url.replace(TRACE_ID, trace.trace_id)})

    async def _read(
        self, keys: ServerKeys, scope: Scope, selection: Selection, before: str, wanted: int, limit: int
    ) -> _Read:
        """Whole entries, until so many events are found or so many entries read."""
        read = _Read()
        count = 0
        async for entry_id, events in self._back(keys, selection, before):
            if entry_id == "":
                read.ended = True
                return read
            for raw in events:
                event = json.loads(raw)
                if selection.matches(event, entry_id) and may_see(scope, keys.namespace, event):
                    read.found.append((raw, event))
            read.last = entry_id
            count += 1
            if len(read.found) >= wanted or count >= limit:
                return read
        return read

    async def _back(
        self, keys: ServerKeys, selection: Selection, before: str
    ) -> AsyncIterator[tuple[str, list[bytes]]]:
        """Entries, the newest first; an empty id at the end."""
        while True:
            try:
                page = await self._reader.history_back(keys.stream, selection.after, before, AT_ONCE)
            except StoreError as error:
                raise unavailable(str(error)) from None
            for entry in page:
                yield entry.id, entry.events
            if len(page) < AT_ONCE:
                yield "", []
                return
            before = page[-1].id


def may_see(scope: Scope, namespace: str, event: Mapping[str, Any]) -> bool:
    """Tenants see the events whose subject they are, nothing of the server's own."""
    return scope.sees_all_of(namespace) or scope.sees_tenant(namespace, str(event.get("subject", "")))


def selection_of(query: EventFilter, now_ms: int) -> Selection:
    """Raises Problem."""
    try:
        return Selection(
            types=(check_type(query.type),) if query.type else (),
            tenants=_exactly(query.tenant),
            severity=query.severity.value if query.severity else None,
            since_ms=parse_moment(query.since, now_ms) if query.since else None,
            until_ms=parse_moment(query.until, now_ms) if query.until else None,
        )
    except (InvalidSelection, ValueError) as error:
        raise Problem(INVALID_QUERY, f"{error}.") from None


def _exactly(tenant: str | None) -> tuple[str, ...]:
    """As a pattern that matches this text only."""
    if not tenant:
        return ()
    return ("".join(f"[{one}]" if one in "*?[" else one for one in tenant),)
