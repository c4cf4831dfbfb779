"""What owners of subscriptions may see: whose turn it is to be asked about, and the answers, as Redis keeps them.

The API asks Kubernetes and writes, the dispatcher reads: it has no access to Kubernetes.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from backend.events.connection import Client
from backend.events.keys import FIREHOSE
from backend.events.push.keys import DUE, MADE, SCOPES
from backend.events.push.made_models import Record, UnknownRecord, record_of
from backend.events.push.made_scripts import CLAIM, SEEN
from backend.events.sight import Sight, dump, parse

EVERY_S = 20.0  # how often each is asked about
CLAIM_S = 15.0  # after which another replica asks
MAX_AGE_S = 50.0  # of an answer that something is delivered by: with a request's time, under a minute


@dataclass(frozen=True)
class Told:
    """`asked`: milliseconds of Redis's clock, before Kubernetes was asked. `problem`: a sentence where nothing may be
    delivered whatever the sight, `""` else.
    """

    sight: Sight
    asked: int
    problem: str = ""


def told_of(text: bytes) -> Told | None:
    """None for what nobody of us wrote."""
    try:
        sight, told = parse(text)
        return Told(sight, int(told["asked"]), str(told.get("problem", "")))
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


class ScopeStore:
    """All raise StoreError."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def claim(self, count: int) -> tuple[int, list[Record]]:
        """Up to so many whose turn it is, for this replica to ask about, and the time to give with the answers."""
        args = [b"%d" % round(CLAIM_S * 1000), b"%d" % count]
        ((now, texts),) = await self._client.ask(FIREHOSE, CLAIM.text_call([DUE, MADE], args))
        records: list[Record] = []
        for text in texts:
            try:
                records.append(record_of(text))
            except UnknownRecord:
                continue  # a newer replica made it, and will ask
        return now, records

    async def tell(self, record: Record, told: Told) -> None:
        """Nothing happens where the record has changed meanwhile: then it is its turn again anyway."""
        text = json.dumps(dump(told.sight) | {"asked": told.asked, "problem": told.problem}).encode()
        args = [record.uid.encode(), b"%d" % record.rev, text, b"%d" % told.asked, b"%d" % round(EVERY_S * 1000)]
        await self._client.ask(FIREHOSE, SEEN.text_call([SCOPES, MADE, DUE], args))

    async def find(self, uid: str) -> Told | None:
        (text,) = await self._client.ask(FIREHOSE, [b"HGET", SCOPES, uid.encode()])
        return told_of(text) if text else None
