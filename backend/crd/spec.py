"""What a cluster admin asks for: the spec of a BackupStorageLocationServer."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import ConfigDict, Field

from backend.crd.constants import CLIENT_LABEL, CLIENT_LABEL_VALUE, DEFAULT_BSL_NAMESPACE
from backend.crd.drift import DriftPolicy
from backend.crd.kubernetes import (
    ConfigMapKeySelector,
    KubernetesModel,
    LabelSelector,
    ResourceRequirements,
    SecretKeySelector,
)
from backend.crd.policy import PolicySpec
from backend.crd.rules import checked, duration_rules, exactly_one, immutable, namespace_name, object_name, rule
from backend.crd.service import ServiceSpec


class BackupStorageLocationRef(KubernetesModel):
    """A reference to the existing BackupStorageLocation that serves as the storage backend."""

    name: str = Field(
        max_length=253,
        description="Name of the BackupStorageLocation.",
        json_schema_extra=checked(object_name("a BackupStorageLocation")),
    )
    namespace: str = Field(
        default=DEFAULT_BSL_NAMESPACE,
        max_length=63,
        description="Namespace of the BackupStorageLocation. One outside this server's own namespace must grant it by "
        "the annotation oadp.openshift.io/bsls-namespaces.",
        json_schema_extra=checked(namespace_name()),
    )


class KeySource(KubernetesModel):
    secret: SecretKeySelector | None = Field(default=None, description="A Secret key that holds the list.")
    config_map: ConfigMapKeySelector | None = Field(default=None, description="A ConfigMap key that holds the list.")


class UserSource(KeySource):
    """The source of the Kopia user list file. Exactly one source is set; prefer a Secret."""

    model_config = ConfigDict(json_schema_extra=checked(exactly_one("secret", "configMap", "source of the user list")))


class AccessControlSource(KeySource):
    """The source of the access control list. Exactly one source is set."""

    model_config = ConfigDict(
        json_schema_extra=checked(exactly_one("secret", "configMap", "source of the access control list"))
    )


class UserManagementSpec(KubernetesModel):
    """Configuration for managing Kopia user credentials for multi-tenancy."""

    source: UserSource = Field(
        description="Source of the user list: one username@hostname:passwordhash a line; empty lines and lines "
        "that start with # are skipped."
    )
    drift_policy: DriftPolicy = Field(
        default=DriftPolicy.REPAIR,
        description="What to do when a password in the repository is not the list's (a tenant can change their own): "
        "Repair sets it back, Report only says so.",
    )


class AccessControlSpec(KubernetesModel):
    """Further access control entries of the server."""

    source: AccessControlSource = Field(
        description="Source of the entries: one 'user target access' a line in Kopia's own syntax, or 'user profile' "
        "with the profile append-only or full."
    )


class TLSSpec(KubernetesModel):
    """TLS configuration of the server endpoint; without it the controller makes a certificate of its own."""

    secret_name: str = Field(
        max_length=253,
        description="Name of a kubernetes.io/tls type Secret containing tls.crt and tls.key.",
        json_schema_extra=checked(object_name("a Secret of type kubernetes.io/tls")),
    )


class LoadAffinity(KubernetesModel):
    """The load affinity for scheduling the Kopia server pod onto specific nodes."""

    node_selector: LabelSelector | None = Field(
        default=None, description="The label selector to match nodes where the pod can be scheduled."
    )


class PodConfig(KubernetesModel):
    """Configuration for the deployed Kopia server pod, including resources and scheduling."""

    pod_resources: ResourceRequirements | None = Field(
        default=None, description="CPU and memory requests and limits of the Kopia server pod."
    )
    load_affinity: LoadAffinity | None = Field(
        default=None, description="Load affinity for scheduling the Kopia server pod onto specific nodes."
    )


def _client_namespaces() -> LabelSelector:
    return LabelSelector(match_labels={CLIENT_LABEL: CLIENT_LABEL_VALUE})


class NetworkPolicySpec(KubernetesModel):
    """Who may reach the server."""

    allowed_namespaces: LabelSelector = Field(
        default_factory=_client_namespaces,
        description="Namespaces whose pods may connect. An empty selector ({}) allows every namespace.",
        json_schema_extra={"default": {"matchLabels": {CLIENT_LABEL: CLIENT_LABEL_VALUE}}},
    )


class ObjectivesSpec(KubernetesModel):
    """What the tenants' backups are measured against."""

    max_snapshot_age: str | None = Field(
        default=None,
        max_length=32,
        description="A tenant whose last complete snapshot is older is overdue, for example 26h.",
        json_schema_extra=checked(*duration_rules("26h")),
    )


