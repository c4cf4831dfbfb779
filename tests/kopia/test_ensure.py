"""`bsls repository ensure` with the real Kopia on a real S3: every way it can end."""

from __future__ import annotations

import asyncio
import json
import shutil
import stat
from pathlib import Path

import pytest

from backend.repository.bootstrap import ADMIN_ACCESS, missing_access
from backend.repository.config import render_config, write_config
from backend.repository.result import Outcome, Reason
from backend.repository.settings import load_settings
from tests.kopia.pods import ADMIN, Pod, pod_on
from tests.servers.ports import free_ports
from tests.servers.seaweed import Seaweed

pytestmark = pytest.mark.servers


@pytest.fixture
def pod(seaweed: Seaweed, kopia_binary: Path, tmp_path: Path) -> Pod:
    """A pod whose path holds no repository."""
    return pod_on(seaweed, kopia_binary, tmp_path / "pod", tmp_path.name)


@pytest.fixture(scope="module")
def template(seaweed: Seaweed, kopia_binary: Path, tmp_path_factory: pytest.TempPathFactory) -> Pod:
    """A repository as `ensure` makes it; tests work on copies."""
    home = tmp_path_factory.mktemp("template")
    made = pod_on(seaweed, kopia_binary, home / "pod", home.name)
    result = asyncio.run(made.ensure())
    assert result.result is Outcome.CREATED, result
    made.expected = result.unique_id
    return made


@pytest.fixture
def created(template: Pod, pod: Pod, seaweed: Seaweed) -> Pod:
    """A pod of its own, with a copy of the template's repository at its path and in its volumes."""
    source, target = template.storage["prefix"], pod.storage["prefix"]
    for key in seaweed.keys(template.storage["bucket"], source):
        seaweed.put(pod.storage["bucket"], target + key.removeprefix(source), seaweed.get(pod.storage["bucket"], key))
    shutil.copytree(template.paths.cache, pod.paths.cache)
    pod.expected = template.expected
    pod.mount()
    write_config(pod.paths.config, render_config(load_settings(pod.paths.secrets), pod.paths.cache))
    return pod


async def test_create_then_connect(pod: Pod) -> None:
    made = await pod.ensure()
    assert made.result is Outcome.CREATED
    assert (len(made.unique_id), made.kopia_version, made.format_version) == (64, "0.23.1", "3")
    pod.expected = made.unique_id
    again = await pod.other("second").ensure()
    assert (again.result, again.unique_id) == (Outcome.CONNECTED, made.unique_id)


async def test_what_is_there_afterwards(template: Pod) -> None:
    created = template
    assert stat.S_IMODE(created.paths.config.stat().st_mode) == 0o600
    assert sorted(item.name for item in created.paths.run.iterdir()) == ["logs", "repository.config"]
    assert missing_access(json.loads(created.kopia("server", "acl", "list", "--json")), ADMIN) == frozenset()
    assert len(json.loads(created.kopia("server", "acl", "list", "--json"))) == 6 + len(ADMIN_ACCESS) - 1
    assert json.loads(created.kopia("maintenance", "info", "--json"))["owner"] == "bsls@one.ns"
    assert ADMIN in created.kopia("server", "user", "list")


async def test_a_second_run_writes_nothing(created: Pod, seaweed: Seaweed) -> None:
    bucket, prefix = created.storage["bucket"], created.storage["prefix"]
    before = seaweed.keys(bucket, prefix)
    assert (await created.ensure()).result is Outcome.CONNECTED
    assert seaweed.keys(bucket, prefix) == before


async def test_a_changed_admin_password_takes_effect(created: Pod) -> None:
    before = created.kopia("server", "user", "info", ADMIN)
    created.admin_password = "rotated"
    assert (await created.ensure()).ok
    assert created.kopia("server", "user", "info", ADMIN) != before


