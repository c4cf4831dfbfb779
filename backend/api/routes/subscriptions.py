"""Push subscriptions of the caller: made, changed, deleted, delivered once more; and how the deliveries go."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiohttp import web
from pydantic import BaseModel

from backend.api.access.access import Access
from backend.api.access.caller import Caller
from backend.api.access.gate import caller_of_request
from backend.api.access.limits import Limits, Rates
from backend.api.access.owners import Owners, owner_of
from backend.api.access.scope import Scope
from backend.api.data.query import parse
from backend.api.data.room import Data
from backend.api.http.answers import answer, may_change
from backend.api.http.bodies import as_model, merge, read_changes, read_model
from backend.api.http.pages import decode_cursor, encode_cursor
from backend.api.http.problem import (
    CONFLICT,
    FORBIDDEN,
    INVALID_BODY,
    PRECONDITION_FAILED,
    Problem,
    not_found,
    unavailable,
)
from backend.api.openapi.route import Answer, Route
from backend.api.routes import subscription_models as models
from backend.api.routes.lists import PREFIX
from backend.api.stream.position import InvalidPosition, at
from backend.api.stream.position import parse as parse_position
from backend.events.connection import Client
from backend.events.errors import StoreError
from backend.events.moments import parse_moment
from backend.events.push.keys import UID_PREFIX
from backend.events.push.letters import EVENT, DeadLetter, DeadLetters
from backend.events.push.made import Changed, MadeStore, NameTaken, TooMany
from backend.events.push.made_models import Made, Record, UnknownRecord, record_of
from backend.events.push.policy import NotAllowed, Policy
from backend.events.push.rewind import rewind
from backend.events.push.status import Subscriptions as Statuses
from backend.events.resp import previous
from backend.events.sight import visible

ALL = f"{PREFIX}/subscriptions"
ONE = f"{ALL}/{{name}}"
CHANGES = Rates(per_second=1, burst=60)  # of one user, at one replica: each costs dispatchers and Redis something
READ_S = 4.0  # that a question may wait for Redis; a change may take longer: nobody knows what one cut short did
_ETAG = {"ETag": "Its version: send it as If-Match with a change."}
_GUARD = {"If-Match": {"description": "The ETag that was read: 412 if it is another one now.", "type": "string"}}
_FIXED = ("name", "start")
_LETTERS, _NEWEST = "dead letters", "dead letters, the newest first"
_NO_DISPATCHER = (
    "No dispatcher has told yet where pushes may go: an administrator has to run bsls dispatcher, with api.targets in "
    "its settings."
)
_NOTHING = (
    "You may list none of its servers: ask for a role in their namespace; with the role bsls-tenant-viewer, name the "
    "namespaces of your VMs in vmNamespaces."
)


@dataclass(frozen=True)
class Pushes:
    """What the routes work with. `owners`: asks what is new, at once."""

    client: Client
    store: MadeStore
    owners: Owners


class SubscriptionRoutes:
    def __init__(self, access: Access, data: Data, pushes: Pushes) -> None:
        self._access = access
        self._data = data
        self._pushes = pushes
        self._limits = Limits(CHANGES)

    def routes(self) -> list[Route]:
        one = Answer(200, "It", models.Subscription, headers=_ETAG)
        new = Answer(201, "Made", models.Subscription, headers={**_ETAG, "Location": "Its path."})
        same = Answer(304, "Unchanged")
        tag = "subscriptions"
        return [
            Route("GET", ALL, self.all, "listSubscriptions", "Push subscriptions", tag, query=models.SubscriptionsQuery,
                  answers=(Answer(200, "All of them", models.SubscriptionList), same)),
            Route("POST", ALL, self.create, "createSubscription", "A new push subscription", tag, answers=(new,),
                  body=models.NewSubscription, problems=(409, 413, 415, 422)),
            Route("GET", ONE, self.one, "getSubscription", "One push subscription", tag, answers=(one, same)),
            Route("PATCH", ONE, self.change, "changeSubscription", "Change, pause, resume or confirm it", tag,
                  answers=(one,), body=models.SubscriptionChange, headers=_GUARD, problems=(409, 412, 413, 415, 422)),
            Route("DELETE", ONE, self.delete, "deleteSubscription", "Delete it, with its dead letters", tag,
                  answers=(Answer(204, "Deleted"),), headers=_GUARD, problems=(409, 412)),
            Route("GET", f"{ONE}/state", self.state, "getDeliveryState", "How the deliveries go", tag,
                  answers=(Answer(200, "It", models.DeliveryState), same)),
            Route("GET", f"{ONE}/dead-letters", self.dead_letters, "listDeadLetters", "What was given up", tag,
                  query=models.DeadLetterQuery, answers=(Answer(200, "A page", models.DeadLetterPage), same)),
            Route("POST", f"{ONE}/redeliver", self.redeliver, "redeliver", "Deliver events once more", tag,
                  body=models.Redeliver, answers=(Answer(202, "They come", models.Redelivered),),
                  problems=(413, 415, 422)),
        ]  # fmt: skip

    # --- reading -----------------------------------------------------------------------------------------------------

    async def all(self, request: web.Request) -> web.StreamResponse:
        query = parse(models.SubscriptionsQuery, request.query)
        caller = caller_of_request(request)
        everything = await self._access.may(caller, "list", "")
        if query.all and not everything:
            raise Problem(FORBIDDEN, "Everybody's subscriptions are for those who may list servers in all namespaces.")
        async with self._read():
            records = _records(await self._pushes.store.all())
            chosen = {uid: one for uid, one in records.items() if query.all or one.owner.user == caller.username}
            statuses = Statuses(self._pushes.client)
            found = {uid: await statuses.status(uid) for uid in chosen}
            others = _of_settings(await statuses.names()) if query.all else []
            of_others = {name: await statuses.status(name) for name in others}
        items = []
        for uid, record in sorted(chosen.items(), key=lambda pair: (pair[1].made.name, pair[1].owner.user)):
            own = record.owner.user == caller.username
            state = models.state_of(found[uid], record, await self._scope(caller, record.made))
            items.append(models.item_of(uid, record, state, own=own))
        for name, status in of_others.items():
            state = models.state_of(status, None, Scope(everything=True))
            items.append(models.item_of(name, None, state, own=False))
        return await _answer(request, models.SubscriptionList(items=tuple(items), total=len(items)))

    async def one(self, request: web.Request) -> web.StreamResponse:
        record = await self._record(request)
        return await _record_answer(request, record)

    async def state(self, request: web.Request) -> web.StreamResponse:
        record = await self._record(request)
        async with self._read():
            status = await Statuses(self._pushes.client).status(record.uid)
        scope = await self._scope(caller_of_request(request), record.made)
        return await _answer(request, models.state_of(status, record, scope))

    async def dead_letters(self, request: web.Request) -> web.StreamResponse:
        """Those that the caller may see now: what they may no longer see is passed over."""
        query = parse(models.DeadLetterQuery, request.query)
        newest = query.order == "desc"
        purpose = _NEWEST if newest else _LETTERS
        last = str(decode_cursor(purpose, query.cursor, [str])[0]) if query.cursor else ""
        name, scope = await self._letters(request, query)
        letters = DeadLetters(self._pushes.client, name)
        async with self._read():
            page = await (letters.newest(last, query.limit) if newest else letters.page(last or "0-0", query.limit))
        items = [models.DeadLetterView.model_validate(one.shown()) for one in page if _may_see(scope, one)]
        following = encode_cursor(purpose, [page[-1].id]) if len(page) == query.limit else None
        return await _answer(request, models.DeadLetterPage(items=tuple(items), next=following))

    async def _letters(self, request: web.Request, query: models.DeadLetterQuery) -> tuple[str, Scope]:
        """By what name they are kept, and what the caller may see of them."""
        caller = caller_of_request(request)
        if query.source == "api":
            record = await self._record(request)
            return record.uid, await self._scope(caller, record.made)
        if not await self._access.may(caller, "list", ""):
            raise Problem(FORBIDDEN, "What the settings name is for those who may list servers in all namespaces.")
        name = request.match_info["name"]
        async with self._read():
            if name not in _of_settings(await Statuses(self._pushes.client).names()):
                raise not_found(f"subscription of the settings called {name[:100]}")
        return name, Scope(everything=True)

    # --- changing ----------------------------------------------------------------------------------------------------

    async def create(self, request: web.Request) -> web.StreamResponse:
        caller = caller_of_request(request)
        made = await read_model(request, models.NewSubscription)
        policy = await self._check(caller, made)
        self._limits.admit(caller)
        async with stored():
            try:
                record = await self._pushes.store.create(made, owner_of(caller), policy)
            except NameTaken:
                detail = f"You have a subscription called {made.name}: change or delete it, or take another name."
                raise Problem(CONFLICT, detail) from None
            except TooMany as error:
                raise Problem(CONFLICT, f"{str(error).capitalize()}.") from None
        self._pushes.owners.wake()
        return await _record_answer(request, record, status=201, headers={"Location": f"{ALL}/{made.name}"})

    async def change(self, request: web.Request) -> web.StreamResponse:
        caller = caller_of_request(request)
        changes = await read_changes(request)
        for name in _FIXED:
            if name in changes:
                errors = [{"field": name, "message": "this cannot be changed: make another subscription"}]
                raise Problem(INVALID_BODY, "Correct the fields that are named in errors.", errors=errors)
        record = await self._record(request, changing=True)
        held = record.made.model_dump(by_alias=True, exclude_defaults=True, mode="json")
        made = as_model(Made, merge(held, changes))
        await self._check(caller, made)
        self._limits.admit(caller)
        async with stored():
            record = await self._pushes.store.change(
                record,
                lambda one: one.model_copy(update={"made": made, "owner": owner_of(caller)}),
                revive=changes.get("paused") is False,
            )
        self._pushes.owners.wake()
        return await _record_answer(request, record)

    async def delete(self, request: web.Request) -> web.StreamResponse:
        record = await self._record(request, changing=True)
        async with stored():
            await self._pushes.store.delete(record)  # not more often than they are made
        return web.Response(status=204)

    async def redeliver(self, request: web.Request) -> web.StreamResponse:
        wanted = await read_model(request, models.Redeliver)
        record = await self._record(request)
        self._limits.admit(caller_of_request(request))
        async with stored():
            if wanted.dead_letters:
                moved = await DeadLetters(self._pushes.client, record.uid).redeliver(_ids(wanted.dead_letters))
                return await _answer(request, models.Redelivered(dead_letters=moved), status=202)
            done = await rewind(self._pushes.client, record.uid, _place(wanted))
        return await _answer(request, models.Redelivered(first=done.first or None, complete=done.complete), status=202)

    # --- what all of them need ---------------------------------------------------------------------------------------

    async def _record(self, request: web.Request, *, changing: bool = False) -> Record:
        """The caller's own of the name in the path."""
        name = request.match_info["name"]
        try:
            async with self._read():
                record = await self._pushes.store.find(caller_of_request(request).username, name)
        except UnknownRecord:
            raise unavailable(
                "A newer version of bsls made this subscription: wait until all replicas run it."
            ) from None
        if record is None:
            raise not_found(f"subscription of yours called {name[:100]}")
        if changing and not may_change(request, _etag(record)):
            raise Problem(PRECONDITION_FAILED, "Read it again, and send its ETag as If-Match.")
        return record

    @asynccontextmanager
    async def _read(self) -> AsyncIterator[None]:
        """Redis is asked, and nothing changed. Of an outage that is known each is told at once."""
        if self._data.away:
            raise unavailable(f"{self._data.away}.")
        try:
            async with stored(), asyncio.timeout(READ_S):
                yield
        except TimeoutError:
            raise unavailable(f"Redis did not answer within {READ_S:g} s: look at it, or try again.") from None

    async def _scope(self, caller: Caller, made: Made) -> Scope:
        namespaces = frozenset(one for one in self._data.all.namespaces() if made.wants_namespace(one))
        return await self._access.scope(caller, "list", namespaces, frozenset(made.vm_namespaces))

    async def _check(self, caller: Caller, made: Made) -> Policy:
        """Whether it can be delivered at all, and by what policy."""
        async with self._read():
            policy = await self._pushes.store.policy()
        if policy is None:
            raise Problem(FORBIDDEN, _NO_DISPATCHER)
        try:
            policy.find(made, caller.username, caller.groups)
        except NotAllowed as error:
            text = str(error)
            raise Problem(FORBIDDEN, f"{text[0].upper()}{text[1:]}.", field=error.field) from None
        if (await self._scope(caller, made)).nothing:
            raise Problem(FORBIDDEN, _NOTHING)
        return policy


