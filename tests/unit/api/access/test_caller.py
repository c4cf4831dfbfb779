"""Tokens of requests, and who is behind them."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode

import pytest
from multidict import CIMultiDict

from backend.api.access.caller import MAX_TOKEN, Caller, bearer_token, caller_of, expiry_of
from backend.api.http.problem import Problem


def jwt(claims: object) -> str:
    return ".".join(urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in ({}, claims, "s"))


@pytest.mark.parametrize(
    "value", ["Bearer abc", "bearer abc", "BEARER   abc ", "Bearer sha256~a-b_C", "Bearer a.b-_.c=="]
)
def test_a_token_is_found(value: str) -> None:
    assert bearer_token(CIMultiDict({"authorization": value})) == value.split()[1]


@pytest.mark.parametrize(
    "value",
    ["", "Bearer", "Bearer ", "Basic YTpi", "abc", "Bearer a b", "Bearer a\tb", "Bearer ä", "Bearer a,b", "Bearer =",
     "XBearer abc", "Bearer " + "x" * (MAX_TOKEN + 1)],
)  # fmt: skip
def test_anything_else_is_unauthenticated(value: str) -> None:
    with pytest.raises(Problem) as found:
        bearer_token(CIMultiDict({"Authorization": value}))
    assert found.value.kind.status == 401
    assert found.value.headers == {"WWW-Authenticate": 'Bearer realm="bsls"'}
    assert found.value.detail == "Send exactly one header Authorization, of the form Bearer <token>."


def test_none_or_two_are_unauthenticated() -> None:
    for headers in (CIMultiDict[str](), CIMultiDict([("Authorization", "Bearer a"), ("authorization", "Bearer a")])):
        with pytest.raises(Problem) as found:
            bearer_token(headers)
        assert found.value.kind.status == 401


@pytest.mark.parametrize(
    "name", ["Impersonate-User", "impersonate-group", "IMPERSONATE-EXTRA-Scopes", "Impersonate-Uid"]
)
def test_nobody_is_somebody_else(name: str) -> None:
    with pytest.raises(Problem) as found:
        bearer_token(CIMultiDict({"Authorization": "Bearer abc", name: "system:admin"}))
    assert found.value.kind.status == 400


@pytest.mark.parametrize(
    ("token", "expected"),
    [
        (jwt({"exp": 1793000000}), 1793000000.0), (jwt({"exp": 1.5}), 1.5), (jwt({}), None), (jwt({"exp": "x"}), None),
        (jwt({"exp": True}), None), (jwt({"exp": 10**400}), None), (jwt([1]), None), ("sha256~abc", None),
        ("a.b.c", None), ("..", None), ("a.%%.c", None), (f"a.{urlsafe_b64encode(b'[' * 9000).decode()}.c", None),
    ],
)  # fmt: skip
def test_when_a_token_expires(token: str, expected: float | None) -> None:
    assert expiry_of(token) == expected


def test_a_caller_is_told_as_kubernetes_knows_them_and_never_with_their_token() -> None:
    user = {"username": "bob", "uid": "u1", "groups": ["g2", "g1"], "extra": {"b": ["2"], "a": ["1", "0"]}}
    caller = caller_of(user, jwt({"exp": 7}))
    told = {"user": "bob", "uid": "u1", "groups": ["g2", "g1"], "extra": {"a": ["1", "0"], "b": ["2"]}}
    assert caller.subject() == told
    assert (caller.expires, caller_of({"username": "bob"}, "opaque").expires) == (7.0, None)
    assert caller.token not in repr(caller)


def test_only_those_with_equal_rights_share_a_key() -> None:
    one = Caller("bob", groups=("a", "b"), token="1")
    assert one.key == Caller("bob", groups=("a", "b"), expires=5.0, token="2").key
    others = [Caller("bob"), Caller("bob", groups=("a,b",)), Caller("bob", "a", ("b",)), Caller("boba", groups=("b",)),
              Caller("bob", groups=("a", "b"), extra=(("a", ("b",)),))]  # fmt: skip
    assert len({one.key, *(other.key for other in others)}) == 6
