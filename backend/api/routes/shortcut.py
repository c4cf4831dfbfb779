"""The short way to a page of a list: all that the long way asks is asked, of what is in memory, in one go.

Who calls, what they may see, and how much they may ask for are decided by the same objects as on the long way, anew for
each request. Where one of them does not know, or says no, the answer is None, and the long way finds out and tells.

What is remembered beside: what header lines mean, by their digest, for aiohttp has read them before (the digest of the
token, the coding, the ETags that the client has; and which answers of Kubernetes let them see a server, to look whether
these still stand); pages as they go out, by what they are made of; and for one turn of the loop, what is held of a
server: requests of one turn came at the same time.
"""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections import OrderedDict
from dataclasses import dataclass, field
from email.utils import formatdate
from functools import lru_cache
from typing import Final, Generic, TypeVar

from aiohttp import hdrs, web

from backend.api.access.access import Access, Standing
from backend.api.access.caller import Caller
from backend.api.access.gate import caller_of_request
from backend.api.access.limits import Limits
from backend.api.access.scope import Scope
from backend.api.data.lists import Page, version_of
from backend.api.data.projections import Projections
from backend.api.data.query import SeenQuery, ServerQuery, SessionQuery, SnapshotQuery, TenantQuery, parse_text
from backend.api.data.room import Data
from backend.api.http.answers import JSON_TYPE, coded, is_known, known_tags
from backend.api.http.encoding import COMPRESS_FROM, IN_THREAD_FROM, choose, compress_now
from backend.api.http.frame import CACHING, REQUEST_ID, SECURITY, Observer, Quick, new_id
from backend.api.http.problem import Problem
from backend.api.http.quick import QuickConnection
from backend.api.routes.lists import PREFIX, SERVER
from backend.api.routes.seen import Seen

log = logging.getLogger(__name__)

MOST_HEADS = 8 << 20  # bytes
MOST_PAGES = 64 << 20  # bytes
LONGEST_TARGET = 2048
MOST_STANDINGS = 64  # servers, of one head
_OVERHEAD = 1024  # bytes of what is remembered, beside its text
_SPECIAL = (REQUEST_ID, hdrs.EXPECT, hdrs.UPGRADE, "traceparent")  # what asks for more than a page

_NAME = rb"([a-z0-9][a-z0-9.-]*)"
_TARGET = re.compile(
    rb"%b/servers(?:/%b/%b/(snapshots|sessions|tenants))?(?:\?([!\"$-~]*))?" % (PREFIX.encode(), _NAME, _NAME)
)
_KINDS: Final[dict[str, type[SeenQuery]]] = {
    "snapshots": SnapshotQuery, "sessions": SessionQuery, "tenants": TenantQuery,
}  # fmt: skip
_FRAME = "".join(f"{name}: {value}\r\n" for name, value in {**SECURITY, "Cache-Control": CACHING}.items()).encode()


Server = tuple[str, str]  # namespace and name


@dataclass(frozen=True, slots=True, eq=False)
class Head:
    """What the header lines of a request say: `token` is the digest of the caller's, `tags` are of `If-None-Match`.
    `standings`: of the caller, at servers.
    """

    token: bytes
    coding: str | None
    tags: frozenset[str]
    standings: dict[Server, Standing] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """A page, as a URL asks for it. No `server`: of servers. `moving`: with the time it becomes another one."""

    route: str
    server: Server | None
    query: SeenQuery
    moving: bool


@dataclass(frozen=True, slots=True)
class Answer:
    """As it goes out, but for the date and the request's id; `etag` is of the page in no coding."""

    etag: str
    head: bytes
    body: bytes


