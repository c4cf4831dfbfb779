"""Names of the API: what users write, and what every other package refers to."""

from __future__ import annotations

from typing import Final

GROUP: Final = "oadp.openshift.io"
VERSION: Final = "v1alpha1"
API_VERSION: Final = f"{GROUP}/{VERSION}"
KIND: Final = "BackupStorageLocationServer"
LIST_KIND: Final = f"{KIND}List"
PLURAL: Final = "backupstoragelocationservers"
SINGULAR: Final = "backupstoragelocationserver"
SHORT_NAME: Final = "bsls"
CATEGORY: Final = "oadp"
CRD_NAME: Final = f"{PLURAL}.{GROUP}"

MAX_NAME_LENGTH: Final = 45
DEFAULT_BSL_NAMESPACE: Final = "oadp-operator"

BSL_GROUP: Final = "velero.io"
BSL_VERSION: Final = "v1"
BSL_API_VERSION: Final = f"{BSL_GROUP}/{BSL_VERSION}"
BSL_KIND: Final = "BackupStorageLocation"
BSL_PLURAL: Final = "backupstoragelocations"

# On a BackupStorageLocation: the namespaces, separated by commas, whose servers may use it.
BSL_NAMESPACES_ANNOTATION: Final = f"{GROUP}/bsls-namespaces"
# On a BackupStorageLocationServer: the unique id of the repository it once opened; another one is refused.
UNIQUE_ID_ANNOTATION: Final = f"{GROUP}/repository-unique-id"

# On a Namespace: its pods may reach the servers.
CLIENT_LABEL: Final = f"{GROUP}/file-backup-client"
CLIENT_LABEL_VALUE: Final = "true"
# On a Namespace: its pods may read metrics; the first one is on OpenShift's own monitoring.
METRICS_CLIENT_LABELS: Final = {"network.openshift.io/policy-group": "monitoring", f"{GROUP}/metrics-client": "true"}

KOPIA_PORT: Final = 51515
METRICS_PORT: Final = 9090

REPOSITORY_ROOT: Final = "oadp-bsls"
