"""What a line of a Kopia server's log can say, as frozen records.

`time` is Kopia's own, RFC 3339 in UTC; plain-text lines have none. Texts are printable, redacted and cut.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class SessionStarted:
    """A client opened a stream: `user` is user@host, `address` its host:port. One client may open several."""

    time: str
    user: str
    address: str


@dataclass(frozen=True, slots=True)
class SessionEnded:
    time: str
    user: str
    address: str


@dataclass(frozen=True, slots=True)
class LoginRefused:
    """`user` is what the client claimed: anything may be in it, cleaned and cut to 200 characters."""

    time: str
    user: str
    address: str
    how: Literal["http"] = "http"


@dataclass(frozen=True, slots=True)
class MaintenanceStarted:
    time: str
    full: bool


@dataclass(frozen=True, slots=True)
class MaintenanceFinished:
    """Kopia prints it after a failed run as well."""

    time: str
    full: bool


@dataclass(frozen=True, slots=True)
class MaintenanceFailed:
    """`claimed`: of a notification, which any tenant can send; `full` is None where the line does not tell."""

    time: str
    full: bool | None
    error: str
    claimed: bool = False


@dataclass(frozen=True, slots=True)
class StorageFailed:
    time: str
    operation: str
    error: str


@dataclass(frozen=True, slots=True)
class Throttled:
    """The storage asks for fewer requests."""

    time: str
    message: str


@dataclass(frozen=True, slots=True)
class CacheFailed:
    """The cache volume is full or broken."""

    time: str
    error: str


@dataclass(frozen=True, slots=True)
class RepositoryProblem:
    """The repository cannot be opened, or only to be read."""

    time: str
    error: str


@dataclass(frozen=True, slots=True)
class ServerStarted:
    """Printed before the certificate is read: the server may still fail."""

    time: str
    address: str


@dataclass(frozen=True, slots=True)
class ShuttingDown:
    time: str


@dataclass(frozen=True, slots=True)
class TLSHandshakeFailed:
    time: str
    address: str
    error: str


@dataclass(frozen=True, slots=True)
class Panic:
    """The first line of what Go prints when the process, or the handler of one request, breaks."""

    time: str
    message: str


@dataclass(frozen=True, slots=True)
class ReportedSnapshot:
    """`user` is empty where the text does not name one: Kopia's own template does not. Times may be empty."""

    user: str
    path: str
    start: str
    end: str
    status: Literal["success", "warnings", "incomplete", "failed", "unknown"]
    error: str


@dataclass(frozen=True, slots=True)
class Notification:
    """What a client says of itself, before its last write: never a proof, and any tenant can send any of it."""

    time: str
    kind: Literal["snapshot-report", "error", "other"]
    severity: int
    subject: str
    operation: str
    snapshots: tuple[ReportedSnapshot, ...]
    error: str


@dataclass(frozen=True, slots=True)
class LogMessage:
    """A warning or an error that no rule knows."""

    time: str
    level: Literal["warning", "error"]
    logger: str
    message: str


Record = (
    SessionStarted | SessionEnded | LoginRefused | MaintenanceStarted | MaintenanceFinished | MaintenanceFailed
    | StorageFailed | Throttled | CacheFailed | RepositoryProblem | ServerStarted | ShuttingDown | TLSHandshakeFailed
    | Panic | Notification | LogMessage
)  # fmt: skip
