"""What a scope shows, and what it is made of."""

from __future__ import annotations

import pytest

from backend.api.access.scope import TENANTS, Question, Scope, namespace_of, scope_of, tenants_of

ALICE = "alice@vm-1.team-a"


@pytest.mark.parametrize(
    ("user", "namespace"),
    [
        (ALICE, "team-a"),
        ("alice@a.b.team-a", "team-a"),
        ("alice@vm-1", ""),
        ("alice@team-a", ""),
        ("alice.team-a@vm-1", ""),
        ("alice@vm-1.", ""),
        ("alice@.team-a", "team-a"),
        ("a@b.x@vm.team-a", "team-a"),
        ("", ""),
    ],
)
def test_the_namespace_of_a_tenant_is_after_the_hosts_last_dot(user: str, namespace: str) -> None:
    assert namespace_of(user) == namespace


@pytest.mark.parametrize(
    ("scope", "server", "whole", "alice", "bob", "nobodys"),
    [
        (Scope(), False, False, False, False, False),
        (Scope(everything=True), True, True, True, True, True),
        (Scope(namespaces=frozenset({"backup"})), True, True, True, True, True),
        (Scope(namespaces=frozenset({"other"})), False, False, False, False, False),
        (Scope(namespaces=frozenset({"backu", "backup2", ""})), False, False, False, False, False),
        (Scope(tenant_namespaces=frozenset({"team-a"})), True, False, True, False, False),
        (Scope(tenant_namespaces=frozenset({"team"})), True, False, False, False, False),
        (Scope(tenant_namespaces=frozenset({""})), True, False, False, False, False),
        (Scope(every_tenant=True), True, False, True, True, False),
        (Scope(namespaces=frozenset("o"), tenant_namespaces=frozenset({"team-a"})), True, False, True, False, False),
    ],
)
def test_what_is_seen(scope: Scope, server: bool, whole: bool, alice: bool, bob: bool, nobodys: bool) -> None:
    assert scope.sees_server("backup") is server
    assert scope.sees_all_of("backup") is whole
    assert scope.sees_tenant("backup", ALICE) is alice
    assert scope.sees_tenant("backup", "bob@vm-2.team-b") is bob
    assert scope.sees_tenant("backup", "carol@laptop") is nobodys
    assert scope.nothing is (scope == Scope())


@pytest.mark.parametrize(
    ("granted", "expected"),
    [
        ([], Scope()),
        ([Question("list")], Scope(everything=True)),
        ([Question("list"), tenants_of(), Question("list", "a")], Scope(everything=True)),
        ([Question("list", "a"), Question("list", "b")], Scope(namespaces=frozenset("ab"))),
        ([Question("get", "a", "vms")], Scope(namespaces=frozenset("a"))),
        ([tenants_of()], Scope(every_tenant=True)),
        ([tenants_of(), tenants_of("t"), Question("list", "a")], Scope(every_tenant=True, namespaces=frozenset("a"))),
        ([tenants_of("t"), tenants_of("u")], Scope(tenant_namespaces=frozenset("tu"))),
    ],
)
def test_what_a_scope_is_made_of(granted: list[Question], expected: Scope) -> None:
    found = scope_of(granted)
    assert found == expected
    assert hash(found) == hash(expected)
    assert found.granted == frozenset(granted)


def test_a_question_as_kubernetes_is_asked() -> None:
    assert tenants_of("team-a").attributes() == {
        "verb": "get",
        "group": "oadp.openshift.io",
        "resource": "backupstoragelocationservers",
        "subresource": TENANTS,
        "namespace": "team-a",
        "name": "",
    }
