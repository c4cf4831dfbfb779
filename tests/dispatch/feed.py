"""Events of one server, written into the firehose as the controller writes them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from backend.events.connection import Client
from backend.events.envelope import Source
from backend.events.firehose import Firehose
from backend.events.keys import ServerKeys
from backend.events.store import EventStore
from tests.events.helpers import KEYS, commit


class Feed:
    """Each `add` is one commit, and one entry of the firehose."""

    def __init__(self, client: Client, keys: ServerKeys = KEYS) -> None:
        self.keys = keys
        self.source = Source(keys.namespace, keys.name)
        self._store = EventStore(client)
        self._firehose = Firehose(client)
        self._token: bytes | None = None

    async def add(self, *names: str, events: Sequence[bytes] = ()) -> None:
        if self._token is None:
            self._token = (await self._store.load(self.keys)).token
        made = commit(names, self._token, keys=self.keys)
        made = replace(made, events=[*made.events, *events])
        await self._store.commit([made])
        self._token = made.token
        await self._firehose.catch_up(self.keys)
