"""Tenants of a real Kopia server: their logins, their stock clients, and the entries that say what they may do."""

from __future__ import annotations

import contextlib
import json
import subprocess
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from backend.kopia.control import ControlClient
from backend.kopia.session import KopiaSession
from backend.kopia.users import make_hash
from tests.kopia.pods import ADMIN, ADMIN_PASSWORD, CONTROL_PASSWORD, Pod, Server, running

ALICE, BOB, CAROL = "alice@vm-1", "bob@vm-2", "carol@vm-3"
# A policy of alice's whose labels say that it is global.
SLIPPED_IN = {"type": "policy", "policyType": "global", "username": "alice", "hostname": "vm-1"}
IGNORE_ALL = {"files": {"ignore": ["*.txt"]}}


@dataclass
class Tenant:
    """Somebody with a login, a machine of their own and some files."""

    server: Server
    home: Path
    name: str

    @property
    def password(self) -> str:
        return f"password of {self.name}"

    @property
    def files(self) -> Path:
        return self.home / "files"

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return self.server.client(self.home, self.name, self.password, *arguments)

    def ok(self, *arguments: str) -> str:
        done = self.run(*arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def refused(self, *arguments: str) -> str:
        done = self.run(*arguments)
        assert done.returncode != 0, done.stdout
        return done.stderr

    def connect(self) -> Tenant:
        self.files.mkdir(parents=True)
        (self.files / "a.txt").write_text(f"of {self.name}")
        self.ok(*self.server.connect_arguments())
        return self

    def back_up(self, *arguments: str, folder: Path | None = None) -> dict[str, Any]:
        made = self.ok("snapshot", "create", str(folder or self.files), "--json", *arguments)
        body: dict[str, Any] = json.loads(made)
        return body

    def snapshots(self, folder: Path | None = None) -> list[str]:
        """The ids of all they may see, or of one folder, oldest first."""
        what = str(folder) if folder else "--all"
        return [entry["id"] for entry in json.loads(self.ok("snapshot", "list", what, "--json", "--incomplete"))]

    async def session(self) -> KopiaSession:
        return await KopiaSession.connect(self.server.target, self.server.certificate, self.name, self.password)


async def admin_session(server: Server) -> KopiaSession:
    return await KopiaSession.connect(server.target, server.certificate, ADMIN, ADMIN_PASSWORD)


async def refresh(server: Server) -> None:
    async with ControlClient(server.target, server.certificate, CONTROL_PASSWORD) as control:
        await control.refresh()


async def tenants_of(server: Server, home: Path, *names: str) -> list[Tenant]:
    # no @ in the path: `kopia policy set` would read it as user@host
    made = [Tenant(server, home / name.partition("@")[0], name) for name in names]
    async with await admin_session(server) as admin:
        for one in made:
            body = make_hash(one.password).manifest_body(one.name)
            await admin.put_manifest(body, {"type": "user", "username": one.name})
        await admin.flush()
    await refresh(server)
    return [one.connect() for one in made]


@contextlib.contextmanager
def running_long(pod: Pod) -> Iterator[Server]:
    """A server for many tests: its output is read, as else a full pipe would stop it."""
    with running(pod) as server:
        assert server.process.stdout
        assert server.process.stderr
        readers = [
            threading.Thread(target=deque, args=(pipe, 0)) for pipe in (server.process.stdout, server.process.stderr)
        ]
        for reader in readers:
            reader.start()
        try:
            yield server
        finally:
            server.kill()
            for reader in readers:
                reader.join()


def own(kind: str, access: str, **more: str) -> dict[str, Any]:
    """An access control entry of everybody for their own, like the defaults."""
    return {
        "user": "*@*",
        "target": {"type": kind, "username": "OWN_USER", "hostname": "OWN_HOST", **more},
        "access": access,
    }


async def replace_entries(server: Server, old: Sequence[dict[str, Any]], new: Sequence[dict[str, Any]]) -> None:
    async with await admin_session(server) as admin:
        entries = await admin.find_manifests({"type": "acl"})
        found = [one for one in await admin.get_manifests([entry.id for entry in entries]) if one and one.body in old]
        assert len(found) == len(old)
        await admin.put_manifests([(body, {"type": "acl"}) for body in new])
        await admin.delete_manifests([one.entry.id for one in found])
        await admin.flush()
    await refresh(server)


def root_of(snapshot: dict[str, Any]) -> str:
    return str(snapshot["rootEntry"]["obj"])