class RetentionMode(StrEnum):
    GOVERNANCE = "GOVERNANCE"
    COMPLIANCE = "COMPLIANCE"


class RepositorySpec(KubernetesModel):
    """Object lock (write once, read many), set when the repository is created; the bucket must support it."""

    model_config = ConfigDict(
        json_schema_extra=checked(
            rule(
                "has(self.retentionMode) == has(self.retentionPeriod)",
                "retentionMode and retentionPeriod belong together: set both or neither",
            )
        )
    )

    retention_mode: RetentionMode | None = Field(
        default=None, description="Object lock mode of every blob: GOVERNANCE or COMPLIANCE."
    )
    retention_period: str | None = Field(
        default=None,
        max_length=32,
        description="How long a blob is locked, at least 24h, for example 720h.",
        json_schema_extra=checked(*duration_rules("720h", at_least="24h")),
    )


Prefix = Annotated[
    str,
    Field(
        max_length=200,
        json_schema_extra=checked(
            rule("self != ''", "must not be empty: leave prefix out to use oadp-bsls itself"),
            rule(
                "self.matches('^[a-zA-Z0-9._/-]*$')",
                "may contain only letters, digits, '.', '_', '-' and '/': rename the prefix",
            ),
            rule("!self.startsWith('/') && !self.endsWith('/')", "must not start or end with '/': remove it"),
            rule("!self.contains('//')", "must not contain '//': use single slashes"),
            rule(
                "!self.contains('..') && self.split('/').all(part, part != '.')",
                "must not contain '..' or a part that is only '.': write the path out",
            ),
        ),
    ),
]

_PREFIX_IMMUTABLE = rule(
    "has(self.prefix) == has(oldSelf.prefix) && (!has(self.prefix) || self.prefix == oldSelf.prefix)",
    immutable("prefix")["message"],
    field_path=".prefix",
)
_PASSWORD_NEEDED = rule(
    "!has(self.optional) || !self.optional",
    "the repository password is always needed: remove 'optional' or set it to false",
)


class BackupStorageLocationServerSpec(KubernetesModel):
    """BackupStorageLocationServerSpec is the desired state of the Kopia server deployment."""

    model_config = ConfigDict(json_schema_extra=checked(_PREFIX_IMMUTABLE))

    backup_storage_location: BackupStorageLocationRef = Field(
        description="The existing BackupStorageLocation that serves as the storage backend. Cannot be changed.",
        json_schema_extra=checked(immutable("backupStorageLocation")),
    )
    repository_password_secret: SecretKeySelector = Field(
        description="The Secret key containing the master password of the Kopia repository. Keep a copy: without it "
        "no backup can be read.",
        json_schema_extra=checked(_PASSWORD_NEEDED),
    )
    user_management: UserManagementSpec = Field(description="Users of the server.")
    prefix: Prefix | None = Field(
        default=None,
        description="An optional path prefix: the repository lies at oadp-bsls/{prefix} in the bucket. It separates "
        "Kopia snapshots from the OADP/Velero snapshots. Cannot be changed.",
    )
    service: ServiceSpec = Field(
        default_factory=ServiceSpec,
        description="The Kubernetes Service that exposes the Kopia server. Defaults to ClusterIP.",
        json_schema_extra={"default": {}},
    )
    tls: TLSSpec | None = Field(
        default=None,
        description="TLS of the server endpoint. Without it the controller makes and renews a certificate of its own.",
    )
    pod_config: PodConfig = Field(default_factory=PodConfig, description="Resources and scheduling of the server pod.")
    access_control: AccessControlSpec | None = Field(
        default=None, description="Further access control entries; they can be shared between servers, as users can."
    )
    network_policy: NetworkPolicySpec = Field(
        default_factory=NetworkPolicySpec,
        description="Who may reach the server.",
        json_schema_extra={"default": {}},
    )
    objectives: ObjectivesSpec = Field(
        default_factory=ObjectivesSpec, description="What the tenants' backups are measured against."
    )
    policy: PolicySpec | None = Field(
        default=None, description="Kopia's global policy, which holds for every path without a policy of its own."
    )
    repository: RepositorySpec = Field(
        default_factory=RepositorySpec, description="Settings of the repository, applied when it is created."
    )
