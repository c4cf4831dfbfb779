"""Commits, contents of streams, waiting, and a proxy that cuts connections at chosen moments."""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
import time
from collections.abc import Awaitable, Callable, Iterable

from backend.events.batch import unbatch
from backend.events.commit import Change, Commit
from backend.events.connection import Client
from backend.events.keys import FIREHOSE, ServerKeys
from backend.events.reader import StreamReader

KEYS = ServerKeys("backup", "one")


def event(name: str, size: int = 0) -> bytes:
    return json.dumps({"specversion": "1.0", "id": name, "data": "x" * size}).encode()


def name_of(one: bytes) -> str:
    return str(json.loads(one)["id"])


def commit(
    names: Iterable[str], expected: bytes = b"", *, keys: ServerKeys = KEYS, changes: Iterable[Change] = (),
    cursor: bytes | None = None, size: int = 0,
) -> Commit:  # fmt: skip
    events = [event(name, size) for name in names]
    return Commit(keys, expected, secrets.token_hex(8).encode(), events, list(changes), cursor)


def events_of(made: Commit) -> list[bytes]:
    return [one for batch in made.batches for one in unbatch(batch.events, batch.sizes)]


async def contents(client: Client, stream: bytes) -> list[str]:
    """The names of all events of a stream."""
    reader, found, after = StreamReader(client), [], "0-0"
    while page := await reader.history(stream, after, count=500):
        found += [name_of(one) for entry in page for one in entry.events]
        after = page[-1].id
    return found


async def firehose_of(client: Client, keys: ServerKeys) -> list[str]:
    reader, found, after = StreamReader(client), [], "0-0"
    while page := await reader.history(FIREHOSE, after, count=500):
        mine = [entry for entry in page if entry.server == keys.server.decode()]
        found += [name_of(one) for entry in mine for one in entry.events]
        after = page[-1].id
    return found


async def until(true: Callable[[], Awaitable[bool]], what: str, timeout: float = 20) -> None:
    deadline = time.monotonic() + timeout
    while not await true():
        assert time.monotonic() < deadline, f"{what} did not happen within {timeout:.0f} s"
        await asyncio.sleep(0.02)


class Proxy:
    """TCP in front of Redis. `lose_replies`: that many next answers are swallowed, and their connections cut;
    `lose_requests`: the same for what clients send.
    """

    def __init__(self, port: int) -> None:
        self.lose_replies = self.lose_requests = 0
        self.lost = 0
        self._upstream = port
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Proxy:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"redis://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/0"
        return self

    async def __aexit__(self, *_exc: object) -> None:
        self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        upstream_reader, upstream_writer = await asyncio.open_connection("127.0.0.1", self._upstream)
        both = [
            asyncio.ensure_future(self._pump(reader, upstream_writer, "lose_requests")),
            asyncio.ensure_future(self._pump(upstream_reader, writer, "lose_replies")),
        ]
        try:
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in both:
                one.cancel()
            await asyncio.gather(*both, return_exceptions=True)
            for end in (writer, upstream_writer):
                end.close()
                with contextlib.suppress(OSError):
                    await end.wait_closed()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, budget: str) -> None:
        while data := await reader.read(65536):
            if getattr(self, budget):
                setattr(self, budget, getattr(self, budget) - 1)
                self.lost += 1
                return
            writer.write(data)
            await writer.drain()
