"""What a failing `kopia` call means: its stderr text -> a stable reason and one sentence that says what to do.

Kopia's exit code is always 1, so only the text tells. The first matching rule wins. Texts of S3 and of Kopia 0.23.1
itself were captured from the real thing (tests/unit/repository); those of Azure and Google are from their libraries.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from backend.repository.result import Reason

OTHER_TEXT_LIMIT = 400


@dataclass(frozen=True)
class Problem:
    """A reason and a sentence."""

    reason: Reason
    message: str


_RULES: tuple[tuple[str, Reason, str], ...] = (
    (
        r"invalid repository password",
        Reason.PASSWORD_WRONG,
        "the repository password does not open the repository at this path (or its format blob is damaged): "
        "put the password it was created with into the Secret",
    ),
    (
        r"can't parse format blob|invalid format blob|derive format encryption key|deserialize blob config",
        Reason.CORRUPT,
        "the repository's format blob (kopia.repository) is damaged: restore it from a copy of the bucket, "
        "or use another prefix for a new repository",
    ),
    (
        r"found existing data in storage location",
        Reason.CORRUPT,
        "the repository path holds data but no kopia.repository blob: restore that blob, "
        "or use another prefix for a new repository",
    ),
    (
        r"x509: certificate has expired or is not yet valid",
        Reason.ENDPOINT_UNTRUSTED,
        "the storage endpoint's certificate has expired or is not valid yet: renew it",
    ),
    (
        r"x509: (cannot validate certificate for|certificate is valid for|certificate is not valid for)",
        Reason.ENDPOINT_UNTRUSTED,
        "the storage endpoint's certificate is for another name than the one in the BSL: "
        "correct the URL or have the certificate re-issued",
    ),
    (
        r"failed to verify certificate|x509: |cannot parse provided CA",
        Reason.ENDPOINT_UNTRUSTED,
        "the storage endpoint's certificate is not trusted: set objectStorage.caCert of the BSL to its CA",
    ),
    (
        r"server gave HTTP response to HTTPS client",
        Reason.ENDPOINT_UNREACHABLE,
        "the storage endpoint speaks plain HTTP: use an http:// URL in the BSL, or switch TLS on at the endpoint",
    ),
    (
        r"Client sent an HTTP request to an HTTPS server|Connection closed by foreign host http://",
        Reason.ENDPOINT_UNREACHABLE,
        "the storage endpoint does not speak plain HTTP: use an https:// URL in the BSL",
    ),
    (
        r"no such host|server misbehaving",
        Reason.ENDPOINT_UNREACHABLE,
        "the storage endpoint's host name does not resolve: correct the URL in the BSL, or the cluster's DNS",
    ),
    (
        r"connection refused",
        Reason.ENDPOINT_UNREACHABLE,
        "the storage endpoint refused the connection: check the URL in the BSL and that the storage is up",
    ),
    (
        r"i/o timeout|no route to host|network is unreachable|connection timed out|context deadline exceeded"
        r"|connection reset by peer|kopia did not finish within",
        Reason.ENDPOINT_UNREACHABLE,
        "the storage endpoint does not answer: check the URL in the BSL, firewalls and network policies",
    ),
    (
        r"signature we calculated does not match|access key ID you provided does not exist"
        r"|AWS Access Key Id you provided does not exist|InvalidAccessKeyId|SignatureDoesNotMatch"
        r"|(provided|security) token.*(expired|invalid)|AuthenticationFailed|invalid_grant|invalid_client"
        r"|Account key is not a valid|illegal base64 data|Invalid access key|Access Key Id.*(invalid|disabled)",
        Reason.CREDENTIALS_REJECTED,
        "the storage rejects the credentials of the BSL: correct its credentials Secret",
    ),
    (
        r"specified bucket does not exist|NoSuchBucket|ContainerNotFound|specified container does not exist"
        r"|bucket doesn't exist|bucket .* does not exist",
        Reason.BUCKET_NOT_FOUND,
        "the bucket of the BSL does not exist: create it, or correct the name",
    ),
    (
        r"Access ?Denied|AuthorizationPermissionMismatch|AuthorizationFailure|Error 403|Forbidden"
        r"|does not have storage\.|not authorized",
        Reason.ACCESS_DENIED,
        "the storage denies access to the bucket: check that the bucket exists and "
        "that the credentials may list, read, write and delete under oadp-bsls/",
    ),
    (
        r"request time and the server's time is too large|RequestTimeTooSkewed",
        Reason.CREDENTIALS_REJECTED,
        "the clocks of the node and of the storage differ too much for signed requests: correct the time",
    ),
    (
        r"the region '.*' is wrong|bucket is in this region|PermanentRedirect",
        Reason.UNAVAILABLE,
        "the bucket is in another region than the BSL says: correct config.region",
    ),
    (
        r"PutBlob.*Invalid Request|ObjectLockConfiguration|Object Lock|object.lock",
        Reason.UNAVAILABLE,
        "the bucket refuses retention: create it with object lock, or remove spec.repository.retentionMode",
    ),
    (
        r"repository upgrade in progress",
        Reason.UNAVAILABLE,
        "the repository is being upgraded by another Kopia: wait until that is finished",
    ),
    (
        r"no space left on device",
        Reason.UNAVAILABLE,
        "the cache volume is too small for the repository's indexes: raise the cache size",
    ),
    (
        r"kopia cannot be started",
        Reason.UNAVAILABLE,
        "the kopia binary of the image cannot be started: check the image and its architecture",
    ),
)
_COMPILED = tuple((re.compile(pattern, re.IGNORECASE), Problem(reason, text)) for pattern, reason, text in _RULES)
_NOT_INITIALIZED = re.compile(
    r"error getting kopia\.repository blob: BLOB not found|repository not initialized in the provided storage"
)
_EXISTING_DATA = re.compile(r"found existing data in storage location|repository already initialized")


def is_not_initialized(stderr: str) -> bool:
    """The storage answered, and there is no repository at the path."""
    return _NOT_INITIALIZED.search(stderr) is not None


def is_existing_data(stderr: str) -> bool:
    """`create` found something there already."""
    return _EXISTING_DATA.search(stderr) is not None


def classify(stderr: str, secrets: Iterable[str] = ()) -> Problem:
    """Reason and sentence for a failed call; a text no rule knows is quoted, without the secrets."""
    for pattern, problem in _COMPILED:
        if pattern.search(stderr):
            return problem
    last = scrub(_last_line(stderr), secrets)[:OTHER_TEXT_LIMIT]
    return Problem(Reason.UNAVAILABLE, f"the repository cannot be opened; kopia said: {last or 'nothing'}")


def scrub(text: str, secrets: Iterable[str]) -> str:
    """Replace every secret value in a text."""
    for secret in sorted({secret for secret in secrets if secret}, key=len, reverse=True):
        text = text.replace(secret, "***")
    return text


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else ""
