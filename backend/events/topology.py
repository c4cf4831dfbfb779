"""Which node holds a key: the only Redis, the primary that Sentinel names, or a node of a cluster."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Protocol

from redis.asyncio import RedisCluster
from redis.asyncio.cluster import ClusterNode
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import MasterNotFoundError, Sentinel
from redis.backoff import NoBackoff
from redis.crc import key_slot
from redis.exceptions import RedisClusterException, RedisError

from backend.events.errors import StoreRefused, StoreUnavailable, from_connection
from backend.events.url import Address, Target


class Topology(Protocol):
    """All raise StoreError."""

    one_node: bool  # all keys are at one

    async def address(self, key: bytes) -> Address:
        """The node that takes reads and writes of this key."""

    def forget(self) -> None:
        """What is known may be out of date: ask again next time."""

    async def close(self) -> None: ...


class Single:
    """One address for all keys."""

    one_node = True

    def __init__(self, address: Address) -> None:
        self._address = address

    async def address(self, key: bytes) -> Address:
        return self._address

    def forget(self) -> None:
        return

    async def close(self) -> None:
        return


class Sentinels:
    """`options`: of connections to the Sentinels themselves."""

    one_node = True

    def __init__(self, target: Target, options: Mapping[str, Any]) -> None:
        self._service = target.service
        self._primary: Address | None = None
        self._asking = asyncio.Lock()
        retry = Retry(NoBackoff(), 0)
        self._sentinel: Any = Sentinel(list(target.hosts), sentinel_kwargs={**options, "retry": retry})  # type: ignore[no-untyped-call]

    async def address(self, key: bytes) -> Address:
        async with self._asking:
            if self._primary is None:
                self._primary = await self._discover()
            return self._primary

    async def _discover(self) -> Address:
        try:
            host, port = await self._sentinel.discover_master(self._service)
        except MasterNotFoundError as error:
            if "AuthenticationError" in str(error):
                raise StoreRefused("the Sentinels refuse the password, or want one: correct it") from None
            raise StoreUnavailable(
                f"no Sentinel names a primary of {self._service!r}: look whether Sentinels and Redis run"
            ) from None
        except (RedisError, OSError) as error:
            raise from_connection(error, "the Sentinels") from None
        return str(host), int(port)

    def forget(self) -> None:
        self._primary = None

    async def close(self) -> None:
        await self._sentinel.aclose()


class Cluster:
    """Slots and their nodes, as redis-py's cluster client reads them; `options`: of connections."""

    one_node = False

    def __init__(self, target: Target, options: Mapping[str, Any]) -> None:
        nodes = [ClusterNode(host, port) for host, port in target.hosts]
        self._nodes: Any = RedisCluster(
            startup_nodes=nodes, require_full_coverage=False, ssl=target.tls, **options
        ).nodes_manager
        self._known = False
        self._asking = asyncio.Lock()

    async def address(self, key: bytes) -> Address:
        try:
            if not self._known:
                await self._ask()
            node = self._nodes.get_node_from_slot(key_slot(key))
        except (RedisError, RedisClusterException, OSError, KeyError) as error:
            self._known = False
            raise from_connection(error.__cause__ or error, "all nodes of the cluster") from None
        return node.host, node.port

    async def _ask(self) -> None:
        async with self._asking:
            if not self._known:
                await self._nodes.initialize()
                self._known = True

    def forget(self) -> None:
        self._known = False

    async def close(self) -> None:
        await self._nodes.aclose()
        await self._nodes.aclose("startup_nodes")
