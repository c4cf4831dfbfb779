"""The Redis of the tests is a real one, and empty."""

from __future__ import annotations

import pytest
import redis.asyncio

pytestmark = pytest.mark.servers


async def test_it_answers(redis_server):
    async with redis.asyncio.from_url(redis_server.url, protocol=3) as client:
        assert await client.ping()
        assert await client.dbsize() == 0
        assert (await client.info("server"))["redis_version"] >= "7"
