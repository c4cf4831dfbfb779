"""Events of what an administrator gives to a server: users, access control, policy, certificate."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from backend.events.catalogue.base import MAX_NAMES, Count, Payload, Severity, Text, Time, User, event

_VERSION = "sha256:2b1d7c6e"
_REJECTED = {"rejected": 1, "lines": [{"line": 3, "reason": "the hash is bcrypt; make one with bsls user hash"}],
             "version": _VERSION}  # fmt: skip


class _Synced(Payload):
    desired: Count = Field(description="Entries of the list.")
    applied: Count = Field(description="Entries of the list that are in effect.")
    version: str | None = Field(default=None, description="Digest of the list.")


class RejectedLine(Payload):
    line: Annotated[int, Field(ge=1, description="Number of the line, from 1.")]
    reason: Text = Field(description="Why, and what to do. Never repeats what may be a secret.")


class _Rejected(Payload):
    rejected: Count = Field(description="Lines of the list that were refused.")
    lines: Annotated[tuple[RejectedLine, ...], Field(max_length=MAX_NAMES, description="The first of them.")] = ()
    version: str | None = Field(default=None, description="Digest of the list.")


@event("users.synced", example={"desired": 120, "applied": 120, "version": _VERSION, "unmanaged": 1})
class UsersSynced(_Synced):
    """A version of the user list is in effect, proven by a login."""

    unmanaged: Count = Field(default=0, description="Users that somebody else made; they are left alone.")


@event("users.refreshed", example={"request": "2026-11-23T09:42:20Z", "desired": 120, "applied": 120, "rejected": 0})
class UsersRefreshed(Payload):
    """The users and the access control list were read and applied because somebody asked for it, proven by a login."""

    request: str = Field(max_length=256, description="Value of the annotation oadp.openshift.io/refresh-users.")
    desired: Count | None = Field(default=None, description="Users of the list; absent where there is none.")
    applied: Count | None = Field(default=None, description="Users of the list that are in effect.")
    rejected: Count | None = Field(default=None, description="Lines of the list that were refused.")


@event("users.rejected", severity=Severity.WARNING, example=_REJECTED)
class UsersRejected(_Rejected):
    """A version of the user list has lines that cannot be used; the others are applied."""


@event("users.drifted", severity=Severity.WARNING,
       example={"users": ["alice@vm-1"], "drifted": 1, "repaired": True})  # fmt: skip
class UsersDrifted(Payload):
    """Listed users were changed or deleted by somebody else, mostly by themselves."""

    users: Annotated[tuple[User, ...], Field(max_length=MAX_NAMES)] = ()
    drifted: Count
    repaired: bool = Field(description="Whether the list was put back (driftPolicy Repair).")


@event("acl.synced", example={"desired": 4, "applied": 4, "version": _VERSION})
class AclSynced(_Synced):
    """A version of the access control list is in effect."""


@event("acl.rejected", severity=Severity.WARNING, example=_REJECTED | {"lines": [
    {"line": 3, "reason": "access must be READ, APPEND or FULL"}]})  # fmt: skip
class AclRejected(_Rejected):
    """A version of the access control list has lines that cannot be used; the others are applied."""


@event("policy.drifted", severity=Severity.WARNING,
       example={"message": "It was written; before: retention.keepLatest was 3.", "repaired": True})  # fmt: skip
class PolicyDrifted(Payload):
    """The repository's global policy was not as spec.policy asks for."""

    message: Text
    repaired: bool


_FINGERPRINT = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"


class _Certificate(Payload):
    fingerprint: str = Field(description="SHA-256 of the certificate, hexadecimal.")
    not_after: Time | None = None


@event("tls.issued", example={"fingerprint": _FINGERPRINT, "notAfter": "2027-11-23T09:00:00Z"})
class TlsIssued(_Certificate):
    """A server has its first certificate."""


@event("tls.rotated", severity=Severity.WARNING,
       example={"fingerprint": _FINGERPRINT, "notAfter": "2028-10-24T09:00:00Z",
                "previousFingerprint": "60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752"})  # fmt: skip
class TlsRotated(_Certificate):
    """Another certificate is served. Clients that pin the old one have to connect with the new fingerprint."""

    previous_fingerprint: str


@event("tls.expiring", severity=Severity.WARNING,
       example={"fingerprint": _FINGERPRINT, "notAfter": "2026-12-23T09:00:00Z", "daysLeft": 29.9})  # fmt: skip
class TlsExpiring(_Certificate):
    """The served certificate ends within 30 days."""

    days_left: float


@event("tls.handshake-failed", severity=Severity.WARNING,
       example={"address": "10.0.0.7:48418", "error": "remote error: tls: bad certificate"})  # fmt: skip
class TlsHandshakeFailed(Payload):
    """A client did not take the certificate, or does not speak TLS. At most ten a minute; others are counted."""

    address: str
    error: Text
    suppressed: Count = Field(default=0, description="Like ones that were left out before this one.")
