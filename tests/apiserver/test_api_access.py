"""Who may see what, decided by a real apiserver for real tokens."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from backend.api.access import audit
from backend.api.access.access import ACCEPTED_S, DECISION_S, RECHECK_AGE_S, REFUSED_S
from backend.api.access.gate import by_token, caller_of_request, gate
from backend.api.access.limits import Limits, Rates
from backend.api.access.scope import Scope
from backend.api.http.frame import application
from backend.api.http.problem import Problem, not_found
from tests.apiserver import api_people as people
from tests.apiserver.api_people import Office, bearer
from tests.cluster.node import Cluster

pytestmark = pytest.mark.apiserver

HOMES = frozenset({"backup-a", "backup-b"})  # of servers
TEAMS = frozenset({"team-a", "team-b"})  # of VMs
SEEN_BY = {
    "cluster-viewer": Scope(everything=True),
    "namespace-viewer": Scope(namespaces=frozenset({"backup-a"})),
    "tenant-viewer": Scope(tenant_namespaces=frozenset({"team-a"})),
    "both": Scope(namespaces=frozenset({"backup-b"}), tenant_namespaces=frozenset({"team-b"})),
    "every-tenant": Scope(every_tenant=True),
    "one-server": Scope(),
    "nobody": Scope(),
}


@pytest.fixture(scope="module")
def tokens(api_cluster: Cluster) -> Iterator[dict[str, str]]:
    people.prepare(api_cluster)
    viewer, tenants = ("clusterrole", "servers-viewer"), ("clusterrole", "bsls-tenant-viewer")
    yield {
        "cluster-viewer": people.person(api_cluster, "cluster-viewer", (*viewer, "")),
        "namespace-viewer": people.person(api_cluster, "namespace-viewer", (*viewer, "backup-a")),
        "tenant-viewer": people.person(api_cluster, "tenant-viewer", (*tenants, "team-a")),
        "both": people.person(api_cluster, "both", (*viewer, "backup-b"), (*tenants, "team-b")),
        "every-tenant": people.person(api_cluster, "every-tenant", (*tenants, "")),
        "one-server": people.person(api_cluster, "one-server", ("role", "one-server", "backup-b")),
        "nobody": people.person(api_cluster, "nobody"),
    }
    for namespace in people.NAMESPACES:  # which other modules use after this one
        api_cluster.kubectl("delete", "rolebinding", "-n", namespace, "--all")
    api_cluster.kubectl("delete", "clusterrolebinding", "cluster-viewer", "every-tenant")


@pytest.fixture
async def office(api_cluster: Cluster, tokens: dict[str, str], tmp_path: Path) -> AsyncIterator[Office]:
    async with people.office(api_cluster, tmp_path, time.time()) as found:
        yield found


async def seen_by(office: Office, token: str, verb: str = "list") -> Scope:
    return await office.access.scope(await office.access.authenticate(bearer(token)), verb, HOMES, TEAMS)


async def becomes(office: Office, read: Callable[[], Awaitable[object]], good: object, *, age_s: float) -> None:
    """`read` gives it, once the apiserver's own caches have it too; ours age before each attempt."""
    async with asyncio.timeout(60):
        while True:
            office.clock.now += age_s
            if await read() == good:
                return
            await asyncio.sleep(0.2)


async def status_of(office: Office, token: str) -> int:
    try:
        await office.access.authenticate(bearer(token))
    except Problem as problem:
        return problem.kind.status
    return 200


@pytest.mark.parametrize("name", SEEN_BY)
async def test_everyone_sees_what_kubernetes_lets_them(office: Office, tokens: dict[str, str], name: str) -> None:
    caller = await office.access.authenticate(bearer(tokens[name]))
    assert caller.username == f"system:serviceaccount:{people.PEOPLE}:{name}"
    assert f"system:serviceaccounts:{people.PEOPLE}" in caller.groups
    assert caller.uid
    assert caller.expires is not None
    assert 0 < caller.expires - time.time() <= 3600 + 1
    assert await seen_by(office, tokens[name]) == SEEN_BY[name]


@pytest.mark.parametrize(
    ("name", "seen"),
    [
        ("cluster-viewer", Scope(namespaces=frozenset({"backup-b"}))),
        ("namespace-viewer", Scope()),
        ("one-server", Scope(namespaces=frozenset({"backup-b"}))),
        ("tenant-viewer", Scope(tenant_namespaces=frozenset({"team-a"}))),
        ("nobody", Scope()),
    ],
)
async def test_one_server_is_seen_by_whom_kubernetes_lets(
    office: Office, tokens: dict[str, str], name: str, seen: Scope
) -> None:
    caller = await office.access.authenticate(bearer(tokens[name]))
    assert await office.access.scope_at(caller, "backup-b", "vms", TEAMS) == seen
    whole = bool(seen.namespaces)
    assert await office.access.may(caller, "get", "backup-b", "vms") is whole
    assert await office.access.may(caller, "get", "backup-b", "other") is (name == "cluster-viewer")
    assert await office.access.may(caller, "delete", "backup-b", "vms") is False


