"""Kopia's control API over HTTPS: status, refresh, sources, shutdown. Every call has a deadline."""

from __future__ import annotations

import base64
import ssl
from types import TracebackType
from typing import Any, Self

import aiohttp

from backend.kopia.errors import AccessDenied, DeadlineExceeded, KopiaError, ServerUnavailable
from backend.kopia.tls import pin

CONTROL_USER = "server-control"
DEFAULT_DEADLINE = 10.0


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

    async def shutdown(self, *, deadline: float | None = None) -> None:
        """Stop the server; running snapshots of clients are cut."""
        await self._call("POST", "shutdown", deadline)

    async def close(self) -> None:
        await self._session.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def _call(self, method: str, path: str, deadline: float | None) -> dict[str, Any]:
        limit = self._deadline if deadline is None else deadline
        try:
            async with self._session.request(
                method,
                self._base + path,
                json={} if method == "POST" else None,
                timeout=aiohttp.ClientTimeout(total=limit),
                server_hostname=self._name,
                allow_redirects=False,
            ) as answer:
                return await _read(answer, path)
        except TimeoutError:
            raise DeadlineExceeded(f"control/{path} did not answer within {limit:g} s") from None
        except aiohttp.ClientError as error:
            raise ServerUnavailable(f"control/{path}: {error}") from error


async def _read(answer: aiohttp.ClientResponse, path: str) -> dict[str, Any]:
    if answer.status in (401, 403):
        raise AccessDenied(f"control/{path} refused the control user (HTTP {answer.status})")
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
