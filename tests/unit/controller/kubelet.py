"""A log server like the `pods/log` of the Kubernetes API: runs of a container, rotation, and everything that breaks."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass, field
from datetime import UTC, datetime

from aiohttp import web
from aiohttp.test_utils import TestServer
from kubernetes_asyncio.client import Configuration

from backend.controller.log_batch import LogPod
from backend.kube.client import KubeClient

NAMESPACE, POD = "backup", "vms-kopia-0"
MADE = 1_795_424_400 * 10**9  # 2026-11-23T09:00:00Z, in nanoseconds
RESET = -1


def stamp(at: int) -> str:
    """As kubelet writes it: always nine digits."""
    return f"{datetime.fromtimestamp(at // 10**9, UTC):%Y-%m-%dT%H:%M:%S}.{at % 10**9:09d}Z"


@dataclass
class Run:
    """One run of the container; `lost`: lines that were rotated away."""

    began: int
    lines: list[tuple[int, bytes]] = field(default_factory=list)
    lost: int = 0
    ended: bool = False


class Kubelet:
    """One pod. `clock` is the time of the next line, in nanoseconds. `faults`: of the next answers, each an HTTP status
    or RESET. `cut`: how many bytes the next answers give before their connection breaks. `holds`: an answer that
    follows stays open until the run ends, else it ends where the log ends. `remark`: what is said after the log.
    """

    def __init__(self, seed: int = 0) -> None:
        self.chance = random.Random(seed)
        self.clock = MADE
        self.uid = "uid-1"
        self.there = True
        self.holds = False
        self.faults: list[int] = []
        self.cut: list[int] = []
        self.requests = 0
        self.remark = b""
        self.runs = [Run(self.clock)]
        self._following: Run | None = None
        self._news = asyncio.Condition()

    # --- what happens at the node ------------------------------------------------------------------------------------

    def write(self, *lines: bytes, step: int = 1_000_000) -> None:
        for line in lines:
            self.runs[-1].lines.append((self.clock, line))
            self.clock += step

    def end(self) -> None:
        self.runs[-1].ended = True

    def restart(self) -> None:
        self.end()
        self.clock = self.latest + 10**9
        self.runs.append(Run(self.clock))

    @property
    def latest(self) -> int:
        return max((at for run in self.runs for at, _ in run.lines), default=self.clock)

    def replace(self, uid: str) -> None:
        """Another pod of that name."""
        self.uid, self.clock = uid, self.clock + 10**9
        self.runs = [Run(self.clock)]

    async def tell(self) -> None:
        """Whoever follows gets what is new."""
        async with self._news:
            self._news.notify_all()

    async def followed(self) -> None:
        """Until somebody has read all there is and waits for more."""
        async with self._news, asyncio.timeout(20):
            await self._news.wait_for(lambda: self._following is self.runs[-1])

    def status(self) -> LogPod:
        restarts = len(self.runs) - 1
        since = self.runs[0].began if restarts > 1 else self.runs[-1].began
        return LogPod(NAMESPACE, POD, self.uid, restarts, self.runs[-1].ended, stamp(since), stamp(self.runs[-1].began))

    # --- what the API gives ------------------------------------------------------------------------------------------

    async def __aenter__(self) -> Kubelet:
        app = web.Application()
        app.router.add_get(f"/api/v1/namespaces/{NAMESPACE}/pods/{POD}/log", self._log)
        self._server = TestServer(app)
        await self._server.start_server()
        configuration = Configuration(host=str(self._server.make_url("")).rstrip("/"))
        configuration.connection_pool_maxsize = 0
        self.client = KubeClient(configuration)
        return self

    async def __aexit__(self, *_exc: object) -> None:
        await self.client.close()
        await self._server.close()

    async def _log(self, request: web.Request) -> web.StreamResponse:
        self.requests += 1
        assert request.query["container"] == "kopia"
        assert request.query["timestamps"] == "true"
        if refused := self._refusal(request):
            return refused
        run = self.runs[-2] if request.query.get("previous") else self.runs[-1]
        since = request.query.get("sinceTime")
        least = int(datetime.fromisoformat(since).timestamp()) * 10**9 if since else 0
        response = web.StreamResponse()
        response.enable_chunked_encoding()
        await response.prepare(request)
        left = self.cut.pop(0) if self.cut else None
        sent = run.lost
        while True:
            news = run.lines[max(sent, run.lost) :]
            sent = len(run.lines)
            data = b"".join(b"%b %b\n" % (stamp(at).encode(), line) for at, line in news if at >= least)
            if left is not None and len(data) >= left:
                await self._send(response, data[:left])
                assert request.transport is not None
                request.transport.abort()
                return response
            left = left - len(data) if left is not None else None
            await self._send(response, data)
            if not (self.holds and request.query.get("follow")) or run.ended:
                await self._send(response, self.remark)
                return response
            async with self._news:
                self._following = run
                self._news.notify_all()
                await self._news.wait_for(lambda sent=sent: len(run.lines) > sent or run.ended)  # type: ignore[misc]

    async def _send(self, response: web.StreamResponse, data: bytes) -> None:
        """In chunks of any size, which end anywhere."""
        while data:
            size = self.chance.choice((1, 7, 60, 300, 4096, 1 << 17))
            await response.write(data[:size])
            data = data[size:]

    def _refusal(self, request: web.Request) -> web.Response | None:
        fault = self.faults.pop(0) if self.faults else 0
        if fault == RESET:
            assert request.transport is not None
            request.transport.abort()
            return web.Response()
        if not fault and not self.there:
            fault = 404
        if not fault and request.query.get("previous") and len(self.runs) < 2:
            fault = 400
        return web.json_response({"kind": "Status", "reason": "x", "message": "y"}, status=fault) if fault else None
