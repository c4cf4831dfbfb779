"""The receiver of recipes/receiver as a child process: the cloudevents SDK for Go validates what it takes."""

from __future__ import annotations

import contextlib
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.cluster.cache import tied


class GoReceiver:
    def __init__(self, address: str, log: Path) -> None:
        self.url = f"http://{address}/events"
        self._log = log

    def taken(self) -> list[dict[str, Any]]:
        """`mode` and `event` of each, or `error`."""
        lines = self._log.read_text().split("\n")[1:-1]  # the address, and what is not complete
        return [json.loads(line) for line in lines]


@contextlib.contextmanager
def go_receiver(binary: Path, log: Path, address: str = "127.0.0.1:0") -> Iterator[GoReceiver]:
    with log.open("wb") as output:
        child = subprocess.Popen(
            tied([str(binary), address]), stdout=output, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL
        )
    try:
        while "\n" not in log.read_text():
            assert child.poll() is None, log.read_text()
        yield GoReceiver(log.read_text().split("\n")[0], log)
    finally:
        child.kill()
        child.wait()
