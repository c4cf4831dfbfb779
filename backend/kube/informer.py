"""List, then watch, then list again when the watch is too old: a local, indexed copy of one kind in one namespace."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable, Iterable
from typing import Any

from backend.kube.client import METADATA_LIST, METADATA_ONLY, KubeClient
from backend.kube.errors import ForbiddenError, GoneError, KubeError, NotFoundError, error_from_status
from backend.kube.resources import Resource

Json = dict[str, Any]
Handler = Callable[[Json], None]
ErrorHandler = Callable[["KubeError | None"], None]

log = logging.getLogger(__name__)

WATCH_SECONDS = (3000, 3600)  # one watch lives 50-60 minutes: 100 idle watches cost 0.03 requests a second
RETRY_S = (0.5, 30.0)
REFUSED_RETRY_S = 15.0


class Informer:
    """A cache of `resource` in `namespace` (None: cluster-wide), kept by one task.

    `handler` is called with every object that appeared, changed or went (with its last known state).
    `metadata_only` keeps no content: Secrets are only ever read by name.
    `on_error` is told of a refusal (403, 404) when it begins and None when it ends: `error` holds it meanwhile.
    """

    def __init__(
        self,
        client: KubeClient,
        resource: Resource,
        *,
        namespace: str | None = None,
        label_selector: str = "",
        metadata_only: bool = False,
        handler: Handler,
        on_error: ErrorHandler | None = None,
    ) -> None:
        self._client = client
        self.resource = resource
        self.namespace = namespace
        self._selector = label_selector
        self._metadata_only = metadata_only
        self._handler = handler
        self._on_error = on_error
        self._objects: dict[tuple[str, str], Json] = {}
        self.synced = asyncio.Event()
        self.error: KubeError | None = None

    def get(self, namespace: str, name: str) -> Json | None:
        """The cached object; never change it in place."""
        return self._objects.get((namespace, name))

    def all(self) -> Iterable[Json]:
        return self._objects.values()

    async def run(self) -> None:
        """Until cancelled. Every exit of the watch leads to a re-list or a re-watch, after a pause."""
        delay = RETRY_S[0]
        while True:
            try:
                version = await self._list()
                delay = RETRY_S[0]
                await self._watch(version)
            except GoneError:
                log.info("the watch of %s in %s is too old, listing again", self.resource.plural, self.namespace)
            except (ForbiddenError, NotFoundError) as error:
                self._set_error(error)
                self.synced.set()
                await asyncio.sleep(REFUSED_RETRY_S * random.uniform(0.8, 1.2))  # noqa: S311
            except KubeError as error:
                log.warning("the watch of %s in %s failed: %s", self.resource.plural, self.namespace, error)
                await asyncio.sleep(delay * random.uniform(0.8, 1.2))  # noqa: S311
                delay = min(RETRY_S[1], delay * 2)

    def _set_error(self, error: KubeError | None) -> None:
        before, self.error = self.error, error
        if (before is None) != (error is None) and self._on_error:
            self._on_error(error)

    def _params(self, **extra: str) -> dict[str, str]:
        return {**extra, **({"labelSelector": self._selector} if self._selector else {})}

    async def _list(self) -> str:
        answer = await self._client.request(
            "GET",
            self.resource.path(self.namespace),
            params=self._params(resourceVersion="0"),  # from the watch cache: cheap for the apiserver
            accept=METADATA_LIST if self._metadata_only else "application/json",
        )
        seen = {_key(item): item for item in answer.get("items") or []}
        gone = [item for key, item in self._objects.items() if key not in seen]
        changed = [item for key, item in seen.items() if _version(self._objects.get(key)) != _version(item)]
        self._objects = seen
        self._set_error(None)
        self.synced.set()
        for item in [*changed, *gone]:
            self._handler(item)
        return str(answer["metadata"]["resourceVersion"])

    async def _watch(self, version: str) -> None:
        accept = METADATA_ONLY if self._metadata_only else "application/json"
        while True:
            started = asyncio.get_running_loop().time()
            params = self._params(
                resourceVersion=version,
                allowWatchBookmarks="true",
                timeoutSeconds=str(random.randint(*WATCH_SECONDS)),  # noqa: S311
            )
            async for event in self._client.watch_lines(self.resource.path(self.namespace), params, accept=accept):
                item = event["object"]
                if event["type"] == "ERROR":
                    raise error_from_status(int(item.get("code") or 500), item)
                version = item["metadata"]["resourceVersion"]
                if event["type"] != "BOOKMARK":
                    self._take(event["type"], item)
            if asyncio.get_running_loop().time() - started < 1:
                await asyncio.sleep(1)  # an apiserver that ends watches at once must not be hammered

    def _take(self, kind: str, item: Json) -> None:
        if kind == "DELETED":
            self._objects.pop(_key(item), None)
        else:
            self._objects[_key(item)] = item
        self._handler(item)

    def remember(self, item: Json) -> None:
        """Take the answer of our own write at once, so that the next pass does not write it again."""
        present = self._objects.get(_key(item))
        if present is None or int(_version(present) or 0) < int(_version(item) or 0):
            self._objects[_key(item)] = item


def _key(item: Json) -> tuple[str, str]:
    meta = item["metadata"]
    return meta.get("namespace", ""), meta["name"]


def _version(item: Json | None) -> str | None:
    return item["metadata"]["resourceVersion"] if item else None
