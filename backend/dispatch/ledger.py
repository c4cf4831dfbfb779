"""What was delivered, failed or given up, written to Redis: as much at a time as came together meanwhile."""

from __future__ import annotations

import asyncio
import json
import logging
from collections import Counter
from typing import Any

from backend.dispatch.verdict import backoff_s
from backend.events.errors import StoreError
from backend.events.keys import FIREHOSE
from backend.events.push.letters import DeadLetter
from backend.events.push.store import Command, PushStore

log = logging.getLogger(__name__)


class Ledger:
    """`writable` is set while Redis takes what we write: nothing should be begun while it is not."""

    def __init__(self, store: PushStore, dead_limit: int) -> None:
        self.writable = asyncio.Event()
        self.writable.set()
        self._store = store
        self._dead_limit = dead_limit
        self._dirty = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._clear()

    def _clear(self) -> None:
        self._acks: list[bytes] = []
        self._done_again: list[bytes] = []
        self._letters: list[DeadLetter] = []
        self._lanes: dict[str, str] = {}
        self._counts: Counter[str] = Counter()
        self._state: dict[str, str] = {}

    # --- entries -----------------------------------------------------------------------------------------------------

    def done(self, entry_id: str, again: bool) -> None:
        """A batch, to the last of its events."""
        (self._done_again if again else self._acks).append(entry_id.encode())
        self._touch()

    def lane(self, server: str, place: dict[str, Any] | None) -> None:
        """How far the server's oldest batch has got; None: there is nothing to remember."""
        self._lanes[server] = json.dumps(place) if place else ""
        self._touch()

    def bury(self, letter: DeadLetter) -> None:
        self._letters.append(letter)
        self._touch()

    def count(self, name: str) -> None:
        self._counts[name] += 1
        self._touch()

    def tell(self, **state: str) -> None:
        """Fields of the state; `""` removes one."""
        self._state |= state
        self._touch()

    def _touch(self) -> None:
        self._idle.clear()
        self._dirty.set()

    # --- writing -----------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Never returns; raises LeaseLost."""
        while True:
            await self._dirty.wait()
            self._dirty.clear()
            commands = self._commands()
            self._clear()
            await self._write(self._store.settlement(), commands)
            if not self._dirty.is_set():
                self._idle.set()

    async def written(self) -> None:
        """Until all entries so far are in Redis."""
        await self._idle.wait()

    async def _write(self, number: int, commands: list[Command]) -> None:
        tries = 0
        while True:
            try:
                dropped = await self._store.settle(number, commands, self._dead_limit)
                break
            except StoreError as error:
                tries += 1
                if tries == 1:
                    log.warning("%s: deliveries pause: %s", self._store.keys.name, error)
                self.writable.clear()
                await asyncio.sleep(backoff_s(tries, 0.2, 5.0))
        self.writable.set()
        if tries:
            log.info("%s: deliveries go on", self._store.keys.name)
        if dropped:
            log.warning("%s: %d dead letters went for newer ones", self._store.keys.name, dropped)

    def _commands(self) -> list[Command]:
        keys = self._store.keys
        made: list[Command] = []
        group = keys.group.encode()
        made += [(b"XACK", FIREHOSE, group, *self._acks[i : i + 500]) for i in range(0, len(self._acks), 500)]
        if self._done_again:
            made.append((b"XDEL", keys.again, *self._done_again))
        gone = [server.encode() for server, text in self._lanes.items() if not text]
        if gone:
            made.append((b"HDEL", keys.lanes, *gone))
        removed = [name.encode() for name, text in self._state.items() if not text]
        if removed:
            made.append((b"HDEL", keys.state, *removed))
        for name, number in self._counts.items():
            made.append((b"HINCRBY", keys.state, name.encode(), b"%d" % number))
        for key, fields in ((keys.lanes, self._lanes), (keys.state, self._state)):
            words = [word.encode() for name, text in fields.items() if text for word in (name, text)]
            if words:
                made.append((b"HSET", key, *words))
        return made + [letter.add(keys) for letter in self._letters]
