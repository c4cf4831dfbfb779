"""What kubelet holds of a container's log, and what comes: streams of whole lines, each with its timestamp."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime

from backend.controller.log_batch import CONTAINER, LogPod
from backend.controller.log_place import last_stamp, stamped
from backend.kube.client import KubeClient
from backend.kube.errors import KubeError

Hints = Callable[[bytes], None]


class LogSource:
    """Of one server. `hints` gets every line as it comes, some more than once. Raises KubeError."""

    def __init__(self, client: KubeClient, hints: Hints) -> None:
        self._client = client
        self._hints = hints
        self._hinted = b""

    async def held(self, pod: LogPod, *, previous: bool = False, since: datetime | None = None) -> AsyncIterator[bytes]:
        """What kubelet holds now; nothing where there is no such run."""
        try:
            async with self.stream(pod, follow=False, previous=previous, since=since) as chunks:
                async for chunk in chunks:
                    yield chunk
        except KubeError as error:
            if error.status != 400:
                raise

    @asynccontextmanager
    async def stream(
        self, pod: LogPod, *, follow: bool = True, previous: bool = False, since: datetime | None = None
    ) -> AsyncIterator[AsyncIterator[bytes]]:
        async with self._client.log_chunks(
            pod.namespace, pod.name, CONTAINER, follow=follow, previous=previous, since=since
        ) as chunks:
            yield self._hinting(chunks)

    async def _hinting(self, chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        async for chunk in chunks:
            last, lines = last_stamp(chunk), chunk
            if not last:
                lines = stamped(chunk)
                last = last_stamp(lines)
            if last > self._hinted:
                self._hinted = last
                self._hints(lines)
            if lines:
                yield lines
