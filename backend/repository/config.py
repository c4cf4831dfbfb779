"""Kopia's repository.config, rendered by hand: one file for every provider, no keys in any argument."""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path
from typing import Any

from backend.repository.settings import RepositorySettings

MEGABYTE = 1_000_000
SOFT_SHARE = 0.8  # Kopia sweeps above the soft limit and never passes the hard one
ALWAYS_READ_FORMAT = -1  # open reads kopia.repository from the storage, even with a warm cache
LIST_CACHE_SECONDS = 30


def render_config(settings: RepositorySettings, cache: Path) -> dict[str, Any]:
    """The whole file."""
    content = settings.content_cache_mb * MEGABYTE
    metadata = settings.metadata_cache_mb * MEGABYTE
    return {
        "storage": settings.storage,
        "caching": {
            "cacheDirectory": str(cache),
            "maxCacheSize": int(content * SOFT_SHARE),
            "contentCacheSizeLimitBytes": content,
            "maxMetadataCacheSize": int(metadata * SOFT_SHARE),
            "metadataCacheSizeLimitBytes": metadata,
            "maxListCacheDuration": LIST_CACHE_SECONDS,
        },
        "hostname": settings.hostname,
        "username": settings.username,
        "description": f"BackupStorageLocationServer {settings.hostname}",
        "enableActions": False,
        "formatBlobCacheDuration": ALWAYS_READ_FORMAT,
    }


def write_config(path: Path, config: dict[str, Any]) -> None:
    """Write atomically, readable by this user only."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    new = path.with_name(path.name + ".new")
    new.unlink(missing_ok=True)
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(config, file, indent=1)
    new.replace(path)


def storage_token(storage: dict[str, Any]) -> str:
    """What `kopia repository create from-config --token-stdin` reads."""
    text = json.dumps({"version": "1", "storage": storage}, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


def secret_values(settings: RepositorySettings) -> list[str]:
    """Every value that must not appear in a message: all long strings of the storage's config, and the passwords."""
    public = {"bucket", "prefix", "endpoint", "region", "container", "storageDomain"}
    storage = settings.storage.get("config", {})
    values = [
        value for key, value in storage.items() if isinstance(value, str) and key not in public and len(value) > 3
    ]
    return [*values, settings.repository_password, settings.admin_password]
