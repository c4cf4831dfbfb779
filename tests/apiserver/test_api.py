"""`bsls api` as a process, with the rights of its manifests, on a real apiserver and Redis: who sees what, and how."""

from __future__ import annotations

import asyncio
import json

import pytest

from backend.api.app import DOCUMENT, LIVE
from tests.apiserver.api_process import ALICE, BEGINNING, BOB, SERVER, STATUS, UNREAD, Api, frames

pytestmark = [pytest.mark.apiserver, pytest.mark.timeout(120)]


@pytest.fixture(autouse=True)
async def ready(api: Api) -> None:
    await api.ready()


async def test_everyone_lists_what_they_may(api: Api) -> None:
    async def names(who: str, query: str = "") -> list[str]:
        found = await api.json(who, f"/api/v1/servers{query}")
        assert found["total"] == len(found["items"])
        return [f"{one['namespace']}/{one['name']}" for one in found["items"]]

    assert await names("everything") == ["backup-a/vms", "backup-b/more"]
    assert await names("backup-a") == ["backup-a/vms"]
    assert await names("nobody") == []
    assert await names("team-a", "?vmNamespace=team-a") == ["backup-a/vms", "backup-b/more"]
    limited = (await api.json("team-a", "/api/v1/servers?vmNamespace=team-a"))["items"][0]
    assert "spec" not in limited


async def test_one_server(api: Api) -> None:
    found = await api.json("backup-a", SERVER)
    assert found["figures"]["snapshots"]["total"] == 65
    assert found["certificate"]["fingerprint"] == STATUS["tlsFingerprint"]
    own = await api.json("team-a", SERVER)
    assert own.keys() == {"namespace", "name", "status", "figures"}
    assert own["figures"]["snapshots"]["total"] == 60  # of their tenants
    assert (await api.json("nobody", SERVER, 404))["type"] == "urn:bsls:problem:not-found"
    await api.json("backup-a", "/api/v1/servers/backup-b/more", 404)
    await api.json("", SERVER, 401)
    await api.json("everything", SERVER, 400, headers={"Impersonate-User": "system:admin"})


async def test_pages_of_snapshots(api: Api) -> None:
    found, cursor = [], ""
    while True:
        page = await api.json("everything", f"{SERVER}/snapshots?limit=20{cursor}")
        assert page["total"] == 65
        found += [one["snapshot"] for one in page["items"]]
        if "next" not in page:
            break
        cursor = f"&cursor={page['next']}"
    assert len(found) == len(set(found)) == 65
    own = await api.json("team-a", f"{SERVER}/snapshots?limit=500")
    assert {one["user"] for one in own["items"]} == {ALICE}
    assert own["total"] == 60
    assert (await api.json("everything", f"{SERVER}/snapshots?path=/srv"))["total"] == 5
    refused = await api.json("everything", f"{SERVER}/snapshots?limit=0", 400)
    assert "limit" in refused["detail"]


async def test_tenants_and_how_they_connect(api: Api) -> None:
    assert [one["user"] for one in (await api.json("everything", f"{SERVER}/tenants"))["items"]] == [ALICE, BOB]
    assert [one["user"] for one in (await api.json("team-a", f"{SERVER}/tenants"))["items"]] == [ALICE]
    await api.json("team-a", f"{SERVER}/tenants/{BOB}", 404)
    bundle = await api.json("team-a", f"{SERVER}/tenants/{ALICE}/connect")
    assert "--override-username=alice" in bundle["command"]
    assert STATUS["serviceURL"] in bundle["command"]
    await api.json("team-a", f"{SERVER}/tenants/{BOB}/connect", 404)


async def test_who_has_no_tenant_at_a_server_yet_names_the_namespace_of_their_vms(api: Api) -> None:
    """They are told that nothing of theirs is there, and how to begin; without it, not even that it exists."""
    other, mine = "/api/v1/servers/backup-b/more", "vmNamespace=team-a"
    for part in ("tenants", "snapshots", "sessions", "traces"):
        for _ in range(2):  # the second may come by the short way
            assert (await api.json("team-a", f"{other}/{part}?{mine}"))["items"] == []
        await api.json("team-a", f"{other}/{part}", 404)
        await api.json("nobody", f"{other}/{part}?{mine}", 404)
        await api.json("team-a", f"{other}/{part}?vmNamespace=team-b", 404)
    assert "spec" not in await api.json("team-a", f"{other}?{mine}")
    await api.json("team-a", other, 404)
    await api.json("team-a", f"{other}?vmNamespace=team-b", 404)
    await api.json("everything", f"{other}?namespace=team-a", 400)  # no parameter of this
    async with api.get("team-a", f"{other}/events?{mine}", headers={"Accept": "text/event-stream"}) as response:
        assert response.status == 200
    own = await api.json("team-a", f"{SERVER}/snapshots?limit=500&{mine}")
    assert {one["user"] for one in own["items"]} == {ALICE}
    assert (await api.json("everything", f"{SERVER}/snapshots?{mine}"))["total"] == 65


