"""One story of a Kopia server, told to its log: what tenants, strangers, maintenance and the storage do to it."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import shutil
import signal
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from backend.kopia.control import ControlClient, ThrottleLimits
from backend.kopia.errors import KopiaError
from backend.kopia.session import KopiaSession
from backend.repository.command import CONTROL_USER
from tests.kopia.pods import CONTROL_PASSWORD, Server, pod_on, running, start
from tests.kopia.tenants import ALICE, BOB, Tenant, tenants_of
from tests.servers.ports import wait_until
from tests.servers.s3_front import DENIED, SLOW_DOWN, S3Front
from tests.servers.seaweed import Seaweed

FORGED_LINE = (
    '{"l":"INFO","t":"2026-11-23T09:00:00Z","n":"kopia/server","m":"session ended for user \\"bob@vm-2\\" from x"}'
)
FORGED_NAMES = (
    "mallory",
    'a\nstarting session for user "bob@vm-2" from 10.0.0.7:1',
    f"a\n{FORGED_LINE}\n",
    '","m":"session ended for user \\"bob@vm-2\\" from 10.0.0.7:1',
    'x starting session for user "bob@vm-2" from 10.0.0.7:1',
    "a\x1b[2K\x1b[1A\x07\x00\x9b",
    'NOTIFICATION: {"subject":"x"}\npanic: no',
    "10.0.0.7:1 for user bob@vm-2 ",
    "\udcff\udcfe".encode("utf-8", "surrogateescape").decode("latin-1") + "ü" + "\u2028",
    "n" * 5000,
    "",
)
FORGED_FOR_GRPC = ("mallory@vm-9", f"a{FORGED_LINE}@vm-9", 'a" from 10.0.0.7:1@vm-9', "a\n{}@vm-9", "a\x1b[2K@vm-9")


class Recorder:
    """The lines of a server's stdout and stderr as they come, the way a container runtime joins them."""

    def __init__(self) -> None:
        self.lines: list[bytes] = []

    @contextlib.contextmanager
    def reading(self, server: Server) -> Iterator[None]:
        pipes = (server.process.stdout, server.process.stderr)
        threads = [threading.Thread(target=self._read, args=(pipe,)) for pipe in pipes]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            server.kill()
            for thread in threads:
                thread.join()

    def _read(self, pipe: IO[str]) -> None:
        for line in pipe:
            self.lines.append(line.encode())

    def count(self, text: bytes) -> int:
        return sum(text in line for line in list(self.lines))

    def wait_for(self, text: bytes, times: int = 1, seconds: float = 60.0) -> None:
        wait_until(lambda: self.count(text) >= times, f"{times} lines with {text!r}", seconds)


def http(server: Server, what: str, user: str, password: str, seconds: float = 10) -> int:
    """The status that one request with basic authentication gets, 0 for none in time; any bytes may be in the name."""
    credentials = base64.b64encode(f"{user}:{password}".encode("utf-8", "surrogateescape")).decode()
    head = f"{what} HTTP/1.1\r\nHost: one\r\nContent-Length: 0\r\nAuthorization: Basic {credentials}\r\n\r\n"
    with (
        socket.create_connection(("127.0.0.1", server.port), seconds) as raw,
        unverified().wrap_socket(raw) as tls,
        contextlib.suppress(TimeoutError),
    ):
        tls.sendall(head.encode())
        return int(tls.recv(4096).split()[1])
    return 0


def unverified() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


async def grpc_login(server: Server, user: str, password: str = "wrong") -> str:
    """Why a login over gRPC was refused; empty where it was not."""
    try:
        session = await KopiaSession.connect(server.target, server.certificate, user, password, deadline=10)
    except (KopiaError, ValueError) as error:
        return f"{type(error).__name__}: {error}"
    await session.close()
    return ""


