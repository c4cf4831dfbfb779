"""Dead letters of a subscription: list them, have them delivered after all, delete them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from backend.events.connection import Client
from backend.events.keys import FIREHOSE
from backend.events.push.keys import PushKeys
from backend.events.push.scripts import REDELIVER
from backend.events.resp import pairs

EVENT, GAP = "event", "gap"
_AT_ONCE = 100


@dataclass(frozen=True)
class DeadLetter:
    """`kind` `event`: `event` of `server` was given up after `attempts`, the first one at `first`. `gap`: `count`
    batches between the ids `after` and `before` were trimmed before they were delivered (0: unknown how many). Times:
    RFC 3339.
    """

    kind: str
    reason: str
    time: str
    id: str = ""
    server: str = ""
    event: bytes = b""
    attempts: int = 0
    first: str = ""
    count: int = 0
    after: str = ""
    before: str = ""

    def shown(self) -> dict[str, Any]:
        """Fields that mean something for its kind; the event as an object, or as text where it is no JSON."""
        common = {"id": self.id, "kind": self.kind, "time": self.time, "server": self.server}
        if self.kind != EVENT:
            rest = {"count": self.count, "after": self.after, "before": self.before}
            return common | {"reason": self.reason} | rest
        try:
            event = json.loads(self.event)
        except ValueError:
            event = self.event.decode(errors="replace")
        return common | {"reason": self.reason, "attempts": self.attempts, "first": self.first, "event": event}

    def add(self, keys: PushKeys) -> tuple[bytes, ...]:
        """The command that adds it to the others."""
        fields: dict[str, Any] = {"kind": self.kind, "reason": self.reason, "time": self.time}
        if self.kind == EVENT:
            fields |= {"server": self.server, "event": self.event, "attempts": self.attempts, "first": self.first}
        else:
            fields |= {"server": self.server, "count": self.count, "after": self.after, "before": self.before}
        words = [part if isinstance(part, bytes) else str(part).encode() for pair in fields.items() for part in pair]
        return (b"XADD", keys.dead, b"*", *words)


class DeadLetters:
    """All raise StoreError."""

    def __init__(self, client: Client, name: str) -> None:
        self._client = client
        self._keys = PushKeys(name)

    async def page(self, after: str = "0-0", count: int = _AT_ONCE) -> list[DeadLetter]:
        """The oldest first."""
        return await self._range(b"XRANGE", b"(" + after.encode(), b"+", count)

    async def newest(self, before: str = "", count: int = _AT_ONCE) -> list[DeadLetter]:
        """The newest first; with `before`, of those that are older."""
        return await self._range(b"XREVRANGE", b"(" + before.encode() if before else b"+", b"-", count)

    async def _range(self, command: bytes, begin: bytes, end: bytes, count: int) -> list[DeadLetter]:
        (found,) = await self._client.ask(FIREHOSE, [command, self._keys.dead, begin, end, b"COUNT", b"%d" % count])
        return [_letter(entry_id, fields) for entry_id, fields in found]

    async def redeliver(self, ids: Sequence[str]) -> int:
        """Hand them to the dispatcher; how many of these there were. What was trimmed cannot be delivered."""
        moved = 0
        for start in range(0, len(ids), _AT_ONCE):
            part = [one.encode() for one in ids[start : start + _AT_ONCE]]
            call = REDELIVER.text_call([self._keys.dead, self._keys.again], part)
            moved += (await self._client.ask(FIREHOSE, call, again=False))[0]
        return moved

    async def delete(self, ids: Sequence[str]) -> int:
        """How many of these there were."""
        gone = 0
        for start in range(0, len(ids), _AT_ONCE):
            part = [one.encode() for one in ids[start : start + _AT_ONCE]]
            gone += (await self._client.ask(FIREHOSE, [b"XDEL", self._keys.dead, *part], again=False))[0]
        return gone


def _letter(entry_id: bytes, fields: Sequence[bytes]) -> DeadLetter:
    held = {name.decode(): value for name, value in pairs(fields).items()}
    text = {name: value.decode() for name, value in held.items() if name != "event"}
    return DeadLetter(
        kind=text["kind"], reason=text["reason"], time=text["time"], id=entry_id.decode(),
        server=text.get("server", ""), event=held.get("event", b""), attempts=int(text.get("attempts", 0)),
        first=text.get("first", ""), count=int(text.get("count", 0)), after=text.get("after", ""),
        before=text.get("before", ""),
    )  # fmt: skip
