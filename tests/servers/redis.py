"""Real Redis: one server, a primary with a replica and three Sentinels, or a cluster of three nodes."""

from __future__ import annotations

import shutil
import signal
import subprocess
import tempfile
from contextlib import ExitStack
from pathlib import Path

from tests.cluster.cache import tied
from tests.servers.ports import free_ports, listens, wait_until

HOST = "127.0.0.1"


class RedisServer:
    """`url` for clients. Stop and start lose the data, unless `options` (as on the command line) make it persist."""

    def __init__(self, *options: str, port: int = 0, config: Path | None = None) -> None:
        self.port = port or free_ports(1)[0]
        self._options = options
        self._config = config
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://{HOST}:{self.port}/0"

    def __enter__(self) -> RedisServer:
        try:
            self.start()
        except BaseException:  # Ctrl-C while it starts
            self.stop()
            raise
        return self

    def __exit__(self, *_exc: object) -> None:
        self.stop()

    def start(self) -> None:
        config = [str(self._config)] if self._config else []
        plain = [] if "--sentinel" in self._options else ["--save", "", "--appendonly", "no"]
        self._process = subprocess.Popen(
            tied(["redis-server", *config, "--port", str(self.port), "--bind", HOST, *plain, *self._options]),
            stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        wait_until(self._serves, f"Redis on port {self.port}")

    def _serves(self) -> bool:
        """Ours, not one of another test run that was quicker to take the port."""
        assert self._process is not None
        if self._process.poll() is not None:
            raise RuntimeError(f"Redis did not start; is port {self.port} taken?")
        if not listens(HOST, self.port):
            return False
        told = subprocess.run(
            ["redis-cli", "-h", HOST, "-p", str(self.port), "INFO", "server"],
            check=False, capture_output=True, text=True, timeout=20,
        )  # fmt: skip
        return f"process_id:{self._process.pid}" in told.stdout or "NOAUTH" in told.stdout + told.stderr

    def stop(self) -> None:
        """By SIGKILL."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def freeze(self) -> None:
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def _signal(self, number: int) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    def cli(self, *command: str) -> str:
        """What redis-cli prints."""
        return subprocess.run(
            ["redis-cli", "-h", HOST, "-p", str(self.port), *command],
            check=True, capture_output=True, text=True, timeout=20,
        ).stdout  # fmt: skip

    def flush(self) -> None:
        self.cli("FLUSHALL")


class RedisSentinels:
    """A primary, a replica and three Sentinels that notice a dead primary after half a second."""

    service = "events"

    def __init__(self) -> None:
        ports = free_ports(5)
        self._folder = Path(tempfile.mkdtemp(prefix="bsls-sentinel-"))
        primary, replica = ports[:2]
        self.servers = {
            primary: RedisServer("--dir", str(self._folder), port=primary),
            replica: RedisServer(
                "--replicaof", f"{HOST} {primary}", "--repl-diskless-sync-delay", "0", "--dir", str(self._folder),
                port=replica,
            ),
        }  # fmt: skip
        self.sentinels = [self._sentinel(port, primary) for port in ports[2:]]
        self._stack = ExitStack()

    def _sentinel(self, port: int, primary: int) -> RedisServer:
        config = self._folder / f"sentinel-{port}.conf"
        config.write_text(
            f"dir {self._folder}\n"
            f"sentinel monitor {self.service} {HOST} {primary} 2\n"
            f"sentinel down-after-milliseconds {self.service} 500\n"
            f"sentinel failover-timeout {self.service} 3000\n"
        )
        return RedisServer("--sentinel", port=port, config=config)

    @property
    def url(self) -> str:
        hosts = ",".join(f"{HOST}:{one.port}" for one in self.sentinels)
        return f"redis+sentinel://{hosts}/{self.service}/0"

    def __enter__(self) -> RedisSentinels:
        with ExitStack() as stack:
            stack.callback(shutil.rmtree, self._folder, ignore_errors=True)
            for one in self.servers.values():
                stack.enter_context(one)
            _, replica = self.servers.values()
            wait_until(lambda: "master_link_status:up" in replica.cli("INFO", "replication"), "replication")
            for one in self.sentinels:
                stack.enter_context(one)
            wait_until(self._ready, "Sentinels that know each other and the replica")
            self._stack = stack.pop_all()
        return self

    def _ready(self) -> bool:
        def knows(sentinel: RedisServer) -> bool:
            words = sentinel.cli("SENTINEL", "MASTER", self.service).split()
            told = dict(zip(words[::2], words[1::2], strict=False))
            return (
                told.get("num-slaves") == "1" and told.get("num-other-sentinels") == "2" and told["flags"] == "master"
            )

        return all(map(knows, self.sentinels))

    def __exit__(self, *_exc: object) -> None:
        self._stack.close()

    @property
    def primary(self) -> RedisServer:
        """As the Sentinels see it now."""
        _host, port = self.sentinels[0].cli("SENTINEL", "GET-MASTER-ADDR-BY-NAME", self.service).split()
        return self.servers[int(port)]

    def flush(self) -> None:
        self.primary.flush()


class RedisCluster:
    """Three nodes without replicas."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="bsls-redis-cluster-"))
        self.nodes = [
            RedisServer(
                "--cluster-enabled", "yes", "--cluster-config-file", f"nodes-{port}.conf", "--dir", str(self._folder),
                port=port,
            )
            for port in free_ports(3)
        ]  # fmt: skip
        self._stack = ExitStack()

    @property
    def url(self) -> str:
        return "redis+cluster://" + ",".join(f"{HOST}:{one.port}" for one in self.nodes)

    def __enter__(self) -> RedisCluster:
        with ExitStack() as stack:
            stack.callback(shutil.rmtree, self._folder, ignore_errors=True)
            for one in self.nodes:
                stack.enter_context(one)
            hosts = [f"{HOST}:{one.port}" for one in self.nodes]
            subprocess.run(
                ["redis-cli", "--cluster", "create", *hosts, "--cluster-replicas", "0", "--cluster-yes"],
                check=True, capture_output=True, timeout=60,
            )  # fmt: skip
            wait_until(
                lambda: all("cluster_state:ok" in one.cli("CLUSTER", "INFO") for one in self.nodes),
                "a cluster that is up",
            )
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_exc: object) -> None:
        self._stack.close()

    def flush(self) -> None:
        for one in self.nodes:
            one.flush()
