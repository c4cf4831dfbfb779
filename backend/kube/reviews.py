"""Asking the apiserver who a token belongs to, and what somebody may do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from backend.kube.client import KubeClient
from backend.kube.resources import SUBJECT_ACCESS_REVIEWS, TOKEN_REVIEWS, Resource

Json = dict[str, Any]


async def review_token(client: KubeClient, token: str) -> Json | None:
    """The token's user (`username`, `uid`, `groups`, `extra`); None: it is not valid. Raises `KubeError`."""
    status = await _review(client, TOKEN_REVIEWS, {"token": token})
    user: Json = status.get("user") or {}
    return user if status.get("authenticated") is True and user.get("username") else None


async def review_access(client: KubeClient, user: Mapping[str, Any], attributes: Mapping[str, str]) -> bool:
    """Whether `user` (`user`, `uid`, `groups`, `extra`) may do it. `attributes`: `verb`, `group`, `resource`,
    `subresource`, `namespace`, `name`. Raises `KubeError`.
    """
    status = await _review(client, SUBJECT_ACCESS_REVIEWS, {**user, "resourceAttributes": dict(attributes)})
    return status.get("allowed") is True and status.get("denied") is not True


async def _review(client: KubeClient, resource: Resource, spec: Json) -> Json:
    body = {"apiVersion": resource.api_version, "kind": resource.kind, "spec": spec}
    answer = await client.create(resource, None, body)
    status: Json = answer.get("status") or {}
    return status
