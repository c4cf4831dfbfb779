"""The controller's own settings, from the environment of its pod and the flags of `bsls controller`."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class Settings(BaseModel):
    """Defaults fit one machine; every value can be set by a flag of `bsls controller`."""

    model_config = ConfigDict(frozen=True)

    image: str = Field(description="Image of the Kopia pods; by default the controller's own.")
    image_pull_policy: str = "IfNotPresent"
    controller_namespace: str = Field(description="Namespace of the controller's pod, for the NetworkPolicy.")
    controller_labels: dict[str, str] = {"app.kubernetes.io/name": "bsls-controller"}
    workers: int = 8
    drain_timeout_s: float = Field(default=600.0, description="How long a restart waits for running sessions.")
    probe_interval_s: float = Field(default=15.0, description="Seconds between two probes of a server's storage.")
    content_cache_mb: int = 2000
    metadata_cache_mb: int = 1000
