"""What `bsls repository ensure` answers: written to the termination log, read by the controller."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum

TERMINATION_MESSAGE_LIMIT = 4096  # bytes; the kubelet cuts longer messages
SHORT_MESSAGE = 500  # characters; JSON makes at most six bytes of one


class Outcome(StrEnum):
    """The repository is usable: it was there, or it was made."""

    CONNECTED = "Connected"
    CREATED = "Created"


class Reason(StrEnum):
    """The repository is not usable, and why: stable names, used as condition reasons."""

    PASSWORD_WRONG = "RepositoryPasswordWrong"  # noqa: S105 - a reason, not a password
    VANISHED = "RepositoryVanished"
    CORRUPT = "RepositoryCorrupt"
    IDENTITY_MISMATCH = "RepositoryIdentityMismatch"
    CREDENTIALS_REJECTED = "StorageCredentialsRejected"
    BUCKET_NOT_FOUND = "BucketNotFound"
    ENDPOINT_UNREACHABLE = "StorageEndpointUnreachable"
    ENDPOINT_UNTRUSTED = "StorageEndpointUntrusted"
    ACCESS_DENIED = "StorageAccessDenied"
    UNAVAILABLE = "RepositoryUnavailable"


@dataclass(frozen=True)
class EnsureResult:
    """One answer; `result` is an Outcome when the repository is usable, a Reason when not."""

    result: Outcome | Reason
    message: str
    unique_id: str = ""
    kopia_version: str = ""
    format_version: str = ""
    maintenance_owner: str = ""
    last_quick_maintenance: str = ""  # RFC 3339, "" when it never ran
    last_full_maintenance: str = ""

    @property
    def ok(self) -> bool:
        return isinstance(self.result, Outcome)

    def to_json(self) -> str:
        """At most TERMINATION_MESSAGE_LIMIT bytes, whatever the message is made of."""
        text = self._json(self.message)
        if len(text) > TERMINATION_MESSAGE_LIMIT:
            text = self._json(self.message[:SHORT_MESSAGE])
        return text

    def _json(self, message: str) -> str:
        return json.dumps(
            {
                "result": str(self.result),
                "uniqueID": self.unique_id,
                "message": message,
                "kopiaVersion": self.kopia_version,
                "formatVersion": self.format_version,
                "maintenanceOwner": self.maintenance_owner,
                "lastQuickMaintenance": self.last_quick_maintenance,
                "lastFullMaintenance": self.last_full_maintenance,
            }
        )


def parse_result(text: str) -> EnsureResult | None:
    """Read a termination message; None when it is not one of ours (a killed container, another program)."""
    try:
        body = json.loads(text)
    except ValueError:
        return None
    if not isinstance(body, dict) or not isinstance(body.get("result"), str):
        return None
    return EnsureResult(
        result=_result(body["result"]),
        message=str(body.get("message", "")),
        unique_id=str(body.get("uniqueID", "")),
        kopia_version=str(body.get("kopiaVersion", "")),
        format_version=str(body.get("formatVersion", "")),
        maintenance_owner=str(body.get("maintenanceOwner", "")),
        last_quick_maintenance=str(body.get("lastQuickMaintenance", "")),
        last_full_maintenance=str(body.get("lastFullMaintenance", "")),
    )


def _result(name: str) -> Outcome | Reason:
    try:
        return Outcome(name)
    except ValueError:
        return Reason(name) if name in set(Reason) else Reason.UNAVAILABLE
