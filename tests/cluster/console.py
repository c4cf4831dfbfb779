"""The console plugin and the page that serves it elsewhere, built from their sources and cached by their content."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from tests.cluster.cache import cache_dir, digest, digest_tree, locked

SOURCES = Path(__file__).resolve().parent.parent.parent / "console-plugin"
_INPUTS = ("host", "src", "locales", "console-extensions.json", "package.json", "package-lock.json", "tsconfig.json",
           "webpack.config.mjs")  # fmt: skip


def place() -> Path:
    """Where the build of what is in the tree now belongs; it may not be there yet."""
    return cache_dir() / "ui" / digest(digest_tree(*(SOURCES / name for name in _INPUTS)).encode())


def pages() -> Path:
    """What `bsls api --ui-dir` takes: the folders `plugin` (which `bsls plugin` takes) and `host`.

    npm's packages come by `make plugin-deps`.
    """
    out = place()
    with locked("console-plugin"):
        if not out.exists():
            print("    building the console plugin and its page (webpack, esbuild)", flush=True)
            if not (SOURCES / "node_modules").exists():
                subprocess.run(["make", "--no-print-directory", "-C", str(SOURCES.parent), "plugin-deps"], check=True)
            scratch = out.with_suffix(".new")
            shutil.rmtree(scratch, ignore_errors=True)
            run = ["npm", "--prefix", str(SOURCES), "run", "--silent"]
            env = {**os.environ, "BSLS_PLUGIN_DIST": str(scratch / "plugin"), "BSLS_HOST_DIST": str(scratch / "host")}
            subprocess.run([*run, "build", "--", "--stats", "errors-only"], check=True, env=env)
            subprocess.run([*run, "build:host"], check=True, env=env)
            scratch.rename(out)
    return out


if __name__ == "__main__":
    print(pages())
