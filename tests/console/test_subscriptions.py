"""Push subscriptions on their page: a real dispatcher delivers to a real receiver, which answers as it is told here."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import yaml
from playwright.sync_api import Page, expect

from tests.console.conftest import Open, Site
from tests.dispatch.running import process
from tests.servers.ports import free_ports

pytestmark = [pytest.mark.apiserver, pytest.mark.timeout(300)]
SLOW_MS = 30_000  # until the dispatcher has taken up what the API was told, and the page has asked again


@dataclass
class Sink:
    """Answers with `status`, at `/refuses` with 400; `ids`: of what it took."""

    url: str = ""
    status: int = 503
    ids: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def sink() -> Iterator[Sink]:
    found = Sink()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status = 400 if self.path == "/refuses" else found.status
            if status == 204:
                found.ids.append(body.decode())
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        found.url = f"http://127.0.0.1:{server.server_port}/events"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield found
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def dispatcher(site: Site, sink: Sink, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Permits this sink, for whoever has the right to see servers. A subscription of its settings is refused all."""
    port = int(sink.url.rpartition(":")[2].partition("/")[0])
    target = {"scheme": "http", "host": "127.0.0.1", "port": port, "networks": ["127.0.0.0/8"]}
    folder = tmp_path_factory.mktemp("dispatcher")
    config, log = folder / "config.yaml", folder / "log"
    siem = {"name": "siem", "sink": sink.url.replace("/events", "/refuses"), "start": "earliest"}
    said = {"lease": "2s", "targets": [target], "subscriptions": [siem], "api": {"targets": [target]}}
    config.write_text(yaml.safe_dump(said))
    (probes,) = free_ports(1)
    with process(config, site.redis.url, probes, log) as child:
        yield
        assert child.poll() is None, log.read_text()
    assert "Traceback" not in log.read_text()


def _act(page: Page, action: str) -> None:
    page.get_by_test_id("actions-mine").click()
    page.get_by_test_id(action).click()


def _wait_for_targets(page: Page) -> None:
    """The dispatcher tells where pushes may go once it runs; until then the API says that nobody has."""
    send, error = page.get_by_test_id("dialog-send"), page.get_by_test_id("dialog-error")
    for _ in range(30):
        send.click()
        expect(send).to_be_enabled()
        if "No dispatcher" not in error.inner_text():
            return
    raise AssertionError("no dispatcher told its targets")


def test_from_creating_to_deleting(console: Open, sink: Sink, dispatcher: None) -> None:
    tab = console("admin")
    tab.expected = ["422", "403"]
    page = tab.open("/dashboards")
    page.get_by_test_id("nav-bsls-subscriptions").click()
    expect(page.get_by_role("heading", name="No event subscriptions")).to_be_visible()
    tab.shot("subscriptions-empty")
    page.get_by_test_id("create-subscription").last.click()
    page.get_by_test_id("new-name").fill("mine")
    page.get_by_test_id("new-sink").fill(sink.url + "?token=x")
    page.get_by_test_id("new-start").select_option("earliest")
    page.get_by_test_id("dialog-send").click()
    expect(page.get_by_test_id("new-wrong-sink")).to_contain_text("must not have a query")
    tab.shot("subscriptions-wrong")
    page.get_by_test_id("new-sink").fill(sink.url.replace("127.0.0.1", "127.0.0.2"))
    _wait_for_targets(page)
    expect(page.get_by_test_id("dialog-error")).to_contain_text("No target permits")
    page.get_by_test_id("new-sink").fill(sink.url)
    page.get_by_test_id("dialog-send").click()
    row = page.get_by_test_id("subscription-mine")
    expect(row).to_contain_text("the sink answered 503", timeout=SLOW_MS)
    expect(row).to_contain_text("Held back: backup-a/vms")
    tab.shot("subscriptions")
    sink.status = 204
    expect(row).not_to_contain_text("Held back", timeout=SLOW_MS)
    assert sink.ids
    _act(page, "pause")
    expect(page.get_by_test_id("phase-paused")).to_be_visible(timeout=SLOW_MS)
    _act(page, "resume")
    expect(page.get_by_test_id("phase-active")).to_be_visible(timeout=SLOW_MS)
    before = len(sink.ids)
    _act(page, "redeliver")
    page.get_by_test_id("redeliver-from").fill("24h")
    page.get_by_test_id("dialog-send").click()
    expect(page.get_by_test_id("redelivered")).to_contain_text("delivered once more")
    page.get_by_test_id("dialog-close").click()
    expect(row).to_contain_text(f"{2 * before} delivered", timeout=SLOW_MS)
    sink.status = 400
    _act(page, "redeliver")
    page.get_by_test_id("redeliver-from").fill("24h")
    page.get_by_test_id("dialog-send").click()
    page.get_by_test_id("dialog-close").click()
    page.get_by_test_id("dead-letters-toggle").click(timeout=SLOW_MS)
    letters = page.get_by_role("grid", name="Given up by mine")
    expect(letters.get_by_role("row")).to_have_count(11)  # the ten newest
    expect(letters.get_by_role("row").nth(1)).to_contain_text("the sink answered 400")
    expect(page.get_by_test_id("dead-letters-mine")).to_contain_text(f"The newest of {before}", timeout=SLOW_MS)
    outer, inner = (page.get_by_role("grid", name=name).bounding_box() for name in ("Event subscriptions", "Given up"))
    assert outer is not None
    assert inner is not None
    assert inner["width"] > 0.9 * outer["width"]
    tab.shot("subscriptions-given-up")
    page.get_by_test_id("dead-letters-toggle").click()
    page.get_by_text("Of everybody, and of the settings").click()
    expect(page.get_by_test_id("subscription-siem")).to_contain_text("of the settings of the dispatcher")
    page.get_by_test_id("dead-letters-siem").get_by_test_id("dead-letters-toggle").click(timeout=SLOW_MS)
    expect(page.get_by_role("grid", name="Given up by siem").get_by_role("row")).to_have_count(11)
    tab.shot("subscriptions-of-settings")
    page.get_by_text("Of everybody, and of the settings").click()
    expect(page.get_by_test_id("subscription-siem")).to_have_count(0)
    expect(row).to_be_visible()
    _act(page, "delete")
    expect(page.get_by_role("dialog")).to_contain_text("Nothing more is delivered")
    page.get_by_test_id("dialog-send").click()
    expect(page.get_by_role("heading", name="No event subscriptions")).to_be_visible()


def test_who_sees_nothing_is_told_what_is_missing(console: Open, sink: Sink, dispatcher: None) -> None:
    tab = console("nobody")
    tab.expected = ["403"]
    page = tab.open("/bsls/subscriptions")
    page.get_by_test_id("create-subscription").last.click()
    page.get_by_test_id("new-name").fill("mine")
    page.get_by_test_id("new-sink").fill(sink.url)
    _wait_for_targets(page)
    expect(page.get_by_test_id("dialog-error")).to_contain_text("bsls-tenant-viewer")
    assert page.get_by_test_id("everybody").count() == 0
