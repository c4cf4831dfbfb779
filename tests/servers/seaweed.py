"""A real S3 server (SeaweedFS), over http and https, with keys of its own; stop and start keep its data."""

from __future__ import annotations

import contextlib
import json
import secrets
import shutil
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import urllib3
from minio import Minio
from minio.error import S3Error

from backend.controller.certificates import mint_ca
from tests.cluster.cache import tied
from tests.servers.ports import free_ports, listens, wait_until
from tests.servers.tls import leaf_for

VOLUMES = 1000  # each bucket takes several; when there is none left, writes are internal errors


class Seaweed:
    """`endpoint` and `https_endpoint` are host:port on 127.0.0.1; pods use their cluster's `host_ip` with `port`."""

    def __init__(self) -> None:
        self.access_key = "access-" + secrets.token_hex(6)
        self.secret_key = secrets.token_hex(20)
        self.other_keys = ("access-" + secrets.token_hex(6), secrets.token_hex(20))  # accepted as well: for rotations
        self._home = Path(tempfile.mkdtemp(prefix="bsls-s3-"))
        master, volume, filer, s3, https = free_ports(5)
        self.port, self.https_port = s3, https
        self._ports = {"-master.port": master, "-volume.port": volume, "-filer.port": filer, "-s3.port": s3}
        self._process: subprocess.Popen[bytes] | None = None
        ca = mint_ca("test storage", datetime.now(UTC))
        self.ca_pem = ca.certificate
        hosts = ["127.0.0.1", *(f"10.250.{slot}.1" for slot in range(16))]
        leaf = leaf_for(ca, hosts)
        (self._home / "tls.crt").write_bytes(leaf.certificate)
        (self._home / "tls.key").write_bytes(leaf.key)

    @property
    def endpoint(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return f"http://{self.endpoint}"

    @property
    def https_endpoint(self) -> str:
        return f"127.0.0.1:{self.https_port}"

    @property
    def https_url(self) -> str:
        return f"https://{self.https_endpoint}"

    def url_for(self, host: str, *, tls: bool = False) -> str:
        """The URL by another address of this machine."""
        return f"https://{host}:{self.https_port}" if tls else f"http://{host}:{self.port}"

    def __enter__(self) -> Seaweed:
        try:
            self.start()
        except BaseException:  # Ctrl-C while it starts
            self.close()
            raise
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()

    def start(self) -> None:
        """Serve; the data of an earlier start is there again."""
        data = self._home / "data"
        data.mkdir(exist_ok=True)
        pairs = ((self.access_key, self.secret_key), self.other_keys)
        keys = [{"accessKey": access, "secretKey": secret} for access, secret in pairs]
        identity = {"name": "tests", "credentials": keys, "actions": ["Admin", "Read", "Write", "List", "Tagging"]}
        (self._home / "s3.json").write_text(json.dumps({"identities": [identity]}))
        command = [
            str(Path(sys.executable).with_name("weed")), f"-logdir={self._home}", "server", "-ip=127.0.0.1",
            "-ip.bind=0.0.0.0", f"-dir={data}", f"-volume.max={VOLUMES}", "-master.volumeSizeLimitMB=512",
            "-filer", "-s3", "-s3.port.iceberg=0", "-s3.port.lance=0",
            f"-s3.config={self._home / 's3.json'}", f"-s3.port.https={self.https_port}",
            f"-s3.cert.file={self._home / 'tls.crt'}", f"-s3.key.file={self._home / 'tls.key'}",
            *(f"{flag}={port}" for flag, port in self._ports.items()),
        ]  # fmt: skip
        with (self._home / "weed.log").open("ab") as log:
            self._process = subprocess.Popen(
                tied(command), stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, start_new_session=True
            )
        wait_until(self._answers, f"SeaweedFS on {self.endpoint}, log {self._home / 'weed.log'}", 60)

    def _answers(self) -> bool:
        if self._process is not None and self._process.poll() is not None:
            log = (self._home / "weed.log").read_text(errors="replace")[-2000:]
            raise RuntimeError(f"SeaweedFS ended with {self._process.returncode}: {log}")
        if not (listens("127.0.0.1", self.port) and listens("127.0.0.1", self.https_port)):
            return False
        with contextlib.suppress(S3Error, urllib3.exceptions.HTTPError):
            self._client().list_buckets()
            return True
        return False

    def stop(self) -> None:
        """Kill the server; its data stays."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def close(self) -> None:
        self.stop()
        shutil.rmtree(self._home, ignore_errors=True)

    def create_bucket(self, name: str) -> str:
        if not self._client().bucket_exists(bucket_name=name):
            self._client().make_bucket(bucket_name=name)
        return name

    def remove_bucket(self, name: str) -> None:
        """The bucket with all it holds."""
        for key in self.keys(name):
            self.delete(name, key)
        self._client().remove_bucket(bucket_name=name)

    def keys(self, bucket: str, prefix: str = "") -> list[str]:
        found = self._client().list_objects(bucket_name=bucket, prefix=prefix, recursive=True)
        return [str(item.object_name) for item in found]

    def get(self, bucket: str, key: str) -> bytes:
        response = self._client().get_object(bucket_name=bucket, object_name=key)
        try:
            return bytes(response.read())
        finally:
            response.close()
            response.release_conn()

    def put(self, bucket: str, key: str, data: bytes) -> None:
        import io

        self._client().put_object(bucket_name=bucket, object_name=key, data=io.BytesIO(data), length=len(data))

    def delete(self, bucket: str, key: str) -> None:
        self._client().remove_object(bucket_name=bucket, object_name=key)

    def _client(self) -> Minio:
        pool = urllib3.PoolManager(timeout=10, retries=False)
        return Minio(
            endpoint=self.endpoint, access_key=self.access_key, secret_key=self.secret_key, secure=False,
            region="us-east-1", http_client=pool,
        )  # fmt: skip
