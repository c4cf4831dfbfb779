"""Holds a session with one server's Kopia: brings users, entries and policy about, keeps the view of the repository.

A pass is due when something else is asked for, when somebody else may have changed what we wrote, after a pass that
could not be finished, and every few minutes.
"""

from __future__ import annotations

import logging
import random
import time

from backend.controller.facts import RepositoryFacts
from backend.controller.journal import Journal
from backend.controller.snapshot_journal import Holdings
from backend.controller.targets import Login
from backend.controller.watcher import Watcher, wait
from backend.kopia.account import set_password
from backend.kopia.backoff import Backoff
from backend.kopia.errors import AccessDenied, KopiaError
from backend.kopia.session import KopiaSession
from backend.kopia.sync import PresentUser
from backend.kopia.takeover import REFRESH_WORK, How, refresh
from backend.kopia.tenancy import Asked, SyncReport, Tenancy
from backend.kopia.view import RepositoryView
from backend.telemetry import catalogue
from backend.telemetry.instruments import histogram
from backend.telemetry.spans import Kept, story

log = logging.getLogger(__name__)

CALL_DEADLINE_S = 10.0
SESSION_CHECK_S = 20.0
POLL_S = 300.0
UNFINISHED_S = 15.0
CACHE_CHECK_S = 2.5
RETRY_S = (0.3, 15.0)

_DURATION, _LATENCY = histogram(catalogue.SYNC_DURATION), histogram(catalogue.SYNC_LATENCY)


class ServerWatch:
    """One task; everything it knows survives a broken session, for the ids of manifests do too."""

    def __init__(self, watcher: Watcher, journal: Journal | None = None) -> None:
        self._watcher = watcher
        self._journal = journal
        self._view = RepositoryView()
        self._tenancy = Tenancy(watcher.target.probe_user)
        self._repository = ""
        self._sync_at = 0.0
        self._poll_at = 0.0
        self._polled_at = 0.0
        self._pause = SESSION_CHECK_S
        self._live_version = ""  # what was proven to be in effect
        self._refreshing = ""  # the last request to do it now that a pass was made for
        namespace, _, name = watcher.name.partition("/")
        self._of = {"bsls.namespace": namespace, "bsls.server": name}

    async def run(self) -> None:
        """Hold a session while there is a pod to hold it with; reconnect with back-off."""
        backoff = Backoff(*RETRY_S)
        watcher = self._watcher
        try:
            while True:
                watcher.server_changed.clear()
                login = watcher.target.login
                if login is None:
                    watcher.learn(pod_uid="", session_error="", sync=None, synced_version="")
                    await watcher.server_changed.wait()
                    continue
                try:
                    await self._hold(login, backoff)
                except KopiaError as error:
                    log.info("%s: no session: %s", watcher.name, error)
                    watcher.learn(pod_uid=login.pod_uid, session_error=_sentence(error), sync=None)
                    await wait(watcher.server_changed, backoff.next())
        finally:
            await self._tenancy.close()

    async def _hold(self, login: Login, backoff: Backoff) -> None:
        """One session, until the target is another pod; raises when the session breaks."""
        watcher = self._watcher
        session = await _connect(login)
        try:
            watcher.learn(pod_uid=login.pod_uid, session_error="")
            backoff.reset()
            self._begin()
            while watcher.target.login == login:
                watcher.server_changed.clear()
                await self._note_ended(session)
                await self._sync_if_due(session, login)
                await self._poll_if_due(session)
                await wait(watcher.server_changed, self._pause)
                if watcher.target.login == login and not watcher.server_changed.is_set():
                    await session.find_manifests({"type": "user", "username": login.admin_user})
        finally:
            await session.close()

    def _begin(self) -> None:
        """A new session: what happened before it is not known, and the server process may be another."""
        self._sync_at = self._poll_at = 0.0
        self._tenancy.doubt()
        if self._watcher.target.pinned_id != self._repository:
            self._repository = self._watcher.target.pinned_id
            self._view.clear()
            if self._journal:
                self._journal.doubt()

    # --- what is asked for ---------------------------------------------------------------------------------------

    async def _sync_if_due(self, session: KopiaSession, login: Login) -> None:
        """One pass over users, entries and policy, in the trace of whoever asked for something else."""
        watcher, target = self._watcher, self._watcher.target
        refresh = target.refresh not in ("", self._refreshing)
        if not refresh and time.monotonic() < self._sync_at and watcher.facts.synced_version == target.asked_version:
            return
        if refresh:
            self._refreshing = target.refresh
            self._tenancy.doubt()  # so that a login proves it again
        cause = watcher.cause
        with story("sync", parent=cause, keep=self._keep, attributes=self._of) as traced:
            ledger = target.ledger if watcher.facts.ledger is None else watcher.facts.ledger
            asked = target.asked.knowing(ledger)
            how = await self._how(session)
            report = await self._sync(session, login, asked, how)
            traced.notable = bool(report.written or report.users.removes)
            traced.note(bsls__written=report.written, bsls__removed=len(report.users.removes), bsls__live=report.live)
            self._plan_next(report, how)
            self._note_live(report, target.asked_version)
            if report.live and watcher.cause is cause:  # until then, later passes are for the same change
                watcher.cause = None
            watcher.learn(
                synced_version=target.asked_version,
                sync=report,
                refreshed=(report.live and target.refresh) or watcher.facts.refreshed,
                ledger=ledger if asked.users is None else report.users.ours,
            )
            self._tell_repository()

    async def _sync(self, session: KopiaSession, login: Login, asked: Asked, how: How) -> SyncReport:
        started, result = time.monotonic(), "error"
        try:
            report = await self._tenancy.sync(session, login.endpoint, asked, how=how)
            result = "live" if report.live else "unfinished"
            return report
        finally:
            took = time.monotonic() - started
            _DURATION.record(took, result)
            log.debug("%s: a pass of %.3f s (%s)", self._watcher.name, took, how.value)

    def _plan_next(self, report: SyncReport, how: How) -> None:
        """When the next pass is due; and what this one did, for the log."""
        unfinished = not report.live or bool(report.users.conflicts)
        soon = CACHE_CHECK_S if how is How.CACHE and not report.live else UNFINISHED_S
        self._pause = min(SESSION_CHECK_S, soon) if unfinished else SESSION_CHECK_S
        self._sync_at = time.monotonic() + (soon if unfinished else _about(POLL_S))
        name = self._watcher.name
        if report.written or report.users.removes:
            log.info("%s: %d written, %d users removed, live: %s", name, report.written, len(report.users.removes),
                     report.live_error or "yes")  # fmt: skip
        if report.forged_policies:
            log.warning("%s: %d policies that tenants had labelled as global were removed", name,
                        report.forged_policies)  # fmt: skip

    def _note_live(self, report: SyncReport, version: str) -> None:
        """How long it took until what is asked for was in effect, once for each version."""
        if report.live and version != self._live_version:
            if self._live_version:
                _LATENCY.record(time.monotonic() - self._watcher.asked_since)
            self._live_version = version

    async def _how(self, session: KopiaSession) -> How:
        """A refresh stops the whole server for a time that grows with what the repository holds."""
        if self._watcher.storage_failures:
            return How.NOT_NOW
        sources, manifests = await self._view.extent(session)
        return How.REFRESH if sources * (manifests + len(self._tenancy.users)) <= REFRESH_WORK else How.CACHE

    # --- what the repository holds -------------------------------------------------------------------------------

    async def _note_ended(self, session: KopiaSession) -> None:
        """Look at what the users whose sessions have ended may have changed."""
        watcher = self._watcher
        ended, watcher.ended = watcher.ended, set()
        if watcher.much_ended and time.monotonic() > self._polled_at + SESSION_CHECK_S:
            watcher.much_ended = False
            self._poll_at = self._sync_at = 0.0
        listed = watcher.target.asked.users or {}
        for user in ended:
            changes = await self._view.refresh_tenant(session, user)
            for one in changes.added:
                log.debug("%s: snapshot %s of %s is there", watcher.name, one, user)
            if user not in listed or await self._tenancy.touched(session, user):
                self._sync_at = 0.0  # an administrator, or a tenant who changed their own password
        if ended:
            self._tell_repository()
            self._tell_journal(ended)

    async def _poll_if_due(self, session: KopiaSession) -> None:
        if time.monotonic() >= self._poll_at:
            started, known = time.monotonic(), self._view.snapshots.fetched
            await self._view.refresh(session)
            if not known:
                log.info("%s: %d snapshots of %d tenants read in %.2f s", self._watcher.name,
                         len(self._view.snapshots), len(self._view.tenants()), time.monotonic() - started)  # fmt: skip
            self._polled_at = time.monotonic()
            self._poll_at = self._polled_at + _about(POLL_S)
            self._tell_repository()
            self._tell_journal(None)

    def _tell_journal(self, tenants: set[str] | None) -> None:
        """These tenants' snapshots may be others now; None: everybody's, and all were looked at."""
        if self._journal:
            self._journal.compare(Holdings(self._view.snapshots.groups(), self._view.reasons), tenants)

    def _keep(self, spans: list[Kept]) -> None:
        if self._journal:
            self._journal.keep(spans)

    def _tell_repository(self) -> None:
        self._watcher.learn_repository(repository_facts(self._view, self._tenancy.present()))


