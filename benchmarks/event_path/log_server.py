"""The `pods/log` of the Kubernetes API for files and for live logs, in a process of its own.

python -m benchmarks.event_path.log_server DIRECTORY             serves DIRECTORY/<pod>.log
python -m benchmarks.event_path.log_server DIRECTORY RATE SECONDS  each pod writes RATE lines a second, for SECONDS

Prints its port. Of a file there is the first line; the others are there, and given to who follows, after SIGUSR1.
Live lines begin when the last of the pods is followed, and carry the time of their writing.
"""

from __future__ import annotations

import asyncio
import signal
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

CHUNK = 64 << 10
NO_RUN_BEFORE = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n"
_SESSION = '{"l":"INFO","t":"%s","n":"kopia/server","m":"%s for user \\"alice@vm-1\\" from 10.128.0.9:%d"}'


class LogServer:
    def __init__(self, directory: Path, rate: float, seconds: float) -> None:
        self._directory = directory
        self._rate, self._seconds = rate, seconds
        self._pods = sorted(directory.glob("*.log"))
        self._followed = 0
        self._all = asyncio.Event()
        self.released = asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                path, _, query = head.split(" ", 2)[1].partition("?")
                pod = path.split("/")[-2]
                if "previous=true" in query:
                    writer.write(NO_RUN_BEFORE)
                    continue
                writer.write(HEAD)
                follow = "follow=true" in query
                if self._rate and follow:
                    await self._live(writer, self._pods.index(self._directory / f"{pod}.log"))
                elif not self._rate:
                    await self._send(writer, self._directory / f"{pod}.log", follow=follow)
                if follow:
                    await asyncio.Event().wait()
                writer.write(b"0\r\n\r\n")
        except (asyncio.IncompleteReadError, ConnectionError, RuntimeError):  # sendfile's, of a client that is gone
            writer.close()

    async def _send(self, writer: asyncio.StreamWriter, path: Path, *, follow: bool) -> None:
        loop = asyncio.get_running_loop()
        size = path.stat().st_size
        with path.open("rb") as file:
            start = len(file.readline())
            file.seek(0)
            writer.write(b"%x\r\n%b\r\n" % (start, file.read(start)))
            if not follow and not self.released.is_set():
                return
            await self.released.wait()
            while start < size and not writer.is_closing():
                count = min(CHUNK, size - start)
                writer.write(b"%x\r\n" % count)
                await loop.sendfile(writer.transport, file, start, count)
                writer.write(b"\r\n")
                await writer.drain()
                start += count

    async def _live(self, writer: asyncio.StreamWriter, number: int) -> None:
        self._followed += 1
        if self._followed == len(self._pods):
            self._all.set()
        await self._all.wait()
        count = int(self._rate * self._seconds)
        begin = time.monotonic() + 1 + number / len(self._pods) / self._rate
        for line in range(count):
            await asyncio.sleep(max(0.0, begin + line / self._rate - time.monotonic()))
            now = datetime.now(UTC)
            stamp = f"{now:%Y-%m-%dT%H:%M:%S}.{now.microsecond:06}000Z"
            what = "session ended" if line % 2 else "starting session"
            text = f"{stamp} {_SESSION % (stamp, what, 30000 + line // 2)}\n".encode()
            writer.write(b"%x\r\n%b\r\n" % (len(text), text))
            await writer.drain()


async def main() -> None:
    rate, seconds = (float(word) for word in sys.argv[2:]) if len(sys.argv) > 2 else (0.0, 0.0)
    logs = LogServer(Path(sys.argv[1]), rate, seconds)
    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, logs.released.set)
    server = await asyncio.start_server(logs.serve, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
