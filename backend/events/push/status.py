"""How each subscription stands, as Redis has it; for the command line and for whoever shows it to people."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from backend.events.connection import Client
from backend.events.keys import FIREHOSE
from backend.events.push.keys import NAMES, PushKeys
from backend.events.push.scripts import DELETE, STATUS
from backend.events.push.store import stamp
from backend.events.resp import order, pairs, previous

ACTIVE, GONE, REFUSED, WAITING = "active", "gone", "refused", "waiting"


@dataclass(frozen=True)
class Held:
    """A server whose oldest event fails, so that its later events wait. Times: RFC 3339."""

    server: str
    attempts: int
    since: str
    next: str
    error: str


@dataclass(frozen=True)
class Status:
    """`phase`: `active`, `gone` (the sink answered 410), `refused` (it did not permit deliveries) or `waiting` (of one
    that somebody made through the API: nothing may be delivered now), with a `reason`. `position`: the id up to which
    all of the firehose is settled. `holder`: who delivers, `""`: nobody does now; `revision`: of
    the record that was delivered by last. `waiting`: batches of the firehose
    that are not settled; `oldest`: when the first of those was written that were read. Counters of all time:
    `delivered` events, `failures` of attempts, `lost` batches that were trimmed unread, `dropped` dead letters that had
    to go for newer ones.
    """

    name: str
    phase: str
    reason: str
    holder: str
    revision: int
    position: str
    waiting: int
    oldest: str
    delivered: int
    failures: int
    dead_letters: int
    redelivering: int
    dropped: int
    lost: int
    last_success: str
    last_error: str
    error: str
    held: tuple[Held, ...]


class Subscriptions:
    """All raise StoreError."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def names(self) -> list[str]:
        """Of all that ever began, also those that no settings name any more."""
        (found,) = await self._client.ask(FIREHOSE, [b"SMEMBERS", NAMES])
        return sorted(one.decode() for one in found)

    async def status(self, name: str) -> Status:
        keys = PushKeys(name)
        (answer,) = await self._client.ask(FIREHOSE, STATUS.text_call([FIREHOSE, *keys.own], [keys.group.encode()]))
        lease, state, lanes, dead, again, pending, added, oldest = answer
        known = {field.decode(): value.decode() for field, value in pairs(state).items()}

        def number(field: str) -> int:
            return int(known.get(field, 0))

        read, waits = number("read"), known.get("waits", "")
        return Status(
            name=name,
            phase=known.get("phase") or (WAITING if waits else ACTIVE),
            reason=known.get("reason") or waits,
            holder=lease.decode().partition(" ")[0],
            revision=number("revision"),
            position=previous(oldest.decode()) if oldest else known.get("last", ""),
            waiting=pending + (max(0, added - read) if read >= 0 and known else 0),
            oldest=stamp(datetime.fromtimestamp(order(oldest)[0] / 1000, UTC)) if oldest else "",
            delivered=number("delivered"),
            failures=number("failures"),
            dead_letters=dead,
            redelivering=again,
            dropped=number("dropped"),
            lost=number("lost"),
            last_success=known.get("success_at", ""),
            last_error=known.get("error_at", ""),
            error=known.get("error", ""),
            held=_held(pairs(lanes)),
        )

    async def resume(self, name: str) -> bool:
        """Deliver again though the sink said that it is gone. False: it is not in that phase."""
        keys = PushKeys(name)
        (phase,) = await self._client.ask(FIREHOSE, [b"HGET", keys.state, b"phase"])
        if phase != GONE.encode():
            return False
        await self._client.ask(FIREHOSE, [b"HDEL", keys.state, b"phase", b"reason"])
        return True

    async def delete(self, name: str) -> str:
        """Forget everything of it; `""`, or who still delivers it, and nothing is done."""
        keys = PushKeys(name)
        call = DELETE.text_call([FIREHOSE, NAMES, *keys.own], [keys.group.encode(), name.encode()])
        (holder,) = await self._client.ask(FIREHOSE, call)
        return str(holder.decode().partition(" ")[0])


def _held(lanes: dict[bytes, bytes]) -> tuple[Held, ...]:
    found: list[Held] = []
    for server, text in sorted(lanes.items()):
        lane: dict[str, Any] = json.loads(text)
        if lane.get("attempts"):
            found.append(Held(server.decode(), lane["attempts"], lane["since"], lane["next"], lane["error"]))
    return tuple(found)
