"""Provider azure. Field names: Kopia's `repo/blob/azure` options (0.23.1); credentials: the file of Velero's plugin."""

from __future__ import annotations

from typing import Any

from backend.storage.credentials import MALFORMED, parse_env
from backend.storage.model import Endpoint, KopiaStorage, StorageProblem, blob_prefix, check_keys

Json = dict[str, Any]

_HONOURED = {"storageAccount", "storageAccountKeyEnvVar", "storageAccountURI"}
_IGNORED = {
    "resourceGroup": "only needed to look the account key up; the credential Secret is read instead",
    "subscriptionId": "only needed to look the account key up; the credential Secret is read instead",
    "blockSizeInBytes": "Kopia chooses its own block size",
    "useAAD": "decided by what the credential Secret holds",
    "activeDirectoryAuthorityURI": "Kopia uses the public authority",
}
_DOMAINS = {
    "": "blob.core.windows.net",
    "AzurePublicCloud": "blob.core.windows.net",
    "AzureUSGovernmentCloud": "blob.core.usgovcloudapi.net",
    "AzureChinaCloud": "blob.core.chinacloudapi.cn",
}


def render_azure(bsl: Json, credentials: bytes | None, prefix: str) -> KopiaStorage:
    """Kopia's `azureBlob` storage with an account key or a service principal; raises `StorageProblem`."""
    ignored = check_keys(bsl, _HONOURED, _IGNORED)
    config = bsl["spec"].get("config") or {}
    account = config.get("storageAccount")
    container = (bsl["spec"].get("objectStorage") or {}).get("bucket")
    if not account or not container:
        raise StorageProblem(
            "BSLInvalid", "The Azure location needs config.storageAccount and spec.objectStorage.bucket; set both."
        )
    if credentials is None:
        raise StorageProblem("StorageCredentialsMissing", "The location names no credential; set spec.credential.")
    values = parse_env(credentials)
    domain = _domain(config, str(account), values)
    rendered: Json = {
        "container": container,
        "prefix": blob_prefix(prefix),
        "storageAccount": account,
        "storageDomain": domain,
        **_login(values, config.get("storageAccountKeyEnvVar") or "AZURE_STORAGE_ACCOUNT_ACCESS_KEY"),
    }
    return KopiaStorage("azureBlob", rendered, Endpoint(f"{account}.{domain}", 443, True), ignored)


def _domain(config: Json, account: str, values: dict[str, str]) -> str:
    uri = str(config.get("storageAccountURI") or "")
    if uri:
        host = uri.removeprefix("https://").rstrip("/")
        if not host.startswith(f"{account}."):
            raise StorageProblem(
                "BSLInvalid", f"config.storageAccountURI must be https://{account}.<domain>; correct it."
            )
        return host.removeprefix(f"{account}.")
    cloud = values.get("AZURE_CLOUD_NAME", "")
    if cloud not in _DOMAINS:
        known = ", ".join(name for name in _DOMAINS if name)
        raise StorageProblem(MALFORMED, f"AZURE_CLOUD_NAME is none of {known}; correct the storage credentials.")
    return _DOMAINS[cloud]


def _login(values: dict[str, str], key_name: str) -> Json:
    if values.get(key_name):
        return {"storageKey": values[key_name]}
    principal = {
        "TenantID": values.get("AZURE_TENANT_ID"),
        "ClientID": values.get("AZURE_CLIENT_ID"),
        "ClientSecret": values.get("AZURE_CLIENT_SECRET"),
    }
    if all(principal.values()):
        return dict(principal)
    raise StorageProblem(
        MALFORMED,
        f"The storage credentials hold neither {key_name} nor AZURE_TENANT_ID, AZURE_CLIENT_ID and "
        "AZURE_CLIENT_SECRET; add one of the two.",
    )
