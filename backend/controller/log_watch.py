"""Follows the log of one server's Kopia container: ended sessions say where to look, maintenance runs are noted.

Lines are hints only: what is missed here, the slow poll finds.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from backend.controller.targets import Login
from backend.controller.watcher import Watcher, wait
from backend.kopia.backoff import Backoff
from backend.kopia.log_lines import parse_maintenance, parse_session
from backend.kube.client import KubeClient
from backend.kube.errors import KubeError

log = logging.getLogger(__name__)

RETRY_S = (0.5, 30.0)
OVERLAP = timedelta(seconds=2)


async def watch_log(watcher: Watcher, client: KubeClient) -> None:
    """One stream at a time, for the pod that is logged in at; a stream that ends is taken up where it ended."""
    backoff = Backoff(*RETRY_S)
    place = Place()
    while True:
        watcher.pod_changed.clear()
        login = watcher.target.login
        if login is None:
            await watcher.pod_changed.wait()
            continue
        if login.pod_uid != place.pod_uid:
            place = Place(login.pod_uid)
            backoff.reset()
        try:
            await _follow(watcher, client, login, place)
            backoff.reset()
        except KubeError as error:
            log.info("%s: the log cannot be followed: %s", watcher.name, error)
        await wait(watcher.pod_changed, backoff.next())


class Place:
    """Where in which pod's log we are; a little is read twice, which does no harm."""

    def __init__(self, pod_uid: str = "") -> None:
        self.pod_uid = pod_uid
        self.since = datetime.now(UTC) - OVERLAP

    def move(self) -> None:
        self.since = datetime.now(UTC) - OVERLAP


async def _follow(watcher: Watcher, client: KubeClient, login: Login, place: Place) -> None:
    """Read until the stream ends or another pod takes over."""
    async with client.log_lines(login.namespace, login.pod, "kopia", since=place.since) as lines:
        async for line in lines:
            place.move()
            take_line(watcher, line.decode("utf-8", "replace"))
            if watcher.pod_changed.is_set() and watcher.target.login != login:
                return


def take_line(watcher: Watcher, line: str) -> None:
    session = parse_session(line)
    if session is not None:
        if not session.started and session.user != watcher.target.probe_user:
            watcher.session_ended(session.user)
        return
    run = parse_maintenance(line)
    if run is not None and run.finished:
        known = watcher.facts.maintenance
        watcher.learn(maintenance=replace(known, full=run.time) if run.full else replace(known, quick=run.time))
