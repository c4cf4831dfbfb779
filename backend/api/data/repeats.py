"""Requests that come again, byte for byte, are answered as before while nothing has changed: the way of a poll.

A console asks the same question every few seconds. Reading the request, routing, authorising and making the answer
take several times as long as writing it. So the request, by its digest, is kept with the answer, and with what has to
hold for it to be given again: the decision about the caller has not expired, the data has not changed, and the request
is counted and logged like any other.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from aiohttp import web
from aiohttp.streams import EMPTY_PAYLOAD
from aiohttp.web_protocol import RequestHandler

MOST = 4096  # answers
MOST_BYTES = 64 << 20
LONGEST = 8192  # bytes of a request
_OVERHEAD = 1024  # bytes of an entry beside its answer


@dataclass(frozen=True, slots=True)
class Terms:
    """When an answer may be given again.

    `until`: by the event loop's clock, when the decision about the caller expires. `unchanged`: whether it would be the
    same. `again`: counts and logs the request, and gives its id for the answer; `""` sends it the long way.
    """

    until: float
    unchanged: Callable[[], bool]
    again: Callable[[], str]


@dataclass(frozen=True, slots=True)
class _Kept:
    terms: Terms
    answer: Callable[[str], bytes]
    size: int


class Repeats:
    """The answers of one process; the least recently used go first."""

    def __init__(self, *, most: int = MOST, most_bytes: int = MOST_BYTES) -> None:
        self._most = most
        self._most_bytes = most_bytes
        self._kept: OrderedDict[bytes, _Kept] = OrderedDict()
        self._size = 0
        self.given = 0

    def __len__(self) -> int:
        return len(self._kept)

    def find(self, request: bytes, now: float) -> bytes | None:
        """The answer, which has to be written then."""
        key = sha256(request).digest()
        kept = self._kept.get(key)
        if kept is None:
            return None
        if now >= kept.terms.until or not kept.terms.unchanged():
            self._drop(key)
            return None
        request_id = kept.terms.again()
        if not request_id:
            return None
        self._kept.move_to_end(key)
        self.given += 1
        return kept.answer(request_id)

    def keep(self, request: bytes, terms: Terms, answer: Callable[[str], bytes], size: int) -> None:
        """`answer` gives its bytes by a request's id; `size`: about how many."""
        key = sha256(request).digest()
        self._drop(key)
        self._kept[key] = _Kept(terms, answer, size + _OVERHEAD)
        self._size += size + _OVERHEAD
        while len(self._kept) > self._most or self._size > self._most_bytes:
            self._drop(next(iter(self._kept)))

    def _drop(self, key: bytes) -> None:
        kept = self._kept.pop(key, None)
        if kept is not None:
            self._size -= kept.size


class RepeatingHandler(RequestHandler):
    """A connection. Only a request that came as a whole and alone, while nothing else was under way, is a repeat."""

    __slots__ = ("_alone", "_repeats", "_whole")

    def __init__(self, manager: web.Server, repeats: Repeats, **options: Any) -> None:
        super().__init__(manager, **options)
        self._repeats = repeats
        self._whole: bytes | None = None  # the request under way, if it came so
        self._alone = True  # the parser is between two requests

    def data_received(self, data: bytes) -> None:
        waiter, transport = self._waiter, self.transport
        busy = waiter is None or waiter.done() or self._messages or self._upgraded
        if busy or not self._alone or transport is None or self._close:
            self._whole, self._alone = None, False
            super().data_received(data)
            return
        if data[:4] == b"GET " and len(data) <= LONGEST and not transport.get_write_buffer_size():
            now = self._loop.time()
            answer = self._repeats.find(data, now)
            if answer is not None:
                self._next_keepalive_close_time = now + self._keepalive_timeout
                transport.write(answer)
                return
        super().data_received(data)
        messages = self._messages
        self._alone = len(messages) == 1 and messages[0][1] is EMPTY_PAYLOAD and data.endswith(b"\r\n\r\n")
        self._whole = data if self._alone and data[:4] == b"GET " and len(data) <= LONGEST else None

    def keep(self, terms: Terms, answer: Callable[[str], bytes], size: int) -> None:
        """The answer to the request under way."""
        if self._whole is not None:
            self._repeats.keep(self._whole, terms, answer, size)


class RepeatingServer(web.Server):
    """The low-level server, with connections that know repeats."""

    def __init__(self, handler: Any, repeats: Repeats, **options: Any) -> None:
        super().__init__(handler, **options)
        self.repeats = repeats

    def __call__(self) -> RequestHandler:
        return RepeatingHandler(self, self.repeats, loop=self._loop, **self._kwargs)


class RepeatingRunner(web.AppRunner):
    """An application's runner whose server knows repeats."""

    def __init__(self, app: web.Application, repeats: Repeats, **options: Any) -> None:
        super().__init__(app, **options)
        self._repeats = repeats

    async def _make_server(self) -> web.Server:
        made = await super()._make_server()
        return RepeatingServer(
            made.request_handler,
            self._repeats,
            request_factory=made.request_factory,
            handler_cancellation=made.handler_cancellation,
            loop=asyncio.get_running_loop(),
            **made._kwargs,
        )
