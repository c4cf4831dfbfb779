"""AWS Signature Version 4 for requests without a body, after the published algorithm."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import quote

EMPTY_SHA256 = hashlib.sha256(b"").hexdigest()


@dataclass(frozen=True)
class SigningKey:
    access_key: str
    secret_key: str = field(repr=False)
    region: str
    session_token: str = field(default="", repr=False)
    service: str = "s3"


def sign(
    key: SigningKey, method: str, path: str, query: Mapping[str, str], headers: Mapping[str, str], now: datetime
) -> dict[str, str]:
    """All headers of the signed request. `path` is already percent-encoded; `headers` must have `host`."""
    stamp = f"{now:%Y%m%dT%H%M%SZ}"
    signed = {name.lower(): value.strip() for name, value in headers.items()}
    signed["x-amz-date"] = stamp
    if key.service == "s3":
        signed["x-amz-content-sha256"] = EMPTY_SHA256
    if key.session_token:
        signed["x-amz-security-token"] = key.session_token
    names = ";".join(sorted(signed))
    canonical = "\n".join(
        [
            method,
            path,
            "&".join(f"{_encode(name)}={_encode(value)}" for name, value in sorted(query.items())),
            *(f"{name}:{signed[name]}" for name in sorted(signed)),
            "",
            names,
            EMPTY_SHA256,
        ]
    )
    scope = f"{stamp[:8]}/{key.region}/{key.service}/aws4_request"
    text = f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    secret = f"AWS4{key.secret_key}".encode()
    for part in (stamp[:8], key.region, key.service, "aws4_request"):
        secret = hmac.new(secret, part.encode(), hashlib.sha256).digest()
    signature = hmac.new(secret, text.encode(), hashlib.sha256).hexdigest()
    signed["authorization"] = (
        f"AWS4-HMAC-SHA256 Credential={key.access_key}/{scope}, SignedHeaders={names}, Signature={signature}"
    )
    return signed


def _encode(text: str) -> str:
    return quote(text, safe="-_.~")
