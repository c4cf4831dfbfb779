"""Sound and bad objects for the CRD, the bad ones with what the apiserver must say about them."""

from __future__ import annotations

import copy
from typing import Any

Json = dict[str, Any]


def good(name: str = "files", **spec: Any) -> Json:
    return {
        "apiVersion": "oadp.openshift.io/v1alpha1",
        "kind": "BackupStorageLocationServer",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {
            "backupStorageLocation": {"name": "default"},
            "repositoryPasswordSecret": {"name": "repository", "key": "password"},
            "userManagement": {"source": {"secret": {"name": "users", "key": "users"}}},
            **copy.deepcopy(spec),
        },
    }


def without(field: str) -> Json:
    server = good()
    del server["spec"][field]
    return server


def resources(**podresources: Any) -> Json:
    return good(podConfig={"podResources": podresources})


def node_selector(*expressions: Json) -> Json:
    return good(podConfig={"loadAffinity": {"nodeSelector": {"matchExpressions": list(expressions)}}})


SELECTOR = {"name": "users", "key": "users"}

BAD: dict[str, tuple[Json, str]] = {
    "name too long": (good("a" * 46), "metadata.name must be at most 45 characters long"),
    "name starts with a digit": (good("1files"), "metadata.name must be a DNS label"),
    "name with a dot": (good("files.a"), "metadata.name must be a DNS label"),
    "no location": (without("backupStorageLocation"), "spec.backupStorageLocation: Required value"),
    "no password": (without("repositoryPasswordSecret"), "spec.repositoryPasswordSecret: Required value"),
    "no users": (without("userManagement"), "spec.userManagement: Required value"),
    "location without name": (good(backupStorageLocation={}), "spec.backupStorageLocation.name: Required value"),
    "location's name empty": (good(backupStorageLocation={"name": ""}), "must name a BackupStorageLocation"),
    "location's name a path": (good(backupStorageLocation={"name": "../x"}), "must name a BackupStorageLocation"),
    "location's namespace with a dot": (
        good(backupStorageLocation={"name": "a", "namespace": "a.b"}),
        "must name a namespace",
    ),
    "password without key": (
        good(repositoryPasswordSecret={"name": "a"}),
        "spec.repositoryPasswordSecret.key: Required value",
    ),
    "password's key a path": (
        good(repositoryPasswordSecret={"name": "a", "key": "a/b"}),
        "must be a key of the data",
    ),
    "password optional": (
        good(repositoryPasswordSecret={"name": "a", "key": "b", "optional": True}),
        "the repository password is always needed",
    ),
    "no user source": (good(userManagement={"source": {}}), "needs exactly one source of the user list"),
    "two user sources": (
        good(userManagement={"source": {"secret": SELECTOR, "configMap": SELECTOR}}),
        "needs exactly one source of the user list: set either 'secret' or 'configMap'",
    ),
    "Secret's name in capitals": (
        good(userManagement={"source": {"secret": {"name": "Users", "key": "a"}}}),
        "must name an object in this namespace",
    ),
    "unknown drift policy": (
        good(userManagement={"source": {"secret": SELECTOR}, "driftPolicy": "Ignore"}),
        'supported values: "Repair", "Report"',
    ),
    "no ACL source": (
        good(accessControl={"source": {}}),
        "needs exactly one source of the access control list",
    ),
    "two ACL sources": (
        good(accessControl={"source": {"secret": SELECTOR, "configMap": SELECTOR}}),
        "needs exactly one source of the access control list",
    ),
    "prefix empty": (good(prefix=""), "leave prefix out to use oadp-bsls itself"),
    "prefix starts with a slash": (good(prefix="/a"), "must not start or end with '/'"),
    "prefix ends with a slash": (good(prefix="a/"), "must not start or end with '/'"),
    "prefix climbs": (good(prefix="a/../../b"), "must not contain '..'"),
    "prefix with a dot as part": (good(prefix="a/./b"), "a part that is only '.'"),
    "prefix with two slashes": (good(prefix="a//b"), "must not contain '//'"),
    "prefix with a space": (good(prefix="a b"), "may contain only letters, digits"),
    "prefix with a newline": (good(prefix="a\n"), "may contain only letters, digits"),
    "prefix beyond ASCII": (good(prefix="größe"), "may contain only letters, digits"),
    "prefix too long": (good(prefix="a" * 201), "may not be more than 200"),
    "unknown service type": (
        good(service={"type": "ExternalName"}),
        'supported values: "ClusterIP", "NodePort", "LoadBalancer"',
    ),
    "node port of a ClusterIP": (
        good(service={"nodePort": 30000}),
        "nodePort needs type NodePort or LoadBalancer",
    ),
    "port zero": (good(service={"port": 0}), "spec.service.port in body should be greater than or equal to 1"),
    "port too high": (good(service={"port": 65536}), "should be less than or equal to 65535"),
    "load balancer address of a NodePort": (
        good(service={"type": "NodePort", "loadBalancerIP": "192.0.2.1"}),
        "loadBalancerIP needs type LoadBalancer",
    ),
    "load balancer address no address": (
        good(service={"type": "LoadBalancer", "loadBalancerIP": "my-lb"}),
        "must be an IPv4 or IPv6 address",
    ),
    "source ranges of a ClusterIP": (
        good(service={"loadBalancerSourceRanges": ["10.0.0.0/8"]}),
        "loadBalancerSourceRanges needs type LoadBalancer",
    ),
    "source range no range": (
        good(service={"type": "LoadBalancer", "loadBalancerSourceRanges": ["10.0.0.0"]}),
        "must be an address range",
    ),
    "TLS without Secret": (good(tls={}), "spec.tls.secretName: Required value"),
    "TLS Secret's name a path": (good(tls={"secretName": "a/b"}), "must name a Secret of type kubernetes.io/tls"),
    "quantity no quantity": (resources(limits={"cpu": "lots"}), "spec.podConfig.podResources.limits.cpu"),
    "request above its limit": (
        resources(limits={"memory": "512Mi"}, requests={"memory": "1Gi"}),
        "a request must not exceed its limit",
    ),
    "In without values": (node_selector({"key": "zone", "operator": "In"}), "operators In and NotIn need 'values'"),
    "Exists with values": (
        node_selector({"key": "zone", "operator": "Exists", "values": ["a"]}),
        "operators Exists and DoesNotExist take no 'values'",
    ),
    "unknown operator": (
        node_selector({"key": "zone", "operator": "Near", "values": ["a"]}),
        'supported values: "In", "NotIn", "Exists", "DoesNotExist"',
    ),
    "age no duration": (good(objectives={"maxSnapshotAge": "1d"}), "must be a duration in hours, minutes and seconds"),
    "age empty": (good(objectives={"maxSnapshotAge": ""}), "must be a duration in hours, minutes and seconds"),
    "age negative": (good(objectives={"maxSnapshotAge": "-5h"}), "must be a duration in hours, minutes and seconds"),
    "age zero": (good(objectives={"maxSnapshotAge": "0h0m"}), "must be longer than zero"),
    "retention without period": (
        good(repository={"retentionMode": "COMPLIANCE"}),
        "retentionMode and retentionPeriod belong together",
    ),
    "retention without mode": (
        good(repository={"retentionPeriod": "720h"}),
        "retentionMode and retentionPeriod belong together",
    ),
    "retention too short": (
        good(repository={"retentionMode": "GOVERNANCE", "retentionPeriod": "23h59m"}),
        "must be at least 24h",
    ),
    "unknown retention mode": (
        good(repository={"retentionMode": "Locked", "retentionPeriod": "720h"}),
        'supported values: "GOVERNANCE", "COMPLIANCE"',
    ),
    "keeping fewer than none": (
        good(policy={"retention": {"keepLatest": -1}}),
        "spec.policy.retention.keepLatest in body should be greater than or equal to 0",
    ),
    "keeping too many": (
        good(policy={"retention": {"keepAnnual": 10001}}),
        "spec.policy.retention.keepAnnual in body should be less than or equal to 10000",
    ),
    "unknown compressor": (
        good(policy={"compression": {"compressor": "brotli"}}),
        'spec.policy.compression.compressor: Unsupported value: "brotli": supported values: "none", "zstd"',
    ),
    "ignore rule empty": (
        good(policy={"files": {"ignore": [""]}}),
        "spec.policy.files.ignore[0] in body should be at least 1 chars long",
    ),
    "ignore rule too long": (
        good(policy={"files": {"ignore": ["*.tmp", "a" * 1025]}}),
        "spec.policy.files.ignore[1]: Too long: may not be more than 1024",
    ),
    "too many ignore rules": (
        good(policy={"files": {"ignore": ["*.tmp"] * 257}}),
        "spec.policy.files.ignore: Too many: 257: must have at most 256 items",
    ),
    "unknown drift policy of the policy": (
        good(policy={"driftPolicy": "Ignore"}),
        'spec.policy.driftPolicy: Unsupported value: "Ignore": supported values: "Repair", "Report"',
    ),
}


