"""Problems as RFC 9457 has them."""

from __future__ import annotations

import json
import re

import pytest

from backend.api.http import problem
from backend.api.http.problem import (
    KINDS,
    NOT_FOUND,
    TOO_MANY_REQUESTS,
    Problem,
    kind_of_status,
    not_found,
    retry_after,
)


def test_every_kind_is_in_the_list_once() -> None:
    named = {value.name for value in vars(problem).values() if isinstance(value, problem.Kind)}
    assert sorted(named) == sorted(kind.name for kind in KINDS)
    assert all(re.fullmatch("[a-z]+(-[a-z]+)*", name) for name in named)


def test_a_problem_is_told_with_its_members() -> None:
    found = Problem(TOO_MANY_REQUESTS, "Wait.", headers=retry_after(0.2), limit=50)
    assert found.headers == {"Retry-After": "1"}
    assert json.loads(found.body("r1")) == {
        "type": "urn:bsls:problem:too-many-requests",
        "title": "Too many requests",
        "status": 429,
        "detail": "Wait.",
        "requestId": "r1",
        "limit": 50,
    }


def test_a_member_cannot_be_told_twice() -> None:
    with pytest.raises(ValueError, match="status"):
        Problem(NOT_FOUND, "", status=1)


def test_hidden_and_absent_are_told_alike() -> None:
    assert not_found("server backup/vms").body("r") == not_found("server backup/vms", hidden=True).body("r")


@pytest.mark.parametrize(
    ("status", "name"), [(400, "bad-request"), (404, "not-found"), (503, "unavailable"), (411, "http-411")]
)
def test_a_status_has_a_kind(status: int, name: str) -> None:
    assert kind_of_status(status).name == name


@pytest.mark.parametrize(("seconds", "text"), [(0.0, "1"), (1.0, "1"), (1.01, "2"), (30, "30")])
def test_retry_after_is_whole_seconds(seconds: float, text: str) -> None:
    assert retry_after(seconds) == {"Retry-After": text}
