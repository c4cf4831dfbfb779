"""The console pages by their manifests, in a real browser: real tenants back up, and the pages tell of it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from datetime import datetime

import pytest
from playwright.sync_api import expect

from tests import objects
from tests.cluster.image import BSLS
from tests.console.tab import Tab, chromium
from tests.demo.api import install
from tests.demo.vm import Vm
from tests.node.conftest import Site

pytestmark = [pytest.mark.node, pytest.mark.timeout(300)]
NAME, ALICE, BOB, CAROL = "console", "alice@vm-1", "bob@vm-2", "carol@vm-1"
PODS = {ALICE: "vm-1", BOB: "vm-2"}
AT = f"/bsls/servers/{NAME}/{NAME}"
NONE = "\N{EN DASH}"


@pytest.fixture(scope="module")
def served(product: Site, vm: Callable[..., Vm]) -> Iterator[Tab]:
    """Somebody who may see the servers and have their users refreshed, logged in at one replica."""
    install(product.kubectl, BSLS)
    product.kubectl("rollout", "status", "-n", "bsls-system", "deployment/bsls-api", "--timeout=90s", timeout=100)
    product.new_server(NAME, product.user_line(ALICE) + product.user_line(BOB))
    product.wait(NAME, "UsersSynced", status="True")
    url = product.wait(NAME, "Available", status="True")["status"]["serviceURL"]
    fingerprint = product.get("bsls", "-n", NAME, NAME)["status"]["tlsFingerprint"]
    for user, pod in PODS.items():
        client = vm(user, pod)
        client.connect(url, fingerprint)
        client.make_data("/home/vm/console", megabytes=1)
    product.kubectl("create", "serviceaccount", "onlooker", "-n", NAME)
    product.kubectl("create", "role", "onlooker", "-n", NAME, "--verb=get,list,patch",
                    "--resource=backupstoragelocationservers.oadp.openshift.io,pods,pods/log")  # fmt: skip
    product.kubectl("create", "rolebinding", "onlooker", "-n", NAME, "--role=onlooker",
                    f"--serviceaccount={NAME}:onlooker")  # fmt: skip
    token = product.kubectl("create", "token", "onlooker", "-n", NAME, "--duration=1h").strip()
    pods = product.get("pods", "-n", "bsls-system", "-l", "app.kubernetes.io/name=bsls-api")["items"]
    address = next(pod["status"]["podIP"] for pod in pods if not pod["metadata"].get("deletionTimestamp"))
    with chromium() as browser:
        context = browser.new_context(ignore_https_errors=True, locale="en-US")  # of the certificate's authority
        tab = Tab(context, f"https://{address}:8443")
        tab.log_in(token)
        yield tab
        tab.check_clean()


def test_a_snapshot_is_seen_when_it_is_there(vm: Callable[..., Vm], served: Tab) -> None:
    page = served.open("/bsls/servers")
    row = page.get_by_test_id(f"server-{NAME}/{NAME}")
    last = row.locator('[data-label="Last snapshot"]')
    expect(last).to_have_text(NONE, timeout=30_000)
    expect(page.get_by_test_id("live-open")).to_be_visible()
    vm(ALICE, PODS[ALICE]).snapshot("/home/vm/console")
    ended = time.monotonic()
    expect(last).not_to_have_text(NONE, timeout=30_000)
    print(f"seen {time.monotonic() - ended:.2f} s after the client ended")
    served.shot("node-servers")


def test_the_log_of_the_pod_is_followed(vm: Callable[..., Vm], served: Tab) -> None:
    page = served.open(f"{AT}/logs")
    log = page.get_by_test_id("log")
    expect(log).to_contain_text("repo", timeout=30_000)
    before = log.get_by_text(BOB).count()
    vm(BOB, PODS[BOB]).snapshot_without("key", "/home/vm/console")
    expect(log.get_by_text(BOB).nth(before)).to_be_attached(timeout=30_000)


def test_the_five_questions(product: Site, served: Tab) -> None:
    """Each is answered on the page of the server, or by one click there; bob's by another one, on his name."""
    product.patch("bsls", NAME, json.dumps({"spec": {"objectives": {"maxSnapshotAge": "5s"}}}))
    page = served.open(AT)
    expect(page.get_by_text("Tenants can connect")).to_be_visible()  # is my server healthy?
    overdue = page.get_by_test_id("figure-overdue")
    expect(overdue).to_contain_text("2", timeout=30_000)
    overdue.click()  # who is overdue?
    for user in (ALICE, BOB):
        expect(page.get_by_test_id(f"tenant-{user}")).to_be_visible()
    page.get_by_test_id("tab-snapshots").click()  # who backed up last night?
    for user in (ALICE, BOB):
        expect(page.locator("tbody")).to_contain_text(user)
    served.shot("node-snapshots")
    page.get_by_role("link", name=BOB).first.click()
    for place in ("problems", "recent"):  # why did bob's snapshot fail?
        expect(page.get_by_test_id(place)).to_contain_text("1 file not read")
        expect(page.get_by_test_id(place)).to_contain_text("key (permission denied)")
    expect(page.get_by_text("kopia repository connect server").first).to_be_visible()  # how do I connect?
    served.shot("node-tenant")


def test_users_are_refreshed_and_a_new_one_is_there(product: Site, vm: Callable[..., Vm], served: Tab) -> None:
    """By the button; the controller, the server and the new tenant's client do their part."""
    page = served.open(AT)
    page.get_by_test_id("server-actions").click()
    page.get_by_role("menuitem", name="Refresh users").click()
    users = "".join(product.user_line(user) for user in (ALICE, BOB, CAROL))
    product.apply(objects.secret(NAME, f"{NAME}-users", {"users": users}))
    dialog = page.get_by_role("dialog")
    dialog.get_by_test_id("confirm-refresh").click()
    done = dialog.get_by_test_id("refresh-done")
    expect(done).to_contain_text("Done: 3 of 3 users of the list are in effect", timeout=30_000)
    found = product.get("bsls", "-n", NAME, NAME)
    told = found["status"]["usersRefresh"]
    assert told["request"] == found["metadata"]["annotations"]["oadp.openshift.io/refresh-users"]
    moment = datetime.fromisoformat(str(done.locator("time").get_attribute("datetime")))
    assert moment == datetime.fromisoformat(told["time"])
    assert moment >= datetime.fromisoformat(told["request"]).replace(microsecond=0)
    served.shot("node-refreshed")
    dialog.get_by_role("button", name="Close", exact=True).last.click()
    page.get_by_test_id("tab-events").click()
    expect(page.get_by_text("Users were read and applied because somebody asked for it").first).to_be_visible()
    client = vm(CAROL, "vm-1")
    client.connect(found["status"]["serviceURL"], found["status"]["tlsFingerprint"])
    client.snapshot("/home/vm/console")
    page.get_by_test_id("tab-tenants").click()
    expect(page.get_by_test_id(f"tenant-{CAROL}")).to_be_visible(timeout=30_000)


def test_its_session_is_for_this_host_and_tls_alone(served: Tab) -> None:
    (cookie,) = [one for one in served.context.cookies() if "session" in one["name"]]
    assert cookie["name"].startswith("__Host-")
    assert cookie["secure"]
    assert cookie["httpOnly"]
