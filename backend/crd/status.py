"""What the controller reports: the status of a BackupStorageLocationServer."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from pydantic import Field

from backend.crd.kubernetes import Condition, KubernetesModel, Timestamp


class RepositoryStatus(StrEnum):
    INITIALIZED = "Initialized"
    NOT_INITIALIZED = "NotInitialized"
    ERROR = "Error"


def _count(description: str) -> Any:
    """A counter; None while it is not known."""
    return Field(default=None, ge=0, description=description, json_schema_extra={"format": "int32"})


class RejectedLine(KubernetesModel):
    """A line of a list that cannot be used."""

    line: int = Field(ge=1, description="Number of the line, from 1.", json_schema_extra={"format": "int32"})
    reason: str = Field(max_length=512, description="Why, and what to do.")


class ListStatus(KubernetesModel):
    """How far a list has been carried into the repository."""

    desired: int | None = _count("Entries that the list names.")
    applied: int | None = _count("Entries of the list that are in effect.")
    rejected: int | None = _count("Lines of the list that were refused.")
    rejected_lines: tuple[RejectedLine, ...] | None = Field(
        default=None, max_length=20, description="The first of them, with the reason."
    )
    observed_version: str | None = Field(
        default=None, max_length=256, description="Version of the list that these figures are about."
    )


class UsersStatus(ListStatus):
    """How far the user list has been carried into the repository."""

    drifted: int | None = _count("Listed users whose password was changed, or who were deleted, by somebody else.")
    conflicting: int | None = _count("Listed users that somebody else made with another password; they are left alone.")
    unmanaged: int | None = _count("Users that somebody else made and the list does not name; they are left alone.")


class UsersRefreshStatus(KubernetesModel):
    """The last request to read and apply the users now, by the annotation oadp.openshift.io/refresh-users."""

    request: str = Field(max_length=256, description="Value of the annotation that was carried out.")
    time: Timestamp = Field(description="When it was in effect, proven by a login.")


class TenantsStatus(KubernetesModel):
    """Who backs up to this server, as the repository's manifests tell it."""

    total: int | None = _count("Users that can log in, and former ones that still have snapshots.")
    overdue: int | None = _count("Users without a complete snapshot within spec.objectives.maxSnapshotAge.")
    overdue_names: tuple[str, ...] | None = Field(
        default=None, max_length=20, description="The longest overdue of them, as user@host."
    )


class SnapshotsStatus(KubernetesModel):
    """What the repository holds."""

    total: int | None = _count("Snapshots of all tenants, incomplete ones included.")
    incomplete: int | None = _count("Incomplete ones among them.")
    last_time: Timestamp | None = Field(default=None, description="End of the newest complete snapshot.")


class MaintenanceStatus(KubernetesModel):
    """Maintenance of the repository, which removes what nobody needs any more."""

    owner: str | None = Field(default=None, max_length=512, description="The identity that runs it: this server.")
    last_quick_time: Timestamp | None = Field(default=None, description="End of the last quick maintenance known.")
    last_full_time: Timestamp | None = Field(default=None, description="End of the last full maintenance known.")


class BackupStorageLocationServerStatus(KubernetesModel):
    """BackupStorageLocationServerStatus is the observed state of the Kopia server."""

    observed_generation: int | None = Field(
        default=None,
        ge=0,
        description="metadata.generation that this status is about.",
        json_schema_extra={"format": "int64"},
    )
    conditions: tuple[Condition, ...] = Field(
        default_factory=tuple,
        max_length=32,
        description="Standard conditions: Available, Progressing, Degraded, and the narrower StorageReady, "
        "RepositoryReady, TLSReady, UsersSynced, and, where the spec asks for it, AccessControlSynced, "
        "PolicySynced and ObjectivesMet.",
        json_schema_extra={"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"]},
    )
    service_url: str | None = Field(
        default=None,
        alias="serviceURL",
        description="The internal DNS address and port for clients to connect to "
        "(e.g., my-server.oadp-operator.svc:51515).",
    )
    repository_status: RepositoryStatus | None = Field(
        default=None, description="The status of the Kopia repository: Initialized, NotInitialized or Error."
    )
    repository_path: str | None = Field(
        default=None, description="Path of the repository in the bucket: oadp-bsls/{prefix}."
    )
    repository_unique_id: str | None = Field(
        default=None,
        alias="repositoryUniqueID",
        description="The repository's own unique id. Once known it is pinned: another one in its place is refused.",
    )
    tls_fingerprint: str | None = Field(
        default=None,
        description="SHA-256 of the server's certificate, in hexadecimal, for clients that pin it "
        "(--server-cert-fingerprint).",
    )
    tls_not_after: Timestamp | None = Field(default=None, description="When the server's certificate expires.")
    users: UsersStatus | None = Field(default=None, description="How far the user list has been applied.")
    users_refresh: UsersRefreshStatus | None = Field(
        default=None, description="The last request to read and apply the users now that was carried out."
    )
    access_control: ListStatus | None = Field(
        default=None, description="How far the access control list has been applied."
    )
    tenants: TenantsStatus | None = Field(default=None, description="Who backs up to this server.")
    snapshots: SnapshotsStatus | None = Field(default=None, description="What the repository holds.")
    maintenance: MaintenanceStatus | None = Field(default=None, description="Maintenance of the repository.")

    def condition(self, kind: str) -> Condition | None:
        """The condition of this type, when there is one."""
        return next((condition for condition in self.conditions if condition.type == kind), None)