async def test_a_vm_connects_before_its_first_snapshot(api: Api) -> None:
    new = "root@vm-9.team-a"
    assert new.partition("@")[2] in (await api.json("team-a", f"{SERVER}/tenants/{new}/connect"))["command"]
    other = "/api/v1/servers/backup-b/more/tenants"
    assert (await api.json("team-a", f"{other}/{new}/connect", 409))["detail"]  # it has no address yet
    await api.json("team-a", f"{other}/{new}", 404)
    await api.json("nobody", f"{other}/{new}/connect", 404)
    await api.json("team-a", f"{other}/root@vm-9.team-b/connect", 404)


async def test_events_of_the_past(api: Api) -> None:
    page = await api.json("everything", f"{SERVER}/events?type=snapshot.created&limit=10")
    assert len(page["items"]) == 10
    again = await api.json("everything", f"{SERVER}/events?type=snapshot.created&limit=10&cursor={page['next']}")
    assert not {one["id"] for one in page["items"]} & {one["id"] for one in again["items"]}
    own = await api.json("team-a", f"{SERVER}/events?limit=500")
    assert {one["subject"] for one in own["items"]} == {ALICE}
    everything = await api.json("everything", f"{SERVER}/events?limit=500")
    assert len(everything["items"]) > len(own["items"]) > 60
    assert "next" not in everything
    assert (await api.json("everything", f"{SERVER}/events?type=nonsense", 400))["detail"]
    await api.json("everything", f"{SERVER}/events?cursor=x", 400)
    traces = await api.json("team-a", f"{SERVER}/traces?limit=5")
    assert len(traces["items"]) == 5
    assert {one["subject"] for one in traces["items"]} == {ALICE}


async def test_what_a_client_has_is_not_sent_again(api: Api) -> None:
    for path in ("/api/v1/servers", SERVER, f"{SERVER}/snapshots", f"{SERVER}/events", f"{SERVER}/traces", DOCUMENT):
        async with api.get("everything", path) as response:
            etag = response.headers["ETag"]
            assert response.headers["Cache-Control"] == "no-store"
        async with api.get("everything", path, headers={"If-None-Match": etag}) as response:
            assert response.status == 304, path


async def test_the_document_names_every_path(api: Api) -> None:
    found = await api.json("nobody", DOCUMENT)
    assert {"/api/v1/servers", LIVE, "/api/v1/servers/{namespace}/{name}/traces"} <= set(found["paths"])
    async with api.get("everything", "/api/v1/nothing") as response:
        assert response.status == 404
        assert response.content_type == "application/problem+json"


async def test_live_events(api: Api) -> None:
    """From a position on, and what comes; each caller's own."""
    accept = {"Accept": "text/event-stream"}
    async with api.get("everything", f"{SERVER}/events?since={BEGINNING}", headers=accept) as response:
        assert response.content_type == "text/event-stream"
        whole = await frames(response, 65)
    resume = accept | {"Last-Event-ID": whole[20]["position"]}
    async with api.get("everything", "/api/v1/events?namespace=backup-a", headers=resume) as response:
        assert await frames(response, 40) == whole[21:61]
    async with api.get("team-a", f"{SERVER}/events?since={BEGINNING}", headers=accept) as response:
        assert {one["subject"] for one in await frames(response, 40)} == {ALICE}
    async with api.get("nobody", f"{SERVER}/events", headers=accept) as response:
        assert response.status == 404
    await api.json("everything", "/api/v1/events", 406)
    await api.json("everything", f"{SERVER}/events", 400, headers=accept | {"Last-Event-ID": "x"})


@pytest.mark.parametrize("who", ["everything", "backup-a", "team-a"])
async def test_what_a_machine_holds_is_told_to_whom_its_tenant_may_be(api: Api, who: str) -> None:
    answers = [
        await api.json(who, f"{SERVER}/{what}limit=500")
        for what in ("snapshots?", "events?", "events?type=snapshot.created&severity=warning&", "traces?")
    ]
    async with api.get(
        who, f"{SERVER}/events?since={BEGINNING}&type=snapshot.*", headers={"Accept": "text/event-stream"}
    ) as response:
        answers.append({"live": await frames(response, 60 if who == "team-a" else 65)})
    for answer in answers:
        text = json.dumps(answer)
        assert UNREAD[ALICE] in text
        assert (UNREAD[BOB] in text) == (who != "team-a")


async def test_without_redis_it_says_so_and_comes_back(api: Api) -> None:
    api.redis.freeze()
    try:
        async with asyncio.timeout(60):
            while True:
                async with api.get("everything", f"{SERVER}/events") as response:
                    if response.status == 503:
                        assert int(response.headers["Retry-After"]) > 0
                        break
        assert (await api.json("everything", "/api/v1/servers"))["total"] == 2
    finally:
        api.redis.thaw()
    async with asyncio.timeout(30):
        while True:
            async with api.get("everything", f"{SERVER}/snapshots") as response:
                if response.status == 200:
                    break
            await asyncio.sleep(0.1)
