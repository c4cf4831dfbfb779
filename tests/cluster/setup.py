"""`make setup`: everything that demo and tests need, installed, built and cached."""

from __future__ import annotations

import sys

from tests.cluster import binaries, debian, image


def main() -> int:
    print("==> system packages", flush=True)
    debian.install()
    print(
        "==> Kubernetes, CoreDNS, Kopia in three versions, a collector, examples in Go (built once, then cached)",
        flush=True,
    )
    binaries.main([])
    print("==> container images", flush=True)
    image.build_all()
    return 0


if __name__ == "__main__":
    sys.exit(main())
