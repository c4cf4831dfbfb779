"""Read a BackupStorageLocation: what it refers to, who may use it, and its Kopia storage. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from backend.crd.constants import BSL_NAMESPACES_ANNOTATION
from backend.storage.azure import render_azure
from backend.storage.gcs import render_gcs
from backend.storage.model import KopiaStorage, StorageProblem, provider
from backend.storage.s3 import render_s3

Json = dict[str, Any]


def credential_ref(bsl: Json) -> tuple[str, str] | None:
    """Name and key of the Secret with the storage's credentials."""
    return _reference(bsl["spec"].get("credential"))


def ca_cert_ref(bsl: Json) -> tuple[str, str] | None:
    """Name and key of the Secret with the authority to trust."""
    return _reference((bsl["spec"].get("objectStorage") or {}).get("caCertRef"))


def _reference(selector: Any) -> tuple[str, str] | None:
    if not isinstance(selector, dict) or not selector.get("name") or not selector.get("key"):
        return None
    return str(selector["name"]), str(selector["key"])


def phase(bsl: Json) -> str:
    """What Velero says of it: `Available`, `Unavailable`, or `""` before its first check."""
    return str((bsl.get("status") or {}).get("phase") or "")


def access_mode(bsl: Json) -> str:
    return str(bsl["spec"].get("accessMode") or "ReadWrite")


def granted(annotations: Mapping[str, str], bsl_namespace: str, bsls_namespace: str) -> bool:
    """A server may use a location of its own namespace, or one whose annotation names its namespace."""
    if bsl_namespace == bsls_namespace:
        return True
    names = annotations.get(BSL_NAMESPACES_ANNOTATION, "")
    return bsls_namespace in {name.strip() for name in names.split(",")}


def render(bsl: Json, credentials: bytes | None, prefix: str, ca: bytes | None) -> KopiaStorage:
    """The Kopia storage at `oadp-bsls/<prefix>` of the location; raises `StorageProblem`."""
    kind = provider(bsl)
    if kind == "aws":
        return render_s3(bsl, credentials, prefix, ca)
    if kind == "azure":
        return render_azure(bsl, credentials, prefix)
    if kind == "gcp":
        return render_gcs(bsl, credentials, prefix)
    raise StorageProblem(
        "BSLProviderUnknown",
        f"The provider {bsl['spec'].get('provider')!r} of the BackupStorageLocation is none of aws, azure, gcp; "
        "use a location of one of these.",
    )
