"""The derived Secret (what the Kopia pod needs, nothing else), the served certificate, and the CA of a minted one."""

from __future__ import annotations

import json
import secrets
from datetime import datetime
from typing import Any

from backend.controller.cache import decode
from backend.controller.certificates import CertificateProblem, KeyPair, inspect, mint_ca, mint_leaf, needs_renewal
from backend.controller.desired.meta import secret
from backend.controller.inputs import Inputs, tls_pair
from backend.controller.ledger import LEDGER_KEY, write_ledger
from backend.controller.names import ROTATE_CREDENTIALS
from backend.controller.observe import Observed
from backend.controller.settings import Settings
from backend.crd.constants import UNIQUE_ID_ANNOTATION

Json = dict[str, Any]
# The administrator's password is changed in the running server, through a session.
RESTART_KEYS = ("storage.json", "repository.json", "repository-password", "control-password")
# What `bsls repository ensure` reads from its volume; the control user's password comes by environment only.
MOUNTED_KEYS = ("storage.json", "repository.json", "expected-unique-id", "repository-password", "admin-password")
ROTATION = "credentials-rotation"
PREVIOUS = "-previous"
KEPT = 3


def repository_secret(observed: Observed, inputs: Inputs, settings: Settings) -> dict[str, bytes]:
    """Content of the derived Secret. Passwords of ours are made once and kept."""
    storage, password = inputs.storage, inputs.password
    if storage is None or password is None:
        raise ValueError("a derived Secret needs a readable storage and a password")
    present = observed.owned.get(("Secret", observed.names.repository_secret))
    repository = observed.server.spec.repository
    return {
        "storage.json": storage.json().encode(),
        "repository.json": json.dumps(
            {
                "hostname": observed.names.identity_host,
                "username": "bsls",
                "adminUser": observed.names.admin_user,
                "cache": {"contentMB": settings.content_cache_mb, "metadataMB": settings.metadata_cache_mb},
                "retentionMode": str(repository.retention_mode or "") if repository else "",
                "retentionPeriod": (repository.retention_period or "") if repository else "",
            },
            sort_keys=True,
        ).encode(),
        "expected-unique-id": pinned_id(observed).encode(),
        "repository-password": password,
        **_own_passwords(observed, present),
    }


def pinned_id(observed: Observed) -> str:
    """The repository's unique id, once it is known."""
    annotations = observed.raw["metadata"].get("annotations") or {}
    return str(annotations.get(UNIQUE_ID_ANNOTATION, ""))


def derived(observed: Observed, data: dict[str, bytes]) -> Json:
    return secret(observed, observed.names.repository_secret, data)


def served_pair(observed: Observed, inputs: Inputs, now: datetime) -> tuple[KeyPair | None, list[Json]]:
    """The certificate to serve and the Secrets that hold it.

    A given certificate is copied once it is proven good, so that a broken rotation never reaches the pod. While the
    given one is broken, the last good one stays. Without `spec.tls`, one is minted and renewed ahead of its end.
    """
    live = tls_pair(observed.owned.get(("Secret", observed.names.tls_secret)))
    wants_given = observed.server.spec.tls is not None and bool(observed.server.spec.tls.secret_name)
    if wants_given:
        pair = inputs.given_tls or (live if live.certificate and live.key else None)
        return pair, [_tls(observed, pair)] if pair else []
    ca = _authority(observed, now)
    pair = live
    if not _minted_by(live, ca) or needs_renewal(live.certificate, observed.names.dns_names, now):
        pair = mint_leaf(ca, observed.names.dns_names, now)
    authority = secret(observed, observed.names.ca_secret, {"tls.crt": ca.certificate, "tls.key": ca.key})
    return pair, [authority, _tls(observed, pair)]


def _tls(observed: Observed, pair: KeyPair) -> Json:
    data = {"tls.crt": pair.certificate, "tls.key": pair.key}
    if pair.ca:
        data["ca.crt"] = pair.ca
    return secret(observed, observed.names.tls_secret, data, "kubernetes.io/tls")


def _authority(observed: Observed, now: datetime) -> KeyPair:
    live = tls_pair(observed.owned.get(("Secret", observed.names.ca_secret)))
    try:
        inspect(live, now)
    except CertificateProblem:
        return mint_ca(f"bsls {observed.names.identity_host}", now)
    return KeyPair(live.certificate, live.key, live.certificate)


def _minted_by(pair: KeyPair, ca: KeyPair) -> bool:
    return bool(pair.certificate and pair.key) and pair.ca == ca.certificate


def _own_passwords(observed: Observed, present: Json | None) -> dict[str, bytes]:
    """Made once, and again when the annotation asks for it; the ones before stay known until they have been changed
    in the server too.
    """
    annotations = observed.raw["metadata"].get("annotations") or {}
    asked = str(annotations.get(ROTATE_CREDENTIALS, "")).encode()
    rotating = present is not None and asked not in (b"", decode(present, ROTATION) or b"")
    rotation = asked or decode(present, ROTATION)
    found = {ROTATION: rotation} if rotation else {}
    for key in ("admin-password", "control-password"):
        found[key] = _new_password() if rotating else _kept(present, key)
        before = [part for part in (decode(present, key), decode(present, key + PREVIOUS)) if part]
        if before[0 if rotating else 1 :]:
            # several, should the next rotation come before the restart that the last one waits for
            found[key + PREVIOUS] = b"\n".join(b"\n".join(before[0 if rotating else 1 :]).split(b"\n")[:KEPT])
    return found


def users_secret(observed: Observed) -> Json | None:
    """Which users this server made: what the last sync said, or what is written down already."""
    live = observed.owned.get(("Secret", observed.names.users_secret))
    ledger = observed.facts.ledger
    if ledger is None:
        data = decode(live, LEDGER_KEY)
        return secret(observed, observed.names.users_secret, {LEDGER_KEY: data}) if data is not None else None
    return secret(observed, observed.names.users_secret, {LEDGER_KEY: write_ledger(ledger)})


def _new_password() -> bytes:
    return secrets.token_urlsafe(32).encode()


def _kept(present: Json | None, key: str) -> bytes:
    return decode(present, key) or _new_password()


def same_storage(live: Json, inputs: Inputs) -> bool:
    """The running server was made for exactly this storage."""
    return inputs.storage is not None and decode(live, "storage.json") == inputs.storage.json().encode()