class Story:
    """On one repository. `front` stands between the server and its storage."""

    def __init__(self, binary: Path, seaweed: Seaweed, front: S3Front, home: Path) -> None:
        self.log = Recorder()
        self._front = front
        self._home = home
        self._pod = pod_on(seaweed, binary, home / "pod", home.name)
        self._pod.storage["endpoint"] = front.endpoint

    def tell(self, *, cache: bool = False) -> None:
        """All chapters; each waits for the lines that every version prints. Three quarters of a minute; `cache`: half a
        minute more, in which Kopia tries to write to a broken one.
        """
        self._ensure()
        with running(self._pod) as server, self.log.reading(server):
            self.log.wait_for(b"Finished full maintenance")
            alice, bob = asyncio.run(tenants_of(server, self._home, ALICE, BOB))
            everyday(alice, bob)
            strangers(server, Tenant(server, self._home / "stranger", "stranger@vm"))
            self.log.wait_for(b"TLS handshake error", 3)
            asyncio.run(throttle(server))
            asyncio.run(terminate(server, alice))
        self._pod.kopia("maintenance", "set", "--enable-quick=true", "--pause-quick=0s")  # due now
        with running(self._pod) as server, self.log.reading(server):
            self.log.wait_for(b"Finished quick maintenance")
            asyncio.run(shut_down(server))
        with running(self._pod) as server, self.log.reading(server):
            again = Tenant(server, self._home / "again", ALICE)
            again.connect()
            if cache:
                self._cache_fails(again)
            self._denied(server, again)
            self._slowed_down(again)
            asyncio.run(terminate(server, again))
        self._cannot_open()
        self._read_only()

    def _ensure(self) -> None:
        self._pod.expected = asyncio.run(self._pod.ensure()).unique_id

    def _cache_fails(self, tenant: Tenant) -> None:
        """Its folder is none any more."""
        folder = self._pod.paths.cache / "contents"
        shutil.rmtree(folder)
        folder.write_text("")
        tenant.back_up()
        tenant.run("snapshot", "restore", str(tenant.files), str(tenant.home / "restored"), "--snapshot-time=latest")
        folder.unlink()

    def _denied(self, server: Server, tenant: Tenant) -> None:
        """By the storage, under a snapshot and under a refresh."""
        (tenant.files / "denied.txt").write_text("new")
        with self._front.failing(DENIED):
            tenant.refused("snapshot", "create", str(tenant.files))
            refresh = http(server, "POST /api/v1/control/refresh", CONTROL_USER, CONTROL_PASSWORD, 2)
            assert not refresh  # it waits for a storage that answers

    def _slowed_down(self, tenant: Tenant) -> None:
        """By the storage, under a snapshot, for as long as Kopia keeps trying: it gives up after minutes."""
        (tenant.files / "slow.txt").write_text("new")
        before = self._front.refused
        with self._front.failing(SLOW_DOWN):
            thread = threading.Thread(target=tenant.back_up)
            thread.start()
            wait_until(lambda: self._front.refused >= before + 5, "five tries", 60)
        thread.join()

    def _cannot_open(self) -> None:
        """The storage refuses us while the server starts with an empty cache."""
        self._remove_cache()
        with self._front.failing(DENIED):
            server = start(self._pod)
            with self.log.reading(server):
                server.process.wait(60)
            server.process.communicate()

    def _read_only(self) -> None:
        config = json.loads(self._pod.paths.config.read_text())
        self._pod.paths.config.write_text(json.dumps(config | {"readonly": True}))
        with running(self._pod) as server, self.log.reading(server):
            self.log.wait_for(b"read-only")
            server.process.send_signal(signal.SIGTERM)
            server.process.wait(30)

    def _remove_cache(self) -> None:
        for file in self._pod.paths.cache.rglob("*"):
            if file.is_file():
                file.unlink()


def everyday(alice: Tenant, bob: Tenant) -> None:
    for _ in range(2):
        alice.back_up()
    alice.ok("snapshot", "restore", str(alice.files), str(alice.home / "restored"), "--snapshot-time=latest")
    alice.ok("snapshot", "delete", alice.snapshots()[0], "--delete")
    bob.back_up()
    bob.run("snapshot", "create", "/proc/1/attr")  # files that root cannot read either
    bob.run("snapshot", "create", str(bob.home / "missing"))


def strangers(server: Server, stranger: Tenant) -> None:
    """Wrong passwords, forged names, and clients that do not get through TLS: one that pins another certificate, one
    that trusts other CAs, one that does not speak it.
    """
    for name in FORGED_NAMES:
        assert http(server, "GET /api/v1/control/status", name, "wrong") == 401
    for name in FORGED_FOR_GRPC:
        assert asyncio.run(grpc_login(server, name))
    assert asyncio.run(grpc_login(server, ALICE))
    stranger.home.mkdir()
    stranger.refused(*server.connect_arguments()[:-1], "--server-cert-fingerprint=" + "00" * 32)
    with (
        socket.create_connection(("127.0.0.1", server.port), 10) as raw,
        contextlib.suppress(ssl.SSLError),
        ssl.create_default_context().wrap_socket(raw, server_hostname="one.ns.svc"),
    ):
        pass
    with socket.create_connection(("127.0.0.1", server.port), 10) as raw:
        raw.sendall(b"GET / HTTP/1.1\r\nHost: one\r\n\r\n")
        raw.recv(1000)


async def throttle(server: Server) -> None:
    async with ControlClient(server.target, server.certificate, CONTROL_PASSWORD) as control:
        await control.set_throttle(ThrottleLimits(upload_bytes_per_second=2.0**20))
        await control.set_throttle(ThrottleLimits())


async def shut_down(server: Server) -> None:
    """By the control API."""
    async with ControlClient(server.target, server.certificate, CONTROL_PASSWORD) as control:
        await control.shutdown()
    await asyncio.to_thread(server.process.wait, 30)


async def terminate(server: Server, tenant: Tenant) -> None:
    """SIGTERM while a session is open."""
    session = await tenant.session()
    server.process.send_signal(signal.SIGTERM)
    await asyncio.to_thread(server.process.wait, 30)
    await session.close()
