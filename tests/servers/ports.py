"""Free TCP ports, and waiting for one to be served."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable
from itertools import cycle

_FIRST, _LAST = 12000, 22000
_START = (int(time.time() * 1000) + os.getpid() * 101) % (_LAST - _FIRST)  # processes begin at different ones
_candidates = cycle([*range(_FIRST + _START, _LAST), *range(_FIRST, _FIRST + _START)])


def free_ports(count: int) -> list[int]:
    """Ports nobody listens on now, and others than before. A server may add 10000 for its gRPC port: that, too, is
    below those that Linux gives to outgoing connections (from 32768 on), one of which could have it when the server
    starts again.
    """
    found: list[int] = []
    while len(found) < count:
        candidate = next(_candidates)
        if all(_is_free(port) for port in (candidate, candidate + 10000)):
            found.append(candidate)
    return found


def _is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("0.0.0.0", port))
        except OSError:
            return False
        return True


def wait_until(true: Callable[[], bool], what: str, timeout: float = 30) -> None:
    deadline = time.monotonic() + timeout
    while not true():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what} did not happen within {timeout:.0f} s")
        time.sleep(0.05)


def listens(host: str, port: int) -> bool:
    try:
        with socket.create_connection((host, port), 0.5):
            return True
    except OSError:
        return False
