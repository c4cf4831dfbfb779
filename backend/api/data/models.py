"""What the lists and objects of this room look like as JSON: for the documentation, and for the tests that hold to it.

Nothing is made through these models: bodies are kept encoded.
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, RootModel
from pydantic.alias_generators import to_camel

from backend.crd.spec import BackupStorageLocationServerSpec
from backend.crd.status import BackupStorageLocationServerStatus, SnapshotsStatus
from backend.events.catalogue.base import Count, Time, User
from backend.events.catalogue.snapshot import Unread


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True)


class _Page(_Model):
    total: Count = Field(description="How many match in all.")
    next: str | None = Field(default=None, description="The cursor of the next page; absent on the last one.")


class Snapshot(_Model):
    """A snapshot in the repository, as the event that told of it."""

    snapshot: str = Field(description="Id of the snapshot's manifest.")
    user: User
    path: str = Field(description="The folder that was backed up, on the tenant's machine.")
    start_time: Time | None = Field(default=None, description="By the client's clock.")
    end_time: Time | None = Field(default=None, description="By the client's clock.")
    size_bytes: Count
    files: Count
    errors: Count = Field(description="Files and folders that could not be read: the snapshot lacks them.")
    ignored_errors: Count = Field(description="Like ones that the tenant's policy ignores.")
    unread: tuple[Unread, ...] | None = Field(
        default=None, description="Some of what could not be read, and why: at most ten. Absent where everything was."
    )
    complete: bool
    cause: str | None = Field(default=None, description="Why it is incomplete, as Kopia names it.")


class SnapshotPage(_Page):
    items: tuple[Snapshot, ...]


class Session(_Model):
    """A session that is open now."""

    session: str = Field(description="Names the session in all its events.")
    user: User
    address: str = Field(description="host:port of the client, as the server sees it.")
    started_at: Time
    traceparent: str


class SessionPage(_Page):
    items: tuple[Session, ...]


class Tenant(_Model):
    """Who backs up to a server, or should."""

    user: User
    snapshots: SnapshotsStatus
    sessions: Count = Field(description="Open ones.")
    overdue: bool = Field(description="The newest complete snapshot is older than spec.objectives.maxSnapshotAge.")
    overdue_since: Time | None = Field(default=None, description="Absent where there never was one.")
    unread_files: Count = Field(
        default=0,
        description="Files and folders that could not be read: of the newest complete snapshot of each folder, except "
        "of folders backed up last more than 45 days before the tenant's newest one.",
    )
    first_seen_time: Time | None = Field(default=None, description="Of the first snapshot.")


class TenantPage(_Page):
    items: tuple[Tenant, ...]


class SpokenCondition(_Model):
    """A condition without its message, which may name tenants."""

    type: str
    status: str
    reason: str
    last_transition_time: str


class LimitedStatus(_Model):
    conditions: tuple[SpokenCondition, ...]
    service_url: str | None = Field(default=None, alias="serviceURL")


class Server(_Model):
    """A server as its custom resource tells it."""

    namespace: str
    name: str
    uid: str
    generation: int
    creation_timestamp: str
    deletion_timestamp: str | None = None
    spec: BackupStorageLocationServerSpec
    status: BackupStorageLocationServerStatus


class Certificate(_Model):
    fingerprint: str = Field(description="SHA-256, for clients that pin it.")
    not_after: str | None


class Urls(_Model):
    kopia: str = Field(description="For the stock client.")


class TenantFigures(_Model):
    total: Count
    overdue: Count


class Figures(_Model):
    """What the server holds now."""

    tenants: TenantFigures
    snapshots: SnapshotsStatus
    sessions: Count


class LimitedServer(_Model):
    """A server as tenants see it."""

    namespace: str
    name: str
    status: LimitedStatus
    figures: Figures | None = Field(
        default=None, description="Of their tenants only. As of a server with all that is known of it."
    )


class ServerDetail(Server):
    """A server with all that is known of it."""

    certificate: Certificate | None = Field(default=None, description="Absent until one is served.")
    urls: Urls | None = Field(default=None, description="Absent until there is an address.")
    figures: Figures | None = Field(default=None, description="Absent while the event store is away.")


class ServerPage(_Page):
    items: tuple[Server | ServerDetail | LimitedServer, ...]


class AnyServer(RootModel[ServerDetail | LimitedServer]):
    """All of a server, or what tenants see of it."""


class Connect(_Model):
    """How a tenant connects. The password is in none of these texts: `kopia` asks, or takes $KOPIA_PASSWORD."""

    user: User
    url: str
    fingerprint: str | None = None
    command: str = Field(description="For a POSIX shell.")
    power_shell: str
    cloud_init: str = Field(description="User data that puts a script for it on the machine.")
