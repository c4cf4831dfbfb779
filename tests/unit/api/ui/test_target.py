"""What of Kubernetes the page reaches, and what not."""

from __future__ import annotations

import pytest

from backend.api.http.problem import Problem
from backend.api.ui.target import WATCH_S, parse

PODS = "/api/v1/namespaces/a/pods"


@pytest.mark.parametrize(
    ("method", "raw"),
    [
        ("GET", PODS), ("GET", f"{PODS}?limit=5&labelSelector=a%3Db"), ("GET", f"{PODS}/p/log?container=c"),
        ("POST", "/apis/oadp.openshift.io/v1alpha1/namespaces/a/backupstoragelocationservers"),
        ("PUT", "/apis/apps/v1/namespaces/a/deployments/d/scale"), ("PATCH", "/api/v1/namespaces/a/secrets/s"),
        ("DELETE", "/api/v1/namespaces/a"), ("GET", "/apis"), ("GET", "/api/v1"), ("GET", "/version"),
        ("GET", "/openapi/v3"), ("GET", "/apis/rbac.authorization.k8s.io/v1/clusterroles/system%3Aadmin"),
    ],
)  # fmt: skip
def test_goes_on_as_it_is(method: str, raw: str) -> None:
    target = parse(method, raw)
    assert str(target) == raw.replace("%3A", ":")
    assert not target.watch


def test_a_watch_does_not_last_for_ever() -> None:
    target = parse("GET", f"{PODS}?watch=true&resourceVersion=1")
    assert target.watch
    assert str(target) == f"{PODS}?watch=true&resourceVersion=1&timeoutSeconds={WATCH_S}"
    assert "timeoutSeconds=5" in str(parse("GET", f"{PODS}?watch=1&timeoutSeconds=5"))
    assert parse("GET", f"{PODS}/p/log?follow=true").watch
    assert not parse("GET", f"{PODS}?watch=false").watch
    assert not parse("POST", f"{PODS}?watch=true").watch


@pytest.mark.parametrize(
    ("method", "raw", "status"),
    [
        ("GET", f"{PODS}/p/proxy/", 400), ("GET", f"{PODS}/p/proxy", 404), ("GET", f"{PODS}/p/proxy/x", 404),
        ("POST", f"{PODS}/p/exec", 404), ("GET", f"{PODS}/p/exec?command=sh", 404), ("GET", f"{PODS}/p/attach", 404),
        ("POST", "/api/v1/namespaces/a/serviceaccounts/s/token", 404), ("GET", "/api/v1/nodes/n/proxy", 404),
        ("GET", "/api/v1/namespaces/a/services/s/proxy", 404), ("GET", "/api/v1/proxy/x", 404),
        ("GET", "/api/v1/watch/pods", 404), ("PUT", "/api/v1/namespaces/a/finalize", 404), ("DELETE", PODS, 404),
        ("GET", "/metrics", 404), ("GET", "/healthz", 404), ("GET", "/logs/x", 404), ("POST", "/version", 404),
        ("GET", "/", 400), ("GET", "", 400), ("GET", "//api/v1/pods", 400), ("GET", "/api/v1//pods", 400),
        ("GET", "/api/v1/../../metrics", 400), ("GET", "/api/v1/%2e%2e/metrics", 400), ("GET", "/api/v1/./pods", 400),
        ("GET", "/api/v1/a%2fb", 400), ("GET", "/api/v1/a%5cb", 400), ("GET", "/api/v1/a\\b", 400),
        ("GET", "/api/v1/%252e%252e/x", 400), ("GET", "/api/v1/a%00b", 400), ("GET", "/api/v1/a%0d%0ab", 400),
        ("GET", "/api/v1/a%ff", 400), ("GET", "/api/v1/ä", 400), ("GET", "/api/v1/pods#x", 400),
        ("GET", "/api/v1/pods?x=\r\n", 400), ("GET", "/api/v1/pods?" + "a" * 9000, 400), ("HEAD", PODS, 405),
        ("OPTIONS", PODS, 405), ("CONNECT", PODS, 405),
    ],
)  # fmt: skip
def test_is_refused(method: str, raw: str, status: int) -> None:
    with pytest.raises(Problem) as found:
        parse(method, raw)
    assert found.value.kind.status == status
