"""The journals of all servers in Redis: load one, commit steps of many."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from redis.exceptions import ResponseError

from backend.events.commit import SCRIPT, Change, Commit, Committed, Conflict, outcome, pack_commit
from backend.events.connection import Client, problem
from backend.events.errors import StoreError, StoreReadOnly, StoreUnavailable, code
from backend.events.firehose import Firehose
from backend.events.keys import ServerKeys
from backend.events.resp import order, pairs
from backend.events.url import Address

__all__ = ["Change", "Commit", "Committed", "Conflict", "EventStore", "Loaded"]

Outcome = Committed | Conflict


@dataclass(frozen=True)
class Loaded:
    """What Redis holds of one server; all empty for a new one. `last`: id of its newest event, or `0-0`."""

    token: bytes
    cursor: bytes
    state: Mapping[bytes, bytes]
    sessions: Mapping[bytes, bytes]
    snapshots: Mapping[bytes, bytes]
    tenants: Mapping[bytes, bytes]
    last: bytes = b"0-0"


class EventStore:
    """Raises StoreError. A firehose is handed what is committed, and told at a load when it has missed something."""

    def __init__(self, client: Client, firehose: Firehose | None = None, *, relay_at_once: bool | None = None) -> None:
        """`relay_at_once`: events go into the firehose in the commit itself; by default if all keys are at one node."""
        self._client = client
        self._firehose = firehose
        self._relay = firehose is not None and (client.one_node if relay_at_once is None else relay_at_once)

    async def load(self, keys: ServerKeys) -> Loaded:
        """One round trip; one more to the firehose's slot if there is one."""
        mark = await self._firehose.mark(keys) if self._firehose else b""  # before the load: it only grows later
        projections = (keys.state, keys.sessions, keys.snapshots, keys.tenants)
        (token, cursor, last), *held = await self._client.ask(
            keys.meta, [b"HMGET", keys.meta, b"token", b"cursor", b"last"], *([b"HGETALL", key] for key in projections)
        )
        state, sessions, snapshots, tenants = map(pairs, held)
        loaded = Loaded(token or b"", cursor or b"", state, sessions, snapshots, tenants, last or b"0-0")
        if self._firehose and order(mark) < order(loaded.last):
            self._firehose.late(keys)
        elif self._firehose and mark != loaded.last:
            await self._firehose.catch_up(keys)
        return loaded

    async def commit(self, commits: Sequence[Commit]) -> list[Outcome]:
        """All of them in one write to each node; one outcome each, in their order. At most one commit of a server.

        A commit whose reply is lost is sent once more; its token tells whether it had been written. When this raises,
        some may have been written: load their servers again.
        """
        outcomes: list[Outcome | None] = [None] * len(commits)
        left: Sequence[int] = range(len(commits))
        for again in (False, True):
            left, failure = await self._try(commits, left, outcomes, again)
            if failure is not None and (again or not isinstance(failure, StoreUnavailable | StoreReadOnly)):
                raise failure
            if not left:
                break
            if failure is not None:
                await self._client.forget()
        return [_certain(one) for one in outcomes]

    async def _try(
        self, commits: Sequence[Commit], wanted: Sequence[int], outcomes: list[Outcome | None], again: bool
    ) -> tuple[list[int], StoreError | None]:
        """Those that have no outcome after this, and why; None when only the script was not known to a node."""
        nodes: dict[Address, list[int]] = {}
        try:
            for i in wanted:
                nodes.setdefault(await self._client.address(commits[i].keys.meta), []).append(i)
        except StoreUnavailable as error:
            return list(wanted), error
        answers = await asyncio.gather(
            *(self._at_node(address, [commits[i] for i in mine], again) for address, mine in nodes.items())
        )
        left: list[int] = []
        failure: StoreError | None = None
        for (address, mine), answer in zip(nodes.items(), answers, strict=True):
            for i, reply in zip(mine, answer, strict=True):
                if not isinstance(reply, Exception):
                    outcomes[i] = self._tell(commits[i], outcome(commits[i], reply))
                    continue
                left.append(i)
                if isinstance(reply, StoreError) or code(reply) != "NOSCRIPT":
                    failure = _worse(failure, reply if isinstance(reply, StoreError) else problem(reply, address))
        return left, failure

    async def _at_node(self, address: Address, commits: Sequence[Commit], load: bool) -> list[Any]:
        """A reply of each commit; an exception for what failed, for all of them when the connection broke."""
        script = [SCRIPT.load()] if load else []
        packed = chain(script, (pack_commit(one, relay=self._relay) for one in commits))  # Redis works at one meanwhile
        try:
            replies = await self._client.exchange(address, packed, len(script) + len(commits))
        except StoreError as error:
            return [error] * len(commits)
        if load and isinstance(replies[0], ResponseError):
            return [replies[0]] * len(commits)
        return replies[1:] if load else replies

    def _tell(self, commit: Commit, result: Outcome) -> Outcome:
        if self._firehose and isinstance(result, Committed) and commit.batches and not result.relayed:
            if result.previous is None or self._relay:
                self._firehose.late(commit.keys)
            else:
                self._firehose.push(commit.keys, result.previous, result.last, commit.batches)
        return result

    async def close(self) -> None:
        """Closes the connections, also those that the firehose uses."""
        await self._client.close()


def _worse(known: StoreError | None, new: StoreError) -> StoreError:
    """What does not pass by itself is told first."""
    return new if known is None or isinstance(known, StoreUnavailable) else known


def _certain(result: Outcome | None) -> Outcome:
    if result is None:
        raise StoreError("Redis forgets our script at once: look whether somebody runs SCRIPT FLUSH")
    return result
