"""Requests of users to the apiserver, each with the user's own token: our own credentials are not known in here."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import aiohttp
from yarl import URL

from backend.kube.errors import KubeError

CONNECT_S = 10.0
SILENCE_S = 330.0  # a watch has bookmarks about every minute; of anything else this is the whole time


class Relay:
    """Trusts the same apiserver as the client of this `configuration` (of the library), but is nobody to it."""

    def __init__(self, configuration: Any) -> None:
        self._host: str = configuration.host.rstrip("/")
        self._server_name: str | None = configuration.tls_server_name
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, ssl=_trust(configuration)),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,  # what the apiserver has compressed goes on as it is
            trust_env=True,
        )

    async def close(self) -> None:
        await self._session.close()

    @asynccontextmanager
    async def open(
        self, method: str, target: str, token: str, headers: Mapping[str, str], body: bytes | None = None
    ) -> AsyncIterator[Answer]:
        """The answer, whatever its status. `target`: path and query, encoded. Raises `KubeError` (status 0)."""
        with _named(f"{method} {target.partition('?')[0]}"):
            response = await self._session.request(
                method,
                URL(self._host + target, encoded=True),
                headers={**headers, "Authorization": f"Bearer {token}"},
                skip_auto_headers=("User-Agent", "Content-Type", "Accept-Encoding"),
                data=body,
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_S, sock_read=SILENCE_S),
                allow_redirects=False,
                server_hostname=self._server_name,
            )
        try:
            yield Answer(response)
        finally:
            response.close()  # a watch that nobody reads any more ends here


class Answer:
    """Of the apiserver. Reading raises `KubeError` (status 0) where it breaks off."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self._response = response
        self.status = response.status
        self.headers: Mapping[str, str] = response.headers

    async def chunks(self) -> AsyncIterator[bytes]:
        """The body, not decompressed, as it comes."""
        with _named("reading the answer"):
            async for chunk in self._response.content.iter_any():
                yield chunk

    async def lines(self) -> AsyncIterator[bytes]:
        """Of any length, without their ends."""
        pending = bytearray()
        async for chunk in self.chunks():
            pending += chunk
            if b"\n" not in chunk:
                continue
            *lines, rest = bytes(pending).split(b"\n")
            pending = bytearray(rest)
            for line in lines:
                if line:
                    yield line


@contextmanager
def _named(what: str) -> Iterator[None]:
    try:
        yield
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise KubeError(0, "Unreachable", f"{what}: {type(error).__name__}: {error}") from error


def _trust(configuration: Any) -> ssl.SSLContext:
    """No client certificate in it, unlike the client's own."""
    context = ssl.create_default_context(cafile=configuration.ssl_ca_cert)
    if not configuration.verify_ssl:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if configuration.disable_strict_ssl_verification:
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context
