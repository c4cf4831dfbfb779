"""What the plugin adds to the pages of a VirtualMachine and of a BackupStorageLocation."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests import objects
from tests.apiserver.api_people import PEOPLE
from tests.console.conftest import STATUS, Open, Site, in_thread
from tests.console.story import ALICE, history, snapshot, tell

pytestmark = [pytest.mark.apiserver, pytest.mark.timeout(240)]
VMS = "/k8s/all-namespaces/kubevirt.io~v1~VirtualMachine"
VM = "/k8s/ns/team-a/kubevirt.io~v1~VirtualMachine"
LOCATION = "/k8s/ns/backup-a/velero.io~v1~BackupStorageLocation/default"


@pytest.fixture(scope="module")
def machines(site: Site) -> Iterator[None]:
    """`vm-1` is backed up, `vm-9` is new; the owner of both may see them in the page."""
    kubectl = site.cluster.kubectl
    kubectl("apply", "-f", "-", input=json.dumps(objects.VM_CRD))
    kubectl("wait", "--for=condition=Established", "crd/virtualmachines.kubevirt.io", "--timeout=30s")
    kubectl("apply", "-f", "-", input=objects.to_list(objects.vm("team-a", "vm-1"), objects.vm("team-a", "vm-9")))
    kubectl("create", "role", "machines", "-n", "team-a", "--verb=get,list,watch",
            "--resource=virtualmachines.kubevirt.io")  # fmt: skip
    kubectl("create", "rolebinding", "machines", "-n", "team-a", "--role=machines",
            f"--serviceaccount={PEOPLE}:console-tenant", f"--serviceaccount={PEOPLE}:console-nobody")  # fmt: skip
    yield
    kubectl("delete", "rolebinding,role", "machines", "-n", "team-a")
    kubectl("delete", "crd", "virtualmachines.kubevirt.io")


@pytest.fixture(scope="module")
def location(site: Site) -> Iterator[None]:
    kubectl = site.cluster.kubectl
    made = [objects.bsl("backup-a", name, "bucket", "http://s3.example") for name in ("default", "unused")]
    kubectl("apply", "-f", "-", input=objects.to_list(*made))
    yield
    kubectl("delete", "bsl", "-n", "backup-a", "default", "unused")


def test_without_kubevirt_it_is_said_in_one_sentence(console: Open) -> None:
    """And nothing fails: not even in the browser's own console."""
    tab = console("admin")
    page = tab.open(VMS)
    sentence = "This cluster has no VirtualMachine, since KubeVirt (OpenShift Virtualization) is not installed."
    expect(page.get_by_role("heading", name=sentence)).to_be_visible()
    expect(page.get_by_text("Virtualization", exact=True)).to_have_count(0)
    tab.shot("vm-missing")
    page.goto(f"{tab.url}{VM}/vm-1/file-backups")
    expect(page.get_by_role("heading", name=sentence)).to_be_visible()


@pytest.mark.usefixtures("machines")
def test_the_backups_of_a_vm(console: Open) -> None:
    tab = console("admin")
    page = tab.open(VMS)
    page.get_by_role("link", name="vm-1").click()
    page.get_by_test_id("horizontal-link-File backups").click()
    card = page.get_by_test_id(f"tenant-{ALICE}")
    expect(card).to_contain_text("Backed up")
    expect(card.get_by_role("grid").locator("tbody tr")).to_have_count(5)
    expect(page.get_by_test_id("live-open")).to_be_visible()
    card.get_by_role("button", name="Connect this VM").click()
    expect(card.get_by_test_id("connect")).to_contain_text("--override-hostname=vm-1.team-a")
    tab.shot("vm-tab")
    card.get_by_role("link", name=ALICE).click()
    expect(page.get_by_role("heading", name=ALICE)).to_be_visible()


