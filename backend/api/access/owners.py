"""What the owners of push subscriptions may see, asked of Kubernetes again and again, and told to the dispatcher.

Owners are not there with a token: reviews are asked for who they were when they last made or changed a subscription.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections import OrderedDict
from collections.abc import Callable

from backend.api.access.access import Access
from backend.api.access.cache import Clock
from backend.api.access.caller import Caller
from backend.api.access.scope import Question, Scope, scope_of, tenants_of
from backend.api.http.problem import Problem
from backend.events.errors import StoreError
from backend.events.push.made import MadeStore
from backend.events.push.made_models import Owner, Record
from backend.events.push.models import duration_text
from backend.events.push.policy import Policy
from backend.events.push.scopes import CLAIM_S, ScopeStore, Told
from backend.events.sight import Sight

log = logging.getLogger(__name__)

AT_ONCE = 10  # subscriptions
LOOK_S = 2.0
RETRY_S = 5.0
REFUSED_S = 120.0  # for so long a no to a namespace is not asked again
REMEMBERED = 2_000  # subscriptions whose refusals are known
_WHOLE = Question("list")


def owner_of(caller: Caller) -> Owner:
    return Owner(user=caller.username, uid=caller.uid, groups=caller.groups, extra=dict(caller.extra))


def caller_of_owner(owner: Owner) -> Caller:
    """Without a token."""
    return Caller(owner.user, owner.uid, owner.groups, tuple(sorted(owner.extra.items())))


class Owners:
    """`namespaces`: those that have servers; raises a `Problem` while they are not known."""

    def __init__(
        self, access: Access, made: MadeStore, scopes: ScopeStore, namespaces: Callable[[], frozenset[str]],
        clock: Clock = time.monotonic,
    ) -> None:  # fmt: skip
        self._access = access
        self._made = made
        self._scopes = scopes
        self._namespaces = namespaces
        self._clock = clock
        self._refused: OrderedDict[tuple[str, int], dict[Question, float]] = OrderedDict()
        self._wake = asyncio.Event()
        self._problem = ""

    def wake(self) -> None:
        """There is a new or changed one."""
        self._wake.set()

    async def run(self) -> None:
        """Never returns."""
        while True:
            self._wake.clear()
            wait_s = LOOK_S
            try:
                while await self._turn():
                    pass
                self._failed("")
            except StoreError as error:
                self._failed(str(error))
                wait_s = RETRY_S
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), wait_s)

    def _failed(self, problem: str) -> None:
        if problem and not self._problem:
            log.warning("rights of owners of subscriptions cannot be kept fresh: %s", problem)
        self._problem = problem

    async def _turn(self) -> bool:
        """Whether there may be more."""
        now, records = await self._scopes.claim(AT_ONCE)
        if not records:
            return False
        policy = await self._made.policy() or Policy()
        await asyncio.gather(*(self._ask_about(record, now, policy) for record in records))
        return len(records) == AT_ONCE

    async def _ask_about(self, record: Record, now: int, policy: Policy) -> None:
        """Where Kubernetes does not answer, the claim lapses, and somebody asks again."""
        if now - record.confirmed > policy.owner_age.total_seconds() * 1000:
            await self._scopes.tell(record, Told(Sight(), now, (
                f"{record.owner.user} has to confirm it: what groups they are in is believed for "
                f"{duration_text(policy.owner_age)}. Send a PATCH with {{}} for it"
            )))  # fmt: skip
            return
        try:
            async with asyncio.timeout(CLAIM_S * 0.8):
                scope = await self._scope(record)
        except Problem as problem:
            log.warning("%s: what its owner may see was not found out: %s", record.uid, problem.detail)
        except TimeoutError:
            log.warning("%s: what its owner may see was not found out in time: name fewer namespaces in its servers",
                        record.uid)  # fmt: skip
        else:
            await self._scopes.tell(record, Told(scope, now))

    async def _scope(self, record: Record) -> Scope:
        caller, made = caller_of_owner(record.owner), record.made
        if await self._access.granted_now(caller, [_WHOLE]):
            return scope_of([_WHOLE])
        wanted = [tenants_of()]
        wanted += [Question("list", one) for one in sorted(self._namespaces()) if made.wants_namespace(one)]
        wanted += [tenants_of(one) for one in made.vm_namespaces]
        refused = self._refusals(record)
        time_now = self._clock()
        asked = [one for one in wanted if refused.get(one, 0.0) <= time_now]
        granted = await self._access.granted_now(caller, asked)
        for one in asked:
            if one in granted:
                refused.pop(one, None)
            else:
                refused[one] = time_now + REFUSED_S
        return scope_of(granted)

    def _refusals(self, record: Record) -> dict[Question, float]:
        found = self._refused.setdefault((record.uid, record.rev), {})
        self._refused.move_to_end((record.uid, record.rev))
        while len(self._refused) > REMEMBERED:
            self._refused.popitem(last=False)
        return found
