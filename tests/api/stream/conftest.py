"""Clients of the real Redis, as the tests of the events have them."""

from tests.events.conftest import single

__all__ = ["single"]
