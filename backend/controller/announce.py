"""Kubernetes Events for the admin: what became true or false on a server. The reason is the condition's."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from backend.controller.conditions import timestamp
from backend.controller.names import MANAGED_BY
from backend.kube.client import KubeClient
from backend.kube.resources import BSLS, EVENTS

Json = dict[str, Any]

_BAD_WHEN_TRUE = {"Degraded"}
_SILENT = {"Progressing"}
MAX_MESSAGE = 1024


def events(server: Json, changed: Iterable[Json], now: datetime) -> list[Json]:
    """One Event for each reason; Progressing and Unknown are told by the conditions alone."""
    found: dict[str, Json] = {}
    for item in changed:
        if item["type"] in _SILENT or item["status"] == "Unknown":
            continue
        bad = (item["status"] == "True") == (item["type"] in _BAD_WHEN_TRUE)
        if item["type"] in _BAD_WHEN_TRUE and not bad:
            continue
        found.setdefault(item["reason"], _event(server, item, "Warning" if bad else "Normal", now))
    return list(found.values())


def _event(server: Json, item: Json, kind: str, now: datetime) -> Json:
    meta = server["metadata"]
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": f"{meta['name']}.{uuid.uuid4().hex[:16]}", "namespace": meta["namespace"]},
        "involvedObject": {
            "apiVersion": BSLS.api_version,
            "kind": BSLS.kind,
            "name": meta["name"],
            "namespace": meta["namespace"],
            "uid": meta["uid"],
            "resourceVersion": meta["resourceVersion"],
        },
        "reason": item["reason"],
        "message": item["message"][:MAX_MESSAGE],
        "type": kind,
        "source": {"component": MANAGED_BY},
        "firstTimestamp": timestamp(now),
        "lastTimestamp": timestamp(now),
        "count": 1,
    }


async def announce(client: KubeClient, server: Json, changed: Iterable[Json], now: datetime) -> None:
    for event in events(server, changed, now):
        await client.create(EVENTS, server["metadata"]["namespace"], event)
