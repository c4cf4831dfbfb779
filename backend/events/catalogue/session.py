"""Events of clients: their sessions with the server, and logins that were refused."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from backend.events.catalogue.base import TENANT, Count, Payload, Severity, Text, Time, User, event

_SESSION = "b1d6f0a4-62a5-4c62-8a44-0f6c2f6f3f10.2026-11-23T09:42:19.766969123Z"


class _Session(Payload):
    session: str = Field(description="Names the session in all its events: the log position of its start.")
    user: User
    address: str = Field(description="host:port of the client, as the server sees it.")


@event("session.started", subject=TENANT,
       example={"session": _SESSION, "user": "alice@vm-1", "address": "10.0.0.7:48418"})  # fmt: skip
class SessionStarted(_Session):
    """A client logged in. A client that opens several streams over one connection is one session."""


@event("session.ended", subject=TENANT,
       example={"session": _SESSION, "user": "alice@vm-1", "address": "10.0.0.7:48418",
                "startedAt": "2026-11-23T09:42:19.766969Z", "durationSeconds": 3.211, "reason": "closed"})  # fmt: skip
class SessionEnded(_Session):
    """A client's session is over: closed by the client, or cut when the server process ended."""

    started_at: Time | None = Field(default=None, description="Absent where the start was not seen.")
    duration_seconds: float | None = Field(default=None, ge=0)
    reason: Literal["closed", "server-ended"]


@event("login.refused", severity=Severity.WARNING,
       example={"user": "mallory@vm-1", "address": "10.0.0.9:50412", "suppressed": 0})  # fmt: skip
class LoginRefused(Payload):
    """The server refused a login over HTTP. Kopia logs no refused login of its own client, which uses gRPC. At most ten
    a minute; others are counted.
    """

    user: Text = Field(description="The name that was claimed; anything may be in it.")
    address: str
    suppressed: Count = Field(default=0, description="Like ones that were left out before this one.")
