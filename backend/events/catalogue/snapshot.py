"""Events of snapshots and of the tenants who make them, from the repository's manifests."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from backend.events.catalogue.base import TENANT, Count, Payload, Severity, Text, Time, User, event

MOST, MAX_PATH, MAX_ERROR = 10, 300, 300  # of `unread`

_PLACE = {"snapshot": "0c6b1f2e9d8a7b6c5d4e3f2a1b0c9d8e", "user": "alice@vm-1", "path": "/home"}
_MADE = _PLACE | {
    "startTime": "2026-11-23T09:42:19.766969Z",
    "endTime": "2026-11-23T09:42:22.5Z",
    "sizeBytes": 52428800,
    "files": 1204,
    "errors": 0,
    "ignoredErrors": 0,
}


class _Snapshot(Payload):
    snapshot: str = Field(description="Id of the snapshot's manifest.")
    user: User
    path: str = Field(max_length=4096, description="The folder that was backed up, on the tenant's machine.")
    start_time: Time | None = Field(default=None, description="By the client's clock.")
    end_time: Time | None = Field(default=None, description="By the client's clock.")
    size_bytes: Count = 0
    files: Count = 0
    errors: Count = Field(default=0, description="Files and folders that could not be read: the snapshot lacks them.")
    ignored_errors: Count = Field(default=0, description="Like ones that the tenant's policy ignores.")


class Unread(Payload):
    """One that could not be read, in the words of the client; long texts are cut in the middle."""

    path: str = Field(max_length=MAX_PATH, description="Below the snapshot's path.")
    error: str = Field(max_length=MAX_ERROR)


class _Made(_Snapshot):
    session: str | None = Field(default=None, description="The session it was found in, where that is known.")
    unread: Annotated[tuple[Unread, ...], Field(max_length=MOST)] | None = Field(
        default=None,
        description="Some of what could not be read, ignored ones among it: at most ten."
        " Absent where everything was, and in older events.",
    )


@event("snapshot.created", subject=TENANT, severity_note="`warning` where `errors` is not 0",
       example=_MADE | {"session": "b1d6f0a4-62a5-4c62-8a44-0f6c2f6f3f10.2026-11-23T09:42:19.766969123Z",
                        "retention": ["latest-1", "daily-1"]})  # fmt: skip
class SnapshotCreated(_Made):
    """A complete snapshot is in the repository; not just claimed by the client. It may lack files, see `errors`."""

    retention: Annotated[tuple[str, ...], Field(max_length=64, description="Why it is kept, as Kopia names it.")] = ()

    @property
    def severity(self) -> Severity:
        return Severity.WARNING if self.errors else Severity.INFO


@event("snapshot.incomplete", subject=TENANT, severity=Severity.WARNING,
       example=_MADE | {"cause": "checkpoint", "files": 80, "errors": 1, "unread": [
           {"path": "etc/key", "error": "unable to open file: open /home/etc/key: permission denied"}]})  # fmt: skip
class SnapshotIncomplete(_Made):
    """An incomplete snapshot is in the repository: a checkpoint of a running one, or what a cancelled one left."""

    cause: Text = Field(description="As Kopia names it: checkpoint, canceled, limit reached.")


@event("snapshot.deleted", subject=TENANT, example=_MADE | {"complete": True})
class SnapshotDeleted(_Snapshot):
    """A snapshot is no longer in the repository: deleted, or expired by the retention policy."""

    complete: bool = True


@event("snapshot.failed", subject=TENANT, severity=Severity.ERROR,
       example={"user": "alice@vm-1", "path": "/home", "startTime": "2026-11-23T09:42:19Z",
                "error": "unable to read directory: permission denied"})  # fmt: skip
class SnapshotFailed(Payload):
    """A client reported that a snapshot failed, and none was found in the repository. The text is the client's word."""

    user: User
    path: str = Field(max_length=4096)
    start_time: Time | None = None
    error: Text


@event("snapshots.mass-deleted", subject=TENANT, severity=Severity.WARNING,
       example={"user": "alice@vm-1", "deleted": 42, "left": 0})  # fmt: skip
class SnapshotsMassDeleted(Payload):
    """Many snapshots of a tenant went at once, more than a retention policy takes: somebody may destroy backups."""

    user: User
    deleted: Count = Field(description="Complete snapshots that went.")
    left: Count = Field(description="Complete snapshots that are left.")


@event("tenant.first-seen", subject=TENANT, example={"user": "alice@vm-1"})
class TenantFirstSeen(Payload):
    """A tenant's first snapshot is in the repository."""

    user: User


@event("tenant.overdue", subject=TENANT, severity=Severity.ERROR,
       example={"user": "alice@vm-1", "lastCompleteTime": "2026-11-21T09:42:22Z", "maxSnapshotAge": "26h"})  # fmt: skip
class TenantOverdue(Payload):
    """A tenant's newest complete snapshot is older than spec.objectives.maxSnapshotAge."""

    user: User
    last_complete_time: Time | None = Field(default=None, description="Absent where there never was one.")
    max_snapshot_age: str


@event("tenant.recovered", subject=TENANT, example={"user": "alice@vm-1", "lastCompleteTime": "2026-11-23T09:42:22Z"})
class TenantRecovered(Payload):
    """A tenant who was overdue is so no longer: backed up again, removed, or the objective changed."""

    user: User
    last_complete_time: Time | None = None
