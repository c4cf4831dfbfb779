"""What a client of the API may want to do with Kubernetes itself, as questions to it. Pure."""

from __future__ import annotations

from backend.api.access.scope import Question
from backend.crd.constants import BSL_GROUP, BSL_PLURAL

_SERVER = ("create", "get", "update", "patch", "delete")


def actions_at(namespace: str, name: str = "") -> dict[str, Question]:
    """By the names under which the answers are told. No namespace: everywhere; no name: any server."""
    servers = {f"{verb}_server": Question(verb, namespace, "" if verb == "create" else name) for verb in _SERVER}
    return servers | {
        "list_storage_locations": Question("list", namespace, resource=BSL_PLURAL, group=BSL_GROUP),
        "create_secret": Question("create", namespace, resource="secrets", group=""),
        "list_pods": Question("list", namespace, resource="pods", group=""),
        "get_pod_log": Question("get", namespace, subresource="log", resource="pods", group=""),
    }
