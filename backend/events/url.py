"""The URL of a Redis, of Sentinels, or of a Redis Cluster."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from urllib.parse import parse_qs, unquote

SCHEMES = ("redis", "rediss", "unix", "redis+sentinel", "rediss+sentinel", "redis+cluster", "rediss+cluster")
_PORTS = {"sentinel": 26379}

Address = tuple[str, int]


@dataclass(frozen=True)
class Target:
    """`kind`: `single`, `unix`, `sentinel` or `cluster`; `hosts`: of a Redis, of Sentinels, or of some nodes."""

    kind: str
    tls: bool = False
    hosts: tuple[Address, ...] = ()
    path: str = ""
    service: str = ""
    db: int = 0
    username: str | None = None
    password: str | None = field(default=None, repr=False)


def parse(url: str) -> Target:
    """Raises ValueError, whose message does not repeat the URL: it may hold a password."""
    scheme, separator, rest = url.partition("://")
    if not separator or scheme not in SCHEMES:
        raise ValueError(f"the Redis URL has to begin with one of {', '.join(one + '://' for one in SCHEMES)}")
    credentials, _, rest = rest.rpartition("@")
    rest, _, query = rest.partition("?")
    base, _, kind = scheme.partition("+")
    username, _, password = credentials.partition(":")
    target = Target(
        kind or ("unix" if base == "unix" else "single"),
        tls=base == "rediss",
        username=unquote(username) or None,
        password=unquote(password) or None,
    )
    if target.kind == "unix":
        return replace(target, path=unquote(rest), db=_db(parse_qs(query).get("db", [""])[-1]))
    hosts, *path = rest.split("/")
    addresses = tuple(_address(one, _PORTS.get(kind, 6379)) for one in hosts.split(","))
    return _with_path(replace(target, hosts=addresses), [unquote(one) for one in path if one])


def _with_path(target: Target, path: list[str]) -> Target:
    if target.kind == "sentinel":
        if not path:
            raise ValueError("the URL of Sentinels has to end with the service: redis+sentinel://host:26379/<service>")
        return replace(target, service=path[0], db=_db("".join(path[1:2])))
    db = _db("".join(path[:1]))
    if target.kind == "cluster" and db:
        raise ValueError("a Redis Cluster has only database 0")
    if target.kind == "single" and len(target.hosts) > 1:
        raise ValueError("several hosts need redis+sentinel:// or redis+cluster://")
    return replace(target, db=db)


def _db(text: str) -> int:
    if text and not text.isdigit():
        raise ValueError("the database of the Redis URL has to be a number")
    return int(text or 0)


def _address(text: str, default: int) -> Address:
    host, port = text, ""
    if text.startswith("["):
        host, _, port = text[1:].partition("]")
        port = port.removeprefix(":")
    elif ":" in text:
        host, _, port = text.rpartition(":")
    if not host or (port and not port.isdigit()):
        raise ValueError("a host of the Redis URL has to be <host> or <host>:<port>")
    return host, int(port or default)
