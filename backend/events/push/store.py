"""One process at a time delivers a subscription: its lease, what it reads, and how it settles what it has read."""

from __future__ import annotations

import itertools
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from backend.events.batch import unbatch
from backend.events.commit import split
from backend.events.connection import Client
from backend.events.errors import StoreError
from backend.events.keys import FIREHOSE
from backend.events.push.keys import MADE, NAMES, PushKeys
from backend.events.push.scripts import HOLD, OPEN, READ, RELEASE, SETTLE
from backend.events.reader import StreamReader
from backend.events.resp import order, pairs

Command = tuple[bytes, ...]
PAGE = 100
TRIMMED = "the stream reached its limit before these were read"


def stamp(time: datetime) -> str:
    """RFC 3339, UTC."""
    return time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def now() -> str:
    return stamp(datetime.now(UTC))


class LeaseLost(Exception):
    """Another process delivers this subscription now, or may."""


@dataclass(frozen=True)
class Batch:
    """What is to be delivered in one piece of bookkeeping: an entry of the firehose, or, with `again`, a dead letter to
    be redelivered. No events: it was trimmed before it was delivered.
    """

    id: str
    server: str
    events: tuple[bytes, ...]
    again: bool = False


@dataclass(frozen=True)
class Lost:
    """Entries of the firehose that were trimmed unread: `count` of them (0: nobody knows), between two ids."""

    count: int
    after: str
    before: str
    reason: str


