"""Password hashes beside the event loop, in threads of their own: each takes 0.2 s of CPU, and scrypt 64 MiB."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

from backend.kopia.users import SCRYPT, PasswordHash, make_hash

# So few, whatever the machine: a controller that begins with many servers needs a hash for each of them at once, and
# the event loop's usual threads would be taken by them from everybody else.
_THREADS = ThreadPoolExecutor(2, thread_name_prefix="password-hash")


async def hash_aside(password: str, version: int = SCRYPT) -> PasswordHash:
    """`make_hash`, when its turn comes."""
    return await asyncio.get_running_loop().run_in_executor(_THREADS, make_hash, password, None, version)
