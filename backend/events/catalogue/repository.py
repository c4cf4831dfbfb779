"""Events of a server's repository, its maintenance and the storage below."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from backend.events.catalogue.base import Payload, Severity, Text, Time, event


class _Repository(Payload):
    unique_id: str = Field(description="The repository's own id.")
    path: str = Field(description="Path in the bucket.")


_REPOSITORY = {"uniqueId": "5f0b7c3f9f1d4c0e8a1b2c3d4e5f60718293a4b5c6d7e8f90112233445566778", "path": "oadp-bsls/vms"}


@event("repository.created", example=_REPOSITORY)
class RepositoryCreated(_Repository):
    """A new, empty repository was made in the storage."""


@event("repository.connected", example=_REPOSITORY)
class RepositoryConnected(_Repository):
    """The server has opened its repository."""


class _Failure(Payload):
    reason: str = Field(description="CamelCase, stable; the README lists them.")
    message: Text = Field(description="What is the case, and what to do.")


@event("repository.failed", severity=Severity.ERROR,
       example={"reason": "RepositoryPasswordWrong", "message": "The password is wrong."})  # fmt: skip
class RepositoryFailed(_Failure):
    """The repository cannot be opened or served."""


@event("repository.vanished", severity=Severity.ERROR,
       example={"reason": "RepositoryVanished", "message": "The repository of this server is gone."})  # fmt: skip
class RepositoryVanished(_Failure):
    """The repository that this server once opened is not in the storage any more, or another one is in its place."""


class _Maintenance(Payload):
    mode: Literal["quick", "full"]


@event("maintenance.started", example={"mode": "full"})
class MaintenanceStarted(_Maintenance):
    """Kopia began to tidy the repository up."""


@event("maintenance.finished", example={"mode": "full", "startedAt": "2026-11-23T02:00:00.101Z",
                                        "durationSeconds": 12.5})  # fmt: skip
class MaintenanceFinished(_Maintenance):
    """Kopia has tidied the repository up."""

    started_at: Time | None = Field(default=None, description="Absent where the start is not known.")
    duration_seconds: float | None = Field(default=None, ge=0)


@event("maintenance.failed", severity=Severity.ERROR,
       example={"mode": "quick", "error": "unable to write blob: Access Denied."})  # fmt: skip
class MaintenanceFailed(Payload):
    """Kopia could not tidy the repository up; it tries again by itself."""

    mode: Literal["quick", "full"] | None = None
    error: Text


@event("storage.failed", severity=Severity.ERROR,
       example={"reason": "StorageAccessDenied", "message": "PutObject: Access Denied", "origin": "probe"})  # fmt: skip
class StorageFailed(_Failure):
    """The storage does not answer as it should: found by the controller's probe, or reported by the Kopia server."""

    origin: Literal["probe", "server"]


@event("storage.recovered", example={"reason": "StorageAnswers", "message": "The storage answers."})
class StorageRecovered(_Failure):
    """The storage answers again."""


@event(
    "storage.throttled", severity=Severity.WARNING, example={"message": "SlowDown: please reduce your request rate."}
)
class StorageThrottled(Payload):
    """The storage, or a limit set in the server, slows the backups down."""

    message: Text
