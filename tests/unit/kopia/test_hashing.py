"""The memory that password hashes take: 30 at once ended a controller with a limit of 512 MiB, again and again."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from backend.kopia.hashing import hash_aside
from backend.kopia.users import PBKDF2, SCRYPT

# In a process of its own, for the most memory that a process has taken never falls. Prints KiB.
MEASURE = """
import asyncio, json, resource
from backend.kopia.hashing import hash_aside
from backend.kopia.takeover import Takeover

def most():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

async def main():
    begun = most()
    await asyncio.gather(*(Takeover(f"bsls-probe@{number}").prepare() for number in range(12)))
    probes = most()
    await asyncio.gather(*(hash_aside("a password") for _ in range(8)))
    print(json.dumps([probes - begun, most() - probes]))

asyncio.run(main())
"""
MIB = 1024


def test_many_servers_at_once_take_little_memory() -> None:
    done = subprocess.run([sys.executable, "-c", MEASURE], capture_output=True, text=True, check=True, timeout=60)
    probes, administrators = json.loads(done.stdout)
    assert probes < 32 * MIB
    assert administrators < (2 * 64 + 32) * MIB


@pytest.mark.parametrize("version", [SCRYPT, PBKDF2])
async def test_a_hash_made_aside_is_one_of_the_password(version: int) -> None:
    made = await hash_aside("a password", version)
    assert made.version == version
    assert made.verifies("a password")
    assert not made.verifies("another")
