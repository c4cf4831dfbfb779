"""Schemathesis against the real process: whatever is asked, the answer is one that the OpenAPI document describes."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
import pytest

from backend.api.http.refused import LINES
from backend.events.connection import connect
from backend.events.push.made import MadeStore
from backend.events.push.policy import OpenTarget, Policy
from tests.apiserver.api_process import ALICE, ROOT, SERVER, Api, Json, Running, serving, tell, wait_ready
from tests.cluster.node import Cluster
from tests.servers.redis import RedisServer

pytestmark = [pytest.mark.apiserver, pytest.mark.timeout(300)]
EXAMPLES = 10  # random ones, of each operation and caller; the systematic ones are some 60
THERE = {"path.namespace": "backup-a", "path.name": "vms", "path.user": ALICE}
DOCUMENT = json.loads((ROOT / "docs/openapi.json").read_bytes())
PATHS = DOCUMENT["paths"]
EXAMPLE = DOCUMENT["components"]["schemas"]["NewSubscription"]["examples"][0]
DOOMED = "doomed"
FIXED_NAMES = "ensure_resource_availability,use_after_free"  # these expect that a path names what was made just before
UNSEEN = {
    "GET /healthz",
    "GET /readyz",
    "GET /api/v1/events",
}  # probes are not logged; a stream is not asked for as such
OPERATIONS = sum(len(one) for one in PATHS.values())
# What the document cannot say: a cursor is of its list, a time of the calendar, a name needs its namespace; where a
# subscription may push to, and who may make how many of them.
REFUSALS = ["2xx", "304", "400", "403", "404", "406", "409", "412", "422", "429"]
REJECTIONS = ["400", "401", "403", "404", "405", "406", "409", "412", "415", "422", "429"]


@pytest.fixture(scope="module")
def running(
    api_cluster: Cluster, api_tokens: dict[str, str], api_redis: RedisServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Running]:
    """As elsewhere, for callers in a hurry."""
    asyncio.run(tell(api_redis))
    asyncio.run(permit(api_redis))
    hurry = ("--rate", "100000", "--burst", "100000")
    with serving(api_cluster, api_redis.url, tmp_path_factory.mktemp("api"), *hurry) as made:
        wait_ready(made.url)
        yield made
    text = made.log.read_text()
    assert '"status":5' not in text
    assert not [one for one in api_tokens.values() if one in text], "a token in the log"


@pytest.fixture(scope="module")
def api(running: Running, api_tokens: dict[str, str], api_redis: RedisServer) -> Api:
    return Api(running.url, api_tokens, api_redis)


async def permit(redis: RedisServer) -> None:
    """What a dispatcher would tell: pushes may go where the document's example has them go."""
    client = connect(redis.url)
    await MadeStore(client).publish(Policy(targets=(OpenTarget(host="hooks.apps.example.com"),), per_owner=1000))
    await client.close()


def succeeded(log: str) -> set[str]:
    """The methods and paths that were answered with what was asked for."""
    lines = [json.loads(line) for line in log.splitlines() if '"logger":"audit"' in line]
    return {f"{one['verb']} {one['path']}" for one in lines if 200 <= one["status"] < 300}


async def subscribe(api: Api, who: str, *names: str) -> None:
    async with aiohttp.ClientSession(api.url, headers={"Authorization": f"Bearer {api.tokens[who]}"}) as session:
        for name in names:
            async with session.post("/api/v1/subscriptions", json=EXAMPLE | {"name": name}) as response:
                assert response.status == 201, await response.text()


@pytest.mark.parametrize(
    ("who", "fixed"), [("everything", THERE), ("team-a", THERE), ("nobody", {})], ids=["everything", "tenant", "nobody"]
)
async def test_every_answer_is_documented(
    api: Api, running: Running, who: str, fixed: dict[str, str], tmp_path: Path
) -> None:
    """`fixed`: parameters that are not made up, so that the questions get to the data."""
    if who == "everything":
        await subscribe(api, who, THERE["path.name"], DOOMED)
    settings = tmp_path / "schemathesis.toml"
    given = ", ".join(f"{json.dumps(name)} = {json.dumps(value)}" for name, value in fixed.items())
    settings.write_text(
        f'headers = {{ Authorization = "Bearer {api.tokens[who]}" }}\n'
        f"parameters = {{ {given} }}\n"
        f"[checks]\npositive_data_acceptance.expected-statuses = {json.dumps(REFUSALS)}\n"
        f"negative_data_rejection.expected-statuses = {json.dumps(REJECTIONS)}\n"
        f'[[operations]]\ninclude-operation-id = "deleteSubscription"\nparameters = {{ "path.name" = "{DOOMED}" }}\n'
    )
    command = [
        str(Path(sys.executable).with_name("schemathesis")), f"--config-file={settings}",
        "run", str(ROOT / "docs/openapi.json"), f"--url={api.url}", "--no-color", "--continue-on-failure",
        "--checks=all", f"--exclude-checks={FIXED_NAMES}",
        f"--max-examples={EXAMPLES}", "--generation-deterministic", "--request-timeout=20",
    ]  # fmt: skip
    begun = running.log.stat().st_size
    done = await asyncio.to_thread(
        subprocess.run, command, capture_output=True, text=True, check=False, cwd=tmp_path, timeout=240
    )
    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr[-2_000:]
    assert f"Tested: {OPERATIONS}\n" in done.stdout, done.stdout
    if who == "everything":
        asked = {f"{method.upper()} {path}" for path, one in PATHS.items() for method in one} - UNSEEN
        assert asked - succeeded(running.log.read_bytes()[begun:].decode()) == set()