class PageShortcut:
    """A `Shortcut` of `http/quick.py`. `given`: how many answers went this way."""

    def __init__(self, access: Access, limits: Limits, data: Data, seen: Seen, observer: Observer) -> None:
        self._access = access
        self._limits = limits
        self._data = data
        self._seen = seen
        self._observer = observer
        self._heads: _Recent[bytes, Head] = _Recent(MOST_HEADS)
        self._answers: _Recent[object, Answer] = _Recent(MOST_PAGES)
        self._turn: dict[Server, Projections] = {}
        self.given = 0

    def learn(self, request: web.Request) -> None:
        """A request that was authorised and answered with a page, the long way; of those by token, as `answer` is."""
        if not request.path.startswith(f"{PREFIX}/"):
            return  # authorised by a session
        connection = request.protocol
        head = connection.head_under_way() if isinstance(connection, QuickConnection) else None
        if head is None or not request.keep_alive or any(name in request.headers for name in _SPECIAL):
            return
        token = self._access.digest_of(caller_of_request(request))
        coding, tags = choose(request.headers.get(hdrs.ACCEPT_ENCODING)), known_tags(request)
        self._heads.put(head, Head(token, coding, tags), _OVERHEAD + sum(map(len, tags)))

    def answer(self, target: bytes, head: bytes) -> bytes | None:
        try:
            return self._answer(target, head)
        except Problem:
            return None  # the long way tells it
        except Exception:
            log.exception("the short way failed; the long way answers")
            return None

    def _answer(self, target: bytes, head: bytes) -> bytes | None:
        begun = time.perf_counter()
        said = self._heads.get(head) if len(target) <= LONGEST_TARGET else None
        asked = None if said is None else asked_for(target)
        if said is None or asked is None:
            return None
        chosen = self._of_server(said, asked, asked.server) if asked.server else self._of_all(said, asked)
        if chosen is None:
            return None
        caller, found = chosen
        if self._limits.wait(caller.username):
            return None
        identity, status = new_id(), 304 if is_known(said.tags, found.etag) else 200
        rest = f"Date: {_date(int(time.time()))}\r\nX-Request-Id: {identity}\r\n\r\n".encode()
        whole = (_unchanged(found.etag), rest) if status == 304 else (found.head, rest, found.body)
        self.given += 1
        namespace, name = asked.server or (None, None)
        told = Quick(caller.username, asked.route, namespace, name, status, identity, time.perf_counter() - begun)
        self._observer.quick(told)
        return b"".join(whole)

    def _of_server(self, said: Head, asked: Asked, server: Server) -> tuple[Caller, Answer] | None:
        """Raises Problem."""
        standing = self._standing(said, server)
        if standing is None:
            return None
        caller, scope, seen = standing.caller.value, standing.scope.value, None
        if not scope.sees_all_of(server[0]):
            seen = self._seen.server_now(caller, *server, asked.query.vm_namespace)
            if seen is None:
                return None
            scope = seen
        held = self._turn.get(server) or self._held(server, scope)
        if held is None:
            return None
        key = None if asked.moving else (asked, version_of(held, asked.query), seen, said.coding)
        found = self._answers.get(key) or self._make(key, self._data.page_of(held, asked.query, scope), said.coding)
        return None if found is None else (caller, found)

    def _standing(self, said: Head, server: Server) -> Standing | None:
        standing = said.standings.get(server)
        if standing is not None and self._access.stands(standing):
            return standing
        standing = self._access.standing_at(said.token, *server)
        if standing is not None:
            if len(said.standings) >= MOST_STANDINGS:
                said.standings.clear()
            said.standings[server] = standing
        return standing

    def _held(self, server: Server, scope: Scope) -> Projections | None:
        """For the rest of this turn. `scope` sees something of it. Raises Problem."""
        held = self._data.ready(*server, scope)
        if held is not None:
            if not self._turn:
                asyncio.get_running_loop().call_soon(self._turn.clear)
            self._turn[server] = held
        return held

    def _of_all(self, said: Head, asked: Asked) -> tuple[Caller, Answer] | None:
        """Servers. Raises Problem."""
        caller = self._access.known(said.token)
        if caller is None or not isinstance(asked.query, ServerQuery):
            return None
        scope = self._seen.all_now(caller, asked.query.namespace, asked.query.vm_namespace)
        if scope is None:
            return None
        key = (asked, self._data.all.version, scope, said.coding)
        found = self._answers.get(key) or self._make(key, self._data.servers(asked.query, scope), said.coding)
        return None if found is None else (caller, found)

    def _make(self, key: object, page: Page, coding: str | None) -> Answer | None:
        body, etag = page.encode(), page.etag
        if len(body) >= IN_THREAD_FROM and coding:
            return None  # compressing it takes too long here
        if coding and len(body) >= COMPRESS_FROM:
            body, etag = compress_now(body, coding), coded(etag, coding)
            fields = f"ETag: {etag}\r\nContent-Encoding: {coding}\r\n"
        else:
            fields = f"ETag: {etag}\r\n"
        fields = f"{fields}Content-Type: {JSON_TYPE}\r\nContent-Length: {len(body)}\r\nVary: Accept-Encoding\r\n"
        made = Answer(page.etag, b"HTTP/1.1 200 OK\r\n" + fields.encode() + _FRAME, body)
        if key is not None:
            self._answers.put(key, made, len(body) + _OVERHEAD)
        return made


@lru_cache(4096)
def asked_for(target: bytes) -> Asked | None:
    """None for what is not asked for so plainly. Raises Problem."""
    found = _TARGET.fullmatch(target)
    if found is None:
        return None
    namespace, name, kind, text = (part.decode() if part else None for part in found.groups())
    if kind is None:
        servers = parse_text(ServerQuery, text or "")
        return None if servers.figures else Asked(f"{PREFIX}/servers", None, servers, moving=False)
    query = parse_text(_KINDS[kind], text or "")
    moving = isinstance(query, SnapshotQuery) and (query.since is not None or query.until is not None)
    return Asked(f"{SERVER}/{kind}", (namespace or "", name or ""), query, moving)


def _unchanged(etag: str) -> bytes:
    return b"HTTP/1.1 304 Not Modified\r\nETag: %b\r\nVary: Accept-Encoding\r\n%b" % (etag.encode(), _FRAME)


@lru_cache(2)
def _date(now: int) -> str:
    return formatdate(now, usegmt=True)


K = TypeVar("K")
V = TypeVar("V")


class _Recent(Generic[K, V]):
    """What was used last, of at most so much in all."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._held: OrderedDict[K, tuple[V, int]] = OrderedDict()
        self._size = 0

    def get(self, key: K) -> V | None:
        found = self._held.get(key)
        if found is None:
            return None
        self._held.move_to_end(key)
        return found[0]

    def put(self, key: K, value: V, size: int) -> None:
        old = self._held.pop(key, None)
        self._size += size - (old[1] if old else 0)
        self._held[key] = (value, size)
        while self._size > self._most:
            self._size -= self._held.popitem(last=False)[1][1]
