"""When Kubernetes is asked, when not, and what comes of its answers."""

from __future__ import annotations

import asyncio
import logging
from typing import Any, cast

import pytest
from multidict import CIMultiDict

from backend.api.access import access as module
from backend.api.access.access import RECHECK_AGE_S, REFUSED_S, Access
from backend.api.access.caller import Caller
from backend.api.access.reviews import TOKENS_AT_ONCE, Reviews
from backend.api.access.scope import Question, Scope, tenants_of
from backend.api.http.problem import Problem
from backend.kube.client import KubeClient
from backend.kube.errors import ForbiddenError, KubeError
from tests.unit.api.access.apiserver import ApiServer, Clock

ALICE = Caller("alice")
HOMES, TEAMS = frozenset({"a", "b"}), frozenset({"t"})


def client(api: ApiServer) -> KubeClient:
    return cast("KubeClient", api)


@pytest.fixture
def api() -> ApiServer:
    found = ApiServer()
    found.users["good"] = {"username": "alice"}
    return found


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def access(api: ApiServer, clock: Clock) -> Access:
    return Access(client(api), clock=clock, wall=Clock())


def bearer(token: str) -> CIMultiDict[str]:
    return CIMultiDict({"Authorization": f"Bearer {token}"})


async def refused(access: Access, token: str) -> bool:
    try:
        await access.authenticate(bearer(token))
    except Problem as problem:
        if problem.kind.status != 401:
            raise
        return True
    return False


async def test_who_sees_everything_is_asked_about_once(api: ApiServer, access: Access) -> None:
    api.rights["alice"] = {Question("list")}
    assert await access.scope(ALICE, "list", HOMES, TEAMS) == Scope(everything=True)
    assert api.questions == [Question("list")]


async def test_who_sees_every_tenant_is_asked_about_no_team(api: ApiServer, access: Access) -> None:
    api.rights["alice"] = {tenants_of(), Question("list", "a")}
    assert await access.scope(ALICE, "list", HOMES, TEAMS) == Scope(every_tenant=True, namespaces=frozenset("a"))
    assert set(api.questions) == {Question("list"), tenants_of(), Question("list", "a"), Question("list", "b")}


async def test_more_namespaces_are_asked_about_only_themselves(api: ApiServer, access: Access) -> None:
    await access.scope(ALICE, "list", HOMES, TEAMS)
    api.questions.clear()
    await access.scope(ALICE, "list", frozenset(HOMES), frozenset(TEAMS))
    assert api.questions == []
    await access.scope(ALICE, "list", HOMES | {"c"}, TEAMS | {"u"})
    assert set(api.questions) == {Question("list", "c"), tenants_of("u")}


async def test_a_scope_ends_with_the_oldest_of_its_answers(api: ApiServer, access: Access, clock: Clock) -> None:
    api.rights["alice"] = {Question("list", "a")}
    assert await access.may(ALICE, "list", "a")
    clock.now += 20
    assert (await access.scope(ALICE, "list", HOMES, TEAMS)).namespaces == {"a"}
    api.rights["alice"] = set()
    clock.now += 10
    assert (await access.scope(ALICE, "list", HOMES, TEAMS)).nothing


async def test_a_stream_asks_again_only_what_was_granted(api: ApiServer, access: Access, clock: Clock) -> None:
    api.rights["alice"] = {Question("list", "a"), tenants_of("t")}
    caller = await access.authenticate(bearer("good"))
    scope = await access.scope(caller, "list", HOMES, TEAMS)
    api.questions.clear()
    assert await access.recheck(caller, scope) == scope
    assert api.questions == []
    clock.now += 10
    api.rights["alice"].remove(tenants_of("t"))
    assert await access.recheck(caller, scope) == Scope(namespaces=frozenset("a"))
    assert set(api.questions) == {Question("list", "a"), tenants_of("t")}


async def test_a_standing_stands_while_both_answers_do(api: ApiServer, access: Access, clock: Clock) -> None:
    api.rights["alice"] = {Question("get", "a", "vms")}
    caller = await access.authenticate(bearer("good"))
    digest = access.digest_of(caller)
    assert access.standing_at(digest, "a", "vms") is None
    await access.scope_at(caller, "a", "vms", frozenset())
    standing = access.standing_at(digest, "a", "vms")
    assert standing is not None
    assert standing.scope.value.sees_all_of("a")
    clock.now += 29.9
    assert access.stands(standing)
    clock.now += 0.2
    assert not access.stands(standing)
    assert access.standing_at(digest, "a", "vms") is None