async def raw(api: Api, sent: bytes) -> tuple[int, dict[str, str], bytes]:
    """The answer to bytes that no client library would send: status, headers by lower-case names, body."""
    url = urlsplit(api.url)
    reader, writer = await asyncio.open_connection(url.hostname, url.port)
    try:
        async with asyncio.timeout(20):
            writer.write(sent)
            head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:-2])}
            body = await reader.readexactly(int(headers.get("content-length", "0")))
    finally:
        writer.close()
        await writer.wait_closed()
    return int(head[0].split()[1]), headers, body


LONG_URL = b"GET /api/v1/servers?search=%b HTTP/1.1\r\nHost: x\r\n\r\n" % (b"a" * LINES["max_line_size"])
LONG_HEADER = b"GET /api/v1/servers HTTP/1.1\r\nHost: x\r\nX: %b\r\n\r\n" % (b"a" * (LINES["max_field_size"] + 1))


@pytest.mark.parametrize(
    ("sent", "hint"),
    [
        (LONG_URL, "Send a URL of at most 32768 bytes"), (LONG_HEADER, "headers of at most 20480 bytes"),
        (b"nonsense\r\n\r\n", "correct its syntax"),
        (b"GET /hush\x01 HTTP/1.1\r\nHost: x\r\n\r\n", "correct its syntax"),
        (b"GET /hush HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", "correct its syntax"),
        (b"GET /hush HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", "its syntax"),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", "correct its syntax"),
    ],
    ids=["url", "header", "line", "control", "length", "two-lengths", "tls"],
)  # fmt: skip
async def test_what_is_no_http_is_a_problem_too(api: Api, sent: bytes, hint: str) -> None:
    status, headers, body = await raw(api, sent)
    found: Json = json.loads(body)
    assert (status, headers["content-type"]) == (400, "application/problem+json")
    assert (found["type"], found["status"], found["requestId"]) == (
        "urn:bsls:problem:bad-request", 400, headers["x-request-id"],
    )  # fmt: skip
    assert hint in found["detail"]
    assert b"hush" not in body
    assert headers["cache-control"] == "no-store"
    assert headers["server"] == "bsls"


@pytest.mark.parametrize(
    "token", ["x", "Bearer ", "a.b.c", "ey" + "A" * 16_382, "%00", "../../etc/passwd", "a\tb", "\u00e4"]
)
async def test_garbage_for_a_token(api: Api, token: str) -> None:
    head = f"GET {SERVER} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n"
    status, headers, body = await raw(api, head.encode())
    assert status == 401, body
    assert headers["www-authenticate"].startswith("Bearer")
    assert headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    "path",
    [
        "/", "/api", "/api/v1", "/api/v1/servers/", "//api/v1/servers", "/api/v1/servers/backup-a/../vms",
        "/api/v1/servers/%2e%2e/vms", "/api/v1/servers/backup-a%2Fvms", "/api/v1/servers/%00/vms",
        "/api/v1/servers/}{/*",
        "/api/v1/servers/backup-a/vms%0d%0aX:1", "/api/v1/servers/backup-a/none/snapshots",
        "/api/v1/servers/backup-a/none/events", "/api/v1/servers/backup-a/none/traces",
        "/api/v1/servers/backup-a/none/sessions", "/api/v1/servers/backup-a/vms/tenants/%ff%fe",
    ],
)  # fmt: skip
async def test_paths_that_lead_nowhere(api: Api, path: str) -> None:
    head = f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {api.tokens['everything']}\r\n\r\n"
    status, headers, body = await raw(api, head.encode())
    assert status == 404, body
    assert headers["content-type"] == "application/problem+json"
    assert "x" not in headers


@pytest.mark.parametrize("position", ["x", "1", "-1-0", "1-1.", "1-1.999999999", "9" * 21 + "-0", "1-1\u0661", "+-+"])
async def test_garbage_for_a_position(api: Api, position: str) -> None:
    for path in (f"{SERVER}/events", "/api/v1/events"):
        head = (
            f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {api.tokens['everything']}\r\n"
            f"Accept: text/event-stream\r\nLast-Event-ID: {position}\r\n\r\n"
        )
        status, _, body = await raw(api, head.encode())
        assert status == 400, body
        assert "Last-Event-ID" in json.loads(body)["detail"]


async def test_positions_beyond_all_events(api: Api) -> None:
    """Of the right form: whatever is behind them comes, and of what may be missing the client is told."""
    for position in (
        "99999999999999999999-99999999999999999999",
        "0-0",
        "18446744073709551615-18446744073709551615.99999999",
    ):
        headers = {"Accept": "text/event-stream", "Last-Event-ID": position}
        async with api.get("everything", f"{SERVER}/events", headers=headers) as response:
            assert response.status in {200, 400}, position
            if response.status == 200:
                async with asyncio.timeout(20):
                    assert await response.content.readline()


async def test_a_body_where_none_belongs(api: Api) -> None:
    token = api.tokens["everything"]
    for size in (10, 10_000_000):
        head = (
            f"GET {SERVER} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {size}\r\n\r\n"
        )
        status, _, body = await raw(api, head.encode() + b"{" * 10)
        assert status == 200, body
