"""Typed errors of the Kubernetes API."""

from __future__ import annotations

from typing import Any


class KubeError(Exception):
    """An answer of the apiserver that is not a success, or no answer at all (status 0).

    Attributes: `status` HTTP code, `reason` the apiserver's CamelCase reason, `message` its sentence.
    """

    def __init__(self, status: int, reason: str, message: str) -> None:
        super().__init__(f"{status} {reason}: {message}")
        self.status = status
        self.reason = reason
        self.message = message


class NotFoundError(KubeError):
    """404: the object, or its kind, does not exist."""


class ConflictError(KubeError):
    """409: it exists already, or somebody wrote it in between."""


class ForbiddenError(KubeError):
    """403: RBAC, admission or a quota refuses."""


class GoneError(KubeError):
    """410: the resourceVersion is too old; list again."""


_TYPES: dict[int, type[KubeError]] = {403: ForbiddenError, 404: NotFoundError, 409: ConflictError, 410: GoneError}


def error_from_status(code: int, body: dict[str, Any]) -> KubeError:
    """Build the typed error of a `metav1.Status` body."""
    reason = str(body.get("reason") or "Unknown")
    message = str(body.get("message") or "the apiserver gave no message")
    return _TYPES.get(code, KubeError)(code, reason, message)
