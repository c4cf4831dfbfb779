"""What aiohttp says of requests that it cannot even parse: without their text, which may hold a token."""

from __future__ import annotations

import logging

from aiohttp.http_exceptions import HttpProcessingError


class _WithoutText(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, HttpProcessingError):
            record.exc_info = None
            record.msg, record.args = "a request was malformed: %s", (type(error).__name__,)
            record.levelno, record.levelname = logging.INFO, "INFO"
        return True


def server_logger() -> logging.Logger:
    """For the parameter `logger` of `web.AppRunner`."""
    logger = logging.getLogger("backend.api.http.server")
    if not any(isinstance(one, _WithoutText) for one in logger.filters):
        logger.addFilter(_WithoutText())
    return logger
