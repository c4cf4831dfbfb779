"""The filter dialects of the CloudEvents Subscriptions API."""

from __future__ import annotations

from typing import Any

import pytest

from backend.events.filters import InvalidFilter, parse_filters

TYPE = "io.openshift.oadp.bsls.snapshot.created.v1"
EVENT = {"type": TYPE, "subject": "alice@vm-1", "severity": "info", "source": "/apis/x/vms", "data": {"type": "no"}}


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (None, True),
        ([], True),
        ([{"exact": {"type": TYPE}}], True),
        ([{"exact": {"type": TYPE, "subject": "bob@vm-2"}}], False),
        ([{"prefix": {"type": "io.openshift.oadp.bsls.snapshot."}}], True),
        ([{"suffix": {"subject": "@vm-1"}}], True),
        ([{"exact": {"nothing": "x"}}], False),
        ([{"not": {"exact": {"nothing": "x"}}}], True),
        ([{"any": [{"exact": {"severity": "error"}}, {"exact": {"severity": "info"}}]}], True),
        ([{"all": [{"exact": {"severity": "error"}}, {"exact": {"severity": "info"}}]}], False),
        ([{"exact": {"severity": "info"}}, {"exact": {"subject": "bob@vm-2"}}], False),
        ([{"sql": "type LIKE '%.snapshot.%'"}, {"exact": {"severity": "info"}}], True),
        ([{"not": {"sql": "severity = 'info'"}}], False),
        ([{"not": {"any": [{"prefix": {"type": "a"}}, {"prefix": {"type": "b"}}]}}], True),
    ],
)
def test_matches(filters: Any, expected: bool) -> None:
    assert parse_filters(filters)(EVENT) is expected


def _deep(levels: int) -> Any:
    body: Any = {"exact": {"type": "x"}}
    for _ in range(levels):
        body = {"not": body}
    return body


@pytest.mark.parametrize(
    ("filters", "reason"),
    [
        ({"exact": {"type": "x"}}, "must be a list"),
        ([["exact"]], "a filter is an object"),
        ([{"exact": {"type": "x"}, "prefix": {"type": "x"}}], "with one of"),
        ([{"jq": ".type"}], "is not known"),
        ([{"sql": 1}], "takes a text"),
        ([{"sql": "type = "}], "dialect sql, at character 8"),
        ([{"exact": {}}], "takes an object of attributes"),
        ([{"exact": {"type": 1}}], "takes an object of attributes"),
        ([{"exact": {"data": "x"}}], "not data"),
        ([{"any": []}], "not empty"),
        ([{"not": None}], "a filter is an object"),
        ([_deep(11)], "too large"),
        ([{"any": [{"exact": {"type": "x"}}] * 300}], "too large"),
    ],
)
def test_a_bad_filter_says_what_to_correct(filters: Any, reason: str) -> None:
    with pytest.raises(InvalidFilter, match=reason):
        parse_filters(filters)
