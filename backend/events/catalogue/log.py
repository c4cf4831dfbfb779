"""Events of the log that no other event tells, and of the event path itself."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from backend.events.catalogue.base import MAX_NAMES, Count, Payload, Severity, Text, Time, event


@event("log.reported", severity=Severity.WARNING,
       example={"level": "error", "logger": "kopia/server", "message": "unable to write to cache: no space left",
                "suppressed": 3})  # fmt: skip
class LogReported(Payload):
    """The Kopia server logged a warning or an error that no other event stands for. At most ten a minute; others are
    counted. What may be a secret is left out.
    """

    level: Literal["warning", "error"]
    logger: str
    message: Text
    suppressed: Count = Field(default=0, description="Like ones that were left out before this one.")


@event("stream.gap", severity=Severity.ERROR,
       example={"from": "2026-11-23T09:42:19.766969123Z", "to": "2026-11-23T10:01:00.000000001Z",
                "reason": "the log was rotated before it was read"})  # fmt: skip
class StreamGap(Payload):
    """Log lines of this time could not be read any more; events of sessions and maintenance may be missing. Events of
    snapshots and conditions are not concerned.
    """

    from_: Time | None = Field(default=None, alias="from", description="Absent where nothing was read before.")
    to: Time | None = Field(default=None, description="The first line that was read again.")
    reason: Text


@event("stream.trimmed", severity=Severity.ERROR,
       example={"firstId": "1763890939766-0", "lastId": "1763890940001-5", "groups": ["siem"]})  # fmt: skip
class StreamTrimmed(Payload):
    """Events that a consumer group had not acknowledged were removed, as the stream reached its hard limit."""

    first_id: str
    last_id: str
    groups: Annotated[tuple[str, ...], Field(max_length=MAX_NAMES)]
