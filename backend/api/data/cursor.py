"""Where a page ended, as an opaque text. Pure.

It holds the sort key and the id of the last item, so that the next page begins right after it, whatever came or went.
"""

from __future__ import annotations

import base64
import binascii
import json

from backend.api.data.errors import InvalidQuery
from backend.api.data.index import Entry

_MAX_LENGTH = 4096
_REFUSED = "the cursor is not one of this list: use the `next` of its last page, unchanged, or leave it out"


def encode(order: str, entry: Entry) -> str:
    """`order` names what is listed and how it is sorted."""
    text = json.dumps([order, *entry], ensure_ascii=False, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


def decode(cursor: str, order: str) -> Entry:
    """Raises InvalidQuery for what is none, or one of another order."""
    try:
        if len(cursor) > _MAX_LENGTH:
            raise InvalidQuery(_REFUSED)
        named, key, name = json.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), b"-_", validate=True))
    except (ValueError, TypeError, binascii.Error, RecursionError):
        raise InvalidQuery(_REFUSED) from None
    if named != order or type(key) is not int or not isinstance(name, str):
        raise InvalidQuery(_REFUSED)
    return key, name
