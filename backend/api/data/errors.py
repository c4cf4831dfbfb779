"""Why a question has no answer; each message is one sentence for the caller."""

from __future__ import annotations

RETRY_AFTER_S = 2


class DataError(Exception):
    """The message says what to do."""


class DataUnavailable(DataError):
    """Redis or the apiserver is away, or what they hold is not read yet: ask again after `retry_after_s` seconds."""

    def __init__(self, message: str, retry_after_s: int = RETRY_AFTER_S) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class NotThere(DataError):
    """There is no such thing, or the caller may not know that there is."""


class NotReady(DataError):
    """It exists, but the server has not got so far."""


class InvalidQuery(DataError, ValueError):
    """The caller asked for something that makes no sense."""
