"""One server with everything it refers to, under names of its own: each part can be broken and repaired by itself."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable
from typing import Any, TypeVar

from backend.kopia.users import make_hash
from tests import objects
from tests.demo import site
from tests.servers.seaweed import Seaweed

Json = dict[str, Any]
T = TypeVar("T")
OWNED = "deployment,service,serviceaccount,networkpolicy,secret"
SERVER_LABEL = "oadp.openshift.io/backup-storage-location-server"
_HASH = make_hash("not the password of anybody").encoded()


def poll(read: Callable[[], T], good: Callable[[T], bool], what: str, timeout: float = 20) -> T:
    """What `read` gives, once it is good."""
    deadline = time.monotonic() + timeout
    while not good(value := read()):
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} did not happen within {timeout} s; last: {value}")
        time.sleep(0.1)
    return value


class Place:
    """`known` collects every secret value, for the proof that none of them leaks."""

    def __init__(self, kubectl: site.Kubectl, seaweed: Seaweed, namespace: str, name: str, known: set[str]) -> None:
        self.kubectl = kubectl
        self.seaweed = seaweed
        self.namespace = namespace
        self.name = name
        self.known = known
        self.bucket = f"{name}-bucket"
        self.location = f"{name}-bsl"
        known |= {seaweed.secret_key, seaweed.other_keys[1], _HASH}

    def apply(self, *items: Json) -> None:
        self.kubectl("apply", "--server-side", "--force-conflicts", "-f", "-", input=objects.to_list(*items))

    def patch(self, what: str, patch: Any, kind: str = "merge", name: str = "") -> None:
        self.kubectl("patch", "-n", self.namespace, what, name or self.name, f"--type={kind}", "-p", json.dumps(patch))

    def patch_bsl(self, patch: Json) -> None:
        self.patch("bsl", patch, name=self.location)

    def delete(self, kind: str, name: str) -> None:
        self.kubectl("delete", "-n", self.namespace, kind, name, "--wait=false")

    def get(self, kind: str, name: str) -> Json:
        """The object, or `{}` where there is none."""
        text = self.kubectl("get", "-n", self.namespace, kind, name, "--ignore-not-found", "-o", "json")
        return json.loads(text) if text.strip() else {}

    def owned(self) -> dict[str, Json]:
        text = self.kubectl("get", OWNED, "-n", self.namespace, "-l", f"{SERVER_LABEL}={self.name}", "-o", "json")
        return {f"{item['kind']}/{item['metadata']['name']}": item for item in json.loads(text)["items"]}

    def bsl(self, **overrides: Any) -> Json:
        url = overrides.pop("url", self.seaweed.url)
        return objects.bsl(self.namespace, self.location, self.bucket, url, **overrides)

    def server(self, **spec: Any) -> Json:
        return objects.server(self.namespace, self.name, self.location, **spec)

    def credentials(self, access: str = "", secret: str = "", *, text: str = "", key: str = "cloud") -> Json:
        text = text or objects.aws_credentials(access or self.seaweed.access_key, secret or self.seaweed.secret_key)
        return objects.secret(self.namespace, f"{self.location}-credentials", {key: text})

    def password(self, key: str = "password") -> Json:
        value = secrets.token_hex(12)
        self.known.add(value)
        return objects.secret(self.namespace, f"{self.name}-password", {key: value})

    def users(self, text: str = "") -> Json:
        return objects.secret(self.namespace, f"{self.name}-users", {"users": text or f"alice@vm1:{_HASH}\n"})

    def build(self, *broken: Json, without: tuple[str, ...] = (), **spec: Any) -> None:
        """All parts, with `broken` in the stead of the good ones, and some left out."""
        if "bucket" not in without:
            self.seaweed.create_bucket(self.bucket)
        good = {
            "credentials": self.credentials(),
            "password": self.password(),
            "users": self.users(),
            "bsl": self.bsl(),
            "server": self.server(**spec),
        }
        instead = {(item["kind"], item["metadata"]["name"]) for item in broken}
        kept = [
            item
            for part, item in good.items()
            if part not in without and (item["kind"], item["metadata"]["name"]) not in instead
        ]
        self.apply(*broken, *kept)

    def wait_for(self, kind: str, *, status: str = "", reason: str = "", timeout: float = 20) -> Json:
        """The condition, once it has this status and reason."""
        found = site.wait_for(
            self.kubectl, self.namespace, self.name, kind, status=status, reason=reason, timeout=timeout
        )
        return site.condition(found, kind)

    def read(self) -> Json:
        return site.get_server(self.kubectl, self.namespace, self.name)
