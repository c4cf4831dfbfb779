"""A deleted server's stream is kept for a while, then it is gone altogether; a new one of its name goes on in it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import pytest

from backend.controller import event_path
from backend.controller.event_path import EventPath
from backend.controller.journal import KEPT_AFTER_DELETION_S
from backend.controller.settings import Settings
from backend.controller.state_events import ServerView
from backend.events.connection import Client
from backend.events.keys import MARKS, SERVERS, ServerKeys
from backend.events.reader import StreamReader
from tests.events.helpers import until

pytestmark = pytest.mark.servers
KEY = ("backup", "vms")
KEYS = ServerKeys(*KEY)


@asynccontextmanager
async def running(client: Client) -> AsyncIterator[EventPath]:
    tasks: list[asyncio.Task[None]] = []

    def spawn(work: Any, name: str) -> asyncio.Task[None]:
        tasks.append(asyncio.create_task(work, name=name))
        return tasks[-1]

    path = EventPath(client, Settings(image="none", controller_namespace="none"), lambda: None)
    path.start(spawn)
    try:
        yield path
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def view(uid: str) -> ServerView:
    meta = {"uid": uid, "name": "vms", "namespace": "backup", "creationTimestamp": "2026-11-23T09:00:00Z"}
    return ServerView({"metadata": meta, "spec": {"prefix": "vms"}, "status": {}}, datetime.now(UTC))


async def told(client: Client) -> list[tuple[str, str]]:
    entries = await StreamReader(client).history(KEYS.stream)
    events = [json.loads(event) for entry in entries for event in entry.events]
    return [(event["type"].split(".")[-2], event["data"]["uid"]) for event in events]


async def lifetimes(client: Client) -> list[int]:
    """Seconds that stream and meta are kept; -1: for ever, -2: they are gone."""
    return list(await client.ask(KEYS.meta, *([b"TTL", key] for key in (KEYS.stream, KEYS.meta))))


async def until_told(client: Client, wanted: list[tuple[str, str]]) -> None:
    async def there() -> bool:
        return await told(client) == wanted

    await until(there, f"{wanted} in the stream")


async def test_it_expires_and_is_forgotten(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_path, "TRIM_S", 0.05)
    async with running(client) as path:
        path.observe(KEY, view("one"))
        await until_told(client, [("created", "one")])
        assert await lifetimes(client) == [-1, -1]
        path.delete(KEY)
        await until_told(client, [("created", "one"), ("deleted", "one")])
        for seconds in await lifetimes(client):
            assert KEPT_AFTER_DELETION_S - 60 < seconds <= KEPT_AFTER_DELETION_S

        async def marked() -> bool:
            (mark,) = await client.ask(MARKS, [b"HGET", MARKS, KEYS.server])
            (last,) = await client.ask(KEYS.meta, [b"HGET", KEYS.meta, b"last"])
            return bool(mark == last)

        await until(marked, "the firehose with all of it")
        await client.ask(KEYS.meta, *([b"PEXPIRE", key, b"1"] for key in (KEYS.stream, KEYS.meta)))

        async def forgotten() -> bool:
            found = await client.ask(MARKS, [b"HEXISTS", MARKS, KEYS.server], [b"HEXISTS", SERVERS, KEYS.server])
            return found == [0, 0]

        await until(forgotten, "a firehose that forgot it")
        assert await lifetimes(client) == [-2, -2]


async def test_a_deletion_that_nobody_saw_is_told_once(client: Client) -> None:
    async with running(client) as path:
        path.observe(KEY, view("one"))
        await until_told(client, [("created", "one")])
        await until_relayed(path)
    for _ in range(2):
        async with running(client) as path:
            await path.delete_departed(set())
            await until_told(client, [("created", "one"), ("deleted", "one")])


async def until_relayed(path: EventPath) -> None:
    async def there() -> bool:
        return bool(await path._firehose.servers())

    await until(there, "the server in the firehose")


async def test_a_new_one_of_the_same_name_is_kept(client: Client) -> None:
    async with running(client) as path:
        path.observe(KEY, view("one"))
        await until_told(client, [("created", "one")])
        path.delete(KEY)
        await until_told(client, [("created", "one"), ("deleted", "one")])
    async with running(client) as path:
        path.observe(KEY, view("two"))
        await until_told(client, [("created", "one"), ("deleted", "one"), ("created", "two")])
        assert await lifetimes(client) == [-1, -1]
