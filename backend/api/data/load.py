"""Reads projections from Redis: all of a server, or what is marked. Raises StoreError."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import Any

from backend.api.data.marks import Marks
from backend.api.data.projections import Projections
from backend.events.connection import Client
from backend.events.keys import ServerKeys
from backend.events.resp import pairs

AT_ONCE = 1000  # snapshots in one read
IN_ONE_TURN = 100  # of which so many are made in a turn of the event loop, which takes some milliseconds
ROWS_IN_ONE_TURN = 10
MANY = 10_000  # snapshots


async def load(client: Client, keys: ServerKeys) -> Projections:
    """All of a server. Others have their turn in between.

    The ids come first, then what they stand for: unlike a scan, that misses nothing if Redis restarts in between.
    """
    held = Projections(keys)
    ids, sessions, tenants = await client.ask(
        keys.snapshots, [b"HKEYS", keys.snapshots], [b"HGETALL", keys.sessions], [b"HGETALL", keys.tenants]
    )
    with _without_collection(len(ids) >= MANY):
        await _load_snapshots(client, held, ids)
        held.take_sessions(pairs(sessions))
        held.take_tenants(pairs(tenants))
        done = False
        while not done:
            done = held.tenants.refresh(ROWS_IN_ONE_TURN)
            await asyncio.sleep(0)
    return held


async def _load_snapshots(client: Client, held: Projections, ids: Iterable[bytes]) -> None:
    wanted = iter(ids)
    while part := list(islice(wanted, AT_ONCE)):
        (texts,) = await client.ask(held.keys.snapshots, [b"HMGET", held.keys.snapshots, *part])
        given = zip(part, texts, strict=True)
        while some := {name.decode("utf-8", "replace"): text for name, text in islice(given, IN_ONE_TURN)}:
            held.load_snapshots(some)
            await asyncio.sleep(0)
    for _ in held.snapshots.sort():
        await asyncio.sleep(0)


_paused = 0


@contextmanager
def _without_collection(many: bool) -> Iterator[None]:
    """While so many objects are made that stay, looking for garbage among them would stop everything again and again;
    nor is it looked for there later.
    """
    global _paused  # noqa: PLW0603 - the collector is of the process, and several may load
    if not many:
        yield
        return
    _paused += 1
    gc.disable()
    try:
        yield
    finally:
        _paused -= 1
        if not _paused:
            gc.freeze()
            gc.enable()


@dataclass(frozen=True)
class Reading:
    """What to read again of one server."""

    held: Projections
    snapshots: Sequence[str]
    sessions: bool
    tenants: bool
    commands: list[list[bytes]] = field(default_factory=list)

    @classmethod
    def of(cls, held: Projections, marks: Marks) -> Reading:
        made = cls(held, sorted(marks.snapshots), marks.sessions, marks.tenants)
        keys = held.keys
        made.commands.append([b"HLEN", keys.snapshots])
        if made.snapshots:
            made.commands.append([b"HMGET", keys.snapshots, *(name.encode() for name in made.snapshots)])
        if made.sessions:
            made.commands.append([b"HGETALL", keys.sessions])
        if made.tenants:
            made.commands.append([b"HGETALL", keys.tenants])
        return made

    def take(self, replies: Iterable[Any]) -> bool:
        """One for each command. False: we hold snapshots that are not there any more."""
        given = iter(replies)
        there = next(given)
        if self.snapshots:
            self.held.take_snapshots(dict(zip(self.snapshots, next(given), strict=True)))
        if self.sessions:
            self.held.take_sessions(pairs(next(given)))
        if self.tenants:
            self.held.take_tenants(pairs(next(given)))
        return len(self.held.snapshots.all.items) <= int(there)


async def read_again(client: Client, readings: Sequence[Reading]) -> list[bool]:
    """What each `take` said. One round trip for all where all keys are at one node, else one for each server."""
    if client.one_node or not readings:
        return await _ask(client, readings)
    parts = await asyncio.gather(*(_ask(client, [one]) for one in readings))
    return list(chain.from_iterable(parts))


async def _ask(client: Client, readings: Sequence[Reading]) -> list[bool]:
    if not readings:
        return []
    commands = [command for one in readings for command in one.commands]
    replies = iter(await client.ask(readings[0].held.keys.meta, *commands))
    return [one.take(islice(replies, len(one.commands))) for one in readings]
