"""Where Redis is, for commands that read it: from flags, the environment and files; no secret in an argument."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from backend.events.connection import Client, connect
from backend.events.url import parse

ENVIRONMENT = "BSLS_REDIS_URL"


class InvalidOption(ValueError):
    """The text says what to correct."""


def configure(parser: argparse.ArgumentParser) -> None:
    env = os.environ
    group = parser.add_argument_group("Redis")
    group.add_argument(
        "--redis-url",
        metavar="URL",
        help="redis://, rediss://, unix://, redis+sentinel://, redis+cluster://, without a password [$BSLS_REDIS_URL]",
    )
    group.add_argument("--redis-username", metavar="NAME", default=env.get("BSLS_REDIS_USERNAME"),
                       help="ACL user [$BSLS_REDIS_USERNAME]")  # fmt: skip
    group.add_argument(
        "--redis-password-file", metavar="FILE", help="its first line; without it $BSLS_REDIS_PASSWORD is used"
    )
    group.add_argument("--redis-ca-file", metavar="FILE", default=env.get("BSLS_REDIS_CA_FILE"),
                       help="CA of a rediss:// URL [$BSLS_REDIS_CA_FILE]")  # fmt: skip


def client(options: argparse.Namespace) -> Client:
    """Not connected yet. Raises InvalidOption."""
    try:
        url = options.redis_url or os.environ.get(ENVIRONMENT)
        if not url:
            raise InvalidOption(f"set --redis-url or ${ENVIRONMENT} to the Redis that holds the events")
        if parse(url).password and options.redis_url:
            raise InvalidOption(
                "--redis-url holds a password, which everybody on this machine can read: "
                f"use $BSLS_REDIS_PASSWORD, --redis-password-file or ${ENVIRONMENT}"
            )
        return connect(
            url,
            username=options.redis_username,
            password=_line(options.redis_password_file),
            ca_file=_readable(options.redis_ca_file),
        )
    except OSError as error:
        raise InvalidOption(f"{error.filename}: {error.strerror}") from None
    except InvalidOption:
        raise
    except ValueError as error:
        raise InvalidOption(str(error)) from None


def _line(path: str | None) -> str | None:
    if not path:
        return None
    lines = Path(path).read_text(encoding="utf-8").splitlines()
    if not lines or not lines[0]:
        raise InvalidOption(f"{path}: the first line has to be the password")
    return lines[0]


def _readable(path: str | None) -> str | None:
    if path:
        Path(path).read_bytes()
    return path
