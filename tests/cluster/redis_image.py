"""The image of Redis for the local cluster: Debian's binary with the libraries it needs, and a shell."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from tests.cluster.cache import cache_dir, digest, locked
from tests.cluster.oci import Config, Layer, write_image

REDIS = "registry.local/redis:7.0"
_LIBRARY = re.compile(r"(?:=> )?(/\S+) \(0x")


def redis() -> Path:
    """An OCI archive; built again when Debian's package changes."""
    server = Path(shutil.which("redis-server") or "/usr/bin/redis-server").resolve()
    cli, busybox = Path(shutil.which("redis-cli") or "/usr/bin/redis-cli"), Path("/bin/busybox")
    directory = cache_dir() / "images"
    directory.mkdir(exist_ok=True)
    out = directory / f"redis-{digest(server.read_bytes(), busybox.read_bytes(), Path(__file__).read_bytes())}.tar"
    with locked("image-redis"):
        if not out.exists():
            with tempfile.TemporaryDirectory(dir=directory) as scratch:
                layer = Path(scratch) / "layer.tar"
                with Layer(layer) as content:
                    content.directory("/tmp", 0o1777)
                    content.directory("/data", 0o777)
                    content.file("/usr/local/bin/redis-server", server, 0o755)
                    content.file("/usr/local/bin/redis-cli", cli, 0o755)
                    for library in sorted(_libraries(server) | _libraries(cli)):
                        content.file(str(library), library.resolve(), 0o755)
                    content.file("/bin/busybox", busybox, 0o755)
                    for applet in ("sh", "cat"):
                        content.link(f"/bin/{applet}", "busybox")
                write_image(out, REDIS, [layer], Config(("redis-server",), user="999", workdir="/data"))
    return out


def _libraries(program: Path) -> set[Path]:
    """What the dynamic linker loads, at the paths where it looks for them."""
    found = subprocess.run(["ldd", str(program)], check=True, capture_output=True, text=True).stdout
    return {Path(path) for path in _LIBRARY.findall(found)}