@asynccontextmanager
async def stored() -> AsyncIterator[None]:
    """What can go wrong at Redis, as problems."""
    try:
        yield
    except StoreError as error:
        raise unavailable(f"{error}.") from None
    except Changed:
        raise Problem(CONFLICT, "Somebody changed it at the same moment: read it again, and repeat.") from None


def _of_settings(names: list[str]) -> list[str]:
    return [one for one in names if not one.startswith(UID_PREFIX)]


def _records(texts: dict[str, bytes]) -> dict[str, Record]:
    """Those that this version understands."""
    found: dict[str, Record] = {}
    for uid, text in texts.items():
        try:
            found[uid] = record_of(text)
        except UnknownRecord:
            continue
    return found


def _etag(record: Record) -> str:
    return f'"{record.version}"'


async def _record_answer(
    request: web.Request, record: Record, *, status: int = 200, headers: dict[str, str] | None = None
) -> web.Response:
    body = models.view_of(record).model_dump_json(by_alias=True).encode()
    return await answer(request, body, etag=_etag(record), status=status, headers=headers)


async def _answer(request: web.Request, model: BaseModel, *, status: int = 200) -> web.Response:
    return await answer(request, model.model_dump_json(by_alias=True, exclude_none=True).encode(), status=status)


def _may_see(scope: Scope, letter: DeadLetter) -> bool:
    namespace = letter.server.partition("/")[0]
    if letter.kind != EVENT:
        return not letter.server or scope.sees_server(namespace)
    event = letter.shown()["event"]
    return visible(scope, namespace, str(event.get("subject", "")) if isinstance(event, dict) else "")


def _ids(texts: tuple[str, ...]) -> tuple[str, ...]:
    for one in texts:
        _position("deadLetters", one)
    return texts


def _place(wanted: models.Redeliver) -> str:
    """The id of the entry after which to go on; an entry of which not all was had comes as a whole."""
    if wanted.position is not None:
        return _position("position", wanted.position)
    try:
        moment = parse_moment(str(wanted.since), int(time.time() * 1000))
    except ValueError as error:
        raise _wrong("since", str(error)) from None
    return previous(f"{max(0, moment)}-0")


def _position(field: str, text: str) -> str:
    try:
        found = parse_position(text)
    except InvalidPosition as error:
        raise _wrong(field, str(error)) from None
    if max(found.ms, found.seq) >= 2**64:
        raise _wrong(field, "no entry has such an id")
    return found.entry if found == at(found.entry) else previous(found.entry)


def _wrong(field: str, text: str) -> Problem:
    return Problem(
        INVALID_BODY, "Correct the fields that are named in errors.", errors=[{"field": field, "message": text}]
    )
