"""How a tenant connects the stock `kopia` client of their machine to a server. Pure; nothing of it is secret.

`kopia` takes the password from `$KOPIA_PASSWORD`, or asks for it: it is in none of these texts.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

import yaml

from backend.api.http.problem import INVALID_QUERY, Problem
from backend.kopia.users import USER_NAME

SCRIPT = "/usr/local/bin/bsls-connect"
PASSWORD_FILE = "/etc/bsls/password"  # noqa: S105 - the place, which the owner of the machine fills
_FINGERPRINT = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Bundle:
    """`command`: for a POSIX shell; `arguments`: the same, not quoted; `power_shell`, `cloud_init`: variants of it."""

    user: str
    url: str
    fingerprint: str | None
    arguments: tuple[str, ...]
    command: str
    power_shell: str
    cloud_init: str


def make_bundle(url: str, user: str, *, fingerprint: str | None = None, ca: str | None = None) -> Bundle:
    """`url`: https://host:port; `user`: user@host as in the user list. Raises Problem for a name that none can have.

    With `fingerprint` (SHA-256, hexadecimal) the client accepts exactly this certificate. Without it the machine has to
    trust the server's CA; cloud-init installs `ca` (PEM).
    """
    if not USER_NAME.fullmatch(user):
        raise Problem(INVALID_QUERY, "A tenant is <user>@<host> in lower-case letters, digits, '.', '_' and '-'.")
    if urlsplit(url).scheme != "https" or not urlsplit(url).hostname:
        raise ValueError("the URL of a server is https://<host>:<port>")
    if fingerprint is not None and not _FINGERPRINT.fullmatch(fingerprint):
        raise ValueError("a fingerprint is 64 hexadecimal digits")
    arguments = _arguments(url, user, fingerprint)
    command = shlex.join(arguments)
    return Bundle(
        user,
        url,
        fingerprint,
        arguments,
        command,
        _power_shell(arguments),
        _cloud_init(command, None if fingerprint else ca),
    )


def _arguments(url: str, user: str, fingerprint: str | None) -> tuple[str, ...]:
    """Values are joined with `=`: a name may begin with a dash."""
    name, _, host = user.partition("@")
    pin = (f"--server-cert-fingerprint={fingerprint}",) if fingerprint else ()
    connect = ("kopia", "repository", "connect", "server", f"--url={url}", *pin)
    return (*connect, f"--override-username={name}", f"--override-hostname={host}")


def _power_shell(arguments: Sequence[str]) -> str:
    """In single quotes PowerShell replaces nothing but a doubled quote."""
    program, *rest = arguments
    quoted = [one if re.fullmatch(r"[a-z]+", one) else "'" + one.replace("'", "''") + "'" for one in rest]
    return " ".join([program, *quoted])


def _cloud_init(command: str, ca: str | None) -> str:
    """Puts a script on the machine, and runs it at the first boot if the owner has put the password there."""
    script = (
        "#!/bin/sh\n"
        f"# Connects kopia to its server. Asks for the password, unless it is in {PASSWORD_FILE} or $KOPIA_PASSWORD.\n"
        "set -eu\n"
        f'if [ -z "${{KOPIA_PASSWORD:-}}" ] && [ -r {PASSWORD_FILE} ]; then\n'
        f'  KOPIA_PASSWORD="$(cat {PASSWORD_FILE})"\n'
        "  export KOPIA_PASSWORD\n"
        "fi\n"
        f"exec {command}\n"
    )
    config = {
        **({"ca_certs": {"trusted": [ca]}} if ca else {}),
        "write_files": [{"path": SCRIPT, "permissions": "0755", "content": script}],
        "runcmd": [["sh", "-c", f"if [ -r {PASSWORD_FILE} ]; then HOME=/root {SCRIPT}; fi"]],
    }
    return "#cloud-config\n" + yaml.dump(config, Dumper=_Dumper, sort_keys=False, width=1000)


class _Dumper(yaml.SafeDumper):
    """Texts of several lines as such."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.Node:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _text)


def to_json(bundle: Bundle) -> bytes:
    shown = {
        "user": bundle.user,
        "url": bundle.url,
        "fingerprint": bundle.fingerprint,
        "command": bundle.command,
        "powerShell": bundle.power_shell,
        "cloudInit": bundle.cloud_init,
    }
    return json.dumps({name: value for name, value in shown.items() if value is not None}).encode()
