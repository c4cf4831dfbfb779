"""What passes from the reading of a log to what is made of it: lines of one run of a container, with their places."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from backend.controller.log_place import Gap, LogCursor, first_at

Json = dict[str, Any]
CONTAINER = "kopia"


@dataclass(frozen=True)
class LogPod:
    """A pod whose Kopia container was started at least once. `ended`: its process is gone and none has followed yet.

    `began`: when this run did, RFC 3339. `since`: from when on nobody has read yet as far as the status tells; of a
    container that was restarted more than once, when the pod was made.
    """

    namespace: str
    name: str
    uid: str
    restarts: int
    ended: bool
    since: str = ""
    began: str = ""


@dataclass(frozen=True)
class LogBatch:
    """Whole lines of one run, each with kubelet's timestamp; `after` and `end` are the places around them.

    `gap`: before the lines something is missing. `before`: lines just before these, where a reading begins anew, to
    count equal timestamps. `ended`: the run is over with these lines.
    """

    pod: str
    lines: bytes
    after: LogCursor | None
    end: LogCursor
    gap: Gap | None = None
    before: bytes = b""
    ended: bool = False

    @property
    def at(self) -> str:
        """Kubelet's timestamp of the first line, or of the last one before; empty where there was none at all."""
        if self.lines:
            return first_at(self.lines)
        return self.end.at or (self.after.at if self.after else "")


class LogSink(Protocol):
    """Takes the lines of one server."""

    @property
    def ready(self) -> bool:
        """False: lines cannot be kept at the moment; they are read again from `place` when they can."""

    def place(self) -> LogCursor | None:
        """Where the lines that were taken end."""

    async def take(self, batch: LogBatch) -> bool:
        """May wait. False: the batch does not follow on what was taken; read on from `place`."""


def log_pod(pod: Json | None) -> LogPod | None:
    """What there is to read of a pod; None before its Kopia container was started."""
    if pod is None:
        return None
    meta, status = pod["metadata"], pod.get("status") or {}
    found = next((one for one in status.get("containerStatuses") or () if one["name"] == CONTAINER), None)
    if found is None:
        return None
    state, last = found.get("state") or {}, found.get("lastState") or {}
    began = (state.get("running") or {}).get("startedAt") or _of_terminated(state) or _of_terminated(last)
    if not began:
        return None
    restarts = int(found.get("restartCount") or 0)
    since = str(meta.get("creationTimestamp") or "") if restarts > 1 else began
    return LogPod(
        str(meta["namespace"]), str(meta["name"]), str(meta["uid"]), restarts, not state.get("running"), since, began
    )


def _of_terminated(state: Json) -> str:
    return str((state.get("terminated") or {}).get("startedAt") or "")
