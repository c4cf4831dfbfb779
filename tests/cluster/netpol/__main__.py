"""Keep a node's nftables at what the cluster's NetworkPolicies say, until the parent process ends.

python -m tests.cluster.netpol --kubeconfig FILE --pid PID-OF-THE-SANDBOX
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import sys

from backend.kube.client import KubeClient
from backend.kube.informer import Informer
from backend.kube.resources import NETWORK_POLICIES, PODS, Resource
from tests.cluster.netpol.compile import World, ruleset

NAMESPACES = Resource("", "v1", "namespaces", "Namespace")


async def enforce(kubeconfig: str, pid: int) -> None:
    parent = os.getppid()
    failed = await _in_node(pid, "sysctl", "-qw", "net.bridge.bridge-nf-call-iptables=1")
    if failed:
        raise SystemExit(
            "packets between two pods are not seen: the kernel needs br_netfilter (`modprobe br_netfilter`)"
        )
    changed = asyncio.Event()
    async with await KubeClient.connect(kubeconfig) as client:
        informers = [
            Informer(client, resource, handler=lambda _item: changed.set())
            for resource in (PODS, NAMESPACES, NETWORK_POLICIES)
        ]
        tasks = [asyncio.create_task(informer.run()) for informer in informers]
        for informer in informers:
            await informer.synced.wait()
        last = ""
        while os.getppid() == parent:
            changed.clear()  # before the look: a change during the load must wake the next round
            text = ruleset(World(*(tuple(informer.all()) for informer in informers)))
            if text != last:
                await _load(pid, text)
                last = text
            for task in tasks:
                if task.done():
                    task.result()  # an informer ends by an error only, and then nothing is followed any more
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(changed.wait(), 2)
        for task in tasks:
            task.cancel()


async def _load(pid: int, text: str) -> None:
    if await _in_node(pid, "nft", "-f", "-", stdin=text):
        raise SystemExit(f"nft refused the ruleset:\n{text}")


async def _in_node(pid: int, *command: str, stdin: str = "") -> int:
    """Exit code of a command in the network namespace of the node."""
    process = await asyncio.create_subprocess_exec(
        "nsenter", "-t", str(pid), "-n", *command, stdin=asyncio.subprocess.PIPE
    )
    await process.communicate(stdin.encode())
    return process.returncode or 0


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--kubeconfig", required=True)
    parser.add_argument("--pid", required=True, type=int)
    options = parser.parse_args()
    asyncio.run(enforce(options.kubeconfig, options.pid))
    return 0


if __name__ == "__main__":
    sys.exit(main())
