"""What is measured: each serves one address with events, and takes them in its own way."""

from __future__ import annotations

import secrets
import shutil
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from aiohttp import ClientSession

from backend.events.catalogue.session import SessionStarted
from backend.events.commit import Commit
from backend.events.connection import connect
from backend.events.envelope import Source, encode
from backend.events.firehose import Firehose
from backend.events.keys import ServerKeys
from backend.events.store import Committed, EventStore
from benchmarks.api_place import NAME, NAMESPACE, api, place
from benchmarks.roots import install
from tests.cluster.binaries import binary
from tests.cluster.cache import tied
from tests.servers.ports import free_ports, listens, wait_until
from tests.servers.redis import RedisServer

KEYS = ServerKeys(NAMESPACE, NAME)
USER = "alice@vm-1.team"
HOST = "127.0.0.1"
USERS = 50
STREAMS = 200  # of a user
_SERVER = f"/api/v1/servers/{NAMESPACE}/{NAME}/events"
PATHS = (
    "/api/v1/events",
    "/api/v1/events?type=session.*",
    "/api/v1/events?severity=info",
    f"/api/v1/events?namespace={NAMESPACE}",
    _SERVER,
    f"{_SERVER}?tenant={USER}",
    f"{_SERVER}?type=session.started&tenant={USER}",
    f"{_SERVER}?type=session.started&severity=info",
)
"""Each lets all events of the benchmark pass, and is a cohort of its own."""

Publish = Callable[[bytes], Awaitable[None]]

NGINX = """load_module modules/ngx_nchan_module.so;
user root; daemon off; worker_processes @WORKERS@; worker_rlimit_nofile 20000; pid /bench/pid;
error_log /bench/log warn;
events { worker_connections 16000; }
http {
  access_log off; nchan_shared_memory_size 256M;
  server {
    listen 127.0.0.1:@PORT@ backlog=4096;
    location = /publish { nchan_publisher; nchan_channel_id bench; nchan_message_timeout 60s; client_max_body_size 1m; }
    location = /events { nchan_subscriber eventsource; nchan_channel_id bench; nchan_subscriber_first_message newest; }
  }
}
"""
CONNECT = quote('{"id":1,"connect":{}}')


@dataclass(frozen=True)
class System:
    """While it runs; memory and CPU are those of `process` and its children. `tokens`: a file with bearer tokens, one a
    line, for whom a client needs one.
    """

    port: int
    paths: Sequence[str]
    process: subprocess.Popen[bytes]
    publish: Publish
    tokens: Path | None = None


def event(number: int) -> bytes:
    """A real one of some 600 bytes; its id tells the load client its number and when it was made."""
    now = time.time_ns()
    payload = SessionStarted(session=f"bench-session-{number}", user=USER, address="10.0.0.7:48418")
    stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now // 10**9))
    return encode(Source(KEYS.namespace, KEYS.name), payload, id=f"bench-{number}-{now}", time=stamp)


@asynccontextmanager
async def bsls() -> AsyncIterator[System]:
    """The real `bsls api`; each event is a commit, as the controller makes it."""
    with ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bsls-bench-")))
        where = stack.enter_context(place(scratch, USERS))
        tokens = scratch / "tokens"
        tokens.write_text("\n".join(where.tokens))
        server = stack.enter_context(RedisServer())
        port, process = stack.enter_context(api(where, server.url, "--streams", str(STREAMS)))
        client = connect(server.url)
        store = EventStore(client, Firehose(client))
        token = (await store.load(KEYS)).token

        async def publish(raw: bytes) -> None:
            nonlocal token
            made = Commit(KEYS, token, secrets.token_hex(8).encode(), [raw], [], None)
            (outcome,) = await store.commit([made])
            assert isinstance(outcome, Committed)
            token = made.token

        yield System(port, PATHS, process, publish, tokens)
        await client.close()


@asynccontextmanager
async def nchan(workers: int = 1) -> AsyncIterator[System]:
    (port,) = free_ports(1)
    root = install("nchan", ("nginx-light", "libnginx-mod-nchan"))
    work = root / "bench"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir()
    (work / "config").write_text(NGINX.replace("@PORT@", str(port)).replace("@WORKERS@", str(workers)))
    with _running(["chroot", str(root), "nginx", "-c", "/bench/config"], port) as process:
        async with _posting(port) as publish:
            yield System(port, ("/events",), process, publish)


@asynccontextmanager
async def centrifuge(delay: str) -> AsyncIterator[System]:
    (port,) = free_ports(1)
    with _running([str(binary("stream-centrifuge")), f"{HOST}:{port}", delay], port) as process:
        async with _posting(port) as publish:
            yield System(port, (f"/events?cf_connect={CONNECT}",), process, publish)


@asynccontextmanager
async def _posting(port: int) -> AsyncIterator[Publish]:
    async with ClientSession() as http:

        async def publish(raw: bytes) -> None:
            async with http.post(f"http://{HOST}:{port}/publish", data=raw) as response:
                assert response.status < 300, await response.text()

        yield publish


@contextmanager
def _running(command: list[str], port: int) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(tied(command), stdin=subprocess.DEVNULL)
    try:
        wait_until(lambda: listens(HOST, port), f"{command[0]} on port {port}")
        yield process
    finally:
        process.terminate()
        process.wait()
