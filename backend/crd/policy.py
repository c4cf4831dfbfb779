"""The global policy of a repository, as far as an admin wants it managed: fields left out are left alone."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field

from backend.crd.drift import DriftPolicy
from backend.crd.kubernetes import KubernetesModel


def _keep(what: str) -> Any:
    return Field(default=None, ge=0, le=10000, description=f"{what} to keep.", json_schema_extra={"format": "int32"})


class RetentionPolicy(KubernetesModel):
    """Which snapshots of a path are kept; the others are deleted when the next one is made."""

    keep_latest: int | None = _keep("Number of latest snapshots")
    keep_hourly: int | None = _keep("Number of hourly snapshots")
    keep_daily: int | None = _keep("Number of daily snapshots")
    keep_weekly: int | None = _keep("Number of weekly snapshots")
    keep_monthly: int | None = _keep("Number of monthly snapshots")
    keep_annual: int | None = _keep("Number of annual snapshots")


class Compressor(StrEnum):
    """Those that Kopia 0.21 to 0.23 know and do not advise against."""

    NONE = "none"
    ZSTD = "zstd"
    ZSTD_FASTEST = "zstd-fastest"
    ZSTD_BETTER = "zstd-better-compression"
    S2 = "s2-default"
    S2_BETTER = "s2-better"
    S2_PARALLEL_4 = "s2-parallel-4"
    S2_PARALLEL_8 = "s2-parallel-8"
    GZIP = "gzip"
    GZIP_BEST_SPEED = "gzip-best-speed"
    GZIP_BEST = "gzip-best-compression"
    PGZIP = "pgzip"
    PGZIP_BEST_SPEED = "pgzip-best-speed"
    PGZIP_BEST = "pgzip-best-compression"
    DEFLATE_BEST_SPEED = "deflate-best-speed"
    DEFLATE = "deflate-default"
    DEFLATE_BEST = "deflate-best-compression"


class CompressionPolicy(KubernetesModel):
    """How clients compress what they back up."""

    compressor: Compressor | None = Field(default=None, description="Name of the algorithm, as Kopia calls it.")


IgnoreRule = Annotated[str, Field(min_length=1, max_length=1024)]


class FilesPolicy(KubernetesModel):
    """Which files are not backed up."""

    ignore: tuple[IgnoreRule, ...] | None = Field(
        default=None, max_length=256, description="Rules for files to leave out, in the form of a .gitignore."
    )


class PolicySpec(KubernetesModel):
    """Kopia's global policy. A tenant may set a policy of their own for their own paths, unless append-only."""

    retention: RetentionPolicy | None = Field(default=None, description="Which snapshots are kept.")
    compression: CompressionPolicy | None = Field(default=None, description="How files are compressed.")
    files: FilesPolicy | None = Field(default=None, description="Which files are left out.")
    drift_policy: DriftPolicy = Field(
        default=DriftPolicy.REPAIR,
        description="What to do when somebody else changed one of these fields: Repair sets it back, Report only "
        "says so.",
    )
