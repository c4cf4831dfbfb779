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
    redis_url: str = Field(default="", repr=False, description="Where events go; without it none are published.")
    redis_username: str | None = None
    redis_ca_file: str | None = None
    stream_length: int = Field(default=10_000, ge=1, description="Events of a server that are kept at least.")
    stream_limit: int = Field(default=100_000, ge=1, description="And at most, read or not.")
    firehose_length: int = Field(default=100_000, ge=1, description="Batches of the stream of all servers, likewise.")
    kopia_otlp_endpoint: str = Field(default="", description="Where Kopia's own spans go, by gRPC; none without it.")
    tenant_series: int = Field(default=0, ge=0, description="Tenants that have a metric of their own, at most.")
    firehose_limit: int = Field(default=500_000, ge=1)
