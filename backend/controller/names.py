"""Names and labels of everything the controller makes for one BackupStorageLocationServer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from backend.crd.constants import GROUP
from backend.kopia.users import ADMIN_NAME, PROBE_NAME

MANAGED_BY = "bsls-controller"
FIELD_MANAGER = "bsls-controller"
SERVER_LABEL = f"{GROUP}/backup-storage-location-server"
MANAGED_SELECTOR = f"app.kubernetes.io/managed-by={MANAGED_BY}"
CONFIG_HASH = f"{GROUP}/config-hash"
APPLIED_HASH = f"{GROUP}/applied-hash"
READINESS_GATE = f"{GROUP}/repository-ready"
# On a server: another value makes new passwords for the controller's own accounts.
ROTATE_CREDENTIALS = f"{GROUP}/rotate-credentials"
# On a server: another value has the users and the access control list read and applied now.
REFRESH_USERS = f"{GROUP}/refresh-users"
MAX_REQUEST = 256


def refresh_request(raw: Mapping[str, Any]) -> str:
    """What a server's annotation asks to be done now; `""` for nothing."""
    return str((raw["metadata"].get("annotations") or {}).get(REFRESH_USERS, ""))[:MAX_REQUEST]


@dataclass(frozen=True)
class Names:
    """`name` and `namespace` are the BackupStorageLocationServer's."""

    namespace: str
    name: str

    @property
    def service(self) -> str:
        return self.name

    @property
    def workload(self) -> str:
        """Deployment, ServiceAccount and NetworkPolicy."""
        return f"{self.name}-kopia"

    @property
    def repository_secret(self) -> str:
        return f"{self.name}-kopia-repository"

    @property
    def tls_secret(self) -> str:
        return f"{self.name}-kopia-tls"

    @property
    def ca_secret(self) -> str:
        return f"{self.name}-kopia-ca"

    @property
    def users_secret(self) -> str:
        """Which users this server made."""
        return f"{self.name}-kopia-users"

    @property
    def secrets(self) -> tuple[str, ...]:
        """Every Secret that the controller makes."""
        return (self.repository_secret, self.tls_secret, self.ca_secret, self.users_secret)

    @property
    def identity_host(self) -> str:
        """Host part of Kopia identities: names match `[a-z0-9\\-_.]+`."""
        return f"{self.name}.{self.namespace}"

    @property
    def admin_user(self) -> str:
        return f"{ADMIN_NAME}@{self.identity_host}"

    @property
    def probe_user(self) -> str:
        return f"{PROBE_NAME}@{self.identity_host}"

    @property
    def selector(self) -> dict[str, str]:
        return {"app.kubernetes.io/name": "kopia-server", SERVER_LABEL: self.name}

    @property
    def labels(self) -> dict[str, str]:
        return {**self.selector, "app.kubernetes.io/managed-by": MANAGED_BY}

    @property
    def dns_names(self) -> tuple[str, ...]:
        host = f"{self.service}.{self.namespace}"
        return (f"{host}.svc", f"{host}.svc.cluster.local", host, self.service)
