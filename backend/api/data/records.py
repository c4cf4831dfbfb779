"""Fields of the projections in Redis as items of an index: the JSON that goes out, and what it is sorted by. Pure.

Names are those of the events (docs/events.md) and of the custom resource.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from pydantic_core import from_json

from backend.api.data.index import Item, make_item

START, END, SIZE = range(3)
"""Orders of snapshots."""

US: Final = 1_000_000
_DONE: Final = b',"incomplete":""}'
_COMPLETE: Final = b',"complete":true}'
_NO_END: Final = "no end"
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


def snapshot_item(text: bytes) -> Item:
    """Of the projection `snapshots`. Raises ValueError, KeyError or TypeError for what is none of ours."""
    found = from_json(text)  # in half of the time that json.loads takes
    cause = found.pop("incomplete")
    complete = not cause and "endTime" in found
    if complete and text.endswith(_DONE):
        body = text[: -len(_DONE)] + _COMPLETE  # nearly always: nothing has to be encoded anew
    else:
        body = dump(found | ({"complete": True} if complete else {"complete": False, "cause": cause or _NO_END}))
    keys = (micros(found.get("startTime")), micros(found.get("endTime")), int(found["sizeBytes"]))
    owner, path, lacks = sys.intern(found["user"]), sys.intern(found["path"]), int(found["errors"])
    return make_item(owner, keys, body, path, good=complete, lacks=lacks)


def session_item(text: bytes) -> tuple[str, Item]:
    """Name and item of the projection `sessions`; raises like `snapshot_item`."""
    found = from_json(text)
    name, user = str(found["session"]), str(found["user"])
    shown = {"session": name, "user": user, "address": found["address"], "startedAt": found["startedAt"]}
    body = dump(shown | {"traceparent": f"00-{found['trace']}-{found['span']}-01"})
    return name, make_item(sys.intern(user), (micros(found["startedAt"]),), body)


def micros(time: str | None) -> int:
    """Microseconds since 1970 of an RFC 3339 time; 0 for none, and for one that only looks so: clients give them."""
    try:
        return (datetime.fromisoformat(time) - _EPOCH) // _MICROSECOND if time else 0
    except (ValueError, TypeError):
        return 0


def time_of(moment: int) -> str:
    """The other way round. Raises OverflowError."""
    return f"{(_EPOCH + timedelta(microseconds=moment)).isoformat(timespec='microseconds')[:-6]}Z"


def dump(body: Mapping[str, Any]) -> bytes:
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
