"""Judge the inputs of one server: what is wrong with them, and what they are when nothing is. Pure."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import datetime

from backend.controller.cache import decode
from backend.controller.certificates import CertificateProblem, KeyPair, inspect
from backend.controller.observe import KeyRead, Observed
from backend.controller.problems import Area, Next, Problem
from backend.kopia import acl, users
from backend.kopia.acl import AclList
from backend.kopia.text_list import Rejected, has_comment
from backend.kopia.users import UserList
from backend.storage.bsl import access_mode, phase, render
from backend.storage.layout import layout_conflict
from backend.storage.model import KopiaStorage, StorageProblem

SHOWN_LINES = 5
GRANT_HINT = "kubectl apply -n {} -k manifests/namespace"


@dataclass(frozen=True)
class Inputs:
    """Whatever could be read; `problems` in the order of their areas. `users` and `acl` are None when a list says
    nothing; `asked_version` changes exactly when something else is asked of the repository.
    """

    problems: tuple[Problem, ...]
    storage: KopiaStorage | None = None
    storage_version: str = ""
    password: bytes | None = None
    given_tls: KeyPair | None = None
    users: UserList | None = None
    users_version: str = ""
    acl: AclList | None = None
    acl_version: str = ""
    asked_version: str = ""
    ignored: tuple[tuple[str, str], ...] = field(default=())


def judge(observed: Observed, now: datetime) -> Inputs:
    """Every area is judged, so that the status names all problems at once."""
    if observed.access_error:
        message = (
            f"The controller may not read its objects here ({observed.access_error}); grant it with: "
            + GRANT_HINT.format(observed.access_namespace)
        )
        return Inputs((Problem(Area.STORAGE, "NamespaceNotGranted", message),))
    problems: list[Problem] = []
    storage: KopiaStorage | None = None
    try:
        storage = _storage(observed)
    except _Blocked as blocked:
        problems.append(blocked.problem)
    try:
        password = _password(observed.password)
    except _Blocked as blocked:
        password = None
        problems.append(blocked.problem)
    try:
        given_tls = _given_tls(observed, now)
    except _Blocked as blocked:
        given_tls = None
        problems.append(blocked.problem)
    listed, user_problems = _users(observed.users)
    entries, acl_problems = _acl(observed.acl)
    problems += user_problems + acl_problems
    users_version = _digest(observed.users.data or b"") if listed else ""
    acl_version = _digest((observed.acl.data if observed.acl else None) or b"") if entries else ""
    return Inputs(
        tuple(problems),
        storage=storage,
        storage_version=_digest(storage.json().encode() + (storage.endpoint.ca_pem or b"")) if storage else "",
        password=password,
        given_tls=given_tls,
        users=listed,
        users_version=users_version,
        acl=entries,
        acl_version=acl_version,
        asked_version=_asked_version(observed, users_version, acl_version),
        ignored=storage.ignored if storage else (),
    )


class _Blocked(Exception):
    def __init__(self, area: Area, reason: str, message: str, *, stop: bool = False, wait: bool = False) -> None:
        super().__init__(message)
        self.problem = Problem(area, reason, message, Next.WAIT if wait else Next.USER, stop)


def _storage(observed: Observed) -> KopiaStorage:
    reference = f"BackupStorageLocation {observed.bsl_namespace}/{observed.server.spec.backup_storage_location.name}"
    bsl = observed.bsl
    if bsl is None:
        raise _Blocked(Area.STORAGE, "BSLNotFound", f"{reference} does not exist; create it or correct the reference.")
    if not observed.bsl_granted:
        raise _Blocked(
            Area.STORAGE,
            "BSLReferenceNotGranted",
            f"{reference} is in another namespace and does not admit {observed.names.namespace}; annotate it with "
            f"oadp.openshift.io/bsls-namespaces={observed.names.namespace} or use a BSL of this namespace.",
            stop=True,
        )
    if access_mode(bsl) == "ReadOnly":
        raise _Blocked(
            Area.STORAGE,
            "BSLReadOnly",
            f"{reference} is ReadOnly, so no backup may be written and the server is stopped; "
            "set its accessMode to ReadWrite to start it.",
            stop=True,
        )
    conflict = layout_conflict(bsl, observed.locations)
    if conflict:
        raise _Blocked(Area.STORAGE, "BucketLayoutConflict", conflict)
    if phase(bsl) == "Unavailable":
        why = str((bsl.get("status") or {}).get("message") or "no message")
        raise _Blocked(
            Area.STORAGE, "BSLUnavailable", f"Velero reports {reference} Unavailable ({why}); repair that location."
        )
    credentials = _required(Area.STORAGE, "StorageSecret", observed.credentials) if observed.credentials else None
    ca = _required(Area.STORAGE, "StorageCASecret", observed.storage_ca) if observed.storage_ca else None
    try:
        return render(bsl, credentials, observed.server.spec.prefix or "", ca)
    except StorageProblem as problem:
        raise _Blocked(Area.STORAGE, problem.reason, problem.message) from problem


def _required(area: Area, what: str, read: KeyRead) -> bytes:
    if read.object_missing:
        raise _Blocked(area, f"{what}NotFound", f"{read} does not exist; create it with the key {read.key!r}.")
    if read.data is None:
        raise _Blocked(area, f"{what}KeyNotFound", f"{read} has no usable key {read.key!r}; add it.")
    return read.data


def _password(read: KeyRead) -> bytes:
    data = _required(Area.REPOSITORY, "RepositoryPasswordSecret", read)
    password = data.rstrip(b"\r\n")  # a trailing newline of `echo` is nobody's intention
    if not password:
        raise _Blocked(
            Area.REPOSITORY,
            "RepositoryPasswordEmpty",
            f"The key {read.key!r} of {read} is empty; put a password there.",
        )
    if b"\0" in password or b"\n" in password:
        raise _Blocked(
            Area.REPOSITORY,
            "RepositoryPasswordMalformed",
            f"The key {read.key!r} of {read} has a line break or NUL in the password; use one line of text.",
        )
    return password


def _given_tls(observed: Observed, now: datetime) -> KeyPair | None:
    tls = observed.server.spec.tls
    if tls is None or not tls.secret_name:
        return None
    where = f"Secret {observed.names.namespace}/{tls.secret_name}"
    pair = tls_pair(observed.tls_secret)
    if observed.tls_secret is None:
        raise _Blocked(Area.TLS, "TLSSecretNotFound", f"{where} does not exist; create it with tls.crt and tls.key.")
    if not pair.certificate or not pair.key:
        missing = "tls.key" if pair.certificate else "tls.crt"
        raise _Blocked(Area.TLS, "TLSSecretKeyNotFound", f"{where} has no usable key {missing!r}; add it.")
    try:
        inspect(pair, now)
    except CertificateProblem as problem:
        raise _Blocked(Area.TLS, problem.reason, f"{where}: {problem.message}") from problem
    return pair


def tls_pair(secret: dict[str, object] | None) -> KeyPair:
    """The pair in a kubernetes.io/tls Secret; missing entries are empty."""
    return KeyPair(decode(secret, "tls.crt") or b"", decode(secret, "tls.key") or b"", decode(secret, "ca.crt") or b"")


def _users(read: KeyRead) -> tuple[UserList | None, list[Problem]]:
    """None: the list says nothing, and nobody is changed."""
    try:
        data = _list(read, Area.USERS, "User")
    except _Blocked as blocked:
        return None, [blocked.problem]
    if data is None:
        return None, []
    parsed = users.parse_user_list(data)
    if not parsed.users and not parsed.rejected and not has_comment(data, users.NOBODY_COMMENT):
        message = (
            f"The key {read.key!r} of {read} names no user, so nobody was removed; add users, "
            "or the line '# no users' to remove them all."
        )
        return None, [Problem(Area.USERS, "UserListEmpty", message)]
    return parsed, _malformed(read, Area.USERS, "UserListMalformed", parsed.rejected, parsed.rejected_count)


def _acl(read: KeyRead | None) -> tuple[AclList | None, list[Problem]]:
    """None: the list says nothing, and no entry is changed; without a source there shall be none."""
    if read is None:
        return AclList(), []
    try:
        data = _list(read, Area.ACCESS, "AccessControl")
    except _Blocked as blocked:
        return None, [blocked.problem]
    if data is None:
        return None, []
    parsed = acl.parse_acl_list(data)
    if not (parsed.entries or parsed.profiles or parsed.rejected) and not has_comment(data, acl.NOBODY_COMMENT):
        message = (
            f"The key {read.key!r} of {read} has no entry, so none was removed; add entries, "
            "or the line '# no entries' to remove them all."
        )
        return None, [Problem(Area.ACCESS, "AccessControlListEmpty", message)]
    return parsed, _malformed(read, Area.ACCESS, "AccessControlListMalformed", parsed.rejected, parsed.rejected_count)


def _list(read: KeyRead, area: Area, what: str) -> bytes | None:
    """The text of a list; None where an optional one does not exist."""
    if read.optional and read.data is None:
        return None
    return _required(area, f"{what}Source", read)


def _malformed(read: KeyRead, area: Area, reason: str, rejected: tuple[Rejected, ...], count: int) -> list[Problem]:
    if not rejected:
        return []
    shown = "; ".join(f"line {one.line}: {one.reason}" for one in rejected[:SHOWN_LINES])
    more = f" and {count - SHOWN_LINES} more" if count > SHOWN_LINES else ""
    message = f"The key {read.key!r} of {read} has lines that were not applied: {shown}{more}. Correct them."
    return [Problem(area, reason, message)]


def _asked_version(observed: Observed, users_version: str, acl_version: str) -> str:
    spec = observed.server.spec
    policy = spec.policy.model_dump_json() if spec.policy else ""
    return _digest("\n".join((users_version, acl_version, policy, spec.user_management.drift_policy)).encode())


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:16]
