"""Kopia's codes and messages become our errors; logins that cannot be sent are refused before."""

from __future__ import annotations

import grpc
import pytest

from backend.kopia import wire
from backend.kopia.errors import AccessDenied, KopiaError, NotFound, ServerUnavailable, StreamBroken
from backend.kopia.proto import generate
from backend.kopia.proto import session_pb2 as pb


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (pb.ErrorResponse.ACCESS_DENIED, AccessDenied),
        (pb.ErrorResponse.MANIFEST_NOT_FOUND, NotFound),
        (pb.ErrorResponse.OBJECT_NOT_FOUND, NotFound),
        (pb.ErrorResponse.STREAM_BROKEN, StreamBroken),
        (pb.ErrorResponse.UNKNOWN_ERROR, KopiaError),
        (pb.ErrorResponse.CLIENT_ERROR, KopiaError),
    ],
)
def test_error_answers(code: pb.ErrorResponse.Code, kind: type[KopiaError]) -> None:
    error = wire.refused(pb.ErrorResponse(code=code, message="why"))
    assert type(error) is kind
    assert str(error) == "why"


@pytest.mark.parametrize(
    ("code", "details", "kind"),
    [
        (grpc.StatusCode.PERMISSION_DENIED, "access denied for alice@vm-1", AccessDenied),
        (grpc.StatusCode.UNAUTHENTICATED, None, AccessDenied),
        (grpc.StatusCode.UNAVAILABLE, "failed to connect to all addresses; last error: …", ServerUnavailable),
        (grpc.StatusCode.UNAVAILABLE, "not connected to a direct repository", ServerUnavailable),
        (grpc.StatusCode.UNAVAILABLE, "Stream removed (Socket closed)", StreamBroken),
        (grpc.StatusCode.OK, "", StreamBroken),
        (grpc.StatusCode.UNKNOWN, "flush error", StreamBroken),
    ],
)
def test_ends_of_a_session(code: grpc.StatusCode, details: str | None, kind: type[KopiaError]) -> None:
    assert type(wire.ended(code, details)) is kind


def test_a_login() -> None:
    assert wire.login("alice@vm-1", "pw", "0.23.1")[:3] == (
        ("kopia-username", "alice"),
        ("kopia-hostname", "vm-1"),
        ("kopia-password", "pw"),
    )


@pytest.mark.parametrize(
    ("user", "password"), [("alice", "pw"), ("@vm", "pw"), ("alice@", "pw"), ("a@b", "p\nw"), ("a@b", "ü")]
)
def test_a_login_that_cannot_be_sent(user: str, password: str) -> None:
    with pytest.raises(KopiaError):
        wire.login(user, password, "0.23.1")


def test_the_committed_stubs_are_the_generated_ones() -> None:
    assert generate.check() == []
