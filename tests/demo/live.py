"""The stream of events, printed while things happen, and remembered to be asked for."""

from __future__ import annotations

import subprocess
import threading
import time
from pathlib import Path

from tests.cluster.binaries import binary
from tests.cluster.cache import cache_dir, tied

LIMIT_S = 60.0


class LiveEvents:
    """`bsls events --follow` in the controller's pod, of one namespace; ends with the `with` block."""

    def __init__(self, kubeconfig: Path, namespace: str) -> None:
        kubectl = [str(binary("kubectl")), f"--kubeconfig={kubeconfig}", f"--cache-dir={cache_dir() / 'kubectl'}"]
        pod = ["exec", "-n", "bsls-system", "deployment/bsls-controller", "--"]
        self._command = [*kubectl, *pod, "bsls", "events", "--follow", "--tail=all", "--namespace", namespace]
        self._lines: list[str] = []
        self._more = threading.Condition()

    def __enter__(self) -> LiveEvents:
        self._process = subprocess.Popen(
            tied(self._command), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        self._thread = threading.Thread(target=self._print, name="live events", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        self._process.kill()
        self._process.wait()
        self._thread.join()

    def _print(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as lines:
            for line in lines:
                print(f"    | {line.rstrip()}", flush=True)
                with self._more:
                    self._lines.append(line)
                    self._more.notify_all()

    def wait_for(self, *words: str) -> str:
        """The first event whose line has all of these words."""
        deadline = time.monotonic() + LIMIT_S
        with self._more:
            while True:
                found = next((line for line in self._lines if all(word in line for word in words)), None)
                if found is not None:
                    return found.strip()
                if self._process.poll() is not None:
                    raise AssertionError(f"bsls events ended: {''.join(self._lines[-3:])}")
                left = deadline - time.monotonic()
                if left <= 0:
                    raise AssertionError(f"no event within {LIMIT_S:.0f} s with the words {', '.join(words)}")
                self._more.wait(min(left, 1.0))
