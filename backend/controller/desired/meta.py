"""Metadata shared by every object that belongs to a server."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

from backend.controller.names import APPLIED_HASH
from backend.controller.observe import Observed
from backend.kube.resources import BSLS

Json = dict[str, Any]


def metadata(observed: Observed, name: str, annotations: dict[str, str] | None = None) -> Json:
    """Labelled, and owned by the server: deleting it lets the garbage collector remove everything."""
    meta: Json = {
        "name": name,
        "namespace": observed.names.namespace,
        "labels": observed.names.labels,
        "ownerReferences": [
            {
                "apiVersion": BSLS.api_version,
                "kind": BSLS.kind,
                "name": observed.names.name,
                "uid": observed.uid,
                "controller": True,
                "blockOwnerDeletion": True,
            }
        ],
    }
    if annotations:
        meta["annotations"] = annotations
    return meta


def stamped(item: Json) -> Json:
    """With a hash of what is asked for, so that something asked for no longer is seen as a difference."""
    meta = item["metadata"]
    text = json.dumps([item["spec"], meta.get("annotations") or {}], sort_keys=True)
    annotations = {**(meta.get("annotations") or {}), APPLIED_HASH: hashlib.sha256(text.encode()).hexdigest()[:32]}
    return {**item, "metadata": {**meta, "annotations": annotations}}


def secret(observed: Observed, name: str, data: dict[str, bytes], kind: str = "Opaque") -> Json:
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": metadata(observed, name),
        "type": kind,
        "data": {key: base64.b64encode(value).decode() for key, value in data.items()},
    }
