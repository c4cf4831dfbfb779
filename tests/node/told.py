"""What Redis was told of a server, and what it must have been told: computed anew from the log, by other means."""

from __future__ import annotations

import json
import re
import time
from collections import Counter
from collections.abc import Iterable
from typing import Any

from tests.node.conftest import Site

Json = dict[str, Any]
_SESSION = re.compile(
    r'(\S+) \{"l":"INFO",.*"m":"(starting session|session ended) for user \\"([^\\]+)\\" from (\S+)"\}'
)
_HANDSHAKE = re.compile(r"\S+ \S+ \S+ http: TLS handshake error from \S+: (?!EOF$)")
_READ = 'REDISCLI_AUTH=$PASSWORD redis-cli --raw "$@"'


def redis(product: Site, *command: str) -> str:
    """What redis-cli prints, in the Redis pod."""
    pod = ("-n", "bsls-system", "deployment/bsls-redis")
    return product.kubectl("exec", *pod, "--", "sh", "-c", _READ, "sh", *command, timeout=60)


class Told:
    """Of the server `name` in the namespace `name`; sessions of these users."""

    def __init__(self, product: Site, name: str, users: Iterable[str]) -> None:
        self._product = product
        self._name = name
        self._key = f"bsls:{{{name}/{name}}}"
        self._users = set(users)

    def events(self) -> list[Json]:
        told = redis(self._product, "XRANGE", f"{self._key}:events", "-", "+")
        return [json.loads(line) for line in told.splitlines() if line.startswith("{")]

    def relayed(self) -> list[Json]:
        """The server's events in the stream of all servers."""
        told = redis(self._product, "XRANGE", "bsls:events", "-", "+")
        batches = [json.loads(line) for line in told.splitlines() if line.startswith("[{")]
        return [event for batch in batches for event in batch if f"/namespaces/{self._name}/" in event["source"]]

    def log(self, *flags: str) -> list[str]:
        pod = self._product.pod(self._name)["metadata"]["name"]
        command = ("logs", "-n", self._name, pod, "-c", "kopia", "--timestamps", *flags)
        return self._product.kubectl(*command, timeout=60).splitlines()

    def must(self, lines: list[str]) -> list[tuple[str, str]]:
        """Id and type of the events that the session lines of the users must have become."""
        uid = self._product.pod(self._name)["metadata"]["uid"]
        made: list[tuple[str, str]] = []
        streams: Counter[tuple[str, str]] = Counter()
        moments: Counter[str] = Counter()
        for line in lines:
            moment = line.partition(" ")[0]
            moments[moment] += 1
            found = _SESSION.fullmatch(line)
            if found is None or found[3] not in self._users:
                continue
            name = f"{uid}.{moment}" + (f".{moments[moment]}" if moments[moment] > 1 else "")
            started = found[2] == "starting session"
            streams[found[3], found[4]] += 1 if started else -1
            if streams[found[3], found[4]] == int(started):
                made.append((name, "started" if started else "ended"))
        return made

    def sessions(self, found: list[Json]) -> list[tuple[str, str]]:
        """Id and type of the events of the users' sessions."""
        return [
            (event["id"], event["type"].split(".")[-2])
            for event in found
            if ".session.started." in event["type"] or ".session.ended." in event["type"]
            if event["subject"] in self._users
        ]

    def handshakes(self, found: list[Json]) -> int:
        """All that were told, with those that an event counts, and those that the next event will count."""
        told = [event["data"].get("suppressed", 0) + 1 for event in found if ".tls.handshake-failed." in event["type"]]
        cursor = json.loads(redis(self._product, "HGET", f"{self._key}:meta", "cursor") or "{}")
        return sum(told) + (cursor.get("limits", {}).get("tls") or [0, 0, 0])[2]

    def settled(self, timeout: float = 90) -> tuple[list[Json], list[str]]:
        """Events and log lines when all that was logged is told, exactly so."""
        deadline = time.monotonic() + timeout
        while True:
            lines, found = self.log(), self.events()
            wanted, handshakes = self.must(lines), failed_handshakes(lines)
            if self.sessions(found) == wanted and self.handshakes(found) == handshakes:
                return found, lines
            if time.monotonic() > deadline:
                assert self.sessions(found) == wanted
                assert self.handshakes(found) == handshakes
            time.sleep(1)

    def all_relayed(self) -> None:
        """Until the stream of all servers has the same events of this one."""
        deadline = time.monotonic() + 30
        while self.relayed() != self.events():
            assert time.monotonic() < deadline, "the stream of all servers is another one"
            time.sleep(1)


def failed_handshakes(lines: list[str]) -> int:
    return sum(_HANDSHAKE.match(line) is not None for line in lines)
