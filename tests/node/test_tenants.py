"""Tenants through the controller: their Secret, their passwords, their access, and what the status knows of them."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from backend.kopia.users import hash_password
from tests import objects
from tests.demo import site
from tests.demo.vm import Vm
from tests.node.conftest import VM_NS, Site

pytestmark = [pytest.mark.node, pytest.mark.timeout(300)]
NAME = "tenants"
ALICE, BOB, CAROL = "alice@vm-1", "bob@vm-2", "carol@vm-3"
REFRESH = "oadp.openshift.io/refresh-users"
Json = dict[str, Any]


@pytest.fixture(scope="module")
def server(product: Site) -> Json:
    product.new_server(
        NAME,
        product.user_line(ALICE) + product.user_line(BOB),
        objectives={"maxSnapshotAge": "1h"},
        policy={"retention": {"keepLatest": 5}, "files": {"ignore": ["*.tmp"]}},
    )
    product.wait(NAME, status="True", timeout=60)
    return product.wait(NAME, "UsersSynced", status="True", timeout=30)


def status(product: Site, good: Callable[[Json], bool], timeout: float = 90) -> Json:
    """The status, once it is as expected."""
    deadline = time.monotonic() + timeout
    while not good(found := product.get("bsls", "-n", NAME, NAME)["status"]):
        assert time.monotonic() < deadline, found
        time.sleep(0.2)
    return found


def set_users(product: Site, text: str) -> None:
    product.patch("secret", f"{NAME}-users", json.dumps({"stringData": {"users": text}}), NAME)


def connect(product: Site, server: Json, user: str, pod: str, password: str = "") -> Vm:
    tenant = Vm(product.kubectl, VM_NS, pod, user, password or product.passwords[user])
    tenant.connect(server["status"]["serviceURL"], server["status"]["tlsFingerprint"])
    return tenant


def events(product: Site, reason: str) -> list[Json]:
    found = product.get("events", "-n", NAME, f"--field-selector=involvedObject.name={NAME},reason={reason}")
    return list(found["items"])


def test_the_policy_of_the_spec_holds_for_clients(product: Site, server: Json) -> None:
    product.wait(NAME, "PolicySynced", status="True")
    tenant = connect(product, server, ALICE, "vm-1")
    shown = json.loads(tenant.run("kopia", "policy", "show", "--global", "--json"))
    assert (shown["retention"]["keepLatest"], shown["files"]["ignore"]) == (5, ["*.tmp"])
    assert shown["retention"]["keepDaily"] == 7, "what the spec does not name stays Kopia's"
    tenant.disconnect()


def test_snapshots_are_counted_when_their_session_ends(product: Site, server: Json) -> None:
    before = product.get("bsls", "-n", NAME, NAME)["status"]["snapshots"]["total"]
    tenant = connect(product, server, ALICE, "vm-1")
    tenant.make_data("/home/vm/tenants", 1)
    tenant.snapshot("/home/vm/tenants")
    seen = status(product, lambda found: found["snapshots"]["total"] == before + 1)
    assert seen["snapshots"]["lastTime"]
    assert seen["tenants"]["total"] == 2
    tenant.disconnect()


def test_a_bad_line_is_told_and_the_others_apply(product: Site, server: Json) -> None:
    bad = "Carol@VM-3:secret-of-carol"
    set_users(product, product.user_line(ALICE) + f"{bad}\n{CAROL}:$2y$05$bcrypt\n" + product.user_line(BOB))
    seen = status(product, lambda found: found["users"]["rejected"] == 2 == found["users"]["applied"])
    assert [one["line"] for one in seen["users"]["rejectedLines"]] == [2, 3]
    told = events(product, "UserListMalformed")
    assert told
    assert "secret-of-carol" not in json.dumps([seen, told])
    assert "bcrypt" in told[-1]["message"]


def test_an_emptied_list_removes_nobody_until_it_says_so(product: Site, server: Json) -> None:
    set_users(product, "")
    product.wait(NAME, "UsersSynced", reason="UserListEmpty")
    connect(product, server, BOB, "vm-2").disconnect()
    set_users(product, "# no users\n")
    status(product, lambda found: (found["users"] or {}).get("desired") == 0 and found["users"]["applied"] == 0)
    product.wait(NAME, "UsersSynced", status="True")
    with pytest.raises(AssertionError, match=r"(?i)denied|invalid"):
        connect(product, server, BOB, "vm-2")


def test_users_are_read_and_applied_when_somebody_asks(product: Site, server: Json) -> None:
    """What was written just before is in it, and the change is in effect when the status says so."""
    product.kubectl("annotate", "bsls", "-n", NAME, NAME, f"{REFRESH}=1")
    status(product, lambda found: (found.get("usersRefresh") or {}).get("request") == "1")
    set_users(product, "".join(map(product.user_line, (ALICE, BOB, CAROL))))
    product.kubectl("annotate", "bsls", "-n", NAME, NAME, f"{REFRESH}=2", "--overwrite")
    found = status(product, lambda found: found["usersRefresh"]["request"] == "2")
    assert (found["users"]["desired"], found["users"]["applied"]) == (3, 3)
    connect(product, server, CAROL, "vm-1").disconnect()
    product.kubectl("annotate", "bsls", "-n", NAME, NAME, f"{REFRESH}-")
    set_users(product, product.user_line(ALICE) + product.user_line(BOB))
    again = status(product, lambda found: found["users"]["desired"] == found["users"]["applied"] == 2)
    assert again["usersRefresh"] == found["usersRefresh"]


def test_a_tenants_own_password_is_set_back(product: Site, server: Json) -> None:
    set_users(product, product.user_line(ALICE) + product.user_line(BOB))
    status(product, lambda found: found["users"]["applied"] == 2)
    tenant = connect(product, server, ALICE, "vm-1")
    tenant.run("kopia", "server", "user", "set", ALICE, "--user-password=mine")
    product.wait(NAME, "UsersSynced", reason="DriftRepaired", timeout=30)
    tenant.disconnect()
    connect(product, server, ALICE, "vm-1").disconnect()


def test_drift_is_only_told_when_asked_so_and_the_user_stays_ours_over_a_restart(product: Site, server: Json) -> None:
    product.patch("bsls", NAME, json.dumps({"spec": {"userManagement": {"driftPolicy": "Report"}}}))
    product.wait(NAME, "UsersSynced", status="True")
    tenant = connect(product, server, ALICE, "vm-1")
    tenant.run("kopia", "server", "user", "set", ALICE, "--user-password=mine")
    tenant.disconnect()
    product.wait(NAME, "UsersSynced", reason="UsersDrifted", timeout=90)
    product.kubectl("delete", "pod", "-n", "bsls-system", "--all", "--grace-period=0", "--force")
    product.kubectl("rollout", "status", "-n", "bsls-system", "deployment/bsls-controller", "--timeout=60s")
    connect(product, server, ALICE, "vm-1", "mine").disconnect()
    set_users(product, product.user_line(BOB))
    status(product, lambda found: found["users"]["desired"] == 1 and found["users"]["applied"] == 1)
    with pytest.raises(AssertionError, match=r"(?i)denied|invalid"):
        connect(product, server, ALICE, "vm-1", "mine")
    product.patch("bsls", NAME, json.dumps({"spec": {"userManagement": {"driftPolicy": "Repair"}}}))


def test_overdue_tenants(product: Site, server: Json) -> None:
    product.wait(NAME, "ObjectivesMet", status="True")
    product.patch("bsls", NAME, json.dumps({"spec": {"objectives": {"maxSnapshotAge": "5s"}}}))
    product.wait(NAME, "ObjectivesMet", reason="TenantsOverdue", timeout=90)
    seen = status(product, lambda found: found["tenants"]["overdue"] == 1)
    assert seen["tenants"]["overdueNames"] == [BOB]
    assert site.condition(product.get("bsls", "-n", NAME, NAME), "Available")["status"] == "True"
    product.patch("bsls", NAME, json.dumps({"spec": {"objectives": {"maxSnapshotAge": "1h"}}}))
    product.wait(NAME, "ObjectivesMet", status="True")


def test_access_control_from_a_config_map(product: Site, server: Json) -> None:
    def put(text: str) -> None:
        meta = {"name": "acl", "namespace": NAME}
        product.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": {"acl": text}})

    put(f"{BOB} type=snapshot,username=alice,hostname=vm-1 READ\n")
    source = {"source": {"configMap": {"name": "acl", "key": "acl"}}}
    product.patch("bsls", NAME, json.dumps({"spec": {"accessControl": source}}))
    product.wait(NAME, "AccessControlSynced", status="True")
    tenant = connect(product, server, BOB, "vm-2")
    assert len(tenant.snapshots("--all")) >= 1
    put("# no entries\n")
    status(product, lambda found: found["accessControl"]["desired"] == 0)
    product.wait(NAME, "AccessControlSynced", status="True")
    tenant.disconnect()
    tenant = connect(product, server, BOB, "vm-2")
    assert tenant.snapshots("--all") == []
    tenant.disconnect()


def test_the_administrators_flow(product: Site, server: Json) -> None:
    """Flow 6.2: the CLI on a VM, with the administrator's password from the derived Secret."""
    secret = product.get("secret", "-n", NAME, f"{NAME}-kopia-repository")["data"]
    admin = f"bsls-admin@{NAME}.{NAME}"
    tenant = connect(product, server, admin, "vm-1", objects.decoded(secret["admin-password"]))
    tenant.run("kopia", "server", "user", "add", CAROL, "--user-password=carols")
    assert CAROL in tenant.run("kopia", "server", "user", "list")
    status(product, lambda found: found["users"]["unmanaged"] == 1)
    connect(product, server, CAROL, "vm-2", "carols").disconnect()
    tenant.run("kopia", "server", "user", "delete", CAROL)
    status(product, lambda found: found["users"]["unmanaged"] == 0)
    tenant.disconnect()


