"""Pages of a list: how many, and where the next one begins."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from functools import lru_cache
from hashlib import blake2b

from backend.api.http.problem import INVALID_CURSOR, INVALID_QUERY, Problem

DEFAULT_LIMIT = 50
MAX_LIMIT = 500
MAX_CURSOR = 4096  # characters
CURSOR = "^[A-Za-z0-9_-]+$"
_SUM = 6  # bytes

Position = tuple[str | int, ...]


def page_limit(query: Mapping[str, str]) -> int:
    """The parameter `limit`: 1 to 500, by default 50."""
    text = query.get("limit")
    if text is None:
        return DEFAULT_LIMIT
    if not (text.isascii() and text.isdigit() and len(text) <= 4 and 1 <= int(text) <= MAX_LIMIT):
        raise Problem(INVALID_QUERY, f"limit is a number from 1 to {MAX_LIMIT}.", parameter="limit")
    return int(text)


def encode_cursor(purpose: str, position: Sequence[str | int]) -> str:
    """An opaque text for `position`. `purpose` is all that it depends on: the list, its filters, its order.

    It is no secret and grants nothing: what a page shows is decided anew for each.
    """
    body = json.dumps(list(position), ensure_ascii=False, separators=(",", ":")).encode()
    return urlsafe_b64encode(_sum(purpose, body) + body).rstrip(b"=").decode()


def decode_cursor(purpose: str, text: str, shape: Sequence[type[str] | type[int]]) -> Position:
    """The position, of exactly this purpose and of these types. Any other text is a problem."""
    try:
        if len(text) > MAX_CURSOR:
            raise ValueError
        raw = urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
        found, body = raw[:_SUM], raw[_SUM:]
        position = json.loads(body) if found == _sum(purpose, body) else None
        if not isinstance(position, list) or [type(one) for one in position] != list(shape):
            raise ValueError
        return tuple(position)
    except (ValueError, RecursionError):
        raise Problem(
            INVALID_CURSOR, "Use the cursor of the page before, with the same filters, or begin without one."
        ) from None


def _sum(purpose: str, body: bytes) -> bytes:
    return blake2b(body, digest_size=_SUM, key=_key(purpose)).digest()


@lru_cache(maxsize=1024)
def _key(purpose: str) -> bytes:
    return blake2b(purpose.encode()).digest()
