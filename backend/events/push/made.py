"""Subscriptions that people make through the API, as Redis keeps them: made, changed, deleted, looked at."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from backend.events.connection import Client
from backend.events.errors import StoreError
from backend.events.keys import FIREHOSE
from backend.events.push.keys import CHANGES, DUE, MADE, NAMES, OWNED, POLICY, SCOPES, UID_PREFIX, PushKeys
from backend.events.push.made_models import Made, Owner, Record, record_of
from backend.events.push.made_scripts import CHANGE, CREATE, LOOK, REMOVE
from backend.events.push.models import NAME
from backend.events.push.policy import Policy
from backend.events.resp import pairs

_NAME = re.compile(NAME)


class NameTaken(Exception):
    """The owner has one of this name."""


class TooMany(Exception):
    """The text says of what."""


class Changed(Exception):
    """The record is of another revision, or is gone."""


@dataclass(frozen=True)
class Seen:
    """What Redis has at one moment. `now`: its time in milliseconds; `token`: to ask again with; `made`: records by
    uid, None when they are as before; `scopes`: as they were told; `policy`: whether there is one.
    """

    now: int
    token: bytes
    made: dict[str, bytes] | None
    scopes: dict[str, bytes]
    policy: bool


class MadeStore:
    """All raise StoreError."""

    def __init__(self, client: Client) -> None:
        self._client = client

    # --- what is there -----------------------------------------------------------------------------------------------

    async def find(self, owner: str, name: str) -> Record | None:
        """Raises UnknownRecord."""
        if _NAME.fullmatch(name) is None:  # a blank would reach into the names of others
            return None
        (uid,) = await self._client.ask(FIREHOSE, [b"HGET", OWNED, _field(owner, name)])
        if uid is None:
            return None
        (text,) = await self._client.ask(FIREHOSE, [b"HGET", MADE, uid])
        return record_of(text) if text else None

    async def all(self) -> dict[str, bytes]:
        """The texts of all records by uid."""
        (found,) = await self._client.ask(FIREHOSE, [b"HGETALL", MADE])
        return {uid.decode(): text for uid, text in pairs(found).items()}

    async def look(self, token: bytes) -> Seen:
        """`token`: of the look before, at first `b"?"`."""
        call = LOOK.text_call([CHANGES, MADE, SCOPES, POLICY], [token])
        ((now, found, made, scopes, policy),) = await self._client.ask(FIREHOSE, call)
        return Seen(now, found, None if made is None else _texts(made), _texts(scopes), bool(policy))

    # --- changes -----------------------------------------------------------------------------------------------------

    async def create(self, made: Made, owner: Owner, policy: Policy) -> Record:
        """Raises NameTaken and TooMany."""
        ((seconds, micros),) = await self._client.ask(FIREHOSE, [b"TIME"])
        now = int(seconds) * 1000 + int(micros) // 1000
        uid = f"{UID_PREFIX}{secrets.token_hex(8)}"
        record = Record(uid=uid, rev=1, owner=owner, created=now, changed=now, confirmed=now, made=made)
        keys = PushKeys(uid)
        args = [
            uid.encode(), _field(owner.user, made.name), record.text(), owner.user.encode(), b"%d" % policy.per_owner,
            b"%d" % policy.total, b"0" if made.start == "earliest" else b"$", keys.group.encode(), _token(),
        ]  # fmt: skip
        where = [MADE, OWNED, DUE, CHANGES, FIREHOSE, keys.state, NAMES]
        ((outcome, _),) = await self._client.ask(FIREHOSE, CREATE.text_call(where, args))
        if outcome == 0:
            raise NameTaken
        if outcome == -1:
            raise TooMany(f"you have {policy.per_owner} subscriptions already: delete one first")
        if outcome == -2:
            raise TooMany(f"there are {policy.total} subscriptions of the API already: an administrator has to raise "
                          "api.total in the settings of the dispatcher, or delete some")  # fmt: skip
        if outcome == -3:
            raise StoreError("Redis is too old for push subscriptions: use 7.0 or newer")
        return record

    async def change(self, record: Record, change: Callable[[Record], Record], *, revive: bool = False) -> Record:
        """Its next revision. `revive`: deliver again though the sink was gone. Raises Changed."""
        ((seconds, micros),) = await self._client.ask(FIREHOSE, [b"TIME"])
        now = int(seconds) * 1000 + int(micros) // 1000
        new = change(record).model_copy(update={"rev": record.rev + 1, "changed": now, "confirmed": now})
        keys = PushKeys(record.uid)
        args = [record.uid.encode(), b"%d" % record.rev, new.text(), _token(), b"1" if revive else b"0"]
        call = CHANGE.text_call([MADE, SCOPES, DUE, CHANGES, keys.state], args)
        (done,) = await self._client.ask(FIREHOSE, call)
        if not done:
            raise Changed
        return new

    async def delete(self, record: Record) -> None:
        """Everything of it, also while it is delivered. Raises Changed."""
        keys = PushKeys(record.uid)
        args = [record.uid.encode(), b"%d" % record.rev, _field(record.owner.user, record.made.name), _token(),
                keys.group.encode()]  # fmt: skip
        where = [MADE, OWNED, SCOPES, DUE, CHANGES, FIREHOSE, NAMES, *keys.own]
        (done,) = await self._client.ask(FIREHOSE, REMOVE.text_call(where, args))
        if not done:
            raise Changed

    # --- what the dispatcher permits ---------------------------------------------------------------------------------

    async def publish(self, policy: Policy) -> None:
        await self._client.ask(FIREHOSE, [b"SET", POLICY, policy.model_dump_json(by_alias=True).encode()])

    async def policy(self) -> Policy | None:
        """None: no dispatcher has told it yet."""
        (text,) = await self._client.ask(FIREHOSE, [b"GET", POLICY])
        try:
            return Policy.model_validate_json(text) if text else None
        except ValidationError:
            return None  # of another version


def _field(owner: str, name: str) -> bytes:
    return f"{name} {owner}".encode()


def _token() -> bytes:
    return secrets.token_hex(8).encode()


def _texts(flat: list[Any]) -> dict[str, bytes]:
    return {name.decode(): text for name, text in pairs(flat).items()}