def test_our_own_passwords_rotate(product: Site, server: Json) -> None:
    """The administrator's at once and without a restart; the control user's with a restart that waits for sessions."""
    before = product.get("secret", "-n", NAME, f"{NAME}-kopia-repository")["data"]
    product.kubectl("annotate", "bsls", "-n", NAME, NAME, "oadp.openshift.io/rotate-credentials=1", "--overwrite")
    pod = product.pod(NAME)["metadata"]["uid"]
    deadline = time.monotonic() + 60
    while product.pod(NAME)["metadata"]["uid"] == pod:
        assert time.monotonic() < deadline
        time.sleep(0.3)
    product.wait(NAME, status="True", timeout=60)
    after = product.get("secret", "-n", NAME, f"{NAME}-kopia-repository")["data"]
    for key in ("admin-password", "control-password"):
        assert after[key] != before[key]
        assert after[f"{key}-previous"] == before[key]
    carol = hash_password(CAROL, "listed")
    set_users(product, product.user_line(BOB) + carol)
    status(product, lambda found: found["users"]["applied"] == 2)
    connect(product, server, CAROL, "vm-2", "listed").disconnect()
    admin = f"bsls-admin@{NAME}.{NAME}"
    with pytest.raises(AssertionError, match=r"(?i)denied|invalid"):
        connect(product, server, admin, "vm-1", objects.decoded(before["admin-password"]))
