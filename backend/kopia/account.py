"""Change one account's password through a session, so that the server need not restart."""

from __future__ import annotations

from backend.kopia.hashing import hash_aside
from backend.kopia.session import KopiaSession
from backend.kopia.sync import NAME_LABEL, USER_LABELS


async def set_password(session: KopiaSession, user: str, password: str) -> None:
    """As `kopia server user set` does: a new manifest, then the old ones go. In effect after a refresh."""
    labels = {**USER_LABELS, NAME_LABEL: user}
    before = await session.find_manifests(labels)
    password_hash = await hash_aside(password)
    await session.put_manifest(password_hash.manifest_body(user), labels)
    await session.delete_manifests([entry.id for entry in before])
    await session.flush()
