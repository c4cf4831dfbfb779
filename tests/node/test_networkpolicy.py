"""NetworkPolicies hold on the local cluster: what one allows gets through, what none allows does not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.cluster.netpol import probe
from tests.cluster.netpol.probe import (
    CLIENTS,
    FRIEND_OTHER,
    FRIEND_VM,
    HOME,
    NEIGHBOUR,
    SERVER,
    STRANGER_VM,
    STRANGERS,
    WEB,
    Site,
)

pytestmark = pytest.mark.node

Json = dict[str, Any]
FRIENDLY: Json = {"namespaceSelector": {"matchLabels": {"friend": "true"}}}
VMS: Json = {"podSelector": {"matchLabels": {"app": "vm"}}}
NEIGHBOURS: Json = {"podSelector": {"matchLabels": {"app": "neighbour"}}}


def _tcp(port: int | str, **more: Any) -> Json:
    return {"protocol": "TCP", "port": port, **more}


@pytest.fixture(scope="module")
def place(node_cluster) -> Iterator[Site]:
    with probe.site(node_cluster) as found:
        yield found


@pytest.fixture
def site(place) -> Iterator[Site]:
    yield place
    place.forget()


def test_without_a_policy_everybody_reaches_everything(site):
    site.expect_clients(set(CLIENTS), site.web(SERVER), site.admin(SERVER), site.service)
    site.expect(SERVER, reaches=[site.web(FRIEND_VM), site.service, site.outside], refused=[])


def test_a_policy_without_rules_refuses_all_and_leaves_probes_and_other_pods_alone(site):
    site.apply(policyTypes=["Ingress", "Egress"])
    site.expect_clients(set(), site.web(SERVER), site.service)
    site.expect_clients(set(CLIENTS), site.web(NEIGHBOUR))
    site.expect(SERVER, reaches=[], refused=[site.web(NEIGHBOUR), site.outside, f"{site.cluster.node_ip}:6443"])
    ready = "{.status.conditions[?(@.type=='Ready')].status}"
    assert site.field(SERVER, ready) == "True", "the kubelet's probes must pass"


@pytest.mark.parametrize(
    ("peers", "wanted"),
    [
        ([FRIENDLY], {FRIEND_VM, FRIEND_OTHER}),
        ([NEIGHBOURS], {NEIGHBOUR}),
        ([VMS], set()),  # of its own namespace only, which has none
        ([{**FRIENDLY, **VMS}], {FRIEND_VM}),
        ([FRIENDLY, NEIGHBOURS], {FRIEND_VM, FRIEND_OTHER, NEIGHBOUR}),
        ([{"namespaceSelector": {}, **VMS}], {FRIEND_VM, STRANGER_VM}),
        ([], set(CLIENTS)),
    ],
    ids=["namespace", "pod", "pod of another namespace", "both", "either", "pod anywhere", "no peers: all"],
)
def test_ingress_by_selector_directly_and_by_service(site, peers, wanted):
    site.apply(ingress=[{"from": peers} if peers else {}])
    site.expect_clients(wanted, site.web(SERVER), site.service)


@pytest.mark.parametrize(
    "port", [_tcp(WEB), _tcp("web"), _tcp(WEB - 10, endPort=WEB + 10)], ids=["number", "name", "range"]
)
def test_ingress_by_port(site, port):
    site.apply(ingress=[{"ports": [port]}])
    site.expect(FRIEND_VM, reaches=[site.web(SERVER)], refused=[site.admin(SERVER)])


def test_ingress_by_address_with_an_exception(site):
    block = {"cidr": "10.244.0.0/16", "except": [f"{site.addresses[STRANGER_VM]}/32"]}
    site.apply(ingress=[{"from": [{"ipBlock": block}]}])
    site.expect_clients(set(CLIENTS) - {STRANGER_VM}, site.web(SERVER))


def test_egress_by_selector_and_port(site):
    site.apply(policyTypes=["Egress"], egress=[{"to": [{**FRIENDLY, **VMS}], "ports": [_tcp("web")]}])
    refused = [site.admin(FRIEND_VM), site.web(FRIEND_OTHER), site.web(STRANGER_VM), site.outside]
    site.expect(SERVER, reaches=[site.web(FRIEND_VM)], refused=refused)
    site.expect_clients(set(CLIENTS), site.web(SERVER))


def test_egress_to_one_address_outside_and_to_the_name_service(site):
    host, port = site.outside.split(":")
    storage = {"to": [{"ipBlock": {"cidr": f"{host}/32"}}], "ports": [_tcp(int(port))]}
    name_service = {"ports": [{"protocol": "UDP", "port": 53}, _tcp(53)]}
    refused = [site.web(NEIGHBOUR), f"{site.cluster.node_ip}:6443"]

    site.apply(policyTypes=["Egress"], egress=[storage])
    site.expect(SERVER, reaches=[site.outside], refused=refused)
    assert not site.resolves(SERVER)

    site.apply(policyTypes=["Egress"], egress=[storage, name_service])
    site.expect(SERVER, reaches=[site.outside], refused=refused)
    assert site.resolves(SERVER)


def test_labels_and_new_pods_are_followed(site):
    site.apply(ingress=[{"from": [FRIENDLY]}])
    site.expect_clients({FRIEND_VM, FRIEND_OTHER}, site.web(SERVER))
    site.cluster.kubectl("label", "namespace", STRANGERS, "friend=true")
    site.expect_clients({FRIEND_VM, FRIEND_OTHER, STRANGER_VM}, site.web(SERVER))
    site.cluster.kubectl("label", "namespace", STRANGERS, "friend-")
    site.expect_clients({FRIEND_VM, FRIEND_OTHER}, site.web(SERVER))

    late = f"{HOME}/late"
    site.create(probe.pod(late, "server"))
    site.cluster.kubectl("wait", "--for=condition=Ready", "-n", HOME, "pod/late", "--timeout=30s")
    site.expect_clients({FRIEND_VM, FRIEND_OTHER}, f"{site.field(late, '{.status.podIP}')}:{WEB}")
    site.cluster.kubectl("delete", "pod", "late", "-n", HOME)


def test_a_pod_reaches_itself_by_its_own_service(site):
    site.apply(policyTypes=["Ingress", "Egress"])
    site.expect(SERVER, reaches=[site.service], refused=[site.outside])
