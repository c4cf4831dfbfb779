"""What a repository holds, live: snapshots by tenant, and policies. Nothing that did not change is fetched twice."""

from __future__ import annotations

import time
from collections.abc import Mapping

from backend.kopia.effective import POLICY_LABELS, effective_retention
from backend.kopia.manifests import Changes, ManifestCache
from backend.kopia.retention import retention_reasons
from backend.kopia.session import KopiaSession, Manifest
from backend.kopia.snapshots import (
    SNAPSHOT_LABELS,
    Snapshot,
    TenantSummary,
    parse_snapshot,
    summarize,
    tenant_of,
)

LIST_DEADLINE_S = 60.0


class RepositoryView:
    """The live copy. `refresh` lists everything; `refresh_tenant` asks for one tenant's only (a few ms)."""

    def __init__(self) -> None:
        self.snapshots: ManifestCache[Snapshot] = ManifestCache(SNAPSHOT_LABELS, parse_snapshot, tenant_of)
        self.policies: ManifestCache[Manifest] = ManifestCache(POLICY_LABELS, lambda policy: policy)
        self._summaries: dict[str, TenantSummary] = {}

    async def refresh(self, session: KopiaSession) -> Changes[Snapshot]:
        changes = await self.snapshots.refresh(session, deadline=LIST_DEADLINE_S)
        await self.policies.refresh(session, deadline=LIST_DEADLINE_S)
        concerned = {one.tenant for part in (changes.added, changes.removed) for one in part.values()}
        self._sum_up(concerned)
        return changes

    async def refresh_tenant(self, session: KopiaSession, tenant: str) -> Changes[Snapshot]:
        name, _, host = tenant.partition("@")
        labels = {"username": name, "hostname": host}
        changes = await self.snapshots.refresh_group(session, tenant, labels, deadline=LIST_DEADLINE_S)
        if changes:
            self._sum_up({tenant})
        return changes

    async def extent(self, session: KopiaSession) -> tuple[int, int]:
        """How many sources (a path of a tenant) and manifests there are; before the first view, from a listing."""
        if self._summaries:
            sources = sum(one.paths for one in self._summaries.values())
            return sources, len(self.snapshots) + len(self.policies)
        listed = await session.find_manifests(SNAPSHOT_LABELS, deadline=LIST_DEADLINE_S)
        return len({(tenant_of(entry.labels), entry.labels.get("path")) for entry in listed}), len(listed)

    def tenants(self) -> Mapping[str, TenantSummary]:
        """Everybody who has a snapshot, by `user@host`."""
        return self._summaries

    def reasons(self, tenant: str) -> dict[str, tuple[str, ...]]:
        """Why Kopia keeps each snapshot of a tenant, by its id: `("latest-1", "daily-1")`; none: it goes next time."""
        by_path: dict[str, list[Snapshot]] = {}
        for one in self.snapshots.group(tenant).values():
            by_path.setdefault(one.path, []).append(one)
        name, _, host = tenant.partition("@")
        policies = list(self.policies.values())
        found: dict[str, tuple[str, ...]] = {}
        for path, items in by_path.items():
            reasons = retention_reasons(items, effective_retention(policies, name, host, path))
            found.update(zip((one.id for one in items), reasons, strict=True))
        return found

    def clear(self) -> None:
        """Another repository: nothing of what is known is true of it."""
        self.snapshots.clear()
        self.policies.clear()
        self._summaries.clear()

    def _sum_up(self, tenants: set[str]) -> None:
        now = time.time()
        for tenant in tenants:
            items = self.snapshots.group(tenant)
            if items:
                self._summaries[tenant] = summarize(items.values(), now)
            else:
                self._summaries.pop(tenant, None)
