"""What every storage has in common."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from backend.crd.constants import REPOSITORY_ROOT


class StorageProblem(Exception):
    """A location that cannot be used: `reason` is a condition reason, `message` says what to do."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message


@dataclass(frozen=True)
class Endpoint:
    """Where the storage listens. `ca_pem`: what to trust besides the system's authorities."""

    host: str
    port: int
    tls: bool
    ca_pem: bytes | None = field(default=None, repr=False)
    insecure: bool = False

    @property
    def url(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.tls else 'http'}://{host}:{self.port}"


@dataclass(frozen=True)
class KopiaStorage:
    """Kopia's storage description (`storage` of its repository.config); `config` holds keys in clear."""

    type: str
    config: dict[str, Any] = field(repr=False)
    endpoint: Endpoint
    ignored: tuple[tuple[str, str], ...] = ()

    def json(self) -> str:
        """Stable text: equal storages give equal bytes."""
        return json.dumps({"type": self.type, "config": self.config}, sort_keys=True)


def repository_path(prefix: str) -> str:
    """Path from the bucket's root, without a slash at its end."""
    return f"{REPOSITORY_ROOT}/{prefix}" if prefix else REPOSITORY_ROOT


def blob_prefix(prefix: str) -> str:
    """What Kopia puts before each blob's name."""
    return repository_path(prefix) + "/"


def provider(bsl: dict[str, Any]) -> str:
    """`aws`, `azure` or `gcp`; Velero allows `velero.io/` before it."""
    return str(bsl["spec"].get("provider", "")).removeprefix("velero.io/")


def check_keys(bsl: dict[str, Any], known: set[str], ignored: dict[str, str]) -> tuple[tuple[str, str], ...]:
    """The settings we know and leave aside, with the reason; a setting nobody knows blocks by name."""
    config = bsl["spec"].get("config") or {}
    for key in sorted(config):
        if key not in known and key not in ignored:
            raise StorageProblem(
                "BSLConfigUnsupported",
                f"The setting config.{key} of the BackupStorageLocation is not known here; remove it, or use a "
                "location without it.",
            )
    return tuple((key, ignored[key]) for key in sorted(config) if key in ignored)
