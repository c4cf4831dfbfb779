"""What the API tells its callers that they may do is what the real apiserver lets them do."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.apiserver import api_people as people
from tests.apiserver.api_process import ALICE, Api, Json
from tests.cluster.node import Cluster

pytestmark = [pytest.mark.apiserver, pytest.mark.timeout(120)]
ACCESS = "/api/v1/access"
HERE = f"{ACCESS}?namespace=backup-a&name=vms"
# By kubectl's names of what is asked about.
ACTIONS = {
    "createServer": ("create", people.SERVERS), "getServer": ("get", f"{people.SERVERS}/vms"),
    "updateServer": ("update", f"{people.SERVERS}/vms"), "patchServer": ("patch", f"{people.SERVERS}/vms"),
    "deleteServer": ("delete", f"{people.SERVERS}/vms"),
    "listStorageLocations": ("list", "backupstoragelocations.velero.io"), "createSecret": ("create", "secrets"),
    "listPods": ("list", "pods"), "getPodLog": ("get", "pods", "--subresource=log"),
}  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def more(api_cluster: Cluster, api_tokens: dict[str, str]) -> Iterator[None]:
    """People who may also do something."""
    people.make(api_cluster, "clusterrole", "servers-admin", "--verb=*", f"--resource={people.SERVERS}")
    people.make(api_cluster, "clusterrole", "onlooker", "--verb=get,list", "--resource=pods,pods/log,events")
    people.make(api_cluster, "role", "vms-editor", "-n", "backup-a", "--verb=get,patch,update",
                f"--resource={people.SERVERS}", "--resource-name=vms")  # fmt: skip
    given = {
        "administrator": [("clusterrole", "cluster-admin", "")],
        "admin-of-a": [("clusterrole", "servers-admin", "backup-a"), ("clusterrole", "onlooker", "backup-a")],
        "editor-of-vms": [("role", "vms-editor", "backup-a")],
    }
    for name, bindings in given.items():
        api_tokens[name] = people.person(api_cluster, name, *bindings)
    yield
    api_cluster.kubectl("delete", "clusterrolebinding", "administrator")


async def allowed(api: Api, who: str, path: str = HERE) -> set[str]:
    return {name for name, may in (await api.json(who, path))["actions"].items() if may}


@pytest.mark.parametrize(
    ("who", "named"),
    [("everything", "cluster-viewer"), ("backup-a", "namespace-viewer"), ("team-a", "tenant-viewer"), ("nobody",) * 2,
     ("administrator",) * 2, ("admin-of-a",) * 2, ("editor-of-vms",) * 2],
)  # fmt: skip
async def test_actions_are_those_of_kubernetes(api: Api, api_cluster: Cluster, who: str, named: str) -> None:
    user = f"--as=system:serviceaccount:{people.PEOPLE}:{named}"
    wanted = {
        name
        for name, what in ACTIONS.items()
        if api_cluster.kubectl("auth", "can-i", *what, user, "-n", "backup-a", check=False).strip() == "yes"
    }
    found = await api.json(who, HERE)
    assert found["actions"].keys() == ACTIONS.keys()
    assert {name for name, may in found["actions"].items() if may} == wanted
    assert found["user"]["username"] == user.removeprefix("--as=")
    assert f"system:serviceaccounts:{people.PEOPLE}" in found["user"]["groups"]
    assert found["user"]["tokenExpires"].endswith("Z")


async def test_actions_are_of_the_place_that_is_named(api: Api) -> None:
    servers = {f"{verb}Server" for verb in ("create", "get", "update", "patch", "delete")}
    assert await allowed(api, "admin-of-a") == servers | {"listPods", "getPodLog"}
    assert await allowed(api, "admin-of-a", f"{ACCESS}?namespace=backup-b") == set()
    assert await allowed(api, "admin-of-a", ACCESS) == set()
    assert await allowed(api, "editor-of-vms") == {"getServer", "updateServer", "patchServer"}
    assert await allowed(api, "editor-of-vms", f"{ACCESS}?namespace=backup-a") == set()
    assert await allowed(api, "administrator", ACCESS) == ACTIONS.keys()
    assert await allowed(api, "everything", ACCESS) == {"getServer"}


async def sees(api: Api, who: str, query: str = "") -> Json:
    return dict((await api.json(who, ACCESS + query))["sees"])


async def test_who_sees_what(api: Api) -> None:
    nothing = {"allServers": False, "namespaces": [], "allTenants": False, "tenantNamespaces": []}
    assert await sees(api, "everything") == nothing | {"allServers": True, "allTenants": True}
    assert await sees(api, "backup-a") == nothing | {"namespaces": ["backup-a"]}
    assert await sees(api, "backup-a", "?namespace=backup-b") == nothing
    assert await sees(api, "backup-a", "?namespace=backup-a") == nothing | {"namespaces": ["backup-a"]}
    assert await sees(api, "team-a") == nothing  # it has to be told where to look
    own = nothing | {"tenantNamespaces": ["team-a"]}
    assert await sees(api, "team-a", "?vmNamespace=team-a") == own
    assert await sees(api, "team-a", "?vmNamespace=team-b") == nothing
    assert await sees(api, "team-a", "?namespace=backup-a&name=vms") == own, f"{ALICE} is there"
    assert await sees(api, "nobody", "?namespace=backup-a&name=vms") == nothing
    assert await sees(api, "nobody", "?namespace=backup-a&name=none") == nothing


async def test_it_is_refused_as_elsewhere(api: Api) -> None:
    assert "namespace" in (await api.json("everything", f"{ACCESS}?name=vms", 400))["detail"]
    await api.json("everything", f"{ACCESS}?namespace=A", 400)
    await api.json("everything", f"{ACCESS}?verb=get", 400)
    await api.json("", ACCESS, 401)
    async with api.get("everything", ACCESS) as response:
        etag, text = response.headers["ETag"], await response.text()
    assert api.tokens["everything"] not in text
    assert json.loads(text)["sees"]["allServers"]
    async with api.get("everything", ACCESS, headers={"If-None-Match": etag}) as response:
        assert response.status == 304
