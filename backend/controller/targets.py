"""What the monitor shall watch and bring about at one server. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field

from backend.controller import pods
from backend.controller.cache import decode
from backend.controller.desired.plan import Plan
from backend.controller.desired.secrets import PREVIOUS, pinned_id
from backend.controller.inputs import Inputs, tls_pair
from backend.controller.ledger import LEDGER_KEY, read_ledger
from backend.controller.log_batch import LogPod, log_pod
from backend.controller.names import refresh_request
from backend.controller.observe import Observed
from backend.controller.settings import Settings
from backend.crd.constants import KOPIA_PORT
from backend.crd.drift import DriftPolicy
from backend.kopia.acl import AclList
from backend.kopia.policy import policy_body
from backend.kopia.sync import UserRules
from backend.kopia.takeover import Endpoint
from backend.kopia.tenancy import Asked
from backend.storage.model import KopiaStorage


@dataclass(frozen=True)
class Login:
    """How to reach the Kopia process of one pod. Of the administrator's passwords the first is the one to have; the
    others were valid before a rotation. Passwords never show in a repr.
    """

    namespace: str
    pod: str
    pod_uid: str
    endpoint: Endpoint
    admin_user: str
    admin_passwords: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True)
class Target:
    """`storage` is probed while there is one; `login` is held while the pod runs; `log` is read; `asked` is
    brought about through the login, and `asked_version` changes with it. `refresh`: a request to bring it about now.
    """

    storage: KopiaStorage | None = field(repr=False)
    storage_version: str
    pinned_id: str
    login: Login | None
    log: LogPod | None
    asked: Asked = field(repr=False)
    asked_version: str
    ledger: dict[str, str] = field(repr=False)
    probe_user: str
    probe_interval_s: float
    refresh: str = ""


def target_of(observed: Observed, inputs: Inputs, plan: Plan, settings: Settings) -> Target:
    return Target(
        storage=None if plan.stop else inputs.storage,
        storage_version=inputs.storage_version,
        pinned_id=pinned_id(observed),
        login=None if plan.stop else _login(observed),
        log=log_pod(observed.pod),
        asked=_asked(observed, inputs),
        asked_version=inputs.asked_version,
        ledger=read_ledger(decode(observed.owned.get(("Secret", observed.names.users_secret)), LEDGER_KEY)),
        probe_user=observed.names.probe_user,
        probe_interval_s=settings.probe_interval_s,
        refresh=refresh_request(observed.raw),
    )


def _asked(observed: Observed, inputs: Inputs) -> Asked:
    """A list that cannot be read at all changes nothing; unreadable lines keep what they may be about."""
    spec = observed.server.spec
    rejected = inputs.users.rejected if inputs.users else ()
    rules = UserRules(
        owner=f"{observed.names.namespace}/{observed.names.name}",
        repair=spec.user_management.drift_policy is DriftPolicy.REPAIR,
        keep_all=any(not line.name for line in rejected)
        or (inputs.users is not None and inputs.users.rejected_count > len(rejected)),
        kept=frozenset(line.name for line in rejected),
    )
    return Asked(
        users=dict(inputs.users.users) if inputs.users else None,
        rules=rules,
        acl=inputs.acl or AclList(),
        acl_keep_all=inputs.acl is None or bool(inputs.acl.rejected),
        policy=policy_body(spec.policy) if spec.policy else {},
        policy_repair=spec.policy is None or spec.policy.drift_policy is DriftPolicy.REPAIR,
    )


def _login(observed: Observed) -> Login | None:
    pod = observed.pod
    secret = observed.owned.get(("Secret", observed.names.repository_secret))
    certificate = tls_pair(observed.owned.get(("Secret", observed.names.tls_secret))).certificate
    admin, control = (
        tuple(
            word for key in (name, name + PREVIOUS) if (found := decode(secret, key)) for word in found.decode().split()
        )
        for name in ("admin-password", "control-password")
    )
    if pod is None or not pods.running(pod) or not (certificate and admin and control):
        return None
    host = str(pod["status"]["podIP"])
    meta = pod["metadata"]
    return Login(
        namespace=str(meta["namespace"]),
        pod=str(meta["name"]),
        pod_uid=str(meta["uid"]),
        endpoint=Endpoint(f"[{host}]:{KOPIA_PORT}" if ":" in host else f"{host}:{KOPIA_PORT}", certificate, control),
        admin_user=observed.names.admin_user,
        admin_passwords=admin,
    )
