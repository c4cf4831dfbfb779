"""Kopia's login metadata and error codes, turned into ours."""

from __future__ import annotations

import grpc

from backend.kopia.errors import AccessDenied, KopiaError, NotFound, ServerUnavailable, StreamBroken, VersionTooOld
from backend.kopia.proto import session_pb2 as pb
from backend.kopia.version import ADVICE


def login(user: str, password: str, version: str) -> tuple[tuple[str, str], ...]:
    """The metadata of a session for `user@host`."""
    name, at, host = user.partition("@")
    if not (name and at and host) or not password.isascii() or not password.isprintable():
        raise KopiaError("a login needs user@host and a password of printable ASCII")
    return (
        ("kopia-username", name),
        ("kopia-hostname", host),
        ("kopia-password", password),
        ("kopia-version", version),
    )


def refused(error: pb.ErrorResponse) -> KopiaError:
    """An error answer to one request; the session goes on."""
    message = error.message or "the Kopia server refused the request"
    match error.code:
        case pb.ErrorResponse.ACCESS_DENIED:
            return AccessDenied(message)
        case (
            pb.ErrorResponse.MANIFEST_NOT_FOUND | pb.ErrorResponse.CONTENT_NOT_FOUND | pb.ErrorResponse.OBJECT_NOT_FOUND
        ):
            return NotFound(message)
        case pb.ErrorResponse.STREAM_BROKEN:
            return StreamBroken(message)
        case _:
            return KopiaError(message)


def ended(code: grpc.StatusCode, details: str | None) -> KopiaError:
    """The status a session ended with."""
    text = details or "the session ended"
    if code in (grpc.StatusCode.PERMISSION_DENIED, grpc.StatusCode.UNAUTHENTICATED):
        return AccessDenied(text)
    if code is grpc.StatusCode.UNIMPLEMENTED:
        return VersionTooOld(
            f"the server does not know Kopia's repository sessions: {ADVICE}, started without --no-grpc"
        )
    if code is grpc.StatusCode.UNAVAILABLE and _before_session(text):
        return ServerUnavailable(text)
    return StreamBroken(text)


def _before_session(text: str) -> bool:
    """No connection was made at all, or no repository is open behind it."""
    return any(
        sign in text for sign in ("failed to connect", "Failed to connect", "not connected to a direct repository")
    )