async def test_an_answer_is_asked_for_once(office: Office, tokens: dict[str, str]) -> None:
    token = tokens["both"]
    found = await asyncio.gather(*(seen_by(office, token) for _ in range(50)))
    assert set(found) == {SEEN_BY["both"]}
    assert office.client.requests["POST"] == 1 + 1 + 3 + 2  # token; everywhere; homes and every tenant; teams
    office.clock.now += min(ACCEPTED_S, DECISION_S) - 1
    await seen_by(office, token)
    assert office.client.requests["POST"] == 7
    office.clock.now += 2
    await seen_by(office, token)
    assert office.client.requests["POST"] == 14


async def test_a_lost_role_is_noticed(office: Office, api_cluster: Cluster, tokens: dict[str, str]) -> None:
    viewer = ("clusterrole", "servers-viewer")
    token = people.person(api_cluster, "leaver", (*viewer, "backup-a"), (*viewer, "backup-b"))
    caller = await office.access.authenticate(bearer(token))
    before = await seen_by(office, token)
    assert before.namespaces == HOMES
    api_cluster.kubectl("delete", "rolebinding", "-n", "backup-a", "leaver-servers-viewer")
    assert await seen_by(office, token) == before  # remembered
    left = Scope(namespaces=frozenset({"backup-b"}))
    await becomes(office, lambda: seen_by(office, token), left, age_s=DECISION_S)
    await becomes(office, lambda: office.access.recheck(caller, before), left, age_s=RECHECK_AGE_S)


async def test_an_open_stream_notices_a_lost_role(office: Office, api_cluster: Cluster, tokens: dict[str, str]) -> None:
    token = people.person(api_cluster, "follower", ("clusterrole", "bsls-tenant-viewer", "team-b"))
    caller = await office.access.authenticate(bearer(token))
    scope = await seen_by(office, token)
    assert await office.access.recheck(caller, scope) == scope
    api_cluster.kubectl("delete", "rolebinding", "-n", "team-b", "follower-bsls-tenant-viewer")
    await becomes(office, lambda: office.access.recheck(caller, scope), Scope(), age_s=RECHECK_AGE_S)


async def test_a_deleted_user_is_noticed(office: Office, api_cluster: Cluster, tokens: dict[str, str]) -> None:
    token = people.person(api_cluster, "deleted")
    caller = await office.access.authenticate(bearer(token))
    api_cluster.kubectl("delete", "serviceaccount", "-n", people.PEOPLE, "deleted")
    assert await status_of(office, token) == 200  # remembered
    await becomes(office, lambda: status_of(office, token), 401, age_s=ACCEPTED_S)
    with pytest.raises(Problem) as refused:
        await office.access.recheck(caller, Scope())
    assert refused.value.headers["WWW-Authenticate"] == 'Bearer realm="bsls", error="invalid_token"'


async def test_an_expired_token_is_refused(office: Office, api_cluster: Cluster, tokens: dict[str, str]) -> None:
    now = time.time()
    assert await status_of(office, people.expiring(api_cluster, tokens["nobody"], now - 120)) == 401
    token = people.expiring(api_cluster, tokens["nobody"], now + 300)
    assert await status_of(office, token) == 200
    caller = await office.access.authenticate(bearer(token))
    office.wall.now = now + 299
    assert await status_of(office, token) == 200
    office.wall.now = now + 300
    assert await status_of(office, token) == 401  # at once, though it is remembered
    with pytest.raises(Problem):
        await office.access.recheck(caller, Scope())


async def test_a_made_up_token_is_refused_and_asked_about_rarely(office: Office, tokens: dict[str, str]) -> None:
    head, body, signature = tokens["cluster-viewer"].split(".")
    for token in ("sha256~made-up", f"{head}.{body}.", f"{head}.{body}.{signature[::-1]}"):
        before = office.client.requests["POST"]
        assert [await status_of(office, token) for _ in range(3)] == [401] * 3
        assert office.client.requests["POST"] == before + 1
        office.clock.now += REFUSED_S
        assert await status_of(office, token) == 401
        assert office.client.requests["POST"] == before + 2


async def test_a_token_for_somebody_else_is_refused(
    office: Office, api_cluster: Cluster, tokens: dict[str, str]
) -> None:
    token = api_cluster.kubectl("create", "token", "nobody", "-n", people.PEOPLE, "--audience=vault").strip()
    assert await status_of(office, token) == 401


