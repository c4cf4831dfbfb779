"""Provider gcp. Field names: Kopia's `repo/blob/gcs` options (0.23.1)."""

from __future__ import annotations

import json
from typing import Any

from backend.storage.credentials import MALFORMED
from backend.storage.model import Endpoint, KopiaStorage, StorageProblem, blob_prefix, check_keys

Json = dict[str, Any]

_BLOCKING = {"kmsKeyName"}
_IGNORED = {"serviceAccount": "only Velero signs links with it"}


def render_gcs(bsl: Json, credentials: bytes | None, prefix: str) -> KopiaStorage:
    """Kopia's `gcs` storage with a service account's key; raises `StorageProblem`."""
    ignored = check_keys(bsl, _BLOCKING, _IGNORED)
    if (bsl["spec"].get("config") or {}).get("kmsKeyName"):
        raise StorageProblem(
            "BSLConfigUnsupported",
            "The setting config.kmsKeyName blocks: Kopia cannot name a KMS key; make it the bucket's default key.",
        )
    bucket = (bsl["spec"].get("objectStorage") or {}).get("bucket")
    if not bucket:
        raise StorageProblem("BSLInvalid", "The location names no bucket; set spec.objectStorage.bucket.")
    if credentials is None:
        raise StorageProblem("StorageCredentialsMissing", "The location names no credential; set spec.credential.")
    try:
        account = json.loads(credentials)
    except ValueError as error:
        raise StorageProblem(
            MALFORMED, "The storage credentials are not a JSON key of a service account; put one there."
        ) from error
    if not isinstance(account, dict) or not account.get("type"):
        raise StorageProblem(MALFORMED, "The storage credentials have no 'type'; put a service account's key there.")
    rendered = {"bucket": bucket, "prefix": blob_prefix(prefix), "credentials": account}
    return KopiaStorage("gcs", rendered, Endpoint("storage.googleapis.com", 443, True), ignored)
