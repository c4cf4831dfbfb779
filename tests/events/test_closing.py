"""A client that is closed leaves no connection, not even one that was just being made."""

from __future__ import annotations

import asyncio
import contextlib

from backend.events.connection import connect
from backend.events.errors import StoreError


async def test_a_connection_that_was_being_made_is_closed_too() -> None:
    asked, left = asyncio.Event(), asyncio.Event()

    async def answers(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.read(1000):
            writer.write(b"+PONG\r\n")
            asked.set()
        left.set()
        writer.close()

    server = await asyncio.start_server(answers, "127.0.0.1", 0)
    async with server:
        client = connect(f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}/0")
        asking = asyncio.create_task(client.ask(b"key", [b"PING"]))
        await asyncio.sleep(0)  # it begins to connect
        await client.close()
        async with asyncio.timeout(10):
            with contextlib.suppress(StoreError):
                await asking
            if asked.is_set():
                await left.wait()
