"""A real browser on the real page, API, Redis and apiserver.

    def test_something(console: Open) -> None:
        tab = console("viewer")              # somebody of PERSONAS, logged in
        tab.open("/bsls/servers")
        expect(tab.page.get_by_role("heading", name="File backup servers")).to_be_visible()
        tab.shot("servers")                  # light, dark and narrow; axe finds nothing

At the end of a test no tab may have told of an error. Playwright's own loop runs as long as a module of this folder
does: asynchronous work belongs into `in_thread`.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import threading
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.apiserver import api_people as people
from tests.apiserver.api_process import make_servers
from tests.cluster import console as built
from tests.cluster.node import Cluster
from tests.console.server import UiServer
from tests.console.story import history, tell
from tests.console.tab import WIDE, Tab, chromium
from tests.servers.redis import RedisServer

STATUS = {
    "observedGeneration": 1, "serviceURL": "vms.backup-a.svc:51515", "tlsFingerprint": "ab" * 32,
    "tlsNotAfter": "2027-11-25T10:00:00Z", "repositoryStatus": "Initialized", "repositoryPath": "oadp-bsls/vms",
    "users": {"desired": 2, "applied": 2, "rejected": 0},
    "conditions": [
        {"type": "Available", "status": "True", "reason": "ServerReady", "message": "The server serves.",
         "lastTransitionTime": "2026-11-25T10:00:00Z", "observedGeneration": 1},
        {"type": "Degraded", "status": "False", "reason": "AsExpected", "message": "Nothing is wrong.",
         "lastTransitionTime": "2026-11-25T10:00:00Z", "observedGeneration": 1},
    ],
}  # fmt: skip
Open = Callable[..., Tab]
ROLE, VIEWER, TENANT = "clusterrole", ("clusterrole", "servers-viewer"), ("clusterrole", "bsls-tenant-viewer")
PERSONAS: dict[str, list[tuple[str, str, str]]] = {
    "admin": [(ROLE, "cluster-admin", "")],
    "viewer": [(*VIEWER, "")],
    "namespace-viewer": [(*VIEWER, "backup-a")],
    "tenant": [(*TENANT, "team-a")],
    "nobody": [],
}


@dataclass
class Site:
    """What the pages show: two servers. `backup-a/vms` has a history; of `backup-b/more`, tests tell what they need."""

    cluster: Cluster
    server: UiServer
    redis: RedisServer
    tokens: dict[str, str]


def in_thread(work: Coroutine[Any, Any, None]) -> None:
    """Asynchronous work to its end. Raises what it raised."""
    raised: list[BaseException] = []

    def run() -> None:
        try:
            asyncio.run(work)
        except BaseException as error:  # handed over
            raised.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if raised:
        raise raised[0]


@pytest.fixture(scope="session")
def ui() -> Path:
    """The built page and plugin."""
    strict = os.environ.get("CI") == "true" or os.environ.get("BSLS_REQUIRE_REAL") == "1"
    if not built.place().exists() and not strict and shutil.which("npm") is None:
        pytest.skip("npm is missing")
    return built.pages()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


@pytest.fixture(scope="session")
def site(api_cluster: Cluster, ui: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    kubectl = api_cluster.kubectl
    kubectl("delete", "bsls", "-A", "--all")  # what other tests left
    make_servers(api_cluster, STATUS)
    tokens = {name: people.person(api_cluster, f"console-{name}", *roles) for name, roles in PERSONAS.items()}
    with RedisServer("--appendonly", "no") as redis:
        in_thread(tell(redis, ("backup-a", "vms"), STATUS, history()))
        server = UiServer(api_cluster, redis.url, ui, tmp_path_factory.mktemp("ui"))
        server.start()
        try:
            yield Site(api_cluster, server, redis, tokens)
        finally:
            server.stop()
    text = server.text()
    assert "Traceback" not in text, text[text.index("Traceback") :][:4000]
    assert not [one for one in tokens.values() if one in text], "a token in the log"
    kubectl("delete", "bsls", "-A", "--all")
    for name, roles in PERSONAS.items():
        if any(not namespace for _, _, namespace in roles):
            kubectl("delete", "clusterrolebinding", f"console-{name}")


@pytest.fixture
def console(browser: Browser, site: Site) -> Iterator[Open]:
    """Opens a tab: `console("viewer")`; with `""`, nobody is logged in."""
    tabs: list[Tab] = []

    def open_tab(persona: str = "admin", **options: Any) -> Tab:
        context = browser.new_context(viewport=WIDE, locale="en-US", timezone_id="UTC", **options)  # type: ignore[arg-type]
        tab = Tab(context, site.server.url)
        tabs.append(tab)
        if persona:
            tab.log_in(site.tokens[persona])
        return tab

    yield open_tab
    try:
        for tab in tabs:
            tab.check_clean()
    finally:
        for tab in tabs:
            tab.context.close()
