"""Write an OCI image layout as one tar from local layers, deterministically; no registry, no container engine."""

from __future__ import annotations

import hashlib
import io
import json
import os
import tarfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Config:
    """What the image runs as."""

    entrypoint: tuple[str, ...] = ()
    env: dict[str, str] = field(default_factory=dict)
    user: str = ""
    workdir: str = "/"


class Layer:
    """Files to put into one uncompressed layer tar (its digest is its diff id)."""

    def __init__(self, path: Path) -> None:
        self._tar = tarfile.open(path, "w", format=tarfile.PAX_FORMAT)  # noqa: SIM115 - closed by __exit__
        self._seen: set[str] = set()

    def __enter__(self) -> Layer:
        return self

    def __exit__(self, *_exc: object) -> None:
        self._tar.close()

    def directory(self, name: str, mode: int = 0o755) -> None:
        name = name.strip("/")
        if not name or name in self._seen:
            return
        self.directory(os.path.dirname(name))
        self._seen.add(name)
        self._add(name, mode, kind=tarfile.DIRTYPE)

    def file(self, name: str, source: Path | bytes, mode: int | None = None) -> None:
        name = name.strip("/")
        self.directory(os.path.dirname(name))
        data = source if isinstance(source, bytes) else source.read_bytes()
        if mode is None:
            mode = 0o755 if isinstance(source, Path) and os.access(source, os.X_OK) else 0o644
        self._add(name, mode, data=data)

    def link(self, name: str, target: str) -> None:
        self.directory(os.path.dirname(name.strip("/")))
        info = tarfile.TarInfo(name.strip("/"))
        info.type, info.linkname = tarfile.SYMTYPE, target
        self._tar.addfile(info)

    def tree(self, name: str, source: Path, *, skip: tuple[str, ...] = ()) -> None:
        for path in sorted(source.rglob("*")):
            if path.is_file() and not set(path.relative_to(source).parts) & set(skip):
                self.file(f"{name}/{path.relative_to(source)}", path)

    def _add(self, name: str, mode: int, *, data: bytes = b"", kind: bytes = tarfile.REGTYPE) -> None:
        info = tarfile.TarInfo(name)
        info.mode, info.type, info.size = mode, kind, len(data)
        self._tar.addfile(info, io.BytesIO(data))


def write_image(out: Path, name: str, layers: list[Path], config: Config) -> None:
    """`name` is the full reference, as the container runtime will know it."""
    digests = [_digest_file(layer) for layer in layers]
    env = {"PATH": "/usr/local/bin:/usr/bin:/bin", **config.env}
    image: dict[str, Any] = {
        "architecture": "amd64",
        "os": "linux",
        "created": "1970-01-01T00:00:00Z",
        "config": {
            "Entrypoint": list(config.entrypoint),
            "Env": [f"{key}={value}" for key, value in env.items()],
            "User": config.user,
            "WorkingDir": config.workdir,
        },
        "rootfs": {"type": "layers", "diff_ids": digests},
    }
    blob = json.dumps(image, sort_keys=True).encode()
    manifest = json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": _descriptor("application/vnd.oci.image.config.v1+json", _digest(blob), len(blob)),
            "layers": [
                _descriptor("application/vnd.oci.image.layer.v1.tar", digest, layer.stat().st_size)
                for digest, layer in zip(digests, layers, strict=True)
            ],
        },
        sort_keys=True,
    ).encode()
    entry = _descriptor("application/vnd.oci.image.manifest.v1+json", _digest(manifest), len(manifest))
    entry["annotations"] = {
        "io.containerd.image.name": name,
        "org.opencontainers.image.ref.name": name.rsplit(":", 1)[-1],
    }
    index = json.dumps({"schemaVersion": 2, "manifests": [entry]}).encode()
    scratch = out.with_suffix(".partial")
    with tarfile.open(scratch, "w") as tar:
        for path, data in (("oci-layout", b'{"imageLayoutVersion":"1.0.0"}'), ("index.json", index)):
            _bytes(tar, path, data)
        for data in (blob, manifest):
            _bytes(tar, f"blobs/sha256/{_digest(data)[7:]}", data)
        for digest, layer in zip(digests, layers, strict=True):
            tar.add(layer, f"blobs/sha256/{digest[7:]}")
    scratch.rename(out)


def _descriptor(media_type: str, digest: str, size: int) -> dict[str, Any]:
    return {"mediaType": media_type, "digest": digest, "size": size}


def _bytes(tar: tarfile.TarFile, name: str, data: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.size, info.mode = len(data), 0o644
    tar.addfile(info, io.BytesIO(data))


def _digest(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def _digest_file(path: Path) -> str:
    total = hashlib.sha256()
    with path.open("rb") as handle:
        while chunk := handle.read(1 << 20):
            total.update(chunk)
    return f"sha256:{total.hexdigest()}"
