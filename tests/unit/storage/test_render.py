"""BackupStorageLocations as Kopia storages, down to the rendered configuration."""

from __future__ import annotations

import base64
import json

import pytest

from backend.storage.bsl import access_mode, ca_cert_ref, credential_ref, granted, phase, render
from backend.storage.layout import layout_conflict
from backend.storage.model import StorageProblem

KEYS = b"""[default]
aws_access_key_id = AKIA
aws_secret_access_key = hidden
[spare]
aws_access_key_id=SPARE
aws_secret_access_key=more
aws_session_token=token
"""
PEM = b"-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n"


def _bsl(provider="aws", config=None, bucket="b", **storage):
    return {
        "metadata": {"namespace": "ns", "name": "default"},
        "spec": {
            "provider": provider,
            "objectStorage": {"bucket": bucket, "prefix": "velero", **storage},
            "config": config or {},
        },
    }


def _s3(config, **storage):
    return render(_bsl(config=config, **storage), KEYS, "vms", None)


def test_a_custom_endpoint():
    storage = _s3({"s3Url": "http://minio.local:9000", "region": "eu-1", "s3ForcePathStyle": "true"})
    assert json.loads(storage.json()) == {
        "type": "s3",
        "config": {
            "bucket": "b",
            "prefix": "oadp-bsls/vms/",
            "endpoint": "minio.local:9000",
            "doNotUseTLS": True,
            "region": "eu-1",
            "accessKeyID": "AKIA",
            "secretAccessKey": "hidden",
        },
    }
    assert storage.ignored == ()
    assert "hidden" not in repr(storage)


@pytest.mark.parametrize(
    ("region", "endpoint"),
    [("us-west-2", "s3.us-west-2.amazonaws.com"), ("cn-north-1", "s3.cn-north-1.amazonaws.com.cn")],
)
def test_amazon_by_region(region, endpoint):
    storage = _s3({"region": region})
    assert storage.config["endpoint"] == endpoint
    assert "doNotUseTLS" not in storage.config
    assert (storage.endpoint.port, storage.endpoint.tls) == (443, True)


def test_profile_and_session_token():
    storage = _s3({"region": "r", "profile": "spare"})
    assert (storage.config["accessKeyID"], storage.config["sessionToken"]) == ("SPARE", "token")


@pytest.mark.parametrize("where", ["inline base64", "inline pem", "config", "reference"])
def test_a_custom_authority(where):
    text = base64.b64encode(PEM).decode()
    config = {"s3Url": "https://s3.local"}
    storage = {"inline base64": {"caCert": text}, "inline pem": {"caCert": PEM.decode()}}.get(where, {})
    if where == "config":
        config["caCert"] = text
    bsl = _bsl(config=config, **storage)
    rendered = render(bsl, KEYS, "", PEM if where == "reference" else None)
    assert base64.b64decode(rendered.config["rootCA"]) == PEM
    assert rendered.endpoint.ca_pem == PEM
    assert rendered.config["prefix"] == "oadp-bsls/"


def test_insecure_is_honoured_on_https_only():
    assert _s3({"s3Url": "https://s3.local", "insecureSkipTLSVerify": "true"}).config["doNotVerifyTLS"] is True
    assert "doNotVerifyTLS" not in _s3({"s3Url": "http://s3.local", "insecureSkipTLSVerify": "true"}).config


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("publicUrl", "https://x"),
        ("credentialsFile", "/credentials/cloud"),
        ("enableSharedConfig", "true"),
        ("tagging", "a=b"),
        ("checksumAlgorithm", "CRC32"),
        ("s3ForcePathStyle", "false"),
    ],
)
def test_knowingly_ignored_with_a_reason(key, value):
    ignored = dict(_s3({"s3Url": "http://x", key: value}).ignored)
    assert len(ignored[key]) > 10


@pytest.mark.parametrize(
    ("config", "reason", "words"),
    [
        ({"region": "r", "serverSideEncryption": "AES256"}, "BSLConfigUnsupported", "serverSideEncryption"),
        ({"region": "r", "kmsKeyId": "k"}, "BSLConfigUnsupported", "kmsKeyId"),
        ({"region": "r", "customerKeyEncryptionFile": "f"}, "BSLConfigUnsupported", "customerKeyEncryptionFile"),
        ({"region": "r", "customerKeyEncryptionSecret": "s"}, "BSLConfigUnsupported", "customerKeyEncryptionSecret"),
        ({"region": "r", "signatureVersion": "2"}, "BSLConfigUnsupported", "signatureVersion"),
        ({"region": "r", "brandNew": "1"}, "BSLConfigUnsupported", "brandNew"),
        ({}, "BSLInvalid", "config.region"),
        ({"s3Url": "ftp://x"}, "BSLInvalid", "s3Url"),
        ({"s3Url": "http://x/path"}, "BSLInvalid", "s3Url"),
        ({"s3Url": "http://x:port"}, "BSLInvalid", "s3Url"),
        ({"region": "r", "caCert": "!!"}, "BSLInvalid", "caCert"),
        ({"region": "r", "profile": "none"}, "StorageCredentialsMalformed", "[none]"),
    ],
)
def test_what_blocks_is_named(config, reason, words):
    with pytest.raises(StorageProblem) as caught:
        _s3(config)
    assert caught.value.reason == reason
    assert words in caught.value.message


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff\xfe",
        b"AKIA:hidden",
        b"[default]\naws_access_key_id=AKIA\n",
        b"[default]\naws_secret_access_key=hidden\n",
        b"[default\naws_access_key_id=AKIA\naws_secret_access_key=hidden\n",
    ],
)
def test_malformed_credentials_are_never_echoed(data):
    with pytest.raises(StorageProblem) as caught:
        render(_bsl(config={"region": "r"}), data, "", None)
    assert caught.value.reason == "StorageCredentialsMalformed"
    assert "hidden" not in caught.value.message
    assert "AKIA" not in caught.value.message


