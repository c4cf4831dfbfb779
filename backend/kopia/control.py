"""Kopia's control API over HTTPS: status, refresh, sources, throttle, shutdown. Every call has a deadline."""

from __future__ import annotations

import base64
import ssl
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from types import TracebackType
from typing import Any, Self

import aiohttp

from backend.kopia.errors import AccessDenied, DeadlineExceeded, KopiaError, ServerUnavailable, VersionTooOld
from backend.kopia.tls import pin
from backend.kopia.version import ADVICE
from backend.telemetry.spans import step

CONTROL_USER = "server-control"
DEFAULT_DEADLINE = 10.0


@dataclass(frozen=True, slots=True)
class ThrottleLimits:
    """How fast the server may use its storage, all tenants together; 0: without a limit.

    Reads, writes and lists in requests a second (writes include deletions), upload and download in bytes a second,
    the concurrent ones in requests at a time.
    """

    reads_per_second: float = 0.0
    writes_per_second: float = 0.0
    lists_per_second: float = 0.0
    upload_bytes_per_second: float = 0.0
    download_bytes_per_second: float = 0.0
    concurrent_reads: int = 0
    concurrent_writes: int = 0


_THROTTLE_NAMES = {
    "reads_per_second": "readsPerSecond",
    "writes_per_second": "writesPerSecond",
    "lists_per_second": "listsPerSecond",
    "upload_bytes_per_second": "maxUploadSpeedBytesPerSecond",
    "download_bytes_per_second": "maxDownloadSpeedBytesPerSecond",
    "concurrent_reads": "concurrentReads",
    "concurrent_writes": "concurrentWrites",
}


class ControlClient:
    """Basic auth as the control user, pinned to one certificate.

    A refresh takes the server's lock: with its storage down the whole server hangs until the storage answers.
    Refresh only while the storage is known to be good.
    """

    def __init__(
        self,
        target: str,
        certificate: bytes,
        password: str,
        *,
        user: str = CONTROL_USER,
        deadline: float = DEFAULT_DEADLINE,
    ) -> None:
        pinned = pin(certificate)
        self._base = f"https://{target}/api/v1/control/"
        self._name = pinned.name
        self._ssl: ssl.SSLContext = pinned.ssl_context()
        self._deadline = deadline
        self._session = aiohttp.ClientSession(
            headers={"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()},
            connector=aiohttp.TCPConnector(ssl=self._ssl, limit=4),
            trust_env=False,
        )

    async def status(self, *, deadline: float | None = None) -> dict[str, Any]:
        """What the server says of itself; `connected` does not mean that the storage answers."""
        return await self._call("GET", "status", deadline)

    async def refresh(self, *, deadline: float | None = None) -> None:
        """Let users, ACLs and manifests written elsewhere take effect now; 200 does not promise success."""
        await self._call("POST", "refresh", deadline)

    async def flush(self, *, deadline: float | None = None) -> None:
        await self._call("POST", "flush", deadline)

    async def sources(self, *, deadline: float | None = None) -> list[dict[str, Any]]:
        """Every tenant's path with its last snapshot, as of the last refresh."""
        answer = await self._call("GET", "sources", deadline)
        found = answer.get("sources") or []
        if not isinstance(found, list):
            raise KopiaError("control/sources answered no list")
        return found

    async def throttle(self, *, deadline: float | None = None) -> ThrottleLimits:
        """The limits that hold now."""
        return _limits(await self._call("GET", "throttle", deadline))

    async def set_throttle(self, limits: ThrottleLimits, *, deadline: float | None = None) -> None:
        """Replace all limits, at once; KopiaError for a negative one. They are kept in the server's configuration
        file, so a restarted process has them and a new pod does not.
        """
        body = {_THROTTLE_NAMES[name]: value for name, value in asdict(limits).items()}
        await self._call("PUT", "throttle", deadline, body)

    async def shutdown(self, *, deadline: float | None = None) -> None:
        """Stop the server; running snapshots of clients are cut. The process may end before its answer is sent."""
        try:
            await self._call("POST", "shutdown", deadline)
        except ServerUnavailable as error:
            if not _was_cut(error.__cause__):
                raise

    async def close(self) -> None:
        await self._session.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def _call(
        self, method: str, path: str, deadline: float | None, body: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        with step(f"kopia control/{path}", client=True, attributes={"http.request.method": method}):
            return await self._send(method, path, self._deadline if deadline is None else deadline, body)

    async def _send(self, method: str, path: str, limit: float, body: Mapping[str, Any] | None) -> dict[str, Any]:
        try:
            async with self._session.request(
                method,
                self._base + path,
                json=None if method == "GET" else body or {},
                timeout=aiohttp.ClientTimeout(total=limit),
                server_hostname=self._name,
                allow_redirects=False,
            ) as answer:
                return await _read(answer, path)
        except TimeoutError:
            raise DeadlineExceeded(f"control/{path} did not answer within {limit:g} s") from None
        except aiohttp.ClientError as error:
            raise ServerUnavailable(f"control/{path}: {error}") from error


def _was_cut(cause: BaseException | None) -> bool:
    """The connection was made, and ended before the whole answer came."""
    if isinstance(cause, aiohttp.ClientOSError):
        return not isinstance(cause, aiohttp.ClientConnectorError)
    return isinstance(cause, aiohttp.ServerDisconnectedError | aiohttp.ClientPayloadError)


async def _read(answer: aiohttp.ClientResponse, path: str) -> dict[str, Any]:
    if answer.status in (401, 403):
        raise AccessDenied(f"control/{path} refused the control user (HTTP {answer.status})")
    if answer.status == 404:
        raise VersionTooOld(f"the server does not know control/{path}: {ADVICE}")
    text = await answer.text()
    if answer.status != 200:
        raise KopiaError(f"control/{path} answered HTTP {answer.status}: {text[:200]}")
    try:
        body = await answer.json(content_type=None)
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise KopiaError(f"control/{path} answered no JSON object")
    return body


def _limits(answer: Mapping[str, Any]) -> ThrottleLimits:
    """Kopia leaves out what is 0; names we do not know are left out here."""
    known: dict[str, Any] = {}
    for name, theirs in _THROTTLE_NAMES.items():
        value = answer.get(theirs, 0)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise KopiaError(f"control/throttle answered {theirs} that is no number")
        known[name] = int(value) if name.startswith("concurrent") else float(value)
    return ThrottleLimits(**known)
