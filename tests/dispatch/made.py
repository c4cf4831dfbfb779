"""Subscriptions of the API without the API: made in Redis, and what their owners may see told as a replica would."""

from __future__ import annotations

from typing import Any

from backend.dispatch.settings import Settings
from backend.events.connection import Client
from backend.events.push.made import MadeStore
from backend.events.push.made_models import Made, Owner, Record
from backend.events.push.scopes import ScopeStore, Told
from backend.events.sight import EVERYTHING, Sight
from tests.dispatch.running import target

ALICE = Owner(user="alice", groups=("team-a",))


def api_settings(sink: str, **changed: Any) -> Settings:
    """Those of a dispatcher that has no subscriptions of its own."""
    api = {"targets": [target(sink, **changed)]}
    return Settings.model_validate({"lease": "2s", "api": api})


def made(sink: str, name: str = "siem", **changed: Any) -> Made:
    retry = {"firstWait": "1s", "longestWait": "1s"}
    return Made.model_validate({"name": name, "sink": sink, "start": "earliest", "retry": retry} | changed)


class People:
    """Who makes and changes subscriptions, and what they may see."""

    def __init__(self, client: Client, settings: Settings) -> None:
        self.store = MadeStore(client)
        self.scopes = ScopeStore(client)
        self._policy = settings.api.public()

    async def make(self, one: Made, sight: Sight | None = EVERYTHING, owner: Owner = ALICE) -> Record:
        record = await self.store.create(one, owner, self._policy)
        if sight:
            await self.see(sight)
        return record

    async def change(self, record: Record, sight: Sight = EVERYTHING, **changed: Any) -> Record:
        made = Made.model_validate(record.made.model_dump(by_alias=True) | changed)
        new = await self.store.change(record, lambda one: one.model_copy(update={"made": made}))
        await self.see(sight)
        return new

    async def see(self, sight: Sight, *, age_s: float = 0.0, problem: str = "") -> None:
        """Of all whose turn it is, asked so long ago."""
        now, found = await self.scopes.claim(100)
        for record in found:
            await self.scopes.tell(record, Told(sight, now - round(age_s * 1000), problem))

    async def see_now(self, record: Record, sight: Sight, *, problem: str = "") -> None:
        """Without waiting for the turn."""
        now = (await self.store.look(b"?")).now
        await self.scopes.tell(record, Told(sight, now, problem))
