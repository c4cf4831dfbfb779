"""A real Prometheus, of Debian, that scrapes what it is told to."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
import time
import urllib.parse
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import yaml

from tests.servers.ports import free_ports

Series = dict[str, Any]


class Prometheus:
    """Scrapes each port of this machine every second, as the job of that name, and what `discovered` finds.

    `pod`: process id and address of a pod, whose network it uses: then NetworkPolicies hold for it.
    """

    def __init__(
        self,
        jobs: dict[str, int],
        rules: str = "",
        discovered: Sequence[Series] = (),
        pod: tuple[int, str] | None = None,
    ) -> None:
        (self.port,) = free_ports(1)
        self._address = pod[1] if pod else "127.0.0.1"
        self._within = ["nsenter", "-t", str(pod[0]), "-n"] if pod else []
        self._dir = Path(tempfile.mkdtemp(prefix="bsls-prometheus-"))
        config = {
            "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"},
            "scrape_configs": [
                {"job_name": name, "static_configs": [{"targets": [f"127.0.0.1:{port}"]}]}
                for name, port in jobs.items()
            ]
            + list(discovered),
        }
        if rules:
            (self._dir / "rules.yaml").write_text(rules)
            config["rule_files"] = ["rules.yaml"]
        (self._dir / "prometheus.yaml").write_text(yaml.safe_dump(config))

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [
                *self._within,
                "prometheus",
                f"--config.file={self._dir / 'prometheus.yaml'}",
                f"--storage.tsdb.path={self._dir / 'data'}",
                f"--web.listen-address={self._address}:{self.port}",
                "--log.level=error",
            ]
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait()
        shutil.rmtree(self._dir)

    @property
    def url(self) -> str:
        return f"http://{self._address}:{self.port}"

    def graphs(self, *expressions: str, span: str) -> str:
        """The page with a graph of each, of the last `span` (as `5m`)."""
        fields = [(f"g{at}.{name}", value) for at, expression in enumerate(expressions)
                  for name, value in (("expr", expression), ("tab", "0"), ("range_input", span))]  # fmt: skip
        return f"{self.url}/graph?{urllib.parse.urlencode(fields)}"

    def query(self, expression: str) -> list[Series]:
        """The instant vector as it is now; empty also while it is starting."""
        url = f"{self.url}/api/v1/query?{urllib.parse.urlencode({'query': expression})}"
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                found: list[Series] = json.load(answer)["data"]["result"]
                return found
        except OSError:
            assert self._process.poll() is None, "Prometheus ended"
            return []

    def wait(self, expression: str, seconds: float = 30) -> list[Series]:
        """Until it is not empty."""
        deadline = time.monotonic() + seconds
        while not (found := self.query(expression)):
            assert time.monotonic() < deadline, f"no {expression} within {seconds} s"
            time.sleep(0.1)
        return found
