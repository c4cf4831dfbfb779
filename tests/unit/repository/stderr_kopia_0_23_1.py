"""What Kopia 0.23.1 wrote to stderr (last line), captured against SeaweedFS 4.48, and texts of other storages."""

from __future__ import annotations

OPEN = "open repository: unable to open repository: "
STORAGE = OPEN + 'cannot open storage: error retrieving storage config from bucket "bucket1": '
FORMAT = OPEN + "unable to create format manager: "
GET = 'Get "https://s3.example:443/bucket1/?location=": '

CAPTURED: tuple[tuple[str, str, str], ...] = (
    ("RepositoryPasswordWrong", "password", FORMAT + "invalid repository password"),
    (
        "StorageCredentialsRejected",
        "credentials",
        STORAGE + "The request signature we calculated does not match the signature you provided. "
        "Check your key and signing method.",
    ),
    (
        "StorageCredentialsRejected",
        "credentials",
        STORAGE + "The access key ID you provided does not exist in our records.",
    ),
    ("StorageAccessDenied", "list, read, write", STORAGE + "Access Denied."),
    (
        "BucketNotFound",
        "create it",
        "unable to get repository storage: error listing blobs: The specified bucket does not exist",
    ),
    (
        "StorageEndpointUnreachable",
        "refused",
        STORAGE + 'Get "http://127.0.0.1:1/bucket1/?location=": dial tcp 127.0.0.1:1: connect: connection refused',
    ),
    (
        "StorageEndpointUnreachable",
        "does not resolve",
        STORAGE + GET + "dial tcp: lookup s3.example on 10.96.0.10:53: no such host",
    ),
    ("StorageEndpointUnreachable", "http://", STORAGE + GET + "http: server gave HTTP response to HTTPS client"),
    (
        "StorageEndpointUnreachable",
        "https://",
        STORAGE + 'Get "http://127.0.0.1:18443/bucket1/?location=": '
        "Connection closed by foreign host http://127.0.0.1:18443/bucket1/?location=. Retry again.",
    ),
    ("StorageEndpointUnreachable", "does not answer", STORAGE + GET + "dial tcp 192.0.2.1:443: i/o timeout"),
    ("StorageEndpointUnreachable", "does not answer", "kopia did not finish within 90 s"),
    (
        "StorageEndpointUntrusted",
        "caCert",
        STORAGE + GET + "tls: failed to verify certificate: x509: certificate signed by unknown authority",
    ),
    (
        "StorageEndpointUntrusted",
        "another name",
        STORAGE + GET + "tls: failed to verify certificate: x509: cannot validate certificate for 127.0.0.1 "
        "because it doesn't contain any IP SANs",
    ),
    (
        "StorageEndpointUntrusted",
        "expired",
        STORAGE + GET + "tls: failed to verify certificate: x509: certificate has expired or is not yet valid: "
        "current time 2026-11-23T14:00:00Z is after 2026-11-22T14:00:00Z",
    ),
    ("StorageEndpointUntrusted", "caCert", OPEN + "cannot open storage: cannot parse provided CA"),
    (
        "RepositoryCorrupt",
        "kopia.repository",
        FORMAT
        + "can't parse format blob: invalid format blob: invalid character '\\x00' looking for beginning of value",
    ),
    (
        "RepositoryCorrupt",
        "kopia.repository",
        FORMAT + "can't parse format blob: invalid format blob: unexpected end of JSON input",
    ),
    (
        "RepositoryCorrupt",
        "kopia.repository",
        FORMAT + "derive format encryption key: Failed to derive format encryption key: unsupported key derivation "
        "algorithm: , supported algorithms [pbkdf2-sha256-600000 scrypt-65536-8-1]",
    ),
    (
        "RepositoryCorrupt",
        "kopia.repository",
        FORMAT + "derive format encryption key: Failed to derive format encryption key: "
        "required salt size is at least 16 bytes",
    ),
    (
        "RepositoryCorrupt",
        "another prefix",
        "unable to get repository storage: found existing data in storage location",
    ),
    (
        "RepositoryUnavailable",
        "object lock",
        'cannot initialize repository: unable to write blobcfg blob: PutBlob() failed for "kopia.blobcfg": '
        "unable to complete PutBlob(kopia.blobcfg) despite 10 retries: Invalid Request",
    ),
)

# From the documentation and sources of AWS, Azure and Google Cloud Storage.
DOCUMENTED: tuple[tuple[str, str, str], ...] = (
    (
        "StorageCredentialsRejected",
        "credentials",
        STORAGE + "The AWS Access Key Id you provided does not exist in our records.",
    ),
    ("StorageCredentialsRejected", "credentials", STORAGE + "The provided token has expired."),
    ("StorageCredentialsRejected", "credentials", "RESPONSE 403: ERROR CODE: AuthenticationFailed"),
    ("StorageCredentialsRejected", "credentials", 'oauth2: "invalid_grant" "Invalid JWT Signature."'),
    (
        "StorageCredentialsRejected",
        "clocks",
        STORAGE + "The difference between the request time and the server's time is too large.",
    ),
    ("BucketNotFound", "create it", "RESPONSE 404: ERROR CODE: ContainerNotFound"),
    ("BucketNotFound", "create it", "storage: bucket doesn't exist"),
    (
        "StorageAccessDenied",
        "denies",
        "googleapi: Error 403: x@y does not have storage.objects.get access to the object",
    ),
    ("StorageAccessDenied", "denies", "RESPONSE 403: ERROR CODE: AuthorizationPermissionMismatch"),
    (
        "RepositoryUnavailable",
        "config.region",
        STORAGE + "The authorization header is malformed; the region 'us-east-1' is wrong; expecting 'eu-west-1'",
    ),
    ("RepositoryUnavailable", "upgraded", OPEN + "repository upgrade in progress"),
    ("RepositoryUnavailable", "cache", OPEN + "error loading indexes: write /c/x: no space left on device"),
    ("RepositoryUnavailable", "binary", "kopia cannot be started: No such file or directory"),
)

NOT_INITIALIZED: tuple[str, ...] = (
    FORMAT + "unable to read format blob: error getting kopia.repository blob: BLOB not found",
    "error connecting to repository: repository not initialized in the provided storage",
)
