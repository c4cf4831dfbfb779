"""Ask the storage itself whether it answers, takes our keys, and still holds the repository.

S3: one signed GET of the repository's own blob. Azure and GCS: whether the endpoint can be reached and trusted.
"""

from __future__ import annotations

import re
import ssl
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote

import aiohttp
from yarl import URL

from backend.storage.model import Endpoint, KopiaStorage
from backend.storage.s3 import is_amazon
from backend.storage.sigv4 import SigningKey, sign

READY = "Ready"
TIMEOUT_S = 8.0
FORMAT_BLOB = "kopia.repository"
_CODE = re.compile(rb"<Code>([A-Za-z0-9]+)</Code>")
_REJECTED = {"InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidToken", "ExpiredToken", "AuthFailure"}


@dataclass(frozen=True)
class ProbeResult:
    """`reason` is READY or a condition reason; `etag` changes when the repository's format blob does."""

    reason: str
    message: str
    repository_present: bool = False
    etag: str = ""
    latency_s: float = 0.0


async def probe(storage: KopiaStorage, session: aiohttp.ClientSession) -> ProbeResult:
    """One probe within `TIMEOUT_S`; never raises for anything the storage or the network does."""
    started = time.monotonic()
    timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
    endpoint = storage.endpoint
    try:
        if storage.type == "s3":
            result = await _probe_s3(storage, session, timeout)
        else:
            async with session.head(endpoint.url, timeout=timeout, ssl=_tls(endpoint), allow_redirects=False):
                result = ProbeResult(READY, "The endpoint answers.", repository_present=True)
    except aiohttp.ClientConnectorCertificateError as error:
        result = _untrusted(endpoint, str(error.certificate_error))
    except aiohttp.ClientSSLError as error:
        result = _untrusted(endpoint, str(error))
    except ssl.SSLError as error:
        result = _untrusted(endpoint, str(error))
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:  # ValueError: a name that IDNA refuses
        why = "no answer in time" if isinstance(error, TimeoutError) else str(error) or type(error).__name__
        message = f"The storage at {endpoint.url} cannot be reached ({why}); check its address, DNS and the network."
        result = ProbeResult("StorageEndpointUnreachable", message)
    latency = time.monotonic() - started
    return ProbeResult(result.reason, result.message, result.repository_present, result.etag, latency)


async def _probe_s3(
    storage: KopiaStorage, session: aiohttp.ClientSession, timeout: aiohttp.ClientTimeout
) -> ProbeResult:
    config = storage.config
    status, code, etag = await _get(storage, session, timeout, f"{config['prefix']}{FORMAT_BLOB}", {})
    if status in (200, 206):
        return ProbeResult(READY, "The storage answers.", repository_present=True, etag=etag)
    if status == 404 and code != "NoSuchBucket":
        # a missing key and a missing bucket look alike on some servers: ask for the bucket itself
        listing = {"list-type": "2", "max-keys": "1", "prefix": str(config["prefix"])}
        status, code, _ = await _get(storage, session, timeout, "", listing)
        if status == 200:
            return ProbeResult(READY, "The storage answers; it holds no repository.")
    return _refusal(storage, status, code)


def _refusal(storage: KopiaStorage, status: int, code: str) -> ProbeResult:
    bucket, where = storage.config["bucket"], storage.endpoint.url
    if status == 404:
        return ProbeResult("BucketNotFound", f"The bucket {bucket} does not exist at {where}; create it.")
    if code in _REJECTED or status == 401:
        return ProbeResult(
            "StorageCredentialsRejected",
            f"The storage at {where} rejects the credentials ({code or status}); correct them in their Secret.",
        )
    if status == 403:
        return ProbeResult(
            "StorageAccessDenied",
            f"The credentials may not read the bucket {bucket} ({code or status}); allow list, get, put and delete.",
        )
    if status in (301, 307, 400):
        return ProbeResult(
            "StorageRequestRefused",
            f"The storage at {where} refuses the request ({code or status}); check config.region and config.s3Url.",
        )
    return ProbeResult(
        "StorageError", f"The storage at {where} answers with an error ({status} {code}); repair the storage."
    )


async def _get(
    storage: KopiaStorage,
    session: aiohttp.ClientSession,
    timeout: aiohttp.ClientTimeout,
    name: str,
    query: dict[str, str],
) -> tuple[int, str, str]:
    """Status, the S3 error code and the ETag of one signed GET."""
    config, endpoint = storage.config, storage.endpoint
    bucket = str(config["bucket"])
    amazon = is_amazon(endpoint.host) and "." not in bucket
    authority = endpoint.url.split("://")[1]
    if endpoint.port == (443 if endpoint.tls else 80):
        authority = authority.rsplit(":", 1)[0]
    host = f"{bucket}.{authority}" if amazon else authority
    path = "/" + quote(name if amazon else f"{bucket}/{name}", safe="/-_.~")
    key = SigningKey(
        str(config["accessKeyID"]), str(config["secretAccessKey"]), str(config["region"]),
        str(config.get("sessionToken", "")),
    )  # fmt: skip
    headers = sign(key, "GET", path, query, {"host": host}, datetime.now(UTC))
    scheme = "https" if endpoint.tls else "http"
    text = "&".join(f"{quote(k, safe='-_.~')}={quote(v, safe='-_.~')}" for k, v in sorted(query.items()))
    url = _encoded(f"{scheme}://{host}{path}{'?' + text if text else ''}")
    async with session.get(
        url, headers=headers, timeout=timeout, ssl=_tls(endpoint), allow_redirects=False
    ) as response:
        body = await response.content.read(4096)
        found = _CODE.search(body)
        code = found.group(1).decode() if found and response.status >= 300 else ""
        return response.status, code, response.headers.get("ETag", "")


def _encoded(url: str) -> URL:
    return URL(url, encoded=True)  # what we signed must not be encoded again


def _untrusted(endpoint: Endpoint, why: str) -> ProbeResult:
    return ProbeResult(
        "StorageEndpointUntrusted",
        f"The certificate of {endpoint.url} is not trusted ({why}); put its authority into objectStorage.caCert.",
    )


def _tls(endpoint: Endpoint) -> ssl.SSLContext | bool:
    if not endpoint.tls:
        return True
    context = ssl.create_default_context()
    if endpoint.insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    elif endpoint.ca_pem:
        try:
            context.load_verify_locations(cadata=endpoint.ca_pem.decode("ascii"))
        except ValueError as error:
            raise ssl.SSLError(f"the configured authority is not PEM: {error}") from error
    return context
