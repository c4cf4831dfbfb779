"""BackupStorageLocationServer, version v1alpha1: the one import for whoever reads or writes the resource."""

from __future__ import annotations

from pydantic import ConfigDict, Field

from backend.crd.constants import API_VERSION, KIND, MAX_NAME_LENGTH
from backend.crd.drift import DriftPolicy
from backend.crd.kubernetes import (
    Condition,
    ConditionStatus,
    ConfigMapKeySelector,
    KubernetesModel,
    LabelSelector,
    LabelSelectorRequirement,
    ObjectMeta,
    ResourceRequirements,
    SecretKeySelector,
    SelectorOperator,
)
from backend.crd.rules import checked, rule
from backend.crd.service import ServiceSpec, ServiceType
from backend.crd.spec import (
    AccessControlSource,
    AccessControlSpec,
    BackupStorageLocationRef,
    BackupStorageLocationServerSpec,
    KeySource,
    LoadAffinity,
    NetworkPolicySpec,
    ObjectivesSpec,
    PodConfig,
    RepositorySpec,
    RetentionMode,
    TLSSpec,
    UserManagementSpec,
    UserSource,
)
from backend.crd.status import BackupStorageLocationServerStatus, RepositoryStatus, UsersStatus


class BackupStorageLocationServer(KubernetesModel):
    """A Kopia repository server for file-level backups, with an OADP/Velero BackupStorageLocation as its storage."""

    model_config = ConfigDict(
        json_schema_extra=checked(
            rule(
                f"self.metadata.name.size() <= {MAX_NAME_LENGTH}",
                f"metadata.name must be at most {MAX_NAME_LENGTH} characters long: other names are made from it",
                field_path=".metadata.name",
            ),
            rule(
                "self.metadata.name.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')",
                "metadata.name must be a DNS label, as it names the Service: lower case letters, digits and '-', "
                "starting with a letter, ending with a letter or digit",
                field_path=".metadata.name",
            ),
        )
    )

    api_version: str = Field(default=API_VERSION)
    kind: str = Field(default=KIND)
    metadata: ObjectMeta
    spec: BackupStorageLocationServerSpec
    status: BackupStorageLocationServerStatus = Field(default_factory=BackupStorageLocationServerStatus)


__all__ = [
    "AccessControlSource",
    "AccessControlSpec",
    "BackupStorageLocationRef",
    "BackupStorageLocationServer",
    "BackupStorageLocationServerSpec",
    "BackupStorageLocationServerStatus",
    "Condition",
    "ConditionStatus",
    "ConfigMapKeySelector",
    "DriftPolicy",
    "KeySource",
    "LabelSelector",
    "LabelSelectorRequirement",
    "LoadAffinity",
    "NetworkPolicySpec",
    "ObjectMeta",
    "ObjectivesSpec",
    "PodConfig",
    "RepositorySpec",
    "RepositoryStatus",
    "ResourceRequirements",
    "RetentionMode",
    "SecretKeySelector",
    "SelectorOperator",
    "ServiceSpec",
    "ServiceType",
    "TLSSpec",
    "UserManagementSpec",
    "UserSource",
    "UsersStatus",
]
