"""NetworkPolicies as an nftables ruleset. Pure.

Forwarded packets are judged after Service translation, so rules see pods' own addresses and ports. What the node itself
sends (kubelet probes) is never filtered; what a pod sends to the node (DNS here) is judged as egress.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]
TABLE = "bsls_netpol"


@dataclass(frozen=True)
class World:
    """The objects a ruleset is made of."""

    pods: tuple[Json, ...]
    namespaces: tuple[Json, ...]
    policies: tuple[Json, ...]

    def labels_of_namespace(self, name: str) -> dict[str, str]:
        found = (item for item in self.namespaces if item["metadata"]["name"] == name)
        return next((item["metadata"].get("labels") or {} for item in found), {})


def selects(selector: Json | None, labels: dict[str, str]) -> bool:
    """A metav1.LabelSelector; an empty one selects everything."""
    if not selector:
        return True
    if any(labels.get(key) != value for key, value in (selector.get("matchLabels") or {}).items()):
        return False
    return all(_expression(one, labels) for one in selector.get("matchExpressions") or ())


def _expression(one: Json, labels: dict[str, str]) -> bool:
    present, value = one["key"] in labels, labels.get(one["key"])
    match one["operator"]:
        case "In":
            return present and value in one["values"]
        case "NotIn":
            return not present or value not in one["values"]
        case "Exists":
            return present
        case _:
            return not present


def ruleset(world: World) -> str:
    """One atomic replacement of our table."""
    chains: list[str] = []
    forward: list[str] = []
    to_node: list[str] = []
    for number, pod in enumerate(_live(world.pods)):
        address = pod["status"]["podIP"]
        applying = [policy for policy in world.policies if _applies(policy, pod)]
        for direction, word in (("Egress", "saddr"), ("Ingress", "daddr")):
            isolating = [policy for policy in applying if direction in _types(policy)]
            if not isolating:
                continue
            chain = f"{direction.lower()}_{number}"
            itself = f"ip saddr {address} ip daddr {address} return"  # by its own Service
            rules = [rule for policy in isolating for rule in _rules(world, policy, pod, direction)]
            chains.append(_chain(chain, [itself, *rules, "counter drop"]))
            forward.append(f"ip {word} {address} jump {chain}")
            if direction == "Egress":
                to_node.append(f"ip saddr {address} jump {chain}")
    known = "ct state established,related accept"
    return "\n".join(
        [
            f"table inet {TABLE} {{}}",
            f"delete table inet {TABLE}",
            f"table inet {TABLE} {{",
            *chains,
            _chain("forward", ["type filter hook forward priority -10; policy accept;", known, *forward]),
            _chain("input", ["type filter hook input priority -10; policy accept;", known, *to_node]),
            "}",
            "",
        ]
    )


def _chain(name: str, rules: Iterable[str]) -> str:
    return "\n".join([f"  chain {name} {{", *(f"    {rule}" for rule in rules), "  }"])


def _live(pods: Iterable[Json]) -> list[Json]:
    return [
        pod
        for pod in pods
        if pod.get("status", {}).get("podIP")
        and not pod["spec"].get("hostNetwork")
        and pod["status"].get("phase") not in ("Succeeded", "Failed")
    ]


def _applies(policy: Json, pod: Json) -> bool:
    same = policy["metadata"]["namespace"] == pod["metadata"]["namespace"]
    return same and selects(policy["spec"].get("podSelector"), pod["metadata"].get("labels") or {})


def _types(policy: Json) -> list[str]:
    spec = policy["spec"]
    return list(spec.get("policyTypes") or (["Ingress", "Egress"] if spec.get("egress") else ["Ingress"]))


def _rules(world: World, policy: Json, pod: Json, direction: str) -> list[str]:
    """`return` for whatever one policy allows this pod in one direction."""
    found = []
    word, key = ("saddr", "from") if direction == "Ingress" else ("daddr", "to")
    for rule in policy["spec"].get(direction.lower()) or ():
        peers = rule.get(key)
        if not peers:
            found += [f"{ports}return" for ports in _ports(rule, [pod] if direction == "Ingress" else [])]
            continue
        for peer in peers:
            if "ipBlock" in peer:
                if ":" in peer["ipBlock"]["cidr"]:
                    continue  # this cluster speaks IPv4 only
                match, targets = _block(peer["ipBlock"], word), []
            else:
                targets = _peers(world, policy["metadata"]["namespace"], peer)
                if not targets:
                    continue
                match = f"ip {word} {{ {', '.join(sorted({item['status']['podIP'] for item in targets}))} }} "
            named = [pod] if direction == "Ingress" else targets
            found += [f"{match}{ports}return" for ports in _ports(rule, named)]
    return found


def _block(block: Json, word: str) -> str:
    """Exceptions one by one: nft refuses a set of overlapping ones."""
    without = "".join(f"ip {word} != {cidr} " for cidr in block.get("except") or ())
    return f"ip {word} {block['cidr']} {without}"


def _peers(world: World, namespace: str, peer: Json) -> list[Json]:
    found = []
    for pod in _live(world.pods):
        where = pod["metadata"]["namespace"]
        if "namespaceSelector" in peer:
            if not selects(peer["namespaceSelector"], world.labels_of_namespace(where)):
                continue
        elif where != namespace:
            continue
        if selects(peer.get("podSelector"), pod["metadata"].get("labels") or {}):
            found.append(pod)
    return found


def _ports(rule: Json, named_by: list[Json]) -> list[str]:
    """Port matches, each with a space at its end; one empty match where every port is allowed."""
    if not rule.get("ports"):
        return [""]
    found = []
    for port in rule["ports"]:
        protocol = port.get("protocol", "TCP").lower()
        number = port.get("port")
        if number is None:
            found.append(f"meta l4proto {protocol} ")
        elif isinstance(number, int):
            end = port.get("endPort")
            found.append(f"{protocol} dport {f'{number}-{end}' if end else number} ")
        else:
            found += [f"{protocol} dport {one} " for one in sorted(_numbers(number, protocol, named_by))]
    return found


def _numbers(name: str, protocol: str, pods: list[Json]) -> set[int]:
    return {
        port["containerPort"]
        for pod in pods
        for container in pod["spec"]["containers"]
        for port in container.get("ports") or ()
        if port.get("name") == name and port.get("protocol", "TCP").lower() == protocol
    }
