"""What the monitor has seen of one server: the probe of its storage, the session with Kopia, the last sync of users,
entries and policy, and what the repository holds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from backend.kopia.tenancy import SyncReport
from backend.storage.probe import ProbeResult


@dataclass(frozen=True)
class RepositoryFacts:
    """Times in seconds since the epoch, 0 for never. `backed_up`: for everybody who can log in, the end of the last
    complete snapshot, or when the account was made.
    """

    tenants: int = 0
    snapshots: int = 0
    incomplete: int = 0
    last_snapshot: float = 0.0
    backed_up: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class MaintenanceFacts:
    """Ends of the last runs in seconds since the epoch, 0 when unknown."""

    quick: float = 0.0
    full: float = 0.0


@dataclass(frozen=True)
class ServerFacts:
    """`storage_version` names the storage that was probed, `probe_pinned_id` the repository it was expected to hold,
    `pod_uid` the pod that answered, `synced_version` what the last sync was asked for (its report is `sync`).

    `ledger`: the users that this server made, None before the first sync. `refreshed`: the last request to read and
    apply the users now that is in effect, `""` for none.
    """

    storage_version: str = ""
    probe: ProbeResult | None = None
    probe_pinned_id: str = ""
    pod_uid: str = ""
    session_error: str = ""
    synced_version: str = ""
    sync: SyncReport | None = None
    ledger: Mapping[str, str] | None = None
    refreshed: str = ""
    repository: RepositoryFacts | None = None
    maintenance: MaintenanceFacts = MaintenanceFacts()

    @property
    def connected(self) -> bool:
        return bool(self.pod_uid) and not self.session_error
