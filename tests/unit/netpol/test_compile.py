from __future__ import annotations

import os
import shutil
import subprocess

import pytest

from tests.cluster.netpol.compile import World, ruleset, selects


def _pod(ns, name, ip, labels=None, ports=None):
    return {
        "metadata": {"namespace": ns, "name": name, "labels": labels or {}},
        "spec": {"containers": [{"ports": ports or []}]},
        "status": {"podIP": ip, "phase": "Running"},
    }


def _policy(ns, **spec):
    return {"metadata": {"namespace": ns, "name": "p"}, "spec": {"podSelector": {}, **spec}}


KOPIA = _pod("backup", "kopia", "10.0.0.2", {"app": "kopia"}, [{"name": "kopia", "containerPort": 51515}])
VM = _pod("vms", "vm", "10.0.0.3", {"app": "vm"})
OTHER = _pod("elsewhere", "x", "10.0.0.4")
NAMESPACES = (
    {"metadata": {"name": "backup"}},
    {"metadata": {"name": "vms", "labels": {"client": "true"}}},
    {"metadata": {"name": "elsewhere"}},
)


def _compiled(*policies):
    return ruleset(World((KOPIA, VM, OTHER), NAMESPACES, policies))


def test_without_a_policy_nothing_is_dropped():
    assert "drop" not in _compiled()


def test_ingress_from_a_labelled_namespace_on_a_named_port():
    text = _compiled(
        _policy(
            "backup",
            policyTypes=["Ingress"],
            ingress=[
                {
                    "from": [{"namespaceSelector": {"matchLabels": {"client": "true"}}}],
                    "ports": [{"protocol": "TCP", "port": "kopia"}],
                }
            ],
        )
    )
    assert "ip saddr { 10.0.0.3 } tcp dport 51515 return" in text
    assert "10.0.0.4" not in text
    assert "ip daddr 10.0.0.2 jump ingress_0" in text
    assert "egress_0" not in text


def test_egress_to_a_block_with_an_exception_and_a_port_range():
    text = _compiled(
        _policy(
            "backup",
            policyTypes=["Egress"],
            egress=[
                {
                    "to": [{"ipBlock": {"cidr": "10.1.0.0/16", "except": ["10.1.2.0/24"]}}],
                    "ports": [{"port": 1000, "endPort": 2000}],
                },
                {"ports": [{"protocol": "UDP", "port": 53}]},
            ],
        )
    )
    assert "ip daddr 10.1.0.0/16 ip daddr != 10.1.2.0/24 tcp dport 1000-2000 return" in text
    assert "udp dport 53 return" in text
    assert text.count("ip saddr 10.0.0.2 jump egress_0") == 2, "towards pods and towards the node"


def test_a_peer_without_a_namespace_selector_is_of_the_same_namespace():
    text = _compiled(_policy("backup", ingress=[{"from": [{"podSelector": {"matchLabels": {"app": "vm"}}}]}]))
    assert "10.0.0.3" not in text
    assert "counter drop" in text


def test_a_named_port_of_egress_is_that_of_the_peer_and_without_one_nothing_is_allowed():
    to_kopia = {"to": [{"namespaceSelector": {}, "podSelector": {"matchLabels": {"app": "kopia"}}}]}
    named = _compiled(_policy("vms", policyTypes=["Egress"], egress=[{**to_kopia, "ports": [{"port": "kopia"}]}]))
    assert "ip daddr { 10.0.0.2 } tcp dport 51515 return" in named
    unknown = _compiled(_policy("vms", policyTypes=["Egress"], egress=[{**to_kopia, "ports": [{"port": "ssh"}]}]))
    assert "10.0.0.2" not in unknown


def test_policies_of_one_pod_add_up():
    first = _policy("backup", ingress=[{"ports": [{"port": 1}]}])
    second = _policy("backup", ingress=[{"ports": [{"port": 2}]}])
    text = _compiled(first, second)
    assert "tcp dport 1 return" in text
    assert "tcp dport 2 return" in text
    assert text.count("counter drop") == 1


def test_policy_types_default_to_ingress_and_to_egress_where_it_has_rules():
    assert "egress_0" not in _compiled(_policy("backup"))
    assert "ingress_0" in _compiled(_policy("backup"))
    assert "egress_0" in _compiled(_policy("backup", egress=[{}]))


def test_a_pod_may_always_reach_itself():
    text = _compiled(_policy("backup", policyTypes=["Ingress", "Egress"]))
    assert text.count("ip saddr 10.0.0.2 ip daddr 10.0.0.2 return") == 2


def test_a_block_of_the_other_address_family_is_left_out():
    text = _compiled(_policy("backup", ingress=[{"from": [{"ipBlock": {"cidr": "fd00::/8"}}]}]))
    assert "fd00" not in text
    assert "counter drop" in text


def test_finished_pods_and_those_of_the_host_network_have_no_rules():
    finished = {**KOPIA, "status": {"podIP": "10.0.0.2", "phase": "Succeeded"}}
    on_host = {**KOPIA, "spec": {"containers": [], "hostNetwork": True}}
    assert "drop" not in ruleset(World((finished, on_host), NAMESPACES, (_policy("backup"),)))


@pytest.mark.skipif(shutil.which("nft") is None or os.geteuid() != 0, reason="needs nft and root")
def test_nft_takes_every_shape_of_rule():
    block = {"cidr": "10.0.0.0/8", "except": ["10.1.0.0/16", "10.1.2.0/24"]}
    ports = [{"port": 1}, {"port": 5, "endPort": 9, "protocol": "UDP"}, {"protocol": "SCTP"}, {"port": "kopia"}]
    peers = [{"ipBlock": block}, {"podSelector": {}}, {"namespaceSelector": {}}]
    both = _policy("backup", ingress=[{"from": peers, "ports": ports}], egress=[{"to": peers, "ports": ports}, {}])
    command = ["unshare", "--net", "nft", "-f", "-"]
    done = subprocess.run(command, input=_compiled(both), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("selector", "labels", "expected"),
    [
        ({}, {}, True),
        (None, {"a": "1"}, True),
        ({"matchLabels": {"a": "1"}}, {"a": "1"}, True),
        ({"matchLabels": {"a": "1"}}, {"a": "2"}, False),
        ({"matchExpressions": [{"key": "a", "operator": "In", "values": ["1"]}]}, {"a": "1"}, True),
        ({"matchExpressions": [{"key": "a", "operator": "NotIn", "values": ["1"]}]}, {}, True),
        ({"matchExpressions": [{"key": "a", "operator": "Exists"}]}, {}, False),
        ({"matchExpressions": [{"key": "a", "operator": "DoesNotExist"}]}, {}, True),
    ],
)
def test_selectors(selector, labels, expected):
    assert selects(selector, labels) is expected