def test_no_credential_and_unknown_provider():
    with pytest.raises(StorageProblem, match=r"spec\.credential"):
        render(_bsl(config={"region": "r"}), None, "", None)
    with pytest.raises(StorageProblem) as caught:
        render(_bsl("ibm"), KEYS, "", None)
    assert caught.value.reason == "BSLProviderUnknown"
    assert render(_bsl("velero.io/aws", {"region": "r"}), KEYS, "", None).type == "s3"


def test_azure_with_an_account_key():
    bsl = _bsl("azure", {"storageAccount": "acc", "resourceGroup": "rg"}, bucket="cont")
    storage = render(
        bsl, b"AZURE_STORAGE_ACCOUNT_ACCESS_KEY=key==\nAZURE_CLOUD_NAME=AzureUSGovernmentCloud\n", "x", None
    )
    assert (storage.type, storage.config) == (
        "azureBlob",
        {
            "container": "cont",
            "prefix": "oadp-bsls/x/",
            "storageAccount": "acc",
            "storageDomain": "blob.core.usgovcloudapi.net",
            "storageKey": "key==",
        },
    )
    assert storage.endpoint.host == "acc.blob.core.usgovcloudapi.net"
    assert [key for key, _ in storage.ignored] == ["resourceGroup"]


def test_azure_with_a_service_principal_and_a_named_key_variable():
    bsl = _bsl("azure", {"storageAccount": "acc", "storageAccountKeyEnvVar": "MY_KEY"})
    assert render(bsl, b"MY_KEY=k", "", None).config["storageKey"] == "k"
    principal = b"AZURE_TENANT_ID=t\nAZURE_CLIENT_ID=c\nAZURE_CLIENT_SECRET='s'\n# note\n"
    config = render(bsl, principal, "", None).config
    assert (config["TenantID"], config["ClientID"], config["ClientSecret"]) == ("t", "c", "s")
    with pytest.raises(StorageProblem, match="MY_KEY"):
        render(bsl, b"OTHER=1\n", "", None)


def test_gcs():
    account = {"type": "service_account", "private_key": "hidden"}
    bsl = _bsl("velero.io/gcp", {"serviceAccount": "sa"})
    storage = render(bsl, json.dumps(account).encode(), "x", None)
    assert (storage.type, storage.config) == (
        "gcs",
        {"bucket": "b", "prefix": "oadp-bsls/x/", "credentials": account},
    )
    for bad in (b"no json", b"[]", b"{}"):
        with pytest.raises(StorageProblem) as caught:
            render(bsl, bad, "", None)
        assert caught.value.reason == "StorageCredentialsMalformed"
    with pytest.raises(StorageProblem, match="kmsKeyName"):
        render(_bsl("gcp", {"kmsKeyName": "k"}), json.dumps(account).encode(), "", None)


def test_references_phase_and_mode():
    bsl = _bsl(caCertRef={"name": "ca", "key": "pem"})
    assert (credential_ref(bsl), ca_cert_ref(bsl)) == (None, ("ca", "pem"))
    bsl["spec"] |= {"credential": {"name": "c", "key": "cloud"}, "accessMode": "ReadOnly"}
    bsl["status"] = {"phase": "Unavailable"}
    assert (credential_ref(bsl), phase(bsl), access_mode(bsl)) == (("c", "cloud"), "Unavailable", "ReadOnly")
    assert (phase(_bsl()), access_mode(_bsl())) == ("", "ReadWrite")


@pytest.mark.parametrize(
    ("annotation", "namespace", "expected"),
    [("", "ns", True), ("", "a", False), ("a,b", "a", True), (" b , a ", "a", True), ("ab", "a", False)],
)
def test_grants(annotation, namespace, expected):
    assert granted({"oadp.openshift.io/bsls-namespaces": annotation}, "ns", namespace) is expected


@pytest.mark.parametrize(
    ("prefix", "bucket", "conflict"),
    [("velero", "b", False), (None, "b", True), ("oadp-bsls", "b", True), ("oadp-bsls/x", "b", True), ("", "c", False)],
)
def test_layout(prefix, bucket, conflict):
    other = _bsl(bucket=bucket)
    other["metadata"]["name"] = "other"
    other["spec"]["objectStorage"]["prefix"] = prefix
    found = layout_conflict(_bsl(), [_bsl(), other])
    assert bool(found) is conflict
    if found:
        assert "ns/other" in found
