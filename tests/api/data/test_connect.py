"""The connect bundle: quoted for any name, without a password, and taken as it is by the stock client."""

from __future__ import annotations

import json
import os
import random
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from backend.api.data.connect import PASSWORD_FILE, SCRIPT, Bundle, make_bundle, to_json
from backend.api.http.problem import Problem
from backend.repository.command import SERVER_ENVIRONMENT
from tests.kopia.pods import Server, pod_on
from tests.kopia.tenants import ALICE, Tenant, running_long, tenants_of
from tests.servers.seaweed import Seaweed

URL = "https://vms.backup.svc:51515"
FINGERPRINT = "ab" * 32
_LETTERS = "abcxyz019-_."


def script_of(bundle: Bundle) -> str:
    config = yaml.safe_load(bundle.cloud_init)
    (found,) = config["write_files"]
    assert found["path"] == SCRIPT
    return str(found["content"])


def test_it_is_what_a_tenant_types() -> None:
    bundle = make_bundle(URL, "alice@vm-1.team-a", fingerprint=FINGERPRINT)
    assert bundle.command == (
        f"kopia repository connect server --url={URL} --server-cert-fingerprint={FINGERPRINT} "
        "--override-username=alice --override-hostname=vm-1.team-a"
    )
    assert bundle.power_shell == (
        f"kopia repository connect server '--url={URL}' '--server-cert-fingerprint={FINGERPRINT}' "
        "'--override-username=alice' '--override-hostname=vm-1.team-a'"
    )
    assert bundle.cloud_init.startswith("#cloud-config\n")
    assert f"exec {bundle.command}\n" in script_of(bundle)
    (run,) = yaml.safe_load(bundle.cloud_init)["runcmd"]
    assert PASSWORD_FILE in run[2]
    assert set(json.loads(to_json(bundle))) == {"user", "url", "fingerprint", "command", "powerShell", "cloudInit"}


def test_a_machine_that_trusts_the_ca_pins_nothing() -> None:
    bundle = make_bundle(URL, "alice@vm-1", ca="-----BEGIN CERTIFICATE-----\nabc\n-----END CERTIFICATE-----\n")
    assert "fingerprint" not in bundle.command
    assert yaml.safe_load(bundle.cloud_init)["ca_certs"]["trusted"][0].startswith("-----BEGIN")
    assert "fingerprint" not in json.loads(to_json(bundle))


@pytest.mark.parametrize("seed", range(50))
def test_any_allowed_name_stays_one_word(seed: int) -> None:
    chance = random.Random(seed)
    name, host = ("".join(chance.choices(_LETTERS, k=chance.randrange(1, 30))) for _ in range(2))
    bundle = make_bundle(URL, f"{name}@{host}", fingerprint=FINGERPRINT)
    assert shlex.split(bundle.command) == list(bundle.arguments)
    assert bundle.arguments[-2:] == (f"--override-username={name}", f"--override-hostname={host}")
    shell = subprocess.run(
        ["sh", "-c", f"kopia() {{ printf '%s\\n' kopia \"$@\"; }}; {bundle.command}"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert shell.stdout.splitlines() == list(bundle.arguments)


@pytest.mark.parametrize("user", ["", "alice", "Alice@vm", "a@b@c", "a b@c", "a'@b", "a;rm@b", "$(id)@b", "a@b\n"])
def test_a_name_that_none_can_have_is_refused(user: str) -> None:
    with pytest.raises(Problem, match="A tenant is"):
        make_bundle(URL, user, fingerprint=FINGERPRINT)


@pytest.mark.parametrize(("url", "fingerprint"), [("http://x:1", FINGERPRINT), ("x:1", FINGERPRINT), (URL, "abc")])
def test_an_address_or_a_certificate_that_is_none_is_refused(url: str, fingerprint: str) -> None:
    with pytest.raises(ValueError, match="is"):
        make_bundle(url, "alice@vm-1", fingerprint=fingerprint)


# --- the stock client ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def server(seaweed: Seaweed, kopia_binary: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    import asyncio

    pod = pod_on(seaweed, kopia_binary, tmp_path_factory.mktemp("connect") / "pod", "connect")
    assert asyncio.run(pod.ensure()).ok
    with running_long(pod) as running:
        yield running


@pytest.fixture
async def alice(server: Server, tmp_path: Path) -> Tenant:
    (made,) = await tenants_of(server, tmp_path / "known", ALICE)
    return made


def as_owner(server: Server, home: Path, command: list[str], password: str | None) -> subprocess.CompletedProcess[str]:
    """On the tenant's machine: `kopia` is on the PATH, everything else is the client's default."""
    given = {} if password is None else {"KOPIA_PASSWORD": password}
    environment = {
        "PATH": f"{server.pod.binary.parent}:{os.environ['PATH']}", "HOME": str(home), **SERVER_ENVIRONMENT, **given,
    }  # fmt: skip
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)


def bundle_for(server: Server) -> Bundle:
    pin = server.connect_arguments()[-1].partition("=")[2]
    return make_bundle(f"https://{server.target}", ALICE, fingerprint=pin)


@pytest.mark.servers
@pytest.mark.parametrize("variant", ["command", "cloud-init"])
async def test_the_command_as_given_connects_and_backs_up(
    server: Server, alice: Tenant, tmp_path: Path, variant: str
) -> None:
    assert server.pod.binary.name == "kopia"
    bundle, home = bundle_for(server), tmp_path / "home"
    home.mkdir()
    if variant == "command":
        command = ["sh", "-c", bundle.command]
    else:
        script = tmp_path / "bsls-connect"
        script.write_text(script_of(bundle))
        script.chmod(0o755)
        command = [str(script)]
    refused = as_owner(server, home, command, "not the password")
    assert refused.returncode != 0
    done = as_owner(server, home, command, alice.password)
    assert done.returncode == 0, done.stderr
    (home / "files").mkdir()
    (home / "files/a.txt").write_text("of alice")
    made = as_owner(server, home, ["kopia", "snapshot", "create", str(home / "files"), "--json"], alice.password)
    assert made.returncode == 0, made.stderr
    body = json.loads(made.stdout)
    assert (body["source"]["userName"], body["source"]["host"]) == ("alice", "vm-1")
    assert body["id"] in alice.snapshots()
