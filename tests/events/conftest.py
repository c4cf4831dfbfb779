"""Clients of the real Redis: single, behind Sentinel, and a cluster."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from backend.events.connection import Client, connect
from tests.servers.redis import RedisCluster, RedisSentinels, RedisServer

AnyRedis = RedisServer | RedisSentinels | RedisCluster


@pytest.fixture(params=["redis_server", "redis_sentinels", "redis_cluster"])
def any_redis(request: pytest.FixtureRequest) -> AnyRedis:
    """Empty; each kind in turn."""
    server: AnyRedis = request.getfixturevalue(request.param)
    server.flush()
    return server


@pytest.fixture
async def client(any_redis: AnyRedis) -> AsyncIterator[Client]:
    made = connect(any_redis.url)
    yield made
    await made.close()


@pytest.fixture
async def single(redis_server: RedisServer) -> AsyncIterator[Client]:
    """A client of the single Redis only."""
    redis_server.flush()
    made = connect(redis_server.url)
    yield made
    await made.close()
