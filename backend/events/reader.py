"""Read events: pages of history, following a stream, and consumer groups that lose nothing when a consumer dies."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from backend.events.batch import unbatch
from backend.events.connection import Client
from backend.events.errors import StoreError
from backend.events.keys import ServerKeys
from backend.events.resp import pairs

_GRACE_S = 5.0  # beyond the time that a read blocks


@dataclass(frozen=True)
class Entry:
    """An entry of a server's stream (one event) or of the firehose (several, of `server`, else `""`). Each event is a
    CloudEvent in structured JSON. No events: the entry was trimmed while it was pending.
    """

    id: str
    events: list[bytes]
    server: str = ""


@dataclass(frozen=True)
class Bounds:
    """Ids of the oldest and newest entry and their number; `""` and 0 for an empty stream."""

    first: str
    last: str
    length: int


@dataclass(frozen=True)
class Claimed:
    """`next`: where to go on claiming, `0-0` at the end; `deleted`: entries that were trimmed before."""

    next: str
    entries: list[Entry]
    deleted: list[str]


class StreamReader:
    """Raises StoreError. Blocking reads each hold a connection of the client: give readers a client of their own."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def bounds(self, stream: bytes) -> Bounds:
        first, last, length = await self._client.ask(
            stream,
            [b"XRANGE", stream, b"-", b"+", b"COUNT", b"1"],
            [b"XREVRANGE", stream, b"+", b"-", b"COUNT", b"1"],
            [b"XLEN", stream],
        )
        return Bounds(first[0][0].decode() if first else "", last[0][0].decode() if last else "", length)

    async def history(self, stream: bytes, after: str = "0-0", before: str = "+", count: int = 100) -> list[Entry]:
        """Up to `count` entries, oldest first: newer than `after`, and older than `before` (`+`: to the newest)."""
        end = b"+" if before == "+" else b"(" + before.encode()
        (page,) = await self._client.ask(
            stream, [b"XRANGE", stream, b"(" + after.encode(), end, b"COUNT", b"%d" % count]
        )
        return _entries(page)

    async def history_back(self, stream: bytes, after: str = "0-0", before: str = "+", count: int = 100) -> list[Entry]:
        """The same, newest first."""
        start = b"+" if before == "+" else b"(" + before.encode()
        (page,) = await self._client.ask(
            stream, [b"XREVRANGE", stream, start, b"(" + after.encode(), b"COUNT", b"%d" % count]
        )
        return _entries(page)

    async def stories(self, keys: ServerKeys, count: int = 200) -> list[bytes]:
        """What the controller kept of its own work for a server, for `events/spans.py`, newest first."""
        (found,) = await self._client.ask(keys.spans, [b"XREVRANGE", keys.spans, b"+", b"-", b"COUNT", b"%d" % count])
        return [fields[1] for _, fields in found]

    async def tail(
        self, streams: bytes | Mapping[bytes, str], after: str = "$", *, block_s: float = 15.0, count: int = 100
    ) -> dict[bytes, list[Entry]]:
        """Wait up to `block_s` seconds for entries newer than `after`; empty when none came. Several streams: a mapping
        to the id after which to read each; in a cluster only of one slot. `$` means from now on: use it at most once.
        """
        wanted = {streams: after} if isinstance(streams, bytes) else dict(streams)
        command = [b"XREAD", b"COUNT", b"%d" % count, b"BLOCK", b"%d" % max(1, round(block_s * 1000)), b"STREAMS"]
        command += [*wanted, *(one.encode() for one in wanted.values())]
        (found,) = await self._client.ask(next(iter(wanted)), command, timeout_s=block_s + _GRACE_S)
        return {stream: _entries(entries) for stream, entries in found or []}

    async def create_group(self, stream: bytes, group: str, start: str = "0") -> bool:
        """From the beginning (`0`), from now on (`$`), or after an id; the stream need not exist. False: it existed."""
        try:
            await self._client.ask(stream, [b"XGROUP", b"CREATE", stream, group.encode(), start.encode(), b"MKSTREAM"])
        except StoreError as error:
            if "BUSYGROUP" in str(error):
                return False
            raise
        return True

    async def delete_group(self, stream: bytes, group: str) -> bool:
        """Whether there was one."""
        (deleted,) = await self._client.ask(stream, [b"XGROUP", b"DESTROY", stream, group.encode()])
        return bool(deleted)

    async def groups(self, stream: bytes) -> list[dict[str, Any]]:
        """XINFO GROUPS: `name`, `consumers`, `pending`, `last-delivered-id`, and from Redis 7 on `lag`."""
        (found,) = await self._client.ask(stream, [b"XINFO", b"GROUPS", stream])
        return [{name.decode(): _text(value) for name, value in pairs(one).items()} for one in found]

    async def read_group(
        self, stream: bytes, group: str, consumer: str, *, count: int = 100, block_s: float = 15.0, pending: str = ""
    ) -> list[Entry]:
        """Entries that no consumer had, waiting up to `block_s` seconds; they stay pending until `ack`.

        `pending`: not new ones, but this consumer's own pending ones after that id (`0` after a restart). Raises
        GroupGone. When a reply is lost, its entries are pending: a consumer reads its own again, or `claim`s.
        """
        wait = [] if pending else [b"BLOCK", b"%d" % max(1, round(block_s * 1000))]
        command = [b"XREADGROUP", b"GROUP", group.encode(), consumer.encode(), b"COUNT", b"%d" % count, *wait]
        command += [b"STREAMS", stream, pending.encode() or b">"]
        (found,) = await self._client.ask(stream, command, timeout_s=block_s + _GRACE_S, again=bool(pending))
        return _entries(found[0][1]) if found else []

    async def ack(self, stream: bytes, group: str, ids: Iterable[str]) -> int:
        """How many of them were pending."""
        wanted = [one.encode() for one in ids]
        if not wanted:
            return 0
        (done,) = await self._client.ask(stream, [b"XACK", stream, group.encode(), *wanted])
        return int(done)

    async def claim(
        self, stream: bytes, group: str, consumer: str, *, idle_s: float, count: int = 100, start: str = "0-0"
    ) -> Claimed:
        """Take over what other consumers read at least `idle_s` seconds ago and did not acknowledge."""
        command = [b"XAUTOCLAIM", stream, group.encode(), consumer.encode(), b"%d" % round(idle_s * 1000)]
        command += [start.encode(), b"COUNT", b"%d" % count]
        ((following, entries, *deleted),) = await self._client.ask(stream, command, again=False)
        gone = [one.decode() for one in deleted[0]] if deleted else []
        return Claimed(following.decode(), _entries(entries), gone)


def _entries(raw: Sequence[Sequence[Any]]) -> list[Entry]:
    return [_entry(entry_id.decode(), fields) for entry_id, fields in raw]


def _entry(entry_id: str, fields: Sequence[bytes] | None) -> Entry:
    held = pairs(fields or ())
    if b"event" in held:
        return Entry(entry_id, [held[b"event"]])
    batch = held.get(b"events")
    server = held.get(b"server", b"").decode()
    return Entry(entry_id, unbatch(batch, held.get(b"sizes", b"")) if batch else [], server)


def _text(value: Any) -> Any:
    return value.decode() if isinstance(value, bytes) else value