class PushStore:
    """What the holder of a lease does with one subscription. All raise StoreError, and LeaseLost where they write."""

    def __init__(self, client: Client, name: str, who: str, revision: int = 0) -> None:
        """`revision`: of a subscription that was made through the API; only of the current one there is a lease."""
        self.keys = PushKeys(name)
        self._revision = b"%d" % revision if revision else b""
        self._client = client
        self._reader = StreamReader(client)
        self._token = f"{who} {secrets.token_hex(8)}".encode()
        self._settlements = itertools.count(1)
        self._again = b"0-0"
        self._seen = b""  # the last entry that was read, also by an earlier lease

    # --- the lease ---------------------------------------------------------------------------------------------------

    async def acquire(self, ttl_s: float) -> str:
        """`""` when the lease is ours now, else who holds it."""
        done, held = await self._hold(ttl_s, b"1")
        self._again = b"0-0"
        if done == -1:
            raise LeaseLost
        return "" if done else held.decode().partition(" ")[0]

    async def renew(self, ttl_s: float) -> None:
        done, _ = await self._hold(ttl_s, b"0")
        if done != 1:
            raise LeaseLost

    async def _hold(self, ttl_s: float, take: bytes) -> tuple[int, bytes]:
        args = [self._token, b"%d" % round(ttl_s * 1000), take, self.keys.name.encode(), self._revision]
        ((done, held),) = await self._client.ask(FIREHOSE, HOLD.text_call([self.keys.lease, MADE], args))
        return done, held

    async def release(self) -> None:
        await self._client.ask(FIREHOSE, RELEASE.text_call([self.keys.lease], [self._token]))

    # --- reading -----------------------------------------------------------------------------------------------------

    async def open(self, *, earliest: bool) -> Lost | None:
        """Go on where the subscription stood; a new one begins with what is there (`earliest`) or with what comes.

        Answers what may be missing because the consumer group had vanished.
        """
        keys = self.keys
        start = self._seen or (b"0" if earliest else b"$")
        args = [self._token, keys.group.encode(), start, keys.name.encode(), b"1" if self._seen else b"0"]
        ((outcome, at),) = await self._client.ask(
            FIREHOSE, OPEN.text_call([keys.lease, FIREHOSE, keys.state, NAMES], args)
        )
        if outcome == -2:
            raise StoreError("Redis is too old for push subscriptions: use 7.0 or newer")
        _check(outcome)
        self._seen = at
        if outcome != 1:
            return None
        return Lost(0, "", at.decode(), "Redis lost the consumer group: what was not delivered yet may be missing")

    @property
    def last_read(self) -> str:
        return self._seen.decode()

    async def unfinished(self, after: str) -> list[Batch]:
        """A page of what was read before, also by others, and not settled; `after`: `0`, then the last one's id."""
        entries = await self._reader.read_group(FIREHOSE, self.keys.group, "push", count=PAGE, pending=after)
        if entries and order(entries[-1].id) > order(self._seen):
            self._seen = entries[-1].id.encode()
        return [Batch(one.id, one.server, tuple(one.events)) for one in entries]

    async def read(self, count: int) -> tuple[list[Batch], Lost | None]:
        """Up to `count` entries that nobody had yet, and dead letters to be redelivered. What was trimmed unread is
        among the dead letters already.

        After a StoreError, `unfinished(last_read)` has what this may have taken off the stream.
        """
        keys = self.keys
        args = [self._token, keys.group.encode(), b"%d" % count, self._again, TRIMMED.encode(), now().encode()]
        (answer,) = await self._client.ask(
            FIREHOSE, READ.text_call([keys.lease, FIREHOSE, keys.state, keys.again, keys.dead], args), again=False
        )
        _check(answer[0])
        lost, after, oldest, entries, again = answer
        found = [_batch(entry_id, fields) for entry_id, fields in entries]
        if entries:
            self._seen = entries[-1][0]
        for entry_id, fields in again:
            held = pairs(fields)
            found.append(Batch(entry_id.decode(), held[b"server"].decode(), (held[b"event"],), again=True))
            self._again = entry_id
        if not lost:
            return found, None
        return found, Lost(lost, after.decode(), oldest.decode(), TRIMMED)

    async def wait(self, block_s: float) -> None:
        """Until there may be something to read."""
        position = {FIREHOSE: self._seen.decode(), self.keys.again: self._again.decode()}
        await self._reader.tail(position, block_s=block_s, count=1)

    async def fetch(self, entry_id: str) -> tuple[bytes, ...]:
        """The events of an entry once more; none when it was trimmed."""
        (found,) = await self._client.ask(FIREHOSE, [b"XRANGE", FIREHOSE, entry_id.encode(), entry_id.encode()])
        return _batch(*found[0]).events if found else ()

    async def oldest(self) -> str:
        """The id of the firehose's oldest entry, or `""`."""
        return (await self._reader.bounds(FIREHOSE)).first

    async def load(self) -> tuple[dict[str, str], dict[str, str]]:
        """State and lanes."""
        state, lanes = await self._client.ask(FIREHOSE, [b"HGETALL", self.keys.state], [b"HGETALL", self.keys.lanes])
        return _decoded(state), _decoded(lanes)

    # --- settling ----------------------------------------------------------------------------------------------------

    def settlement(self) -> int:
        """A number that no other settlement has."""
        return next(self._settlements)

    async def settle(self, number: int, commands: Sequence[Command], dead_limit: int) -> int:
        """All of these commands on our keys or none; how many of the oldest dead letters had to go.

        `number`: of `settlement`. After a StoreError it is not known whether they were done; then this, called with the
        same arguments, does what was not done.
        """
        keys = self.keys
        words = [word for one in commands for piece in split(one) for word in (b"%d" % len(piece), *piece)]
        args = [self._token, self._token + b" %d" % number, b"%d" % dead_limit, *words]
        ((outcome, dropped),) = await self._client.ask(
            FIREHOSE, SETTLE.text_call([keys.lease, keys.state, keys.dead, keys.lanes, keys.again, FIREHOSE], args)
        )
        _check(outcome)
        return int(dropped)


def _check(outcome: int) -> None:
    if outcome == -1:
        raise LeaseLost


def _batch(entry_id: bytes, fields: Sequence[bytes]) -> Batch:
    held = pairs(fields)
    events = unbatch(held[b"events"], held.get(b"sizes", b""))
    return Batch(entry_id.decode(), held.get(b"server", b"").decode(), tuple(events))


def _decoded(flat: Sequence[Any]) -> dict[str, str]:
    return {name.decode(): value.decode() for name, value in pairs(flat).items()}
