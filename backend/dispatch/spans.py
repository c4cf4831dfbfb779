"""A span for each try to deliver an event, in the event's own trace; at most so many a second.

It names the sink by scheme, host and port only: its path may be a secret.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from backend.dispatch.settings import Subscription
from backend.dispatch.verdict import Outcome, Verdict
from backend.events.envelope import trace_of
from backend.telemetry import catalogue
from backend.telemetry.instruments import counter
from backend.telemetry.rate import Rate
from backend.telemetry.spans import NOTHING, Ref, Step, by_digest, parsed, story, telling

A_SECOND: Final = 100
_RATE = Rate(A_SECOND)
_DROPPED = counter(catalogue.TELEMETRY_DROPPED)
_OF_WORK: Final = {"server", "storage", "repository", "users", "acl", "policy", "tls"}
"""Nouns of events that may be of the trace of a change; all others have ids that are made of what they tell."""


@contextmanager
def attempt(subscription: Subscription, server: str, event: Mapping[str, Any], failed: int) -> Iterator[Step]:
    """A try to deliver an event of a server (`<namespace>/<name>`) after so many that failed."""
    parent = parsed(str(event.get("traceparent") or "")) if telling() else None
    if parent is None or not _wanted(event, parent):
        yield NOTHING
        return
    if not _RATE.take():
        _DROPPED.add(1, "traces", "rate")
        yield NOTHING
        return
    attributes = _attributes(subscription, server, event)
    if failed:
        attributes["http.request.resend_count"] = failed
    with story("POST", parent=parent, client=True, attributes=attributes) as made:
        yield made


def conclude(made: Step, verdict: Verdict) -> None:
    """What the try came to."""
    if verdict.status:
        made.note(http__response__status_code=verdict.status)
    if verdict.outcome is not Outcome.DELIVERED:
        made.note(error__type=str(verdict.status or verdict.error or "_OTHER"))
        made.fail(verdict.reason)


def _attributes(subscription: Subscription, server: str, event: Mapping[str, Any]) -> dict[str, str | int]:
    url = subscription.url
    namespace, _, name = server.partition("/")
    return {
        "http.request.method": "POST",
        "url.scheme": url.scheme,
        "server.address": url.host or "",
        "server.port": url.port or 0,
        "cloudevents.event_id": str(event.get("id", "")),
        "cloudevents.event_type": str(event.get("type", "")),
        "bsls.subscription": subscription.name,
        "bsls.namespace": namespace,
        "bsls.server": name,
    }


def _wanted(event: Mapping[str, Any], parent: Ref) -> bool:
    """Every event says that its trace is sampled: of those with made ids, that was decided by their digest."""
    noun = (str(event.get("type", "")).split(".")[-3:] or [""])[0]
    of_itself = trace_of(f"{event.get('source')} {event.get('id')}").trace_id == parent.trace_id
    if noun in _OF_WORK and not of_itself:
        return parent.sampled
    return parent.sampled and by_digest(parent.trace_id)
