"""Clients of the real Redis, as the tests of the events have them."""

from tests.events.conftest import any_redis, client, single

__all__ = ["any_redis", "client", "single"]
