from __future__ import annotations

import pytest

from backend.controller.drift import differs


@pytest.mark.parametrize(
    ("wanted", "live", "path"),
    [
        ({"a": 1}, {"a": 1, "defaulted": True}, ""),
        ({"a": {"b": 1}}, {"a": {"b": 2}}, ".a.b"),
        ({"a": [1, 2]}, {"a": [1, 2, 3]}, ".a"),
        ({"a": [{"x": 1}]}, {"a": [{"x": 1, "defaulted": 2}]}, ""),
        ({"a": [{"x": 1}]}, {"a": [{"x": 3}]}, ".a[0].x"),
        ({"a": {}}, {}, ""),
        ({"a": []}, {}, ""),
        ({"a": False}, {}, ""),
        ({"a": True}, {}, ".a"),
        ({"cpu": "1000m"}, {"cpu": "1"}, ""),
        ({"memory": "1Gi"}, {"memory": "1024Mi"}, ""),
        ({"memory": "1Gi"}, {"memory": "1G"}, ".memory"),
        ({"memory": "1Gi"}, {"memory": "many"}, ".memory"),
        ({"on": True}, {"on": 1}, ""),
        ({"kind": "Secret", "data": {"a": "x"}}, {"kind": "Secret", "data": {"a": "x", "b": "y"}}, "data"),
        ({"kind": "Secret", "data": {"a": "x"}}, {"kind": "Secret"}, "data"),
        ({"apiVersion": "apps/v1", "kind": "Deployment", "a": 1}, {"a": 1}, ""),  # as in a list
        ({"owner": {"kind": "x"}}, {"owner": {}}, ".owner.kind"),
    ],
)
def test_first_difference(wanted, live, path):
    assert differs(wanted, live) == path
