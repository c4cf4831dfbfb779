"""The catalogue of events: every type, its payload, and when it is published."""

from backend.events.catalogue import inputs, log, repository, server, session, snapshot
from backend.events.catalogue.base import ALL, EventType, Payload, Severity, type_of

__all__ = [
    "ALL",
    "EventType",
    "Payload",
    "Severity",
    "inputs",
    "log",
    "repository",
    "server",
    "session",
    "snapshot",
    "type_of",
]
