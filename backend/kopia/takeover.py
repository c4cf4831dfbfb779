"""How a running server takes over users and entries that were written to its repository, and the proof that it did.

A refresh makes it do so at once, but holds the server's lock meanwhile: no session begins. It costs 1.2 to 2.7 µs for
each pair of a source and a manifest (measured: 0.1 s at 100 sources and 1,000 snapshots, 27 s at 1,000 and 10,000), and
with its storage down it does not return. Without a refresh a login sees the change at the latest after 10 s, the age of
the server's cache of users; entries are read anew at each login anyway.
"""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import dataclass, field
from enum import Enum

from backend.kopia.control import ControlClient
from backend.kopia.errors import AccessDenied, KopiaError
from backend.kopia.hashing import hash_aside
from backend.kopia.session import KopiaSession
from backend.kopia.users import PBKDF2, PasswordHash

REFRESH_DEADLINE_S = 5.0
LOGIN_DEADLINE_S = 10.0
TENANTS_FIRST_S = 0.3  # logins queue up at the server (0.2 s each): those who wait for the change go before our probe
REFRESH_WORK = 200_000  # sources times manifests: up to half a second


class How(Enum):
    """REFRESH: at once; CACHE: when the server's cache is due (a refresh would stop it for too long); NOT_NOW: its
    storage is bad, and a refresh or a login would hang.
    """

    REFRESH = "refresh"
    CACHE = "cache"
    NOT_NOW = "not now"


@dataclass(frozen=True)
class Endpoint:
    """Where the server is. Passwords never show in a repr."""

    address: str
    certificate: bytes = field(repr=False)
    control_passwords: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True)
class Credential:
    """A password nobody ever sees, and its hash."""

    password: str = field(repr=False)
    hash: PasswordHash


class Takeover:
    """`user` is an account of our own, `bsls-probe@…`: with each change it gets a new password in the same flush, and
    its login proves the change. A hash costs 0.2 s of CPU, so the next one is made ahead, beside the event loop.
    """

    def __init__(self, user: str) -> None:
        self.user = user
        self._next: asyncio.Task[Credential] | None = None
        self._written: Credential | None = None
        self._unproven = True

    def doubt(self) -> None:
        """Something changed: whether the server has taken it over is not known."""
        self._unproven = True
        self._written = None

    async def credential(self, how: How) -> Credential | None:
        """What to write for the probe now; None when nothing is to be proven, or its last one was not proven yet."""
        if not self._unproven or self._written or how is How.NOT_NOW:
            return None
        made = await asyncio.shield(self.prepare())
        self._next = None
        self._written = made
        return made

    def prepare(self) -> asyncio.Task[Credential]:
        """Begin with the next credential, unless that is under way."""
        if self._next is None:
            self._next = asyncio.create_task(_make(), name=f"password of {self.user}")
        return self._next

    async def prove(self, endpoint: Endpoint, how: How) -> str:
        """Let the server take the change over and log in; a sentence while that does not work."""
        if not self._unproven:
            return ""
        if self._written is None or how is How.NOT_NOW:
            return "The storage does not answer, so the server was not told of the change yet."
        try:
            if how is How.REFRESH:
                await refresh(endpoint)
                await asyncio.sleep(TENANTS_FIRST_S)
            await self._log_in(endpoint, self._written)
        except AccessDenied as error:
            if how is How.CACHE:
                return "The server takes the change over within 10 seconds."
            return f"The server does not let our own probe user in after the change: {error}"
        except KopiaError as error:
            return f"The server could not be asked to take the change over: {error}"
        self._unproven = False
        self._written = None
        self.prepare()
        return ""

    async def _log_in(self, endpoint: Endpoint, credential: Credential) -> None:
        session = await KopiaSession.connect(
            endpoint.address,
            endpoint.certificate,
            self.user,
            credential.password,
            deadline=LOGIN_DEADLINE_S,
            purpose="bsls login probe",
        )
        await session.close()

    async def close(self) -> None:
        if self._next is not None:
            self._next.cancel()
            await asyncio.gather(self._next, return_exceptions=True)


async def refresh(endpoint: Endpoint) -> None:
    """Let the server take over what was written; of several control passwords (one may be due) the first that fits."""
    last = len(endpoint.control_passwords) - 1
    for number, password in enumerate(endpoint.control_passwords):
        async with ControlClient(endpoint.address, endpoint.certificate, password) as control:
            try:
                await control.refresh(deadline=REFRESH_DEADLINE_S)
                return
            except AccessDenied:
                if number == last:
                    raise


async def _make() -> Credential:
    password = secrets.token_urlsafe(24)
    return Credential(password, await hash_aside(password, PBKDF2))  # scrypt's memory adds nothing to 192 random bits