async def test_removed_access_and_a_foreign_owner_are_put_right(created: Pod) -> None:
    created.kopia("server", "acl", "delete", "--all", "--delete")
    created.kopia("server", "acl", "add", "--user=x@y", "--target=type=content", "--access=READ")
    created.kopia("maintenance", "set", "--owner=someone@else")
    assert (await created.ensure()).ok
    entries = json.loads(created.kopia("server", "acl", "list", "--json"))
    assert missing_access(entries, ADMIN) == frozenset()
    assert "x@y" in {entry["user"] for entry in entries}, "an administrator's own rules stay"
    assert json.loads(created.kopia("maintenance", "info", "--json"))["owner"] == "bsls@one.ns"


async def test_a_vanished_repository_is_not_created_again_even_with_a_warm_cache(
    created: Pod, seaweed: Seaweed
) -> None:
    bucket, prefix = created.storage["bucket"], created.storage["prefix"]
    for key in seaweed.keys(bucket, prefix):
        seaweed.delete(bucket, key)
    result = await created.ensure()
    assert result.result is Reason.VANISHED
    assert created.expected in result.message
    assert seaweed.keys(bucket, prefix) == []


async def test_another_repository_at_the_path_is_not_touched(created: Pod, seaweed: Seaweed) -> None:
    before = seaweed.keys(created.storage["bucket"], created.storage["prefix"])
    created.expected = "0" * 64
    created.admin_password = "would be written"
    assert (await created.ensure()).result is Reason.IDENTITY_MISMATCH
    assert seaweed.keys(created.storage["bucket"], created.storage["prefix"]) == before


async def test_the_wrong_password_recovers_when_it_is_put_right(created: Pod) -> None:
    right, created.repository_password = created.repository_password, "wrong"
    result = await created.ensure()
    assert result.result is Reason.PASSWORD_WRONG
    created.repository_password = right
    assert (await created.ensure()).result is Outcome.CONNECTED


async def test_a_damaged_format_blob_is_corrupt(created: Pod, seaweed: Seaweed) -> None:
    for damage in (b"\x00\x01 garbage", b"", b"{}"):
        seaweed.put(created.storage["bucket"], created.storage["prefix"] + "kopia.repository", damage)
        assert (await created.ensure()).result is Reason.CORRUPT


async def test_data_without_a_format_blob_is_corrupt(pod: Pod, seaweed: Seaweed) -> None:
    seaweed.put(pod.storage["bucket"], pod.storage["prefix"] + "p0123", b"data")
    assert (await pod.ensure()).result is Reason.CORRUPT


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"secretAccessKey": "wrong"}, Reason.CREDENTIALS_REJECTED),
        ({"accessKeyID": "unknown"}, Reason.CREDENTIALS_REJECTED),
        ({"bucket": "no-such-bucket"}, Reason.BUCKET_NOT_FOUND),
        ({"endpoint": "no-such-host.invalid"}, Reason.ENDPOINT_UNREACHABLE),
        ({"doNotUseTLS": False}, Reason.ENDPOINT_UNREACHABLE),
    ],
)
async def test_unusable_storage(pod: Pod, change: dict[str, object], reason: Reason) -> None:
    pod.storage |= change
    result = await pod.ensure()
    assert result.result is reason, result.message
    assert pod.storage["secretAccessKey"] not in result.message


async def test_nothing_listens(pod: Pod) -> None:
    pod.storage["endpoint"] = f"127.0.0.1:{free_ports(1)[0]}"
    assert (await pod.ensure()).result is Reason.ENDPOINT_UNREACHABLE


async def test_tls_without_and_with_the_ca(pod: Pod, seaweed: Seaweed) -> None:
    pod.storage |= {"endpoint": seaweed.https_endpoint, "doNotUseTLS": False}
    untrusted = await pod.ensure()
    assert untrusted.result is Reason.ENDPOINT_UNTRUSTED, untrusted.message
    import base64

    pod.storage["rootCA"] = base64.b64encode(seaweed.ca_pem).decode()
    assert (await pod.ensure()).result is Outcome.CREATED
