"""Who calls, and what they may see: asked of Kubernetes, remembered for a short time, never guessed."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256

from multidict import MultiMapping

from backend.api.access.cache import Cache, Clock, Entry
from backend.api.access.caller import Caller, bearer_token, caller_of, unauthenticated
from backend.api.access.reviews import Reviews, undecided
from backend.api.access.scope import Question, Scope, scope_of, tenants_of
from backend.api.http.problem import Problem
from backend.kube.client import KubeClient

ACCEPTED_S = 30.0  # how long an answer is kept
REFUSED_S = 5.0
DECISION_S = 30.0
RECHECK_AGE_S = 10.0  # what is older, an open stream asks anew: with its 30 s between, revocation shows within 60 s
SCOPE_DEADLINE_S = 20.0
QUESTIONS_AT_ONCE = 16  # of one scope; half of what the replica asks at once

MAX_CALLERS = 10_000
MAX_DECISIONS = 100_000
MAX_SCOPES = 4_096

_NONE: frozenset[str] = frozenset()
_Key = tuple[str, Question, frozenset[str], frozenset[str]]


@dataclass(frozen=True, slots=True, eq=False)
class Standing:
    """Who calls, and what they see of one server: two remembered answers, for as long as both are remembered
    (`Access.stands`). `until`: when the first of them expires.
    """

    caller: Entry[Caller]
    scope: Entry[Scope]
    until: float


class Access:
    """Every method raises a `Problem`: 401 for an invalid token, 503 when Kubernetes does not decide.

    `clock` is monotonic, `wall` tells Unix seconds.
    """

    def __init__(self, client: KubeClient, *, clock: Clock = time.monotonic, wall: Clock = time.time) -> None:
        self._clock = clock
        self._wall = wall
        self._reviews = Reviews(client)
        self._callers: Cache[bytes, Caller] = Cache(MAX_CALLERS, clock)
        self._refused: Cache[bytes, None] = Cache(MAX_CALLERS, clock)  # apart: made-up tokens displace no valid one
        self._decisions: Cache[tuple[str, Question], bool] = Cache(MAX_DECISIONS, clock)
        self._scopes: Cache[_Key, Scope] = Cache(MAX_SCOPES, clock)

    @property
    def failing(self) -> str:
        """Why Kubernetes cannot be asked at the moment; `""` when it can."""
        return self._reviews.failing

    async def close(self) -> None:
        await self._scopes.close()  # they ask the others
        await self._decisions.close()
        await self._callers.close()

    async def authenticate(self, headers: MultiMapping[str]) -> Caller:
        """The caller behind a request's headers; a `Problem` (400) where they would be somebody else."""
        return await self._caller(bearer_token(headers))

    def digest_of(self, caller: Caller) -> bytes:
        """Under which `known` finds them."""
        return sha256(caller.token.encode()).digest()

    def known(self, digest: bytes) -> Caller | None:
        """The caller by the digest of their token, as `authenticate` would give them, if nobody has to be asked."""
        kept = self._known(digest)
        return None if kept is None else kept.value

    def _known(self, digest: bytes) -> Entry[Caller] | None:
        kept = self._callers.get(digest)
        return None if kept is None or self.expired(kept.value) else kept

    async def may(self, caller: Caller, verb: str, namespace: str, name: str = "") -> bool:
        """Whether they may `verb` this server; without `name`, all in the namespace; with neither, all there are."""
        answer, _ = await self._ask(caller, Question(verb, namespace, name))
        return answer

    async def allowed(self, caller: Caller, questions: Sequence[Question]) -> frozenset[Question]:
        """Those of the questions that are answered with yes."""
        granted, _ = await self._ask_all(caller, questions)
        return frozenset(granted)

    async def granted_now(self, caller: Caller, questions: Sequence[Question]) -> frozenset[Question]:
        """The same by what Kubernetes says now, whatever is remembered, and without a token."""
        granted: set[Question] = set()
        for start in range(0, len(questions), QUESTIONS_AT_ONCE):
            some = questions[start : start + QUESTIONS_AT_ONCE]
            answers = await asyncio.gather(*(self._reviews.may(caller, one) for one in some))
            granted |= {one for one, answer in zip(some, answers, strict=True) if answer}
        return frozenset(granted)

    async def scope(
        self, caller: Caller, verb: str, namespaces: frozenset[str], tenant_namespaces: frozenset[str]
    ) -> Scope:
        """What they see in lists and streams. `namespaces`: that have servers; `tenant_namespaces`: of the tenants'
        VMs. Cheap where the sets are the same objects as before.
        """
        return await self._scope(caller, Question(verb), namespaces, tenant_namespaces)

    async def scope_at(
        self, caller: Caller, namespace: str, name: str, tenant_namespaces: frozenset[str], *, verb: str = "get"
    ) -> Scope:
        """What they see of this one server, whose tenants' VMs are in `tenant_namespaces`. For no other server."""
        return await self._scope(caller, Question(verb, namespace, name), _NONE, tenant_namespaces)

    def known_scope(
        self, caller: Caller, verb: str, namespaces: frozenset[str], tenant_namespaces: frozenset[str]
    ) -> Scope | None:
        """As `scope`, if nobody has to be asked."""
        kept = self._scopes.get((caller.key, Question(verb), namespaces, tenant_namespaces))
        return None if kept is None else kept.value

    def known_scope_at(
        self, caller: Caller, namespace: str, name: str, tenant_namespaces: frozenset[str]
    ) -> Scope | None:
        """As `scope_at`, if nobody has to be asked."""
        kept = self._scope_at(caller, namespace, name, tenant_namespaces)
        return None if kept is None else kept.value

    def _scope_at(
        self, caller: Caller, namespace: str, name: str, tenant_namespaces: frozenset[str]
    ) -> Entry[Scope] | None:
        return self._scopes.get((caller.key, Question("get", namespace, name), _NONE, tenant_namespaces))

    def standing_at(self, digest: bytes, namespace: str, name: str) -> Standing | None:
        """What `known` and `known_scope_at` find without any tenants, to be used again while it `stands`."""
        caller = self._known(digest)
        scope = None if caller is None else self._scope_at(caller.value, namespace, name, _NONE)
        return None if caller is None or scope is None else Standing(caller, scope, min(caller.expires, scope.expires))

    def stands(self, standing: Standing) -> bool:
        """Whether they would be found again, just so."""
        caller = standing.caller
        return caller.kept and standing.scope.kept and self._clock() < standing.until and not self.expired(caller.value)

    async def recheck(self, caller: Caller, scope: Scope) -> Scope:
        """What is left of an open stream's scope; asks only what was answered with yes before."""
        caller = await self._caller(caller.token, RECHECK_AGE_S)
        granted, _ = await self._ask_all(caller, list(scope.granted), RECHECK_AGE_S)
        return scope_of(granted)

    def expired(self, caller: Caller) -> bool:
        """Whether the caller's token has expired, as far as it tells."""
        return caller.expires is not None and self._wall() >= caller.expires

    async def _caller(self, token: str, max_age_s: float = math.inf) -> Caller:
        digest = sha256(token.encode()).digest()
        kept = self._callers.get(digest, max_age_s)
        if kept is None:

            async def fetch() -> tuple[Caller, float]:
                return await self._review(token, digest)

            kept = await self._callers.ask(digest, fetch, max_age_s)
        if self.expired(kept.value):
            raise _refusal()
        return kept.value

    async def _review(self, token: str, digest: bytes) -> tuple[Caller, float]:
        if self._refused.get(digest) is not None:
            raise _refusal()
        asked = self._clock()
        user = await self._reviews.token(token, familiar=self._callers.stale(digest) is not None)
        if user is None:
            self._callers.forget(digest)
            self._refused.put(digest, None, asked, asked + REFUSED_S)
            raise _refusal()
        return caller_of(user, token), asked + ACCEPTED_S

    async def _scope(
        self, caller: Caller, whole: Question, namespaces: frozenset[str], tenant_namespaces: frozenset[str]
    ) -> Scope:
        key = (caller.key, whole, namespaces, tenant_namespaces)
        kept = self._scopes.get(key)
        if kept is None:

            async def fetch() -> tuple[Scope, float]:
                try:
                    async with asyncio.timeout(SCOPE_DEADLINE_S):
                        return await self._find_scope(caller, whole, namespaces, tenant_namespaces)
                except TimeoutError as error:
                    raise undecided("Too many namespaces to decide on in time: ask for a single one.") from error

            kept = await self._scopes.ask(key, fetch)
        return kept.value

    async def _find_scope(
        self, caller: Caller, whole: Question, namespaces: Iterable[str], tenant_namespaces: Iterable[str]
    ) -> tuple[Scope, float]:
        """A yes to `whole` makes the other questions superfluous. Also: when the first of the answers expires."""
        granted, expires = await self._ask_all(caller, [whole])
        if not granted:
            parts = [Question(whole.verb, one) for one in namespaces]
            granted, until = await self._ask_all(caller, [tenants_of(), *parts])
            expires = min(expires, until)
        if whole not in granted and tenants_of() not in granted:
            more, until = await self._ask_all(caller, [tenants_of(one) for one in tenant_namespaces])
            granted, expires = granted | more, min(expires, until)
        return scope_of(granted), expires

    async def _ask_all(
        self, caller: Caller, questions: Sequence[Question], max_age_s: float = math.inf
    ) -> tuple[set[Question], float]:
        """Those answered with yes, and when the first answer expires."""
        granted, expires = set(), math.inf
        for start in range(0, len(questions), QUESTIONS_AT_ONCE):
            some = questions[start : start + QUESTIONS_AT_ONCE]
            answers = await asyncio.gather(*(self._ask(caller, one, max_age_s) for one in some))
            for question, (answer, until) in zip(some, answers, strict=True):
                expires = min(expires, until)
                if answer:
                    granted.add(question)
        return granted, expires

    async def _ask(self, caller: Caller, question: Question, max_age_s: float = math.inf) -> tuple[bool, float]:
        async def fetch() -> tuple[bool, float]:
            asked = self._clock()
            return await self._reviews.may(caller, question), asked + DECISION_S

        found = await self._decisions.ask((caller.key, question), fetch, max_age_s)
        return found.value, found.expires


def _refusal() -> Problem:
    return unauthenticated("The token is not valid, or no longer: log in again.", error="invalid_token")
