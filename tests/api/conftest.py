"""The real Redis of tests/events: single, behind Sentinel, and a cluster."""

from tests.events.conftest import any_redis, client, single

__all__ = ["any_redis", "client", "single"]
