"""The probe against a real S3 server: each finding told apart, over http and https."""

from __future__ import annotations

import base64

import aiohttp
import pytest

from backend.storage.bsl import render
from backend.storage.probe import READY, probe
from tests import objects

pytestmark = pytest.mark.servers
FORMAT_BLOB = "oadp-bsls/x/kopia.repository"


@pytest.fixture(scope="module")
def bucket(seaweed):
    return seaweed.create_bucket("probed")


async def _probe(seaweed, url, bucket, *, keys=None, **overrides):
    credentials = objects.aws_credentials(*(keys or (seaweed.access_key, seaweed.secret_key))).encode()
    bsl = objects.bsl("ns", "b", bucket, url, **overrides)
    async with aiohttp.ClientSession() as session:
        return await probe(render(bsl, credentials, "x", None), session)


async def test_present_and_absent_and_changed(seaweed, bucket):
    empty = await _probe(seaweed, seaweed.url, bucket)
    assert (empty.reason, empty.repository_present) == (READY, False)
    seaweed.put(bucket, FORMAT_BLOB, b"one")
    first = await _probe(seaweed, seaweed.url, bucket)
    assert (first.reason, first.repository_present) == (READY, True)
    seaweed.put(bucket, FORMAT_BLOB, b"two")
    assert (await _probe(seaweed, seaweed.url, bucket)).etag != first.etag
    seaweed.delete(bucket, FORMAT_BLOB)
    assert not (await _probe(seaweed, seaweed.url, bucket)).repository_present


async def test_refusals(seaweed, bucket):
    found = [
        (await _probe(seaweed, seaweed.url, "no-such-bucket")).reason,
        (await _probe(seaweed, seaweed.url, bucket, keys=("nobody", "x"))).reason,
        (await _probe(seaweed, seaweed.url, bucket, keys=(seaweed.access_key, "wrong"))).reason,
        (await _probe(seaweed, "http://127.0.0.1:9", bucket)).reason,
        (await _probe(seaweed, "http://no-such-host.invalid", bucket)).reason,
        (await _probe(seaweed, f"http://{'x' * 70}.invalid", bucket)).reason,
    ]
    assert found == [
        "BucketNotFound",
        "StorageCredentialsRejected",
        "StorageCredentialsRejected",
        "StorageEndpointUnreachable",
        "StorageEndpointUnreachable",
        "StorageEndpointUnreachable",
    ]


async def test_tls(seaweed, bucket):
    assert (await _probe(seaweed, seaweed.https_url, bucket)).reason == "StorageEndpointUntrusted"
    trusted = {"caCert": base64.b64encode(seaweed.ca_pem).decode()}
    assert (await _probe(seaweed, seaweed.https_url, bucket, objectStorage=trusted)).reason == READY
    insecure = await _probe(seaweed, seaweed.https_url, bucket, config={"insecureSkipTLSVerify": "true"})
    assert insecure.reason == READY
