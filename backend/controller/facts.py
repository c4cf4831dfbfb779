"""What the monitor has seen of one server: the probe of its storage, the session with Kopia, the users it applied."""

from __future__ import annotations

from dataclasses import dataclass

from backend.storage.probe import ProbeResult


@dataclass(frozen=True)
class UserFacts:
    """Result of the last user sync. `version` names the list that was applied (a digest)."""

    version: str
    applied: int


@dataclass(frozen=True)
class ServerFacts:
    """`storage_version` names the storage that was probed, `probe_pinned_id` the repository it was expected to hold,
    `pod_uid` the pod that answered.
    """

    storage_version: str = ""
    probe: ProbeResult | None = None
    probe_pinned_id: str = ""
    pod_uid: str = ""
    session_error: str = ""
    users: UserFacts | None = None
    users_error: str = ""

    @property
    def connected(self) -> bool:
        return bool(self.pod_uid) and not self.session_error
