"""A page as one write: nearly all of the time of a list is aiohttp's way of making an answer, so these go past it.

`answer_page` gives what a handler returns, under `web.Application` and the low-level `web.Server` alike.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from email.utils import formatdate
from typing import Final

from aiohttp import hdrs, web
from aiohttp.abc import AbstractStreamWriter

from backend.api.data.lists import Page
from backend.api.data.repeats import RepeatingHandler, Terms
from backend.api.http.answers import is_current
from backend.api.http.encoding import COMPRESS_FROM, choose, compress

_HEAD: Final = (
    b"HTTP/1.1 %b\r\nContent-Type: application/json\r\nServer: bsls\r\nVary: Accept-Encoding\r\n"
    b"Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n"
    b"Content-Security-Policy: default-src 'none'; frame-ancestors 'none'\r\n"
    b"ETag: %b\r\nDate: %%b\r\nX-Request-Id: %%b\r\n%b\r\n"
)


@dataclass(frozen=True, slots=True)
class Answer:
    """Bytes that go out, but for the date and the request's id; `head` has two places for them."""

    status: int
    head: bytes
    body: bytes

    def make(self, request_id: str) -> bytes:
        return self.head % (_date(), request_id.encode()) + self.body


def make_answer(etag: str, body: bytes, coding: str | None = None, *, close: bool = False) -> Answer:
    """200 with a body, or without one 304."""
    rest = b"Content-Length: %d\r\n" % len(body) if body else b""
    rest += b"Content-Encoding: %b\r\n" % coding.encode() if coding else b""
    rest += b"Connection: close\r\n" if close else b""
    status = (200, b"200 OK") if body else (304, b"304 Not Modified")
    return Answer(status[0], _HEAD % (status[1], etag.encode().replace(b"%", b"%%"), rest), body)


class Written(web.StreamResponse):
    """An answer that is made as a whole, with its head, and written at once."""

    def __init__(self, answer: Answer, request_id: str, terms: Terms | None) -> None:
        super().__init__(status=answer.status)
        self._answer = answer
        self._request_id = request_id
        self._terms = terms

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        """Writes all of it; waits while the client is slow."""
        transport = request.transport
        if transport is None or transport.is_closing():
            raise ConnectionResetError("the client left")
        self._keep_alive = request.keep_alive
        whole = self._answer.make(self._request_id)
        transport.write(whole if request.method == hdrs.METH_GET else whole[: len(whole) - self.body_length])
        if self._terms is not None and isinstance(request.protocol, RepeatingHandler):
            request.protocol.keep(self._terms, self._answer.make, len(whole))
        await request.writer.drain()
        return None

    async def write_eof(self, data: bytes = b"") -> None:
        return

    @property
    def body_length(self) -> int:
        return len(self._answer.body)


async def answer_page(
    request: web.BaseRequest, page: Page, request_id: str, terms: Terms | None = None
) -> web.StreamResponse:
    """The page, or 304 where the client has it; compressed where the client asks for that.

    `request_id` has to be fit for a header. `terms`: on which the same request may be answered so again.
    """
    headers = request.headers
    etag = f'"{page.version}"'
    close = not request.keep_alive
    if hdrs.IF_NONE_MATCH in headers and is_current(request, etag):
        return Written(make_answer(etag, b"", close=close), request_id, None if close else terms)
    body = page.encode()
    coding = choose(headers.get(hdrs.ACCEPT_ENCODING)) if len(body) >= COMPRESS_FROM else None
    if coding:
        body, etag = await compress(body, coding), f'{etag[:-1]}-{coding}"'
    kept = terms if request.method == hdrs.METH_GET and not close else None
    return Written(make_answer(etag, body, coding, close=close), request_id, kept)


_dated: tuple[int, bytes] = (0, b"")


def _date() -> bytes:
    """Now, as HTTP writes it; made once a second."""
    global _dated  # noqa: PLW0603 - a cache of one value
    now = int(time.time())
    if _dated[0] != now:
        _dated = (now, formatdate(now, usegmt=True).encode())
    return _dated[1]
