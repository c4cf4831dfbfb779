"""All servers' events in one stream, in batches, each exactly once, whoever dies in between.

At one node the commit itself writes them. In a cluster they are written after it, here; so is what is missing.

A mark for each server says up to which entry of its stream the firehose has got. A batch is added only where the mark
is the entry before the batch, in one script that moves the mark; whatever was not added is read from the stream.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from redis.exceptions import ResponseError

from backend.events.batch import Batch, batches
from backend.events.connection import Client, problem
from backend.events.errors import StoreError, code
from backend.events.firehose_script import ALIGN, RELAY, pack_relay
from backend.events.keys import FIREHOSE, MARKS, SERVERS, ServerKeys
from backend.events.resp import order
from backend.events.url import Address

log = logging.getLogger(__name__)

MAX_BYTES = 8 << 20  # of events that wait; beyond that they are read from the streams again
SEND_BYTES = 1 << 20  # in one write
PAGE = 500  # entries of a server's stream read at once
RETRY_S = (0.2, 15.0)


Move = tuple[ServerKeys, bytes, bytes, Sequence[Batch]]
"""Events of a server that follow the entry with the first id, up to the second one."""


@dataclass(frozen=True)
class _Waiting:
    keys: ServerKeys
    previous: bytes
    last: bytes
    batches: Sequence[Batch]
    size: int


class Firehose:
    """`run` writes what is pushed. `problem`: a sentence while that does not work, else `""`."""

    def __init__(self, client: Client, *, max_bytes: int = MAX_BYTES) -> None:
        self.problem = ""
        self._client = client
        self._max_bytes = max_bytes
        self._queue: deque[_Waiting] = deque()
        self._size = 0
        self._late: dict[ServerKeys, None] = {}
        self._wake = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._room = asyncio.Event()
        self._room.set()
        self._script_known = False

    def push(self, keys: ServerKeys, previous: bytes, last: bytes, added: Sequence[Batch]) -> None:
        """Events that were just committed, with the stream's newest id before and after. Never waits."""
        size = sum(len(one.events) for one in added)
        if keys in self._late or self._size + size > self._max_bytes:
            self.late(keys)
            return
        self._queue.append(_Waiting(keys, previous, last, added, size))
        self._size += size
        if self._size > self._max_bytes // 2 and not self.problem:
            self._room.clear()
        self._begin()

    async def room(self) -> None:
        """Until what waits is written, or cannot be: who commits in a hurry waits here, so that nothing is read twice.
        Returns at once unless `run` falls behind.
        """
        await self._room.wait()

    def late(self, keys: ServerKeys) -> None:
        """Something of this server may be missing in the firehose: `run` looks in its stream."""
        self._late[keys] = None
        self._begin()

    @property
    def waiting_bytes(self) -> int:
        """Of events that are kept in memory until they are written."""
        return self._size

    def _begin(self) -> None:
        self._idle.clear()
        self._wake.set()

    async def drained(self) -> None:
        """Until everything that was pushed so far is written."""
        await self._idle.wait()

    async def run(self) -> None:
        """Never returns; waits, longer and longer, while Redis does not take writes."""
        wait_s = RETRY_S[0]
        while True:
            await self._wake.wait()
            self._wake.clear()
            try:
                while self._queue or self._late:
                    await self._send() if self._queue else await self._next_late()
            except StoreError as error:
                if self.problem != str(error):
                    log.info("the stream of all servers waits, nothing is lost: %s", error)
                self.problem = str(error)
                self._room.set()
                self._wake.set()
                await asyncio.sleep(wait_s * random.uniform(0.5, 1))  # noqa: S311 - spreads retries, no secret
                wait_s = min(wait_s * 2, RETRY_S[1])
                continue
            self.problem, wait_s = "", RETRY_S[0]
            self._idle.set()

    async def _send(self) -> None:
        """A part of the queue in one write; what the mark does not fit to is late."""
        part: list[_Waiting] = []
        size = 0
        while self._queue and size < SEND_BYTES:
            batch = self._queue.popleft()
            part.append(batch)
            size += batch.size
        self._size -= size
        try:
            replies = await self._relay([(one.keys, one.previous, one.last, one.batches) for one in part])
        except BaseException:
            for one in part:
                self._late[one.keys] = None
            raise
        if self._size <= self._max_bytes // 2:
            self._room.set()
        for one, mark in zip(part, replies, strict=True):
            if order(mark) < order(one.last):
                self._late[one.keys] = None

    async def _next_late(self) -> None:
        keys = next(iter(self._late))
        del self._late[keys]
        try:
            await self.catch_up(keys)
        except BaseException:
            self._late[keys] = None
            raise

    async def _relay(self, moves: Sequence[Move]) -> list[bytes]:
        """The marks after these scripts ran."""
        try:
            if self._script_known:
                replies, address = await self._exchange(moves)
                if not any(isinstance(one, ResponseError) and code(one) == "NOSCRIPT" for one in replies):
                    return _marks(replies, address)
            self._script_known = False
            replies, address = await self._exchange(moves, [RELAY.load()])
            marks = _marks(replies, address)
        except StoreError:
            await self._client.forget()
            raise
        self._script_known = True
        return marks[1:]

    async def _exchange(self, moves: Sequence[Move], first: Sequence[bytes] = ()) -> tuple[list[Any], Address]:
        address = await self._client.address(FIREHOSE)
        packed = chain(first, (pack_relay(*move) for move in moves))
        return await self._client.exchange(address, packed, len(first) + len(moves)), address

    async def mark(self, keys: ServerKeys) -> bytes:
        """The id of the last entry of this server's stream that is in the firehose, or `0-0`."""
        (found,) = await self._client.ask(FIREHOSE, [b"HGET", MARKS, keys.server])
        return found or b"0-0"

    async def catch_up(self, keys: ServerKeys) -> int:
        """Relay what the firehose misses of a server; how many events. May run beside `run` and other writers."""
        mark, relayed = await self.mark(keys), 0  # the mark first: then one ahead of the stream means a loss
        (last,) = await self._client.ask(keys.meta, [b"HGET", keys.meta, b"last"])
        last = last or b"0-0"
        if order(mark) > order(last):
            log.warning("%s lost its newest events in Redis", keys.server.decode())
            await self._align(keys, mark, last)
            return 0
        while order(mark) < order(last):
            (page,) = await self._client.ask(
                keys.stream, [b"XRANGE", keys.stream, b"(" + mark, b"+", b"COUNT", b"%d" % PAGE]
            )
            if not page:
                log.warning("%s was trimmed before all of its events were in the firehose", keys.server.decode())
                await self._align(keys, mark, last)
                return relayed
            events = [fields[1] for _, fields in page]
            before, mark = mark, (await self._relay([(keys, mark, page[-1][0], list(batches(events)))]))[0]
            relayed += len(events) if mark == page[-1][0] and mark != before else 0
        return relayed

    async def _align(self, keys: ServerKeys, mark: bytes, last: bytes) -> None:
        await self._client.ask(FIREHOSE, ALIGN.text_call([MARKS], [keys.server, mark, last]))

    async def tell(self, event: bytes) -> None:
        """An event that is about no server: of the firehose itself."""
        await self._client.ask(
            FIREHOSE,
            [b"XADD", FIREHOSE, b"*", b"server", b"", b"events", b"[%b]" % event, b"sizes", b"%d" % len(event)],
            again=False,
        )

    async def servers(self) -> list[str]:
        """`<namespace>/<name>` of all servers that the firehose had events of, and that were not forgotten."""
        (names,) = await self._client.ask(FIREHOSE, [b"HKEYS", SERVERS])
        return sorted(name.decode() for name in names)

    async def forget(self, keys: ServerKeys) -> None:
        """The server's keys were deleted. (While its stream is there, this would relay all of it again.)"""
        await self._client.ask(FIREHOSE, [b"HDEL", MARKS, keys.server], [b"HDEL", SERVERS, keys.server])


def _marks(replies: Sequence[Any], address: Address) -> list[bytes]:
    for reply in replies:
        if isinstance(reply, ResponseError):
            raise problem(reply, address)
    return list(replies)