GOOD: dict[str, Json] = {
    "the least": good(),
    "the longest name": good("a" * 45),
    "a deep prefix": good(prefix="Team_A/vm-1.example/x"),
    "the longest prefix": good(prefix="a" * 200),
    "users in a ConfigMap": good(userManagement={"source": {"configMap": SELECTOR}}),
    "a node port": good(service={"type": "NodePort", "nodePort": 30443}),
    "a load balancer": good(
        service={
            "type": "LoadBalancer",
            "loadBalancerIP": "2001:db8::1",
            "loadBalancerSourceRanges": ["10.0.0.0/8", "fd00::/8"],
            "annotations": {"example.com/internal": "true"},
        }
    ),
    "numbers as quantities": resources(limits={"cpu": 2, "memory": "1Gi"}, requests={"cpu": "2000m"}),
    "requests alone": resources(requests={"cpu": "100m"}),
    "nodes by expression": node_selector({"key": "zone", "operator": "In", "values": ["a"]}),
    "every namespace": good(networkPolicy={"allowedNamespaces": {}}),
    "an objective": good(objectives={"maxSnapshotAge": "1h30m"}),
    "a policy": good(
        policy={
            "retention": {"keepLatest": 0, "keepDaily": 7, "keepAnnual": 10000},
            "compression": {"compressor": "zstd-fastest"},
            "files": {"ignore": ["*.tmp", "/cache/", "a" * 1024]},
            "driftPolicy": "Report",
        }
    ),
    "a policy that asks for nothing": good(policy={}),
    "object lock": good(repository={"retentionMode": "GOVERNANCE", "retentionPeriod": "24h"}),
}
