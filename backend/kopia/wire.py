"""Kopia's login metadata and error codes, turned into ours."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from urllib.parse import unquote

from backend.kopia.errors import AccessDenied, KopiaError, NotFound, ServerUnavailable, StreamBroken, VersionTooOld
from backend.kopia.proto import session_pb2 as pb
from backend.kopia.version import ADVICE

NO_REPOSITORY = "not connected to a direct repository"


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


class Status(IntEnum):
    """The codes of gRPC that mean something to us."""

    PERMISSION_DENIED = 7
    UNIMPLEMENTED = 12
    UNAVAILABLE = 14
    UNAUTHENTICATED = 16


def ended(headers: Mapping[str, str]) -> KopiaError:
    """What a session ended with: headers and trailers of the call."""
    http, text = headers.get(":status", ""), unquote(headers.get("grpc-message", "")) or "the session ended"
    code = headers.get("grpc-status", "")
    if http == "404" or code == str(Status.UNIMPLEMENTED.value):
        return VersionTooOld(
            f"the server does not know Kopia's repository sessions: {ADVICE}, started without --no-grpc"
        )
    if http != "200":
        return ServerUnavailable(f"the server answered HTTP {http}; is it a Kopia server?")
    if code in (str(Status.PERMISSION_DENIED.value), str(Status.UNAUTHENTICATED.value)):
        return AccessDenied(text)
    if code == str(Status.UNAVAILABLE.value) and NO_REPOSITORY in text:
        return ServerUnavailable(text)
    return StreamBroken(text)
