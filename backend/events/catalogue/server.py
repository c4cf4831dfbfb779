"""Events of a server as a whole, from its conditions and its pod."""

from __future__ import annotations

from pydantic import Field

from backend.events.catalogue.base import Count, Payload, Severity, Text, event


class _Condition(Payload):
    reason: str = Field(description="CamelCase, stable; the README lists them.")
    message: Text = Field(description="What is the case, and what to do.")
    generation: Count | None = Field(default=None, description="metadata.generation that this is about.")


@event("server.created", example={"uid": "8c2c2f4e-5a5d-4d0e-9a3c-1f2e3d4c5b6a", "prefix": "vms",
                                  "backupStorageLocation": "openshift-adp/default"})  # fmt: skip
class ServerCreated(Payload):
    """A BackupStorageLocationServer was seen for the first time."""

    uid: str
    prefix: str
    backup_storage_location: str = Field(description="namespace/name")


@event("server.progressing", example={"reason": "ServerStarting", "message": "The server's pod starts.",
                                      "generation": 1})  # fmt: skip
class ServerProgressing(_Condition):
    """Work on the server began: it starts, syncs users, or waits for sessions to end before a restart."""


@event("server.available", example={"reason": "ServerReady", "message": "Tenants can connect.", "generation": 1})
class ServerAvailable(_Condition):
    """Tenants can connect; published when that becomes true, after a restart too."""


@event("server.unavailable", severity=Severity.ERROR,
       example={"reason": "StorageEndpointUnreachable", "message": "s3.example.com:443 refuses the connection.",
                "generation": 1})  # fmt: skip
class ServerUnavailable(_Condition):
    """Tenants can no longer connect, or their backups cannot be kept."""


@event("server.degraded", severity=Severity.WARNING,
       example={"reason": "UserListMalformed", "message": "Line 3: the hash is bcrypt. Correct it.",
                "generation": 2})  # fmt: skip
class ServerDegraded(_Condition):
    """Something needs somebody's attention; the message says what. Published again when the cause changes."""


@event("server.recovered", example={"reason": "AsExpected", "message": "Nothing is wrong.", "generation": 2})
class ServerRecovered(_Condition):
    """Nothing is wrong any more."""


@event("server.restarted", severity=Severity.WARNING,
       example={"pod": "vms-kopia-7d4b9c6f5-x2x9k", "podUid": "b1d6f0a4-62a5-4c62-8a44-0f6c2f6f3f10", "restarts": 1,
                "cause": "container restarted"})  # fmt: skip
class ServerRestarted(Payload):
    """The Kopia process that served until now is gone and another one runs. Sessions that were open have ended."""

    pod: str
    pod_uid: str
    restarts: Count = Field(description="Restarts of the container within this pod.")
    cause: Text


@event("server.stopping", example={"pod": "vms-kopia-7d4b9c6f5-x2x9k"})
class ServerStopping(Payload):
    """The Kopia process said that it shuts down."""

    pod: str


@event("server.deleted", example={"uid": "8c2c2f4e-5a5d-4d0e-9a3c-1f2e3d4c5b6a"})
class ServerDeleted(Payload):
    """The BackupStorageLocationServer is gone. The backup data in the storage is not."""

    uid: str
