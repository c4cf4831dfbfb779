"""System packages that the cluster is made of; installed when they are missing, with nothing left running."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_PACKAGES = {
    "etcd": "etcd-server",
    "containerd": "containerd",
    "runc": "runc",
    "/usr/lib/cni/ptp": "containernetworking-plugins",
    "iptables": "iptables",
    "nft": "nftables",
    "conntrack": "conntrack",
    "ip": "iproute2",
    "redis-server": "redis-server",
    "mmdebstrap": "mmdebstrap",
    "/bin/busybox": "busybox-static",
    "openssl": "openssl",
    "cc": "gcc",
    "unshare": "util-linux",
    "/usr/include/stdio.h": "libc6-dev",
    "curl": "curl",
    "sysctl": "procps",
    "git": "git",
    "xz": "xz-utils",
    "promtool": "prometheus",
    "jq": "jq",
    "chromium": "chromium",
    "/usr/share/fonts/truetype/liberation": "fonts-liberation",
}
_POLICY = Path("/usr/sbin/policy-rc.d")


def missing() -> list[str]:
    """Debian packages whose program is not here."""
    return [
        package
        for program, package in _PACKAGES.items()
        if not (Path(program).exists() if program.startswith("/") else shutil.which(program))
    ]


def install() -> None:
    """apt-get install what is missing; needs root only then."""
    packages = missing()
    if not packages:
        return
    if os.geteuid() != 0:
        raise SystemExit(f"These packages are missing; install them as root: apt-get install {' '.join(packages)}")
    print(f"    installing {' '.join(packages)}", flush=True)
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    with _no_services():
        subprocess.run(["apt-get", "update", "-q"], check=True, env=env, stdout=subprocess.DEVNULL)
        command = ["apt-get", "install", "-qy", "--no-install-recommends", *packages]
        subprocess.run(command, check=True, env=env, stdout=subprocess.DEVNULL)


@contextmanager
def _no_services() -> Iterator[None]:
    """Packages start their daemons unless this file refuses."""
    if _POLICY.exists():
        yield
        return
    _POLICY.write_text("#!/bin/sh\nexit 101\n")
    _POLICY.chmod(0o755)
    try:
        yield
    finally:
        _POLICY.unlink()
