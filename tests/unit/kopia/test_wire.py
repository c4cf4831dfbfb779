"""Kopia's codes and messages become our errors; logins that cannot be sent are refused before."""

from __future__ import annotations

import pytest

from backend.kopia import wire
from backend.kopia.errors import AccessDenied, KopiaError, NotFound, ServerUnavailable, StreamBroken, VersionTooOld
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
    ("headers", "kind"),
    [
        ({"grpc-status": "7", "grpc-message": "access denied for alice%40vm-1"}, AccessDenied),
        ({"grpc-status": "16"}, AccessDenied),
        ({"grpc-status": "12"}, VersionTooOld),
        ({"grpc-status": "14", "grpc-message": "not connected to a direct repository"}, ServerUnavailable),
        ({"grpc-status": "14", "grpc-message": "something else"}, StreamBroken),
        ({"grpc-status": "0"}, StreamBroken),
        ({"grpc-status": "2", "grpc-message": "flush error"}, StreamBroken),
        ({}, StreamBroken),
        ({":status": "404"}, VersionTooOld),
        ({":status": "502"}, ServerUnavailable),
        ({":status": ""}, ServerUnavailable),
    ],
)
def test_ends_of_a_session(headers: dict[str, str], kind: type[KopiaError]) -> None:
    assert type(wire.ended({":status": "200", **headers})) is kind


def test_the_text_of_an_end_is_decoded() -> None:
    assert str(wire.ended({":status": "200", "grpc-status": "7", "grpc-message": "no%20way"})) == "no way"


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
