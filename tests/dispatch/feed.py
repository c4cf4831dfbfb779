"""Events of one server, written into the firehose as the controller writes them."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace

from backend.events.catalogue import ALL
from backend.events.connection import Client
from backend.events.envelope import Source, Trace, encode
from backend.events.firehose import Firehose
from backend.events.generate import TIME
from backend.events.keys import ServerKeys
from backend.events.store import EventStore
from tests.events.helpers import KEYS, commit, events_of

_KINDS = list(ALL.values())


def real_event(keys: ServerKeys, name: str, kind: str = "", trace: Trace | None = None) -> bytes:
    """One of the catalogue: of this kind, such as `session.started`, or of any, always the same for one name."""
    found = next((one for one in _KINDS if one.name == kind), _KINDS[sum(map(ord, name)) % len(_KINDS)])
    payload = found.payload.model_validate(dict(found.example))
    return encode(Source(keys.namespace, keys.name), payload, id=name, time=TIME, trace=trace)


class Feed:
    """Each `add` is one commit, and one entry of the firehose."""

    def __init__(self, client: Client, keys: ServerKeys = KEYS) -> None:
        self.keys = keys
        self._store = EventStore(client)
        self._firehose = Firehose(client)
        self._token: bytes | None = None
        self._numbers = itertools.count()

    async def add(self, *names: str) -> None:
        """Short ones that only have an id."""
        await self.write(events_of(commit(names)))

    async def more(self, count: int, kind: str = "") -> list[str]:
        """Real ones, in one batch; their ids, `<server>-<number>`."""
        names = [f"{self.keys.name}-{next(self._numbers)}" for _ in range(count)]
        await self.write([real_event(self.keys, name, kind) for name in names])
        return names

    async def write(self, events: Sequence[bytes]) -> None:
        if self._token is None:
            self._token = (await self._store.load(self.keys)).token
        made = replace(commit([], self._token, keys=self.keys), events=events)
        await self._store.commit([made])
        self._token = made.token
        await self._firehose.catch_up(self.keys)
