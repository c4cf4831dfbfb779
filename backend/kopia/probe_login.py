"""The proof that what was written lets somebody in: an account of our own gets a new password in the same flush as the
tenants, and logs in with it.
"""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import dataclass, field

from backend.kopia.session import KopiaSession
from backend.kopia.users import PasswordHash, make_hash


@dataclass(frozen=True)
class Credential:
    """A password nobody ever sees, and its hash."""

    password: str = field(repr=False)
    hash: PasswordHash


class ProbeAccount:
    """`user` is `bsls-probe@…`; a hash costs 0.2 s of CPU, so the next one is made ahead, beside the event loop."""

    def __init__(self, user: str) -> None:
        self.user = user
        self._next: asyncio.Task[Credential] | None = None

    def prepare(self) -> asyncio.Task[Credential]:
        """Begin with the next credential, unless that is under way."""
        if self._next is None:
            self._next = asyncio.create_task(asyncio.to_thread(_make), name=f"password of {self.user}")
        return self._next

    async def take(self) -> Credential:
        """A credential that was never used before."""
        made = await asyncio.shield(self.prepare())
        self._next = None
        return made

    async def log_in(self, target: str, certificate: bytes, credential: Credential, *, deadline: float) -> None:
        """Open a session and close it; raises what KopiaSession.connect raises."""
        session = await KopiaSession.connect(
            target, certificate, self.user, credential.password, deadline=deadline, purpose="bsls login probe"
        )
        await session.close()

    async def close(self) -> None:
        if self._next is not None:
            self._next.cancel()
            await asyncio.gather(self._next, return_exceptions=True)


def _make() -> Credential:
    password = secrets.token_urlsafe(24)
    return Credential(password, make_hash(password))
