"""Provider aws: any S3 server. Kopia's field names are those of its `repo/blob/s3` options (0.23.1)."""

from __future__ import annotations

import base64
import binascii
from typing import Any
from urllib.parse import urlsplit

from backend.storage.credentials import parse_aws
from backend.storage.model import Endpoint, KopiaStorage, StorageProblem, blob_prefix, check_keys

Json = dict[str, Any]

_HONOURED = {"region", "s3Url", "s3ForcePathStyle", "insecureSkipTLSVerify", "caCert", "profile", "checksumAlgorithm",
             "signatureVersion", "serverSideEncryption", "kmsKeyId", "customerKeyEncryptionFile",
             "customerKeyEncryptionSecret"}  # fmt: skip
_IGNORED = {
    "publicUrl": "only Velero hands out links to objects",
    "credentialsFile": "a path inside Velero's pod; the credential Secret is read instead",
    "enableSharedConfig": "the credential Secret is read directly",
    "tagging": "tags of Velero's own objects",
}
_BLOCKING = {
    "serverSideEncryption": "Kopia cannot ask for it: make it the bucket's default encryption and remove the setting",
    "kmsKeyId": "Kopia cannot name a KMS key: make it the bucket's default key and remove the setting",
    "customerKeyEncryptionFile": "Kopia cannot send customer keys: use a location without them",
    "customerKeyEncryptionSecret": "Kopia cannot send customer keys: use a location without them",
}


def render_s3(bsl: Json, credentials: bytes | None, prefix: str, ca: bytes | None) -> KopiaStorage:
    """Kopia's `s3` storage; raises `StorageProblem`."""
    config: dict[str, str] = {key: str(value) for key, value in (bsl["spec"].get("config") or {}).items()}
    ignored = list(check_keys(bsl, _HONOURED, _IGNORED))
    for key, advice in _BLOCKING.items():
        if config.get(key):
            raise StorageProblem("BSLConfigUnsupported", f"The setting config.{key} blocks: {advice}.")
    if config.get("signatureVersion", "4") not in ("4", ""):
        raise StorageProblem(
            "BSLConfigUnsupported", "The setting config.signatureVersion must be 4: Kopia signs with version 4 only."
        )
    if "checksumAlgorithm" in config:
        ignored.append(("checksumAlgorithm", "Kopia verifies every blob by its own checksums"))
    if credentials is None:
        raise StorageProblem(
            "StorageCredentialsMissing",
            "The BackupStorageLocation names no credential; set spec.credential to the Secret with the S3 keys.",
        )
    keys = parse_aws(credentials, config.get("profile") or "default")
    endpoint = _endpoint(config, _authority(bsl, config, ca))
    ignored += _path_style(config, endpoint)
    rendered: Json = {
        "bucket": _bucket(bsl),
        "prefix": blob_prefix(prefix),
        "endpoint": _host_port(endpoint),
        "accessKeyID": keys.access_key,
        "secretAccessKey": keys.secret_key,
        "region": config.get("region") or "us-east-1",
    }
    if keys.session_token:
        rendered["sessionToken"] = keys.session_token
    if not endpoint.tls:
        rendered["doNotUseTLS"] = True
    if endpoint.insecure:
        rendered["doNotVerifyTLS"] = True
    if endpoint.ca_pem:
        rendered["rootCA"] = base64.b64encode(endpoint.ca_pem).decode()
    return KopiaStorage("s3", rendered, endpoint, tuple(ignored))


def is_amazon(host: str) -> bool:
    return host.endswith((".amazonaws.com", ".amazonaws.com.cn"))


def _bucket(bsl: Json) -> str:
    bucket = str((bsl["spec"].get("objectStorage") or {}).get("bucket") or "")
    if not bucket:
        raise StorageProblem("BSLInvalid", "The BackupStorageLocation names no bucket; set spec.objectStorage.bucket.")
    return bucket


def _path_style(config: dict[str, str], endpoint: Endpoint) -> list[tuple[str, str]]:
    """Kopia speaks virtual-host style to AWS and path style to everybody else; it cannot be told otherwise."""
    wanted = config.get("s3ForcePathStyle")
    if wanted is None or (wanted.lower() == "true") != is_amazon(endpoint.host):
        return []
    style = "virtual-host style at AWS" if is_amazon(endpoint.host) else "path style at other servers"
    return [("s3ForcePathStyle", f"Kopia always uses {style}")]


def _endpoint(config: dict[str, str], ca: bytes | None) -> Endpoint:
    insecure = config.get("insecureSkipTLSVerify", "").lower() == "true"
    url = config.get("s3Url")
    if not url:
        region = config.get("region")
        if not region:
            raise StorageProblem(
                "BSLInvalid", "The BackupStorageLocation has neither config.s3Url nor config.region; set one of them."
            )
        domain = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
        return Endpoint(f"s3.{region}.{domain}", 443, True, ca, insecure)
    parts = urlsplit(url)
    try:
        port = parts.port
    except ValueError:
        port = -1
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path not in ("", "/") or port == -1:
        raise StorageProblem(
            "BSLInvalid", "config.s3Url of the BackupStorageLocation must be http(s)://host[:port]; correct it."
        )
    tls = parts.scheme == "https"
    return Endpoint(parts.hostname, port or (443 if tls else 80), tls, ca if tls else None, insecure and tls)


def _host_port(endpoint: Endpoint) -> str:
    host = f"[{endpoint.host}]" if ":" in endpoint.host else endpoint.host
    return host if endpoint.port == (443 if endpoint.tls else 80) else f"{host}:{endpoint.port}"


def _authority(bsl: Json, config: dict[str, str], ca: bytes | None) -> bytes | None:
    """`caCertRef` (resolved by the caller), else `objectStorage.caCert`, else `config.caCert`; base64 or PEM."""
    if ca is not None:
        return _pem(ca, "caCertRef")
    inline = (bsl["spec"].get("objectStorage") or {}).get("caCert") or config.get("caCert")
    if not inline:
        return None
    text = str(inline)
    if "-----BEGIN" in text:
        return _pem(text.encode(), "caCert")
    try:
        return _pem(base64.b64decode(text, validate=True), "caCert")
    except binascii.Error as error:
        raise StorageProblem(
            "BSLInvalid", "caCert of the BackupStorageLocation is not base64 of a PEM bundle; correct it."
        ) from error


def _pem(data: bytes, where: str) -> bytes:
    if b"-----BEGIN CERTIFICATE-----" not in data:
        raise StorageProblem(
            "BSLInvalid", f"{where} of the BackupStorageLocation holds no PEM certificate; correct it."
        )
    return data
