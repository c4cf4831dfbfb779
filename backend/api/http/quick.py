"""The short way of a request: answered in the turn of the event loop in which it came, before aiohttp parses it.

aiohttp needs ten times as long to read a request and to make an answer as it takes to write one. So a request that came
as a whole, and alone, while its connection had nothing else to do, is shown to a `Shortcut`, which knows the answer, or
does not: then aiohttp gets the very same bytes, and nothing has happened. Whatever else comes is aiohttp's.
"""

from __future__ import annotations

import asyncio
import logging
from functools import partial
from hashlib import sha256
from typing import Any, Protocol, cast

from aiohttp import web
from aiohttp.streams import EMPTY_PAYLOAD
from aiohttp.web_protocol import RequestHandler

from backend.api.http.refused import refusal

log = logging.getLogger(__name__)

LONGEST = 16 * 1024  # bytes of a request
READ = 64 * 1024  # bytes, at most at once
_LEFT = 4096  # bytes that may not be on their way yet, as of a TLS handshake
_END = b"\r\n\r\n"
_VERSION = b" HTTP/1.1\r\n"
_NEEDED = (
    "_close", "_force_close", "_keepalive_timeout", "_loop", "_messages", "_next_keepalive_close_time",
    "_payload_parser", "_upgraded", "_waiter",
)  # fmt: skip


class Shortcut(Protocol):
    """Who answers quickly."""

    def answer(self, target: bytes, head: bytes) -> bytes | None:
        """The whole answer to `GET <target> HTTP/1.1`, which has to be written then, once; or None. `head`: the SHA-256
        of the header lines.
        """


def supported() -> bool:
    """Whether this aiohttp is built as this module takes it to be; else everything goes the long way."""
    return all(hasattr(RequestHandler, name) for name in _NEEDED)


class QuickConnection(RequestHandler):
    """A connection."""

    __slots__ = ("_before", "_begun", "_head", "_shortcut", "_untouched")

    def __init__(self, manager: web.Server, shortcut: Shortcut, **options: Any) -> None:
        super().__init__(manager, **options)
        self._shortcut = shortcut
        self._begun: bytes | None = b""  # what the parser has of the next request; None: that is not known any more
        self._untouched = True  # aiohttp got nothing yet; it may not even wait: TLS brings the first request early
        self._before = (b"", b"")  # header lines that were answered the short way last, and their digest
        self._head: bytes | None = None  # of the request under way, if it came alone

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if hasattr(transport, "max_size"):
            transport.max_size = READ  # asyncio's 256 KiB are mapped and unmapped for each read
        super().connection_made(transport)

    def data_received(self, data: bytes) -> None:
        idle = self._is_idle()
        if idle and self._begun == b"" and data[:4] == b"GET " and len(data) <= LONGEST and data.endswith(_END):
            end = data.find(_VERSION)
            if end > 0:
                lines, digest = data[end + len(_VERSION) :], self._before[1]
                if lines != self._before[0]:
                    digest = sha256(lines).digest()
                answer = self._shortcut.answer(data[4:end], digest)
                if answer is not None:
                    self._before = lines, digest
                    self._next_keepalive_close_time = self._loop.time() + self._keepalive_timeout
                    self.transport.write(answer)  # type: ignore[union-attr]  # it is idle
                    return
        self._untouched, self._before = False, (b"", b"")
        waiting = len(self._messages)
        super().data_received(data)
        self._follow(data, list(self._messages)[waiting:], idle=idle)

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """What aiohttp answers past the application, in our words."""
        super().handle_error(request, status, exc, message)  # logs it; raises when an answer began already
        return refusal(status, exc)

    def _is_idle(self) -> bool:
        """Everything before is answered, and on its way."""
        waiter, transport = self._waiter, self.transport
        return (
            (self._untouched if waiter is None else not waiter.done())
            and not (self._messages or self._upgraded or self._close or self._force_close)
            and self._payload_parser is None
            and transport is not None
            and not transport.is_closing()
            and transport.get_write_buffer_size() <= _LEFT
        )

    def _follow(self, data: bytes, added: list[Any], *, idle: bool) -> None:
        """Where the parser is now: between two requests, in the head of one, or somewhere."""
        begun, self._head = self._begun, None
        if begun is None:
            return
        whole = begun + data
        if any(payload is not EMPTY_PAYLOAD for _, payload in added) or whole.count(_END) != len(added):
            self._begun = None  # bodies, errors, or more than aiohttp takes at once
            return
        rest = whole[whole.rfind(_END) + len(_END) :] if added else whole
        self._begun = rest if len(rest) <= LONGEST else None
        if idle and len(added) == 1 and not rest and len(whole) <= LONGEST and whole[:4] == b"GET ":
            head = whole.partition(_VERSION)[2]
            self._head = sha256(head).digest() if head else None  # not itself: a stream lives long

    def head_under_way(self) -> bytes | None:
        """The SHA-256 of the header lines of the request that is being answered; None: of none, or of one that did not
        come alone.
        """
        return self._head


class QuickRunner(web.AppRunner):
    """An application's runner, whose connections know a shortcut. `options` as of `web.AppRunner`."""

    def __init__(self, app: web.Application, shortcut: Shortcut, **options: Any) -> None:
        super().__init__(app, **options)
        self._shortcut = shortcut
        self._options = options
        if not supported():
            log.warning("this version of aiohttp is not known: every request goes the long way")

    @property
    def server(self) -> web.Server | None:
        """What makes a connection's protocol."""
        server = super().server
        if server is None or not supported():
            return server
        loop = asyncio.get_running_loop()
        return cast("web.Server", partial(QuickConnection, server, self._shortcut, loop=loop, **self._options))
