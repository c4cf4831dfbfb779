"""Captures what the log of a Kopia pod says: the real server of each version, with our flags, through one story.

`python -m tests.kopia.capture [VERSION …]` writes tests/unit/kopia/captures/kopia-VERSION.log; `--expected` writes only
the records beside each capture, as the parser reads them now. Compare before you commit.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import contextlib
import json
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import IO

from backend.kopia.control import ControlClient, ThrottleLimits
from backend.kopia.errors import KopiaError
from backend.kopia.log_lines import parse_line
from backend.kopia.session import KopiaSession
from tests.cluster import binaries
from tests.kopia.pods import CONTROL_PASSWORD, Pod, Server, pod_on, running
from tests.kopia.tenants import ALICE, BOB, Tenant, tenants_of
from tests.servers.seaweed import Seaweed

CAPTURES = Path(__file__).parent.parent / "unit" / "kopia" / "captures"
VERSIONS = (*binaries.OLDER_KOPIAS, binaries.KOPIA_VERSION)
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
HTTP_REFUSED = len(FORGED_NAMES)
TLS_REFUSED = 3


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

    def wait_for(self, text: bytes, seconds: float = 30.0) -> None:
        end = time.monotonic() + seconds
        while not any(text in line for line in self.lines):
            if time.monotonic() > end:
                raise TimeoutError(f"no line has {text!r}: {b''.join(self.lines[-5:])!r}")
            time.sleep(0.05)


def http_login(server: Server, user: str, password: str = "wrong") -> int:
    """The status that one request with basic authentication gets; any bytes may be in the name."""
    credentials = base64.b64encode(f"{user}:{password}".encode("utf-8", "surrogateescape")).decode()
    request = f"GET /api/v1/control/status HTTP/1.1\r\nHost: one\r\nAuthorization: Basic {credentials}\r\n\r\n"
    with socket.create_connection(("127.0.0.1", server.port), 10) as raw, unverified().wrap_socket(raw) as tls:
        tls.sendall(request.encode())
        return int(tls.recv(4096).split()[1])


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


def _no_tls(server: Server, stranger: Tenant) -> None:
    """A client that pins another certificate, one that trusts other CAs, and one that does not speak TLS."""
    arguments = server.connect_arguments()
    stranger.refused(*arguments[:-1], "--server-cert-fingerprint=" + "00" * 32)
    with (
        socket.create_connection(("127.0.0.1", server.port), 10) as raw,
        contextlib.suppress(ssl.SSLError),
        ssl.create_default_context().wrap_socket(raw, server_hostname="one.ns.svc"),
    ):
        pass
    with socket.create_connection(("127.0.0.1", server.port), 10) as raw:
        raw.sendall(b"GET / HTTP/1.1\r\nHost: one\r\n\r\n")
        raw.recv(1000)


def _everyday(alice: Tenant, bob: Tenant) -> None:
    for _ in range(2):
        alice.back_up()
    alice.ok("snapshot", "restore", str(alice.files), str(alice.home / "restored"), "--snapshot-time=latest")
    alice.ok("snapshot", "delete", alice.snapshots()[0], "--delete")
    bob.back_up()
    bob.run("snapshot", "create", "/proc/1/attr")  # files that root cannot read either
    bob.run("snapshot", "create", str(bob.home / "missing"))


def _storage_fails(seaweed: Seaweed, alice: Tenant, seconds: float = 15.0) -> None:
    """The storage goes away under a snapshot and comes back; then it refuses our key for a while."""
    (alice.files / "new.txt").write_text(str(time.time()))
    seaweed.stop()
    with _snapshot_meanwhile(alice):
        time.sleep(seconds)
        seaweed.start()
    key = seaweed.secret_key
    seaweed.stop()
    seaweed.secret_key = "another"
    seaweed.start()
    (alice.files / "new.txt").write_text(str(time.time()))
    with _snapshot_meanwhile(alice):
        time.sleep(seconds)
    seaweed.stop()
    seaweed.secret_key = key
    seaweed.start()


@contextlib.contextmanager
def _snapshot_meanwhile(tenant: Tenant) -> Iterator[None]:
    thread = threading.Thread(target=tenant.run, args=("snapshot", "create", str(tenant.files)))
    thread.start()
    yield
    thread.join(90)


async def _throttled(server: Server) -> None:
    async with ControlClient(server.target, server.certificate, CONTROL_PASSWORD) as control:
        await control.set_throttle(ThrottleLimits(upload_bytes_per_second=2.0**20))
        await control.set_throttle(ThrottleLimits())


async def _terminated(server: Server, tenant: Tenant) -> None:
    """SIGTERM while a session is open."""
    await tenant.session()
    server.process.send_signal(signal.SIGTERM)
    await asyncio.to_thread(server.process.wait, 30)


def tell(binary: Path, seaweed: Seaweed, home: Path, log: Recorder) -> None:
    """The story: two runs of the server on one repository."""
    pod = pod_on(seaweed, binary, home / "pod", home.name)
    asyncio.run(_ensured(pod))
    with running(pod) as server, log.reading(server):
        log.wait_for(b"Finished full maintenance")
        alice, bob = asyncio.run(tenants_of(server, home, ALICE, BOB))
        _everyday(alice, bob)
        for name in FORGED_NAMES:
            assert http_login(server, name) == 401
        for name in FORGED_FOR_GRPC:
            assert asyncio.run(grpc_login(server, name))
        assert asyncio.run(grpc_login(server, ALICE))
        _no_tls(server, Tenant(server, home / "stranger", "stranger@vm"))
        asyncio.run(_throttled(server))
        asyncio.run(_terminated(server, alice))
    pod.kopia("maintenance", "set", "--quick-interval=1s")
    with running(pod) as server, log.reading(server):
        log.wait_for(b"Finished quick maintenance")
        again = Tenant(server, home / "again", ALICE)
        again.connect()
        _storage_fails(seaweed, again)
        server.process.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            server.process.wait(30)


async def _ensured(pod: Pod) -> None:
    result = await pod.ensure()
    pod.expected = result.unique_id


def capture(version: str) -> None:
    name = "kopia" if version == binaries.KOPIA_VERSION else f"kopia-{version}"
    home = Path(tempfile.mkdtemp(prefix="capture-"))
    log = Recorder()
    try:
        with Seaweed() as seaweed:
            tell(binaries.binary(name), seaweed, home, log)
    finally:
        neutral = b"".join(log.lines).replace(str(home).encode(), b"/srv").replace(home.name.encode(), b"one")
        neutral = neutral.replace(socket.gethostname().encode(), b"machine")
        (CAPTURES / f"kopia-{version}.log").write_bytes(neutral)
        shutil.rmtree(home, ignore_errors=True)


def expected(log: Path) -> str:
    """The records of a capture, one a line with the number of its log line; lines that say nothing are left out."""
    records = ((number, parse_line(line)) for number, line in enumerate(log.read_bytes().split(b"\n"), 1))
    lines = [json.dumps({"line": n, "kind": type(r).__name__, **asdict(r)}) for n, r in records if r is not None]
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--expected", action="store_true", help="only the records")
    parser.add_argument("versions", nargs="*", default=VERSIONS)
    arguments = parser.parse_args()
    if not arguments.expected:
        for version in arguments.versions:
            capture(version)
    for log in sorted(CAPTURES.glob("*.log")):
        log.with_suffix(".jsonl").write_text(expected(log))


if __name__ == "__main__":
    main()
