"""Servers that lack what we ask for, or answer otherwise than Kopia's usual, over real gRPC and HTTP."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import grpc
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from backend.controller.certificates import KeyPair, mint_ca
from backend.kopia.control import ControlClient, ThrottleLimits
from backend.kopia.errors import KopiaError, ServerUnavailable, VersionTooOld
from backend.kopia.session import KopiaSession
from tests.servers.ports import free_ports
from tests.servers.tls import leaf_for

FULL = {
    "readsPerSecond": 1,
    "writesPerSecond": 2.5,
    "listsPerSecond": 3,
    "maxUploadSpeedBytesPerSecond": 4e6,
    "maxDownloadSpeedBytesPerSecond": 5e6,
    "concurrentReads": 6,
    "concurrentWrites": 7,
}
LIMITS = ThrottleLimits(1.0, 2.5, 3.0, 4e6, 5e6, 6, 7)


@pytest.fixture(scope="module")
def leaf() -> KeyPair:
    return leaf_for(mint_ca("test tenants", datetime.now(UTC)), ["one.ns.svc"])


@pytest.fixture
async def grpc_target(leaf: KeyPair) -> AsyncIterator[str]:
    """A gRPC server over TLS without any service."""
    server = grpc.aio.server()
    credentials = grpc.ssl_server_credentials([(leaf.key, leaf.certificate)])
    port = server.add_secure_port("127.0.0.1:0", credentials)
    await server.start()
    yield f"127.0.0.1:{port}"
    await server.stop(None)


async def test_no_session_service(grpc_target: str, leaf: KeyPair) -> None:
    with pytest.raises(VersionTooOld, match=r"does not know Kopia's repository sessions: use Kopia 0\.21\.0 or newer"):
        await KopiaSession.connect(grpc_target, leaf.certificate, "alice@vm-1", "pw", deadline=10)


class Control:
    """An HTTP server with two control paths: throttle, where a GET gets `answer`, and shutdown, which cuts."""

    def __init__(self) -> None:
        self.answer: object = {}
        self.received: list[object] = []

    async def get(self, _request: web.Request) -> web.Response:
        return web.json_response(self.answer)

    async def put(self, request: web.Request) -> web.Response:
        self.received.append(await request.json())
        return web.json_response({})

    async def shutdown(self, request: web.Request) -> web.Response:
        assert request.transport is not None
        request.transport.abort()
        return web.json_response({})


@pytest.fixture
def served() -> Control:
    return Control()


@pytest.fixture
async def control(served: Control, leaf: KeyPair, tmp_path: Path) -> AsyncIterator[ControlClient]:
    (tmp_path / "tls.pem").write_bytes(leaf.certificate + leaf.key)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(tmp_path / "tls.pem")
    app = web.Application()
    app.router.add_get("/api/v1/control/throttle", served.get)
    app.router.add_put("/api/v1/control/throttle", served.put)
    app.router.add_post("/api/v1/control/shutdown", served.shutdown)
    server = TestServer(app, host="127.0.0.1")
    await server.start_server(ssl=context)
    async with ControlClient(f"127.0.0.1:{server.port}", leaf.certificate, "pw") as client:
        yield client
    await server.close()


async def test_no_control_path(control: ControlClient) -> None:
    with pytest.raises(VersionTooOld) as refused:
        await control.refresh()
    assert str(refused.value) == "the server does not know control/refresh: use Kopia 0.21.0 or newer"


async def test_limits_are_sent_by_kopias_names(control: ControlClient, served: Control) -> None:
    await control.set_throttle(LIMITS)
    assert served.received == [FULL]


@pytest.mark.parametrize(
    ("answer", "limits"),
    [
        ({}, ThrottleLimits()),
        (FULL, LIMITS),
        ({"readsPerSecond": 1, "somethingNew": {"x": 1}}, ThrottleLimits(reads_per_second=1.0)),
    ],
)
async def test_limits_are_read(control: ControlClient, served: Control, answer: object, limits: ThrottleLimits) -> None:
    served.answer = answer
    assert await control.throttle() == limits


@pytest.mark.parametrize("value", ["1", None, True, [1]])
async def test_a_limit_that_is_no_number(control: ControlClient, served: Control, value: object) -> None:
    served.answer = {"readsPerSecond": value}
    with pytest.raises(KopiaError, match="readsPerSecond"):
        await control.throttle()


async def test_a_shutdown_that_cuts_its_own_answer(control: ControlClient) -> None:
    await control.shutdown()


async def test_a_shutdown_of_nothing(leaf: KeyPair) -> None:
    async with ControlClient(f"127.0.0.1:{free_ports(1)[0]}", leaf.certificate, "pw") as nobody:
        with pytest.raises(ServerUnavailable):
            await nobody.shutdown()
