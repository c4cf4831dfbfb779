"""The container images of the local cluster, built without a registry and cached by content.

`bsls`: the same content as the Containerfile (Python, our package, kopia, console plugin), on a minimal Debian root.
`kopia-client`: what a VM owner has: the stock kopia client and a shell. `pause`: the sandbox of every pod.
"""

from __future__ import annotations

import compileall
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.cluster.binaries import binary
from tests.cluster.cache import cache_dir, digest, digest_tree, locked
from tests.cluster.console import pages
from tests.cluster.oci import Config, Layer, write_image
from tests.cluster.redis_image import redis

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
BSLS = "docker.io/library/bsls:dev"  # what `bsls:dev` of the manifests means to a container runtime
CLIENT = "registry.local/kopia-client:dev"
PAUSE = "registry.local/pause:1"
UI = "/usr/share/bsls/ui"  # where `bsls plugin` and `bsls api --ui` look
USER = "65532"
_DEBIAN = "--include=python3-minimal,python3,ca-certificates"
_EXCLUDED = "/usr/share/doc/*", "/usr/share/man/*", "/usr/share/locale/*", "/usr/share/info/*"
_LAUNCHER = b"""#!/usr/bin/python3 -I
import sys
sys.path[:0] = ['/opt/bsls']
from backend.cli.main import main
sys.exit(main())
"""


def build_all() -> list[Path]:
    """All images of the local cluster, as OCI archives."""
    return [pause(), client(), bsls(), redis()]


def pause() -> Path:
    source = HERE / "pause.c"
    out = _archive("pause", digest(source.read_bytes()))
    with locked("image-pause"):
        if not out.exists():
            with tempfile.TemporaryDirectory(dir=out.parent) as scratch:
                program = Path(scratch) / "pause"
                subprocess.run(["cc", "-O2", "-static", "-o", str(program), str(source)], check=True)
                layer = Path(scratch) / "layer.tar"
                with Layer(layer) as content:
                    content.file("/pause", program, 0o755)
                write_image(out, PAUSE, [layer], Config(("/pause",), user="65535"))
    return out


def client() -> Path:
    """The stock client; an ordinary user's home at /home/vm."""
    kopia, busybox = binary("kopia"), Path("/bin/busybox")
    out = _archive("client", digest(str(kopia).encode(), busybox.read_bytes()))
    with locked("image-client"):
        if not out.exists():
            with tempfile.TemporaryDirectory(dir=out.parent) as scratch:
                layer = Path(scratch) / "layer.tar"
                applets = subprocess.run([str(busybox), "--list"], check=True, capture_output=True, text=True)
                with Layer(layer) as content:
                    content.directory("/tmp", 0o1777)
                    content.directory("/home/vm", 0o777)
                    content.file("/usr/local/bin/kopia", kopia, 0o755)
                    content.file("/bin/busybox", busybox, 0o755)
                    for applet in applets.stdout.split():
                        if applet != "busybox":
                            content.link(f"/bin/{applet}", "busybox")
                write_image(out, CLIENT, [layer], Config(("/bin/sh",), user="1000", workdir="/home/vm"))
    return out


def bsls() -> Path:
    """Base layer: Debian, Python, the locked dependencies, kopia. Upper layer: our package and the console's pages."""
    base, built = _base_layer(), pages()
    out = _archive("bsls", digest(base.name.encode(), digest_tree(ROOT / "backend").encode(), built.name.encode()))
    with locked("image-bsls"):
        if not out.exists():
            for old in out.parent.glob("bsls-*.tar"):
                old.unlink()
            with tempfile.TemporaryDirectory(dir=out.parent) as scratch:
                layer = _package_layer(Path(scratch), built)
                write_image(out, BSLS, [base, layer], Config(("bsls",), user=USER, env={"HOME": "/tmp"}))
    return out


