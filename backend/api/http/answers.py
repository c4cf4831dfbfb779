"""Answers with a body: conditional, and compressed where it pays."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b

from aiohttp import web

from backend.api.http.encoding import CODINGS, COMPRESS_FROM, choose, compress

JSON_TYPE = "application/json"
_NONE: frozenset[str] = frozenset()


def etag_of(body: bytes) -> str:
    """A strong ETag of the content itself."""
    return f'"{blake2b(body, digest_size=12).hexdigest()}"'


def coded(etag: str, coding: str) -> str:
    """The ETag of the same in a coding: a strong one is of the very bytes that are sent."""
    return f'{etag[:-1]}-{coding}"'


def known_tags(request: web.BaseRequest) -> frozenset[str]:
    """What the client says that it has: the tags of its `If-None-Match`, without quotes."""
    if "If-None-Match" not in request.headers:
        return _NONE
    return frozenset(tag.value for tag in request.if_none_match or ())


def is_known(tags: frozenset[str], etag: str) -> bool:
    """Whether the client has this very version, in whatever coding."""
    if not tags:
        return False
    value = etag.strip('"')
    return "*" in tags or value in tags or any(f"{value}-{coding}" in tags for coding in CODINGS)


def may_change(request: web.BaseRequest, etag: str) -> bool:
    """Whether `If-Match` permits a change of what has this ETag now; without one, everything does."""
    tags = request.if_match
    if tags is None:
        return True
    value = etag.strip('"')
    known = {value, *(f"{value}-{coding}" for coding in CODINGS)}
    return any(tag.value == "*" or (tag.value in known and not tag.is_weak) for tag in tags)


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
    if status == 200 and is_known(known_tags(request), etag):
        return not_modified(etag)
    all_headers = {**(headers or {}), "ETag": etag, "Vary": "Accept-Encoding", "Content-Type": content_type}
    coding = choose(request.headers.get("Accept-Encoding")) if len(body) >= COMPRESS_FROM else None
    if coding:
        body = await compress(body, coding)
        all_headers["Content-Encoding"] = coding
        all_headers["ETag"] = coded(etag, coding)
    return web.Response(body=body, status=status, headers=all_headers)
