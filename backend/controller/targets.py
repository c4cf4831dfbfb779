"""What the monitor shall watch and bring about at one server. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field

from backend.controller import pods
from backend.controller.cache import decode
from backend.controller.desired.plan import Plan
from backend.controller.desired.secrets import pinned_id
from backend.controller.inputs import Inputs, tls_pair
from backend.controller.observe import Observed
from backend.controller.settings import Settings
from backend.crd.constants import KOPIA_PORT
from backend.kopia.users import PasswordHash
from backend.storage.model import KopiaStorage


@dataclass(frozen=True)
class Login:
    """How to reach the Kopia process of one pod. Passwords never show in a repr."""

    pod_uid: str
    address: str
    certificate: bytes = field(repr=False)
    admin_user: str
    admin_password: str = field(repr=False)
    control_password: str = field(repr=False)


@dataclass(frozen=True)
class Target:
    """`storage` is probed while there is one; `login` is held while the pod runs; `users` are applied through it.

    `keep_users`: lines of the list are unreadable, so nobody is removed: the line may be somebody's.
    """

    owner: str
    storage: KopiaStorage | None = field(repr=False)
    storage_version: str
    pinned_id: str
    login: Login | None
    users: dict[str, PasswordHash] | None = field(repr=False)
    users_version: str
    keep_users: bool
    probe_interval_s: float


def target_of(observed: Observed, inputs: Inputs, plan: Plan, settings: Settings) -> Target:
    names = observed.names
    return Target(
        owner=f"{names.namespace}/{names.name}",
        storage=None if plan.stop else inputs.storage,
        storage_version=inputs.storage_version,
        pinned_id=pinned_id(observed),
        login=None if plan.stop else _login(observed),
        users=dict(inputs.users.users) if inputs.users else None,
        users_version=inputs.users_version,
        keep_users=bool(inputs.users and inputs.users.rejected),
        probe_interval_s=settings.probe_interval_s,
    )


def _login(observed: Observed) -> Login | None:
    pod = observed.pod
    secret = observed.owned.get(("Secret", observed.names.repository_secret))
    certificate = tls_pair(observed.owned.get(("Secret", observed.names.tls_secret))).certificate
    admin, control = decode(secret, "admin-password"), decode(secret, "control-password")
    if pod is None or not pods.running(pod) or not (certificate and admin and control):
        return None
    host = str(pod["status"]["podIP"])
    return Login(
        pod_uid=str(pod["metadata"]["uid"]),
        address=f"[{host}]:{KOPIA_PORT}" if ":" in host else f"{host}:{KOPIA_PORT}",
        certificate=certificate,
        admin_user=observed.names.admin_user,
        admin_password=admin.decode(),
        control_password=control.decode(),
    )