def repository_facts(view: RepositoryView, users: dict[str, PresentUser]) -> RepositoryFacts:
    """Sum the view up."""
    tenants = view.tenants()
    backed_up = {}
    for name, user in users.items():
        last = tenants[name].last_complete if name in tenants else 0.0
        backed_up[name] = last or user.modified_ns / 1e9
    return RepositoryFacts(
        tenants=len(users.keys() | tenants.keys()),
        snapshots=sum(one.snapshots for one in tenants.values()),
        incomplete=sum(one.incomplete for one in tenants.values()),
        last_snapshot=max((one.last_complete for one in tenants.values()), default=0.0),
        backed_up=backed_up,
    )


async def _connect(login: Login) -> KopiaSession:
    """Log in; with a password from before a rotation while the server knows no other, which is mended at once."""
    endpoint = login.endpoint
    for number, password in enumerate(login.admin_passwords):
        try:
            session = await KopiaSession.connect(
                endpoint.address, endpoint.certificate, login.admin_user, password, deadline=CALL_DEADLINE_S
            )
        except AccessDenied:
            if number + 1 == len(login.admin_passwords):
                raise
            continue
        if number:
            try:
                await set_password(session, login.admin_user, login.admin_passwords[0])
                await refresh(endpoint)
                log.info("the administrator's password was changed in %s", endpoint.address)
            except BaseException:
                await session.close()
                raise
        return session
    raise AccessDenied("there is no password for the administrator")


def _about(seconds: float) -> float:
    """Spread, so that thousands of servers do not ask at once."""
    return seconds * random.uniform(0.9, 1.1)  # noqa: S311 - no secret


def _sentence(error: KopiaError) -> str:
    return f"The Kopia server does not take our session: {error}"
