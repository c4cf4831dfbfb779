"""Connections to Redis: redis-py connects, authenticates and finds nodes; we pack commands, replies are raw RESP2."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from redis.asyncio import Connection, ConnectionPool, SSLConnection, UnixDomainSocketConnection
from redis.asyncio.connection import AbstractConnection
from redis.exceptions import RedisError, ResponseError

from backend.events.errors import (
    StoreElsewhere,
    StoreError,
    StoreReadOnly,
    StoreUnavailable,
    from_connection,
    from_reply,
)
from backend.events.resp import pack
from backend.events.topology import Cluster, Sentinels, Single, Topology
from backend.events.url import Address, Target, parse

PASSWORD = "BSLS_REDIS_PASSWORD"  # noqa: S105 - names of environment variables
SENTINEL_PASSWORD = "BSLS_REDIS_SENTINEL_PASSWORD"  # noqa: S105

_MANY = 10_000  # connections: bounded by what runs at once, not by the pool


class Client:
    """One Redis, however it is made up. Each command under way has a connection of its own, so a blocking read delays
    nobody. Connections have no socket timeout: each exchange as a whole has `timeout_s` seconds.
    """

    def __init__(
        self, topology: Topology, connections: type[AbstractConnection], options: Mapping[str, Any], timeout_s: float
    ):
        self._topology = topology
        self._class = connections
        self._options = options
        self._timeout_s = timeout_s
        self._pools: dict[Address, ConnectionPool] = {}
        self._closed = False

    @property
    def one_node(self) -> bool:
        """All keys are at one node."""
        return self._topology.one_node

    async def address(self, key: bytes) -> Address:
        return await self._topology.address(key)

    async def exchange(
        self, address: Address, packed: Iterable[bytes], replies: int, timeout_s: float | None = None
    ) -> list[Any]:
        """Send packed commands, each when the one before is on its way, and return that many replies.

        A reply: bytes, int, None, list, or an exception for an error reply.

        Raises StoreError when not all replies came; then it is not known what was done.
        """
        where = f"{address[0]}:{address[1]}"
        try:
            async with asyncio.timeout(self._timeout_s if timeout_s is None else timeout_s):
                return await self._on_a_connection(self._pool(address), packed, replies)
        except (RedisError, OSError, TimeoutError) as error:
            raise from_connection(error, where) from None

    async def _on_a_connection(self, pool: ConnectionPool, packed: Iterable[bytes], replies: int) -> list[Any]:
        try:
            connection = await pool.get_connection()  # type: ignore[no-untyped-call]
        except BaseException:
            await self._tidy(pool)
            raise
        try:
            for one in packed:
                await connection.send_packed_command(one, check_health=False)
            return [await _reply(connection) for _ in range(replies)]
        except BaseException:
            await connection.disconnect(nowait=True)
            raise
        finally:
            await pool.release(connection)
            await self._tidy(pool)

    async def _tidy(self, pool: ConnectionPool) -> None:
        """What was being connected while the client was closed is nobody's."""
        if self._closed:
            await pool.disconnect(inuse_connections=True)

    def _pool(self, address: Address) -> ConnectionPool:
        if self._closed:
            raise StoreUnavailable("the connections to Redis are closed: we are ending")
        pool = self._pools.get(address)
        if pool is None:
            place = {"path": address[0]} if address[1] == 0 else {"host": address[0], "port": address[1]}
            pool = ConnectionPool(connection_class=self._class, max_connections=_MANY, **place, **self._options)
            self._pools[address] = pool
        return pool

    async def ask(
        self, key: bytes, *commands: Sequence[bytes], timeout_s: float | None = None, again: bool = True
    ) -> list[Any]:
        """Commands at the node of `key`, in one round trip; one reply each. An error reply raises its StoreError.

        `again`: all of them may be done twice; they are tried once more at a broken connection or a changed topology.
        """
        packed = [b"".join(pack(command) for command in commands)]
        try:
            return await self._ask(key, packed, len(commands), timeout_s)
        except (StoreUnavailable, StoreReadOnly) as error:
            await self.forget()
            if not again and not isinstance(error, StoreElsewhere | StoreReadOnly):
                raise
            return await self._ask(key, packed, len(commands), timeout_s)

    async def _ask(self, key: bytes, packed: list[bytes], count: int, timeout_s: float | None) -> list[Any]:
        address = await self._topology.address(key)
        replies = await self.exchange(address, packed, count, timeout_s)
        for reply in replies:
            if isinstance(reply, ResponseError):
                raise problem(reply, address)
        return replies

    async def forget(self) -> None:
        """Idle connections and the topology may be out of date: make and read them anew."""
        self._topology.forget()
        for pool in self._pools.values():
            await pool.disconnect(inuse_connections=False)

    async def close(self) -> None:
        """Also ends what is under way."""
        self._closed = True
        pools, self._pools = self._pools, {}
        for pool in pools.values():
            await pool.disconnect(inuse_connections=True)
        await self._topology.close()


async def _reply(connection: Any) -> Any:
    try:
        return await connection.read_response(disable_decoding=True)
    except ResponseError as error:
        return error


def problem(reply: Exception, address: Address) -> StoreError:
    """What an error reply of this node means."""
    return from_reply(reply, f"{address[0]}:{address[1]}")


def connect(
    url: str,
    *,
    username: str | None = None,
    password: str | None = None,
    sentinel_username: str | None = None,
    sentinel_password: str | None = None,
    ca_file: str | None = None,
    timeout_s: float = 5.0,
) -> Client:
    """A client that connects at its first command. URLs, each also with TLS (`rediss`):

    `redis://host:6379/0`, `unix:///path?db=0`, `redis+sentinel://host:26379,host2/<service>/0`,
    `redis+cluster://host:6379,host2`. User and password come from the arguments, else from the URL, else the password
    from `$BSLS_REDIS_PASSWORD`; Sentinels have their own, with `$BSLS_REDIS_SENTINEL_PASSWORD`. Raises ValueError for
    a URL that we do not understand.
    """
    target = parse(url)
    common: dict[str, Any] = {"protocol": 2, "socket_connect_timeout": timeout_s, "driver_info": None}
    if target.tls and ca_file:
        common["ssl_ca_certs"] = ca_file
    options = common | {
        "username": username or target.username,
        "password": password or target.password or os.environ.get(PASSWORD) or None,
    }
    topology = _topology(
        target,
        options | {"socket_timeout": timeout_s},
        common
        | {
            "username": sentinel_username,
            "password": sentinel_password or os.environ.get(SENTINEL_PASSWORD) or None,
            "socket_timeout": min(timeout_s, 2.0),  # for each Sentinel: one that is gone holds up a failover
            "socket_connect_timeout": min(timeout_s, 2.0),
            "ssl": target.tls,
        },
    )
    if target.kind != "cluster":
        options["db"] = target.db
    return Client(topology, _class(target), options | {"socket_timeout": None}, timeout_s)


def _class(target: Target) -> type[AbstractConnection]:
    if target.kind == "unix":
        return UnixDomainSocketConnection
    return SSLConnection if target.tls else Connection


def _topology(target: Target, options: Mapping[str, Any], sentinel_options: Mapping[str, Any]) -> Topology:
    if target.kind == "sentinel":
        return Sentinels(target, sentinel_options)
    if target.kind == "cluster":
        return Cluster(target, options)
    return Single((target.path, 0) if target.kind == "unix" else target.hosts[0])
