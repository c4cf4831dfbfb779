"""Watches every server beside the reconciler: probes its storage, holds a session with its Kopia, applies its users.

Reconciles stay short: they aim the monitor at a target and read the facts it has found; the monitor wakes the
reconciler when facts change.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any

import aiohttp

from backend.controller.cache import Key
from backend.controller.facts import ServerFacts, UserFacts
from backend.controller.targets import Login, Target
from backend.kopia.control import ControlClient
from backend.kopia.errors import KopiaError
from backend.kopia.session import KopiaSession
from backend.kopia.sync import apply_users, plan_users, read_users
from backend.storage.probe import READY, ProbeResult, probe

log = logging.getLogger(__name__)

Spawn = Callable[[Coroutine[Any, Any, None], str], asyncio.Task[None]]

CALL_DEADLINE_S = 10.0
REFRESH_DEADLINE_S = 5.0
SESSION_CHECK_S = 20.0
RETRY_S = (0.3, 15.0)
FAILURES_BELIEVED = 2  # one lost packet must not take a server out of its Service
QUICK_PROBE_S = 2.0


class Monitor:
    """One `Watcher` for each server that has something to watch."""

    def __init__(self, spawn: Spawn, wake: Callable[[Key], None]) -> None:
        self._spawn = spawn
        self._wake = wake
        self._watchers: dict[Key, Watcher] = {}
        self._http: aiohttp.ClientSession | None = None

    def facts(self, key: Key) -> ServerFacts:
        watcher = self._watchers.get(key)
        return watcher.facts if watcher else ServerFacts()

    def aim(self, key: Key, target: Target) -> None:
        """Watch this from now on; aiming at the same target again changes nothing."""
        watcher = self._watchers.get(key)
        if watcher is None:
            self._http = self._http or aiohttp.ClientSession()
            watcher = Watcher(key, target, self._http, lambda: self._wake(key))
            self._watchers[key] = watcher
            watcher.tasks = [
                self._spawn(watcher.watch_storage(), f"storage of {key[0]}/{key[1]}"),
                self._spawn(watcher.watch_server(), f"session with {key[0]}/{key[1]}"),
            ]
        watcher.aim(target)

    def forget(self, key: Key) -> None:
        watcher = self._watchers.pop(key, None)
        if watcher:
            for task in watcher.tasks:
                task.cancel()

    async def close(self) -> None:
        for key in list(self._watchers):
            self.forget(key)
        if self._http:
            await self._http.close()


class Watcher:
    """Two loops for one server; their findings are one frozen `facts`."""

    def __init__(self, key: Key, target: Target, http: aiohttp.ClientSession, wake: Callable[[], None]) -> None:
        self._name = "/".join(key)
        self._target = target
        self._http = http
        self._wake = wake
        self._storage_changed = asyncio.Event()
        self._server_changed = asyncio.Event()
        self._failures = 0
        self._applied: frozenset[str] = frozenset()
        self.facts = ServerFacts()
        self.tasks: list[asyncio.Task[None]] = []

    def aim(self, target: Target) -> None:
        before, self._target = self._target, target
        if _storage_story(before) != _storage_story(target):
            self._storage_changed.set()
        if (before.login, before.users_version) != (target.login, target.users_version):
            self._server_changed.set()

    def _learn(self, **changes: Any) -> None:
        facts = replace(self.facts, **changes)
        if _story(facts) != _story(self.facts):
            self._wake()
        self.facts = facts

    # --- storage -----------------------------------------------------------------------------------------------

    async def watch_storage(self) -> None:
        """Probe at every interval and at every change; while it is bad, more often, so that recovery is quick."""
        while True:
            self._storage_changed.clear()
            target = self._target
            if target.storage is not None:
                result = await probe(target.storage, self._http)
                self._take_probe(target, result)
            pause = target.probe_interval_s
            if target.storage is not None and self._failures:
                pause = QUICK_PROBE_S + self._failures
            await _wait(self._storage_changed, min(pause, target.probe_interval_s))

    def _take_probe(self, target: Target, result: ProbeResult) -> None:
        known = self.facts.storage_version == target.storage_version and self.facts.probe is not None
        bad = not _good(result, target.pinned_id)
        self._failures = min(self._failures + 1, 100) if bad else 0
        was_good = known and self.facts.probe is not None and _good(self.facts.probe, self.facts.probe_pinned_id)
        if bad and was_good and self._failures < FAILURES_BELIEVED:
            return
        self._learn(storage_version=target.storage_version, probe=result, probe_pinned_id=target.pinned_id)

    # --- server ------------------------------------------------------------------------------------------------

    async def watch_server(self) -> None:
        """Hold a session while there is a pod to hold it with; reconnect with back-off."""
        delay = RETRY_S[0]
        while True:
            self._server_changed.clear()
            login = self._target.login
            if login is None:
                self._learn(pod_uid="", session_error="", users=None, users_error="")
                await self._server_changed.wait()
                continue
            try:
                await self._hold(login)
                delay = RETRY_S[0]
            except KopiaError as error:
                log.info("%s: no session: %s", self._name, error)
                self._learn(pod_uid=login.pod_uid, session_error=_sentence(error), users=None)
                await _wait(self._server_changed, delay)
                delay = min(RETRY_S[1], delay * 2)

    async def _hold(self, login: Login) -> None:
        """One session, until the target is another pod; raises when the session breaks."""
        session = await KopiaSession.connect(
            login.address, login.certificate, login.admin_user, login.admin_password, deadline=CALL_DEADLINE_S
        )
        try:
            while self._target.login == login:
                self._server_changed.clear()
                wrote = await self._apply_users(session, login)
                self._learn(pod_uid=login.pod_uid, session_error="")
                if not wrote:
                    await _wait(self._server_changed, SESSION_CHECK_S)
                if self._target.login == login and not self._server_changed.is_set():
                    await session.find_manifests({"type": "user", "username": login.admin_user})
        finally:
            await session.close()

    async def _apply_users(self, session: KopiaSession, login: Login) -> bool:
        """Bring the repository's users to the list; True when something was done."""
        target = self._target
        done = self.facts.users
        if target.users is None or (done and done.version == target.users_version):
            return False
        present = await read_users(session)
        kept = set(present) - set(target.users) if target.keep_users else set()
        # a tenant who set their own password lost our label with it: what we applied is ours all the same
        protected = {login.admin_user} | kept
        plan = plan_users(target.users, present, target.owner, protected=protected, owned=self._applied)
        await apply_users(session, plan)
        self._applied = frozenset(target.users) | (self._applied & kept)
        if not plan.empty and not self._failures:  # a refresh while the storage hangs would hang the whole server
            async with ControlClient(login.address, login.certificate, login.control_password) as control:
                await control.refresh(deadline=REFRESH_DEADLINE_S)
        applied = len(target.users) - len(plan.refused)
        log.info("%s: %d users applied, %d written, %d removed", self._name, applied,
                 len(plan.adds) + len(plan.changes), len(plan.removes))  # fmt: skip
        users_error = f"The list names the controller's own user {login.admin_user}; remove it." if plan.refused else ""
        self._learn(users=UserFacts(target.users_version, applied), users_error=users_error)
        return True


def _good(result: ProbeResult, pinned_id: str) -> bool:
    return result.reason == READY and (result.repository_present or not pinned_id)


def _storage_story(target: Target) -> tuple[str, str, bool]:
    """A probe says something about exactly this."""
    return target.storage_version, target.pinned_id, target.storage is not None


def _story(facts: ServerFacts) -> ServerFacts:
    """The facts without what changes at every probe."""
    return replace(facts, probe=replace(facts.probe, latency_s=0.0) if facts.probe else None)


def _sentence(error: KopiaError) -> str:
    return f"The Kopia server does not take our session: {error}"


async def _wait(event: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(event.wait(), seconds)
    except TimeoutError:
        return
