"""HTTP to one sink: POST of events and the handshake of CloudEvents webhooks; to permitted addresses only."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import aiohttp
from aiohttp.connector import AddrInfoType

from backend.dispatch.addresses import permitted
from backend.dispatch.files import FileProblem, Watched, ca_context, header_value
from backend.dispatch.message import Message
from backend.dispatch.settings import Subscription, Target
from backend.dispatch.verdict import Outcome, Verdict, judge

_READ = 4096  # of an answer's body, so that its connection can be used again
_REFUSED = "an address of the sink is not permitted: add its network to the target, or correct the sink's DNS entry"


class AddressRefused(OSError):
    pass


class Sender:
    """Failures are verdicts, not exceptions."""

    def __init__(self, subscription: Subscription, target: Target) -> None:
        self._subscription = subscription
        self._target = target
        self._headers = [(one.name, "", Watched(one.value_file, header_value)) for one in subscription.headers]
        if subscription.bearer_token_file:
            token = Watched(subscription.bearer_token_file, header_value)
            self._headers.append(("Authorization", "Bearer ", token))
        self._ca = Watched(subscription.ca_file, ca_context) if subscription.ca_file else None
        self._default = ssl.create_default_context() if subscription.url.scheme == "https" else None
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=subscription.max_in_flight, use_dns_cache=False, socket_factory=self._socket
            ),
            timeout=aiohttp.ClientTimeout(total=subscription.timeout.total_seconds()),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"User-Agent": "bsls-dispatcher"},
            trust_env=False,  # a proxy would connect where we must not
            auto_decompress=False,
        )
        self._gap_s = 0.0  # between two requests, as the handshake allows
        self._next = 0.0

    async def close(self) -> None:
        await self._session.close()

    async def deliver(self, message: Message) -> Verdict:
        """After `pace`."""
        try:
            credentials = self._credentials()
            verdict, _ = await self._request("POST", credentials | dict(message.headers), message.body)
            if verdict.status in {401, 403} and credentials != self._credentials():
                return Verdict(Outcome.AGAIN, "the credentials were replaced meanwhile")
        except FileProblem as problem:
            return Verdict(Outcome.AGAIN, str(problem), error=type(problem).__name__)
        return verdict

    async def handshake(self) -> Verdict:
        """Whether the sink permits deliveries (CloudEvents Web Hooks 1.0, section 4), and how many a minute."""
        origin = self._subscription.origin
        try:
            headers = self._credentials() | {"WebHook-Request-Origin": origin}
            verdict, answer = await self._request("OPTIONS", headers, b"")
        except FileProblem as problem:
            return Verdict(Outcome.AGAIN, str(problem))
        if verdict.outcome is not Outcome.DELIVERED:
            return verdict
        if answer.get("WebHook-Allowed-Origin", "").strip().lower() not in {"*", origin.lower()}:
            return Verdict(Outcome.AGAIN, f"the sink does not permit deliveries from the origin {origin}")
        rate = answer.get("WebHook-Allowed-Rate", "").strip()
        self._gap_s = 60.0 / int(rate) if rate.isdecimal() and 0 < int(rate) < 1_000_000 else 0.0
        return verdict

    async def pace(self) -> None:
        """Until the next request may begin."""
        if self._gap_s:
            now = asyncio.get_running_loop().time()
            self._next = max(self._next + self._gap_s, now)
            await asyncio.sleep(self._next - now)

    def _credentials(self) -> dict[str, str]:
        return {name: prefix + file.get() for name, prefix, file in self._headers}

    async def _request(self, method: str, headers: Mapping[str, str], body: bytes) -> tuple[Verdict, Mapping[str, str]]:
        """The verdict and the answer's headers."""
        context: Any = (self._ca.get() if self._ca else self._default) or True
        url = self._subscription.url
        try:
            async with self._session.request(
                method, url, headers=headers, data=body, ssl=context, allow_redirects=False
            ) as answer:
                with contextlib.suppress(aiohttp.ClientError, TimeoutError):  # the status has told all
                    await answer.content.read(_READ)
                return judge(answer.status, answer.headers.get("Retry-After"), datetime.now(UTC)), answer.headers
        except (aiohttp.ClientError, OSError, ValueError) as error:  # ValueError: what is no HTTP, or no header
            return Verdict(Outcome.AGAIN, _sentence(error), error=type(error).__name__), {}

    def _socket(self, info: AddrInfoType) -> socket.socket:
        """At the moment of connecting, so that no answer of a name server comes in between."""
        family, kind, protocol, _, address = info
        if not permitted(str(address[0]), self._target.networks):
            raise AddressRefused(_REFUSED)
        return socket.socket(family, kind, protocol)


def _sentence(error: Exception) -> str:
    """Without the URL, whose path may be a secret."""
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return "the name of the sink cannot be resolved"
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return "the sink's certificate is not trusted: set caFile, or correct the certificate"
    if isinstance(error, aiohttp.ClientSSLError):
        return "the sink does not speak TLS as we do"
    if isinstance(error, aiohttp.ClientConnectorError):
        if isinstance(error.os_error, AddressRefused) or _REFUSED in str(error.os_error):
            return _REFUSED
        return f"the sink cannot be reached: {error.os_error.strerror or 'no connection'}"
    if isinstance(error, TimeoutError):
        return "the sink did not answer in time"
    if isinstance(error, aiohttp.ServerDisconnectedError | aiohttp.ClientOSError):
        return "the sink broke the connection off"
    return "the sink's answer is not HTTP as we understand it"
