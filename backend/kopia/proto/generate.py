"""Generate the stubs beside this file: `python -m backend.kopia.proto.generate [--check]` (needs grpcio-tools)."""

from __future__ import annotations

import importlib.resources
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
PROTO = HERE / "session.proto"


def generate(output: Path) -> list[Path]:
    """Write session_pb2.py and its .pyi below output; the paths written."""
    from grpc_tools import protoc  # noqa: PLC0415 - a development tool, not present in the image

    with importlib.resources.as_file(importlib.resources.files("grpc_tools") / "_proto") as well_known:
        arguments = ["protoc", f"-I{ROOT}", f"-I{well_known}", f"--python_out={output}", f"--pyi_out={output}"]
        status = protoc.main([*arguments, str(PROTO)])
    if status != 0:
        raise SystemExit(status)
    return sorted((output / HERE.relative_to(ROOT)).glob("session_pb2*"))


def check() -> list[str]:
    """Names of committed stubs that differ from freshly generated ones."""
    with tempfile.TemporaryDirectory() as directory:
        fresh = generate(Path(directory))
        return [path.name for path in fresh if not _same(path, HERE / path.name)]


def _same(left: Path, right: Path) -> bool:
    return right.is_file() and left.read_bytes() == right.read_bytes()


def main(arguments: list[str]) -> int:
    if "--check" in arguments:
        stale = check()
        for name in stale:
            print(f"{name} differs from session.proto: run python -m backend.kopia.proto.generate", file=sys.stderr)
        return 1 if stale else 0
    generate(ROOT)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
