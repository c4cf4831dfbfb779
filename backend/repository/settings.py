"""The mounted Secret of one server, read into a frozen value; paths may be moved for tests."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SECRETS_DIR = Path("/etc/bsls/repository")
RUN_DIR = Path("/run/bsls")
CACHE_DIR = Path("/var/cache/kopia")
TLS_DIR = Path("/etc/bsls/tls")
TERMINATION_LOG = Path("/dev/termination-log")


class SettingsError(Exception):
    """The mounted Secret is incomplete or malformed; the message names the key, never its value."""


@dataclass(frozen=True)
class Paths:
    """Where the pod's files are."""

    secrets: Path = SECRETS_DIR
    run: Path = RUN_DIR
    cache: Path = CACHE_DIR
    tls: Path = TLS_DIR
    termination_log: Path = TERMINATION_LOG
    kopia: str = "kopia"

    @property
    def config(self) -> Path:
        return self.run / "repository.config"

    @property
    def logs(self) -> Path:
        return self.run / "logs"

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Paths:
        """Defaults of the pod, each replaceable by an environment variable."""
        return cls(
            secrets=Path(env.get("BSLS_REPOSITORY_DIR", SECRETS_DIR)),
            run=Path(env.get("BSLS_RUN_DIR", RUN_DIR)),
            cache=Path(env.get("BSLS_KOPIA_CACHE_DIR", CACHE_DIR)),
            tls=Path(env.get("BSLS_TLS_DIR", TLS_DIR)),
            termination_log=Path(env.get("BSLS_TERMINATION_LOG", TERMINATION_LOG)),
            kopia=env.get("BSLS_KOPIA_BINARY", "kopia"),
        )


@dataclass(frozen=True)
class RepositorySettings:
    """What `bsls repository ensure` works with."""

    storage: dict[str, Any] = field(repr=False)
    hostname: str
    username: str
    admin_user: str
    content_cache_mb: int
    metadata_cache_mb: int
    retention_mode: str
    retention_period: str
    expected_unique_id: str
    repository_password: str = field(repr=False)
    admin_password: str = field(repr=False)

    @property
    def identity(self) -> str:
        """`user@host` of the server itself: the maintenance owner."""
        return f"{self.username}@{self.hostname}"


def load_settings(directory: Path = SECRETS_DIR) -> RepositorySettings:
    """Read the files of the derived Secret."""
    storage = _json_object(directory, "storage.json")
    if not isinstance(storage.get("type"), str) or not isinstance(storage.get("config"), dict):
        raise SettingsError("storage.json needs a type and a config")
    repository = _json_object(directory, "repository.json")
    cache = repository.get("cache") or {}
    try:
        return RepositorySettings(
            storage=storage,
            hostname=str(repository["hostname"]),
            username=str(repository["username"]),
            admin_user=str(repository["adminUser"]),
            content_cache_mb=int(cache.get("contentMB") or 2000),
            metadata_cache_mb=int(cache.get("metadataMB") or 1000),
            retention_mode=str(repository.get("retentionMode") or "").upper(),
            retention_period=str(repository.get("retentionPeriod") or ""),
            expected_unique_id=_text(directory, "expected-unique-id", optional=True).lower(),
            repository_password=_text(directory, "repository-password"),
            admin_password=_text(directory, "admin-password"),
        )
    except KeyError as error:
        raise SettingsError(f"repository.json has no {error.args[0]}") from None
    except (TypeError, ValueError):
        raise SettingsError("repository.json has a value of the wrong type") from None


def _text(directory: Path, name: str, *, optional: bool = False) -> str:
    try:
        text = (directory / name).read_text(encoding="utf-8")
    except OSError as error:
        if optional:
            return ""
        raise SettingsError(f"{name} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise SettingsError(f"{name} is not UTF-8 text") from None
    if optional:
        return text.strip()
    if not text:
        raise SettingsError(f"{name} is empty")
    return text


def _json_object(directory: Path, name: str) -> dict[str, Any]:
    try:
        value = json.loads(_text(directory, name))
    except ValueError:
        raise SettingsError(f"{name} is not JSON") from None
    if not isinstance(value, dict):
        raise SettingsError(f"{name} is not a JSON object")
    return value