@pytest.mark.usefixtures("machines")
def test_a_new_vm_is_told_how_to_connect(console: Open) -> None:
    tab = console("tenant")
    page = tab.open(f"{VM}/vm-9/file-backups")
    form = page.get_by_test_id("new-tenant")
    expect(form.get_by_test_id("connect")).to_contain_text("--override-username=root")
    expect(form.get_by_test_id("connect")).to_contain_text("--override-hostname=vm-9.team-a")
    tab.shot("vm-tab-new")
    form.get_by_test_id("new-tenant-user").fill("db")
    expect(form.get_by_test_id("connect")).to_contain_text("--override-username=db")
    page.get_by_test_id("user-menu").click()
    page.get_by_role("menuitem", name="Deutsch").click()
    expect(page.get_by_test_id("horizontal-link-Dateisicherungen")).to_be_visible()
    expect(page.get_by_role("heading", name="Von dieser VM wurde noch nichts gesichert")).to_be_visible()


@pytest.mark.usefixtures("machines")
def test_the_owner_of_a_vm_sees_its_backups_as_they_come(console: Open, site: Site) -> None:
    tab = console("tenant")
    page = tab.open(f"{VM}/vm-1/file-backups")
    card = page.get_by_test_id(f"tenant-{ALICE}")
    expect(card.get_by_test_id("snapshot-a00")).to_be_visible()
    expect(page.get_by_test_id("live-open")).to_be_visible()
    made = [*history(), snapshot("tab1", ALICE, time.time(), path="/new")]
    in_thread(tell(site.redis, ("backup-a", "vms"), STATUS, made))
    try:
        expect(card.get_by_test_id("snapshot-tab1")).to_be_visible(timeout=5_000)
    finally:
        in_thread(tell(site.redis, ("backup-a", "vms"), STATUS, history()))
    assert not [one for one in tab.requests if not one.startswith(("1", "2", "304"))]


@pytest.mark.usefixtures("machines")
def test_who_may_see_no_tenant_is_told_what_to_ask_for(console: Open) -> None:
    tab = console("nobody")
    page = tab.open(f"{VM}/vm-1/file-backups")
    expect(page.get_by_text("ask for the role bsls-tenant-viewer in the namespace team-a")).to_be_visible()
    tab.shot("vm-tab-nobody")


@pytest.mark.usefixtures("location")
def test_the_servers_over_a_location(console: Open) -> None:
    tab = console("admin")
    page = tab.open(LOCATION)
    page.get_by_role("link", name="File servers").click()
    expect(page.get_by_test_id("server-backup-a/vms")).to_contain_text("Available")
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(page.get_by_test_id("create-server")).to_be_visible()
    tab.shot("bsl-tab")
    page.get_by_test_id("server-backup-a/vms").get_by_role("link", name="vms").click()
    expect(page.get_by_text("Tenants can connect")).to_be_visible()


@pytest.fixture
def made_here(site: Site, location: None) -> Iterator[None]:
    yield
    site.cluster.kubectl("delete", "bsls", "-n", "backup-a", "over-unused", "--ignore-not-found")


@pytest.mark.usefixtures("made_here")
def test_a_location_without_a_server_leads_to_a_new_one(console: Open, site: Site) -> None:
    """All the way: from the location's tab by the form to the page of its server."""
    tab = console("admin")
    page = tab.open(f"{LOCATION.replace('default', 'unused')}/file-servers")
    expect(page.get_by_role("heading", name="No file backup servers")).to_be_visible()
    tab.shot("bsl-tab-empty")
    page.get_by_test_id("create-server").click()
    expect(page).to_have_url(f"{tab.url}/bsls/servers/~new?location=backup-a%2Funused")
    expect(page.get_by_test_id("field-metadata.namespace")).to_have_value("backup-a")
    expect(page.get_by_test_id("field-spec.backupStorageLocation.name")).to_have_value("unused")
    expect(page.get_by_test_id("field-spec.backupStorageLocation.namespace")).to_have_value("backup-a")
    page.get_by_test_id("field-metadata.name").fill("over-unused")
    page.get_by_test_id("create").click()
    expect(page.get_by_role("heading", name="over-unused")).to_be_visible()
    expect(page).to_have_url(f"{tab.url}/bsls/servers/backup-a/over-unused")
    made = site.cluster.kubectl("get", "bsls", "-n", "backup-a", "over-unused", "-o", "json")
    assert json.loads(made)["spec"]["backupStorageLocation"] == {"name": "unused", "namespace": "backup-a"}
    page.goto(f"{tab.url}{LOCATION.replace('default', 'unused')}/file-servers")  # where it now is
    expect(page.get_by_test_id("server-backup-a/over-unused")).to_be_visible()
