"""Which content coding a client takes, and the body in it."""

from __future__ import annotations

import asyncio
import gzip
import zlib

from backports import zstd

COMPRESS_FROM = 1400  # bytes: what fits into one packet gains nothing
IN_THREAD_FROM = 256 * 1024  # bytes: more than about a millisecond of the event loop
LEVEL = 1  # of gzip and deflate: three times as fast as the default, and JSON gets nearly as small
ZSTD_LEVEL = 1  # smaller than what gzip makes, and made no slower
CODINGS = ("zstd", "gzip", "deflate")  # in our order of preference
_NAMED_ONLY = frozenset({"zstd"})  # clients that say `*` are older than it


def choose(accept_encoding: str | None) -> str | None:
    """The coding to use for the value of an `Accept-Encoding` header; None: the body as it is."""
    if not accept_encoding:
        return None
    weights = dict(_weight(part) for part in accept_encoding.split(","))
    other = weights.get("*", 0.0)

    def weight(coding: str) -> float:
        return weights.get(coding, 0.0 if coding in _NAMED_ONLY else other)

    best = max(CODINGS, key=weight)
    return best if weight(best) > 0 else None


def _weight(part: str) -> tuple[str, float]:
    coding, _, parameter = part.partition(";")
    name, _, value = parameter.partition("=")
    try:
        weight = float(value) if name.strip().lower() == "q" else 1.0
    except ValueError:
        weight = 0.0
    return coding.strip().lower(), weight


async def compress(body: bytes, coding: str) -> bytes:
    """In a thread where it takes long."""
    if len(body) < IN_THREAD_FROM:
        return compress_now(body, coding)
    return await asyncio.to_thread(compress_now, body, coding)


def compress_well(body: bytes) -> dict[str, bytes]:
    """By coding, for what is sent often: takes fifty times as long. Without codings that make it no smaller."""
    packed = {"zstd": zstd.compress(body, 15), "gzip": gzip.compress(body, 9, mtime=0)}
    return {coding: found for coding, found in packed.items() if len(found) < len(body)}


def compress_now(body: bytes, coding: str) -> bytes:
    """The same bytes for the same body: a strong ETag stands for them."""
    if coding == "zstd":
        return zstd.compress(body, ZSTD_LEVEL)
    return gzip.compress(body, LEVEL, mtime=0) if coding == "gzip" else zlib.compress(body, LEVEL)
