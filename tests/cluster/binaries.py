"""Build Kubernetes, Kopia, CoreDNS, an OpenTelemetry Collector and our own Go programs with modules of the Go proxy;
each once, kept in the cache.

python -m tests.cluster.binaries [RECIPE ...]
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from tests.cluster.cache import cache_dir, digest_tree, locked

RECIPES = Path(__file__).resolve().parent / "recipes"
ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "docs/examples/go"
KUBERNETES_VERSION = "v1.34.4"
PROGRESS_S = 15.0
_STAMPS = ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version")


@dataclass(frozen=True)
class Recipe:
    """One Go module of ours: `packages` maps the name of a binary to the package to build. `folder`: by default the one
    of that name in recipes.
    """

    name: str
    packages: dict[str, str]
    flags: tuple[str, ...] = ()
    ldflags: str = "-s -w"
    folder: Path | None = None

    @property
    def source(self) -> Path:
        return self.folder or RECIPES / self.name

    @property
    def directory(self) -> Path:
        return cache_dir() / "bin" / f"{self.name}-{digest_tree(self.source)}"


def _stamp() -> str:
    values = {"gitVersion": KUBERNETES_VERSION, "gitMajor": "1", "gitMinor": "34", "gitTreeState": "clean",
              "buildDate": "2026-01-01T00:00:00Z"}  # fmt: skip
    return " ".join(f"-X {package}.{key}={value}" for package in _STAMPS for key, value in values.items())


_KUBE = ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubelet", "kube-proxy", "kubectl")
KOPIA_VERSION = "0.23.1"  # of the recipe `kopia`: what the image ships
OLDER_KOPIAS = ("0.21.1", "0.22.3")  # the other versions we support; the last of each minor version
ALL = (
    *(
        Recipe(name, {name: "github.com/kopia/kopia"}, ("-tags", "nohtmlui"))
        for name in ("kopia", *(f"kopia-{version}" for version in OLDER_KOPIAS))
    ),
    Recipe("coredns", {"coredns": "."}),
    Recipe("receiver", {"receiver": "."}),
    Recipe("collector", {"collector": "."}),
    Recipe("examples", {"consume": "./consume", "resume": "./resume"}, folder=EXAMPLES),
    Recipe("api-list", {"list-load": "./load", "list-peer": "./peer"}, folder=ROOT / "benchmarks/api_list/go"),
    Recipe(
        "api-stream",
        {"stream-load": "./load", "stream-centrifuge": "./centrifuge"},
        folder=ROOT / "benchmarks/api_stream/go",
    ),
    Recipe("kubernetes", {name: f"k8s.io/kubernetes/cmd/{name}" for name in _KUBE}, (), f"-s -w  {_stamp()}"),
)


def binary(name: str) -> Path:
    """Path of a built binary; builds it when the cache has none."""
    recipe = next(recipe for recipe in ALL if name in recipe.packages)
    path = recipe.directory / name
    if not path.exists():
        build(recipe)
    return path


def build(recipe: Recipe) -> None:
    """Build what is missing of a recipe. Two runs at once: the second waits, then finds it done."""
    with locked(f"build-{recipe.name}"):
        for name, package in recipe.packages.items():
            target = recipe.directory / name
            if not target.exists():
                _build_one(recipe, name, package, target)


def _build_one(recipe: Recipe, name: str, package: str, target: Path) -> None:
    go = shutil.which("go")
    if go is None:
        raise SystemExit("Go is needed to build what the tests run: install it and put `go` on the PATH.")
    target.parent.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    print(f"    building {name} ({package})", flush=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
        output = Path(scratch) / name
        command = [go, "build", "-mod=readonly", "-trimpath", f"-p={os.cpu_count()}", *recipe.flags, "-ldflags",
                   recipe.ldflags, "-o", str(output), package]  # fmt: skip
        log = target.parent / f"{name}.build.log"
        with log.open("wb") as sink:
            process = subprocess.Popen(
                command, cwd=recipe.source, stdout=sink, stderr=subprocess.STDOUT,
                env={**os.environ, "CGO_ENABLED": "0"},
            )  # fmt: skip
            _wait(process, name, started)
        if process.returncode:
            raise SystemExit(f"building {name} failed:\n{log.read_text()[-4000:]}")
        output.rename(target)
    print(f"    built {name} in {time.monotonic() - started:.0f} s", flush=True)


def _wait(process: subprocess.Popen[bytes], name: str, started: float) -> None:
    try:
        while True:
            try:
                process.wait(PROGRESS_S)
                return
            except subprocess.TimeoutExpired:
                print(f"    still building {name}, {time.monotonic() - started:.0f} s", flush=True)
    except BaseException:
        process.terminate()
        process.wait()
        raise


def main(names: list[str]) -> int:
    for recipe in ALL:
        if not names or recipe.name in names:
            build(recipe)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