def _package_layer(scratch: Path, built: Path) -> Path:
    target = scratch / "package" / "backend"
    shutil.copytree(ROOT / "backend", target, ignore=shutil.ignore_patterns("__pycache__"))
    _compile(target, "/opt/bsls/backend")
    layer = scratch / "package.tar"
    with Layer(layer) as content:
        content.tree("/opt/bsls/backend", target)
        content.tree(UI, built)
    return layer


def _base_layer() -> Path:
    lock = _runtime_lock()
    kopia = binary("kopia")
    out = _archive("base", digest(lock.encode(), str(kopia.parent.name).encode(), Path(__file__).read_bytes()))
    with locked("image-base"):
        if out.exists():
            return out
        print("    building the base of the bsls image (Debian root by mmdebstrap)", flush=True)
        for old in out.parent.glob("base-*.tar"):
            old.unlink()
        with tempfile.TemporaryDirectory(dir=out.parent) as scratch:
            root = Path(scratch) / "root.tar"
            excludes = [f"--dpkgopt=path-exclude={pattern}" for pattern in _EXCLUDED]
            subprocess.run(
                ["mmdebstrap", "-q", "--variant=minbase", _DEBIAN, *excludes, "bookworm", str(root)], check=True
            )
            packages = Path(scratch) / "packages"
            requirements = Path(scratch) / "requirements.txt"
            requirements.write_text(lock)
            pip = [sys.executable, "-m", "pip", "install", "-q", "--disable-pip-version-check", "--no-deps",
                   "--only-binary=:all:", "--python-version=3.11", "--implementation=cp",
                   "--target", str(packages)]  # fmt: skip
            subprocess.run([*pip, "-r", str(requirements)], check=True)
            _compile(packages, "/opt/bsls")
            _append(root, packages, kopia)
            root.rename(out)
    return out


def _append(root: Path, packages: Path, kopia: Path) -> None:
    """Add our files to the root's own tar: one layer."""
    extra = root.with_name("extra.tar")
    with Layer(extra) as content:
        content.tree("/opt/bsls", packages, skip=("tests", "test"))
        content.file("/usr/local/bin/kopia", kopia, 0o755)
        content.file("/usr/local/bin/bsls", _LAUNCHER, 0o755)
    subprocess.run(["tar", "--concatenate", "--file", str(root), str(extra)], check=True)


def _compile(directory: Path, installed_at: str) -> None:
    """Byte-compile for a read-only root: an init container must start quickly."""
    compileall.compile_dir(
        str(directory), quiet=2, stripdir=str(directory), prependdir=installed_at, workers=1,
        invalidation_mode=__import__("py_compile").PycInvalidationMode.UNCHECKED_HASH,
    )  # fmt: skip


def _runtime_lock() -> str:
    """The locked versions of what the package needs at run time (the lock has the development tools too)."""
    import tomllib
    from importlib.metadata import requires

    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name

    pins = {}
    for line in (ROOT / "requirements.lock").read_text().splitlines():
        if "==" in line and not line.startswith((" ", "#")):
            name, version = line.split(";")[0].strip().split("==")
            pins[canonicalize_name(name)] = version
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    todo = [(Requirement(text), ("",)) for text in project["dependencies"]]
    wanted: dict[str, str] = {}
    done = set()
    while todo:
        requirement, extras = todo.pop()
        needed = not requirement.marker or any(requirement.marker.evaluate({"extra": extra}) for extra in extras)
        if str(requirement) in done or not needed:
            continue
        done.add(str(requirement))
        name = canonicalize_name(requirement.name)
        wanted[name] = pins[name]
        todo += [(Requirement(text), ("", *requirement.extras)) for text in requires(requirement.name) or ()]
    return "".join(f"{name}=={version}\n" for name, version in sorted(wanted.items()))


def _archive(name: str, key: str) -> Path:
    directory = cache_dir() / "images"
    directory.mkdir(exist_ok=True)
    return directory / f"{name}-{key}.tar"


if __name__ == "__main__":
    print(bsls())
