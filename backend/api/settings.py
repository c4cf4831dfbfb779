"""The API's own settings, from the flags of `bsls api` and the environment of its pod."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, model_validator

TRACE_ID = "{traceId}"
"""Where a trace's id stands in the address of a viewer."""


class ApiSettings(BaseModel):
    """`certificate` and `key` are PEM files; without them it speaks plain HTTP, and to this machine only."""

    model_config = ConfigDict(frozen=True)

    host: str = Field(default="127.0.0.1", description="`*` for all addresses.")
    port: int = Field(default=8443, ge=0, le=65535, description="0 takes a free one.")
    certificate: Path | None = None
    key: Path | None = None
    rate: float = Field(default=50.0, gt=0, description="Requests a second of each user.")
    burst: int = Field(default=200, ge=1, description="Requests of a user at once.")
    streams: int = Field(default=50, ge=0, description="Open streams of each user.")
    ui: Path | None = Field(default=None, description="The built page and plugin; without it, neither is served.")
    session_key: Path | None = Field(default=None, description="Seals log-ins; without it, a key of this process.")
    trace_url: str | None = Field(default=None, description="Of a trace in the cluster's viewer, with {traceId} in it.")

    @model_validator(mode="after")
    def _safe(self) -> ApiSettings:
        if (self.certificate is None) != (self.key is None):
            raise ValueError("give both a certificate and its key, or neither")
        if self.certificate is None and self.host not in {"127.0.0.1", "::1", "localhost"}:
            raise ValueError("bearer tokens need TLS: give a certificate and its key, or listen on 127.0.0.1")
        if self.trace_url is not None and not is_trace_url(self.trace_url):
            raise ValueError("the address of traces begins with https:// or http:// and has {traceId} in it")
        return self


def is_trace_url(text: str) -> bool:
    return text.startswith(("https://", "http://")) and TRACE_ID in text