async def test_without_the_apiserver_nothing_is_decided_and_then_again(
    office: Office, api_cluster: Cluster, tokens: dict[str, str]
) -> None:
    token = tokens["namespace-viewer"]
    scope = await seen_by(office, token)
    caller = await office.access.authenticate(bearer(token))
    with api_cluster.without_api():
        assert await seen_by(office, token) == scope  # remembered
        office.clock.now += DECISION_S
        for ask in (
            lambda: office.access.authenticate(bearer(token)),
            lambda: office.access.scope(caller, "list", HOMES, TEAMS),
            lambda: office.access.scope_at(caller, "backup-a", "vms", TEAMS),
            lambda: office.access.may(caller, "get", "backup-a"),
            lambda: office.access.recheck(caller, scope),
        ):
            with pytest.raises(Problem) as undecided:
                await ask()
            assert (undecided.value.kind.name, undecided.value.kind.status) == ("access-unavailable", 503)
            assert int(undecided.value.headers["Retry-After"]) > 0
        assert office.access.failing
    assert await seen_by(office, token) == scope
    assert not office.access.failing


def test_the_api_itself_may_do_nothing_else(api_cluster: Cluster, tokens: dict[str, str]) -> None:
    role = json.loads(api_cluster.kubectl("get", "clusterrole", "bsls-api", "-o", "json"))
    assert {(*rule["resources"], *rule["verbs"]) for rule in role["rules"]} == {
        ("backupstoragelocationservers", "get", "list", "watch"),
        ("tokenreviews", "create"),
        ("subjectaccessreviews", "create"),
    }
    account = "--as=system:serviceaccount:bsls-system:bsls-api"
    for what in (("get", "secrets"), ("list", "pods"), ("patch", people.SERVERS), ("impersonate", "users")):
        answer = api_cluster.kubectl("auth", "can-i", *what, account, "--all-namespaces", check=False)
        assert answer.strip() == "no", what


async def servers(request: web.Request) -> web.Response:
    office: Office = request.app[OFFICE]
    caller = caller_of_request(request)
    namespace, name = request.match_info["namespace"], request.match_info["name"]
    scope = await office.access.scope_at(caller, namespace, name, TEAMS)
    if not scope.sees_server(namespace):
        raise not_found(f"server {namespace}/{name}", hidden=True)
    return web.json_response({"whole": scope.sees_all_of(namespace)})


async def healthy(_request: web.Request) -> web.Response:
    return web.Response(text="ok")


OFFICE = web.AppKey("office", Office)


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """The audit log."""
    found = io.StringIO()
    audit.set_up(found)
    yield found
    logging.getLogger(audit.LOGGER).handlers.clear()


async def test_requests_over_http_are_gated_limited_and_audited(
    office: Office, tokens: dict[str, str], lines: io.StringIO
) -> None:
    watch = audit.Audit(quiet={"/healthz"})
    app = application(watch)
    limits = Limits(Rates(per_second=1, burst=5), clock=office.clock)
    app.middlewares.append(gate(office.access, limits, by_token(["/healthz"])))
    app[OFFICE] = office
    app.router.add_get("/api/v1/servers/{namespace}/{name}", servers)
    app.router.add_get("/healthz", healthy)
    path = "/api/v1/servers/backup-a/vms"
    async with TestClient(TestServer(app)) as client:

        async def ask(path: str, token: str = "", **headers: str) -> tuple[int, str]:
            given = {"Authorization": f"Bearer {token}"} if token else {}
            async with client.get(path, headers={"X-Request-Id": "r", **given, **headers}) as response:
                return response.status, response.headers.get("Retry-After", "")

        assert await ask("/healthz") == (200, "")
        assert await ask(path) == (401, "")
        assert await ask("/nowhere") == (401, "")
        assert await ask(path, "made-up") == (401, "")
        assert await ask(path, tokens["cluster-viewer"], **{"Impersonate-User": "admin"}) == (400, "")
        assert await ask(f"{path}?token=hush", tokens["namespace-viewer"]) == (200, "")
        assert await ask(path, tokens["tenant-viewer"]) == (200, "")
        assert await ask("/nowhere", tokens["tenant-viewer"]) == (404, "")
        assert [await ask(path, tokens["nobody"]) for _ in range(6)] == [(404, "")] * 5 + [(429, "1")]
    watch.flush()
    text = lines.getvalue()
    found = [json.loads(line) for line in text.splitlines()]
    told = [(one["user"] and one["user"].rpartition(":")[2], one["decision"], one["status"]) for one in found]
    assert told == [
        (None, "unauthenticated", 401), (None, "unauthenticated", 401), (None, "unauthenticated", 401),
        (None, "denied", 400), ("namespace-viewer", "allowed", 200), ("tenant-viewer", "allowed", 200),
        ("tenant-viewer", "allowed", 404), *[("nobody", "denied", 404)] * 5, ("nobody", "limited", 429),
    ]  # fmt: skip
    assert {(one["verb"], one["requestId"], one["event"]) for one in found} == {("GET", "r", "ended")}
    assert found[-1]["path"] == "/api/v1/servers/{namespace}/{name}"
    assert (found[-1]["namespace"], found[-1]["name"], found[1]["path"]) == ("backup-a", "vms", None)
    assert all(one["milliseconds"] >= 0 for one in found)
    for secret in (*tokens.values(), "made-up", "hush"):
        assert secret not in text
