"""What a repository holds, live: snapshots by tenant, and policies. Nothing that did not change is fetched twice."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from backend.kopia.manifests import Changes, ManifestCache
from backend.kopia.session import KopiaSession, Manifest
from backend.kopia.snapshots import (
    SNAPSHOT_LABELS,
    Snapshot,
    TenantSummary,
    parse_snapshot,
    summarize,
    tenant_of,
)

POLICY_LABELS = {"type": "policy"}
LIST_DEADLINE_S = 60.0


@dataclass(frozen=True)
class Policy:
    """One policy: `kind` is global, host, user or path; `body` as Kopia writes it."""

    id: str
    kind: str
    username: str
    hostname: str
    path: str
    body: Mapping[str, Any]


def parse_policy(manifest: Manifest) -> Policy:
    labels = manifest.entry.labels
    return Policy(
        manifest.entry.id,
        labels.get("policyType", ""),
        labels.get("username", ""),
        labels.get("hostname", ""),
        labels.get("path", ""),
        manifest.body or {},
    )


class RepositoryView:
    """The live copy. `refresh` lists everything; `refresh_tenant` asks for one tenant's only (a few ms)."""

    def __init__(self) -> None:
        self.snapshots: ManifestCache[Snapshot] = ManifestCache(SNAPSHOT_LABELS, parse_snapshot, tenant_of)
        self.policies: ManifestCache[Policy] = ManifestCache(POLICY_LABELS, parse_policy)
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

    def tenants(self) -> Mapping[str, TenantSummary]:
        """Everybody who has a snapshot, by `user@host`."""
        return self._summaries

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
