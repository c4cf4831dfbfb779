"""The console plugin, built from its sources and cached by their content; npm's packages come by `make plugin-deps`."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from tests.cluster.cache import cache_dir, digest, digest_tree, locked

SOURCES = Path(__file__).resolve().parent.parent.parent / "console-plugin"
_INPUTS = ("src", "locales", "console-extensions.json", "package.json", "package-lock.json", "tsconfig.json",
           "webpack.config.mjs")  # fmt: skip


def plugin() -> Path:
    """The folder with its plugin-manifest.json."""
    out = cache_dir() / "console-plugin" / digest(digest_tree(*(SOURCES / name for name in _INPUTS)).encode())
    with locked("console-plugin"):
        if not out.exists():
            print("    building the console plugin (webpack)", flush=True)
            if not (SOURCES / "node_modules").exists():
                subprocess.run(["make", "--no-print-directory", "-C", str(SOURCES.parent), "plugin-deps"], check=True)
            scratch = out.with_suffix(".new")
            shutil.rmtree(scratch, ignore_errors=True)
            build = ["npm", "--prefix", str(SOURCES), "run", "--silent", "build", "--", "--stats", "errors-only"]
            subprocess.run(build, check=True, env={**os.environ, "BSLS_PLUGIN_DIST": str(scratch)})
            scratch.rename(out)
    return out


if __name__ == "__main__":
    print(plugin())
