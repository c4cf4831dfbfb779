"""What the controller reports: the status of a BackupStorageLocationServer."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from backend.crd.kubernetes import Condition, KubernetesModel, Timestamp


class RepositoryStatus(StrEnum):
    INITIALIZED = "Initialized"
    NOT_INITIALIZED = "NotInitialized"
    ERROR = "Error"


class UsersStatus(KubernetesModel):
    """How far the user list has been carried into the repository."""

    desired: int | None = Field(
        default=None, ge=0, description="Users that the list names.", json_schema_extra={"format": "int32"}
    )
    applied: int | None = Field(
        default=None, ge=0, description="Users of the list that can log in.", json_schema_extra={"format": "int32"}
    )
    rejected: int | None = Field(
        default=None,
        ge=0,
        description="Lines of the list that were refused; the condition UsersSynced says which.",
        json_schema_extra={"format": "int32"},
    )
    observed_version: str | None = Field(
        default=None, max_length=256, description="Version of the list that these figures are about."
    )


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
        "RepositoryReady, TLSReady and UsersSynced.",
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

    def condition(self, kind: str) -> Condition | None:
        """The condition of this type, when there is one."""
        return next((condition for condition in self.conditions if condition.type == kind), None)
