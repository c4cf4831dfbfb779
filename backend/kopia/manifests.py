"""A live copy of one kind of manifests: a listing gives ids and labels, and only bodies not yet known are fetched.

Manifests never change in place (a change is a new id), so what is known stays true until its id is gone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from backend.kopia.session import KopiaSession, Manifest

T = TypeVar("T")
Labels = Mapping[str, str]
FETCH_AT_ONCE = 1000


@dataclass(frozen=True)
class Changes(Generic[T]):
    """What one refresh found: manifests by id."""

    added: Mapping[str, T]
    removed: Mapping[str, T]

    def __bool__(self) -> bool:
        return bool(self.added or self.removed)


class ManifestCache(Generic[T]):
    """`group` puts labels into groups, each of which can be refreshed alone (a tenant's snapshots, say)."""

    def __init__(
        self, labels: Labels, parse: Callable[[Manifest], T], group: Callable[[Labels], str] = lambda _labels: ""
    ) -> None:
        self._labels = dict(labels)
        self._parse = parse
        self._group = group
        self._groups: dict[str, dict[str, T]] = {}
        self.fetched = 0

    def __len__(self) -> int:
        return sum(len(items) for items in self._groups.values())

    def values(self) -> Iterator[T]:
        for items in self._groups.values():
            yield from items.values()

    def groups(self) -> Mapping[str, Mapping[str, T]]:
        return self._groups

    def group(self, name: str) -> Mapping[str, T]:
        return self._groups.get(name, {})

    def put(self, manifest: Manifest) -> None:
        """Remember a manifest that we wrote ourselves."""
        self._keep(manifest)

    def forget(self, ids: Iterable[str]) -> None:
        """Drop manifests that we deleted ourselves."""
        gone = set(ids)
        for name in [name for name, items in self._groups.items() if gone & items.keys()]:
            items = self._groups[name]
            for one in gone & items.keys():
                del items[one]
            if not items:
                del self._groups[name]

    def clear(self) -> None:
        self._groups.clear()

    async def refresh(self, session: KopiaSession, *, deadline: float | None = None) -> Changes[T]:
        """Bring the whole copy up to date."""
        return await self._refresh(session, {}, set(self._groups), deadline)

    async def refresh_group(
        self, session: KopiaSession, name: str, labels: Labels, *, deadline: float | None = None
    ) -> Changes[T]:
        """Bring one group up to date; `labels` are those that tell it from the others."""
        return await self._refresh(session, labels, {name}, deadline)

    async def _refresh(
        self, session: KopiaSession, labels: Labels, concerned: set[str], deadline: float | None
    ) -> Changes[T]:
        listed = await session.find_manifests({**self._labels, **labels}, deadline=deadline)
        there = {entry.id for entry in listed}
        unknown = [entry.id for entry in listed if entry.id not in self._groups.get(self._group(entry.labels), {})]
        added: dict[str, T] = {}
        for start in range(0, len(unknown), FETCH_AT_ONCE):
            part = unknown[start : start + FETCH_AT_ONCE]
            for manifest in await session.get_manifests(part, deadline=deadline):
                if manifest is not None:  # else it went between the two requests
                    added[manifest.entry.id] = self._keep(manifest)
        self.fetched += len(added)
        return Changes(added, self._drop(concerned, there))

    def _keep(self, manifest: Manifest) -> T:
        item = self._parse(manifest)
        self._groups.setdefault(self._group(manifest.entry.labels), {})[manifest.entry.id] = item
        return item

    def _drop(self, concerned: set[str], there: set[str]) -> dict[str, T]:
        removed: dict[str, T] = {}
        for name in concerned:
            items = self._groups.get(name, {})
            for one in [one for one in items if one not in there]:
                removed[one] = items.pop(one)
            if not items:
                self._groups.pop(name, None)
        return removed
