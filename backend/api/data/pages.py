"""A page as one write: nearly all of the time of a list is aiohttp's way of making an answer, so these go past it.

`answer_page` gives what a handler returns, under `web.Application` and the low-level `web.Server` alike.
"""

from __future__ import annotations

import time
from email.utils import formatdate
from typing import Final

from aiohttp import hdrs, web
from aiohttp.abc import AbstractStreamWriter

from backend.api.data.lists import Page
from backend.api.http.answers import answer, is_current, not_modified
from backend.api.http.encoding import COMPRESS_FROM, choose

_HEAD: Final = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nServer: bsls\r\nVary: Accept-Encoding\r\n"
    b"Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n"
    b"Content-Security-Policy: default-src 'none'; frame-ancestors 'none'\r\n"
    b"Date: %b\r\nETag: %b\r\nX-Request-Id: %b\r\nContent-Length: %d\r\n%b\r\n"
)
_CLOSE: Final = b"Connection: close\r\n"


class Written(web.StreamResponse):
    """An answer that is made as a whole, with its head, and written at once."""

    def __init__(self, body: bytes, etag: str, request_id: str) -> None:
        super().__init__()
        self._page = body
        self._tag = etag
        self._id = request_id

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        """Writes all of it; waits while the client is slow."""
        transport = request.transport
        if transport is None or transport.is_closing():
            raise ConnectionResetError("the client left")
        self._keep_alive = keep = request.keep_alive and request.version >= (1, 1)
        body = self._page
        head = _HEAD % (_date(), self._tag.encode(), self._id.encode(), len(body), b"" if keep else _CLOSE)
        transport.write(head if request.method == hdrs.METH_HEAD else head + body)
        await request.writer.drain()
        return None

    async def write_eof(self, data: bytes = b"") -> None:
        return

    @property
    def body_length(self) -> int:
        return len(self._page)


async def answer_page(request: web.Request, page: Page, request_id: str) -> web.StreamResponse:
    """The page, or 304 where the client has it; compressed where the client asks for that.

    `request_id` must be fit for a header.
    """
    etag = f'"{page.version}"'
    if hdrs.IF_NONE_MATCH in request.headers and is_current(request, etag):
        return not_modified(etag)
    body = page.encode()
    if len(body) >= COMPRESS_FROM and choose(request.headers.get(hdrs.ACCEPT_ENCODING)):
        return await answer(request, body, etag=etag)
    return Written(body, etag, request_id)


_dated: tuple[int, bytes] = (0, b"")


def _date() -> bytes:
    """Now, as HTTP writes it; made once a second."""
    global _dated  # noqa: PLW0603 - a cache of one value
    now = int(time.time())
    if _dated[0] != now:
        _dated = (now, formatdate(now, usegmt=True).encode())
    return _dated[1]
