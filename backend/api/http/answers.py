"""Answers with a body: conditional, and compressed where it pays."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b

from aiohttp import web

from backend.api.http.encoding import CODINGS, COMPRESS_FROM, choose, compress

JSON_TYPE = "application/json"


def etag_of(body: bytes) -> str:
    """A strong ETag of the content itself."""
    return f'"{blake2b(body, digest_size=12).hexdigest()}"'


def etag_of_version(*parts: str | int) -> str:
    """A strong ETag of all that a body is made of: saves making it."""
    return etag_of("\0".join(map(str, parts)).encode())


def is_current(request: web.BaseRequest, etag: str) -> bool:
    """Whether the client has this very version, in whatever coding."""
    header = request.headers.get("If-None-Match")
    if header is None:
        return False
    if header == etag:
        return True
    value = etag.strip('"')
    known = {value, *(f"{value}-{coding}" for coding in CODINGS)}
    return any(tag.value == "*" or tag.value in known for tag in request.if_none_match or ())


def not_modified(etag: str) -> web.Response:
    return web.Response(status=304, headers={"ETag": etag, "Vary": "Accept-Encoding"})


async def answer(
    request: web.Request,
    body: bytes,
    *,
    etag: str = "",
    status: int = 200,
    content_type: str = JSON_TYPE,
    headers: Mapping[str, str] | None = None,
) -> web.Response:
    """`body` to a GET, or 304 where the client has it. Without `etag`, it is that of the body."""
    etag = etag or etag_of(body)
    if status == 200 and is_current(request, etag):
        return not_modified(etag)
    all_headers = {**(headers or {}), "ETag": etag, "Vary": "Accept-Encoding", "Content-Type": content_type}
    coding = choose(request.headers.get("Accept-Encoding")) if len(body) >= COMPRESS_FROM else None
    if coding:
        body = await compress(body, coding)
        all_headers["Content-Encoding"] = coding
        all_headers["ETag"] = f'{etag[:-1]}-{coding}"'  # a strong one is of the very bytes that are sent
    return web.Response(body=body, status=status, headers=all_headers)