async def test_a_standing_falls_with_a_token_that_a_stream_finds_revoked(
    api: ApiServer, access: Access, clock: Clock
) -> None:
    api.rights["alice"] = {Question("get", "a", "vms")}
    caller = await access.authenticate(bearer("good"))
    scope = await access.scope_at(caller, "a", "vms", frozenset())
    standing = access.standing_at(access.digest_of(caller), "a", "vms")
    assert standing is not None
    del api.users["good"]
    clock.now += RECHECK_AGE_S
    assert access.stands(standing)
    with pytest.raises(Problem):
        await access.recheck(caller, scope)
    assert not access.stands(standing)


async def test_made_up_tokens_neither_displace_nor_delay_a_valid_one(
    api: ApiServer, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_CALLERS", 8)
    access = Access(client(api), clock=clock, wall=clock)
    await access.authenticate(bearer("good"))
    api.hangs = {f"made-up-{number}" for number in range(3 * TOKENS_AT_ONCE)}
    flood = [asyncio.create_task(refused(access, token)) for token in api.hangs]
    for _ in range(TOKENS_AT_ONCE):
        await api.hanging.acquire()
    assert len(api.tokens) == 1 + TOKENS_AT_ONCE
    clock.now += 60
    assert (await access.authenticate(bearer("good"))).username == "alice"
    api.released.set()
    assert all(await asyncio.gather(*flood))
    assert (await access.authenticate(bearer("good"))).username == "alice"
    assert api.tokens.count("good") == 2


async def test_a_refused_token_may_become_valid(api: ApiServer, access: Access, clock: Clock) -> None:
    assert await refused(access, "new")
    api.users["new"] = {"username": "bob"}
    assert await refused(access, "new")
    clock.now += REFUSED_S
    assert not await refused(access, "new")


@pytest.mark.parametrize(
    "status",
    [{}, {"authenticated": False, "user": {"username": "x"}}, {"authenticated": "true", "user": {"username": "x"}},
     {"authenticated": True}, {"authenticated": True, "user": {"username": ""}}],
)  # fmt: skip
async def test_only_a_clear_yes_authenticates(api: ApiServer, access: Access, status: dict[str, Any]) -> None:
    api.status = status
    assert await refused(access, "good")


@pytest.mark.parametrize(
    "status", [{}, {"allowed": "true"}, {"allowed": True, "denied": True}, {"evaluationError": "x"}]
)
async def test_only_a_clear_yes_allows(api: ApiServer, access: Access, status: dict[str, Any]) -> None:
    api.status = status
    assert not await access.may(ALICE, "get", "a")


@pytest.mark.parametrize("error", [KubeError(0, "Unreachable", "x"), ForbiddenError(403, "Forbidden", "x")])
async def test_without_an_answer_there_is_no_decision(
    api: ApiServer, access: Access, error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    api.error = error
    for ask in (access.authenticate(bearer("good")), access.scope(ALICE, "list", HOMES, TEAMS)):
        with pytest.raises(Problem) as undecided:
            await ask
        assert undecided.value.kind.status == 503
        assert "x" not in undecided.value.detail.split()
    assert access.failing
    api.error = None
    assert not await refused(access, "good")
    assert not access.failing
    assert [one.getMessage().partition(":")[0] for one in caplog.records] == [
        "access cannot be decided",
        "the apiserver decides again",
    ]


async def test_an_apiserver_that_hangs_is_given_up(api: ApiServer) -> None:
    api.hangs = {"good"}
    reviews = Reviews(client(api), deadline_s=0.01)
    for _ in range(TOKENS_AT_ONCE + 1):  # and every place is free again
        with pytest.raises(Problem) as undecided:
            await reviews.token("good", familiar=False)
        assert undecided.value.kind.status == 503
    api.released.set()
    assert await reviews.token("good", familiar=False) == {"username": "alice"}


async def test_a_scope_that_takes_too_long_is_given_up(
    api: ApiServer, access: Access, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SCOPE_DEADLINE_S", 0)
    with pytest.raises(Problem) as undecided:
        await access.scope(ALICE, "list", HOMES, TEAMS)
    assert undecided.value.kind.status == 503
    await access.close()
