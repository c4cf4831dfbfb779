"""Settings, configuration, command line, log link and result of the repository's init container."""

from __future__ import annotations

import base64
import json
import stat
from pathlib import Path
from typing import Any

import pytest

from backend.repository.bootstrap import missing_access
from backend.repository.command import SERVER_ENVIRONMENT, server_command
from backend.repository.config import render_config, secret_values, storage_token, write_config
from backend.repository.kopia_cli import kopia_environment
from backend.repository.logs import link_log_to_stdout
from backend.repository.result import TERMINATION_MESSAGE_LIMIT, EnsureResult, Outcome, Reason, parse_result
from backend.repository.settings import Paths, RepositorySettings, SettingsError, load_settings

STORAGE = {"type": "s3", "config": {"bucket": "b", "prefix": "oadp-bsls/x/", "secretAccessKey": "topsecret"}}
REPOSITORY = {"hostname": "one.ns", "username": "bsls", "adminUser": "bsls-admin@one.ns"}


def mount(directory: Path, **changes: str | None) -> Path:
    files: dict[str, str | None] = {
        "storage.json": json.dumps(STORAGE),
        "repository.json": json.dumps({**REPOSITORY, "cache": {"contentMB": 100, "metadataMB": 50}}),
        "expected-unique-id": "ABCD\n",
        "repository-password": "repository pass\n",
        "admin-password": "admin pass",
    }
    for name, text in {**files, **{key.replace("_", "-"): value for key, value in changes.items()}}.items():
        if text is not None:
            (directory / name).write_text(text)
    return directory


def settings(tmp_path: Path, **changes: str | None) -> RepositorySettings:
    return load_settings(mount(tmp_path, **changes))


def test_settings_are_read(tmp_path: Path) -> None:
    read = settings(tmp_path)
    assert read.storage == STORAGE
    assert read.identity == "bsls@one.ns"
    assert read.expected_unique_id == "abcd"
    assert read.repository_password == "repository pass\n", "a password is taken as it is"
    assert "topsecret" not in repr(read)
    assert "pass" not in repr(read).replace("password", "")


def test_settings_have_defaults(tmp_path: Path) -> None:
    mount(tmp_path, expected_unique_id=None)
    (tmp_path / "repository.json").write_text(json.dumps(REPOSITORY))
    read = load_settings(tmp_path)
    assert (read.content_cache_mb, read.metadata_cache_mb) == (2000, 1000)
    assert (read.expected_unique_id, read.retention_mode) == ("", "")


@pytest.mark.parametrize(
    ("name", "text", "complaint"),
    [
        ("storage.json", None, "storage.json cannot be read"),
        ("storage.json", "{", "storage.json is not JSON"),
        ("storage.json", "[]", "storage.json is not a JSON object"),
        ("storage.json", "{}", "type and a config"),
        ("repository.json", "{}", "repository.json has no hostname"),
        ("repository.json", json.dumps({**REPOSITORY, "cache": {"contentMB": "x"}}), "wrong type"),
        ("admin-password", "", "admin-password is empty"),
    ],
)
def test_unusable_settings(tmp_path: Path, name: str, text: str | None, complaint: str) -> None:
    mount(tmp_path)
    (tmp_path / name).unlink()
    if text is not None:
        (tmp_path / name).write_text(text)
    with pytest.raises(SettingsError, match=complaint):
        load_settings(tmp_path)


def test_undecodable_settings(tmp_path: Path) -> None:
    mount(tmp_path)
    (tmp_path / "admin-password").write_bytes(b"\xff\xfe")
    with pytest.raises(SettingsError, match="UTF-8"):
        load_settings(tmp_path)


def test_the_configuration_has_limits_and_a_cold_format_cache(tmp_path: Path) -> None:
    config = render_config(settings(tmp_path), Path("/var/cache/kopia"))
    assert config["storage"] == STORAGE
    assert config["formatBlobCacheDuration"] == -1
    caching = config["caching"]
    assert caching["cacheDirectory"] == "/var/cache/kopia"
    assert caching["maxCacheSize"] < caching["contentCacheSizeLimitBytes"] == 100_000_000
    assert (config["username"], config["hostname"]) == ("bsls", "one.ns")


def test_the_configuration_is_for_us_only_and_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "run" / "repository.config"
    write_config(path, {"a": 1})
    write_config(path, {"b": 2})
    assert json.loads(path.read_text()) == {"b": 2}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [item.name for item in path.parent.iterdir()] == ["repository.config"]


def test_the_token_is_what_kopia_decodes() -> None:
    token = storage_token(STORAGE)
    assert "=" not in token
    decoded = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
    assert decoded == {"version": "1", "storage": STORAGE}


def test_secret_values_leave_out_what_is_public(tmp_path: Path) -> None:
    assert secret_values(settings(tmp_path)) == ["topsecret", "repository pass\n", "admin pass"]


def test_the_server_command_holds_no_secret_and_names_its_files() -> None:
    command = server_command()
    assert command[:3] == ["kopia", "server", "start"]
    assert "--config-file=/run/bsls/repository.config" in command
    assert "--tls-key-file=/etc/bsls/tls/tls.key" in command
    assert "--log-file=/run/bsls/logs/kopia.log" in command
    assert "--address=:51515" in command
    assert "--metrics-listen-addr=:9090" in command
    assert {"--no-ui", "--json-log-file", "--file-log-level=info", "--log-level=error"} <= set(command)
    assert not [flag for flag in command if "password" in flag or "without" in flag or "insecure" in flag]
    assert SERVER_ENVIRONMENT["KOPIA_CHECK_FOR_UPDATES"] == "false"


def test_kopia_sees_neither_foreign_kopia_nor_aws_variables() -> None:
    inherited = {"PATH": "/bin", "KOPIA_CONFIG_PATH": "x", "AWS_PROFILE": "y", "HTTPS_PROXY": "z"}
    environment = kopia_environment(inherited, "pw")
    assert environment["KOPIA_PASSWORD"] == "pw"
    assert environment["HTTPS_PROXY"] == "z"
    assert not {"KOPIA_CONFIG_PATH", "AWS_PROFILE"} & set(environment)


def test_the_log_link_is_made_once_and_repaired(tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    link = link_log_to_stdout(logs)
    assert link_log_to_stdout(logs) == link
    assert (link.name, str(link.readlink())) == ("kopia.0.log", "/proc/self/fd/1")
    link.unlink()
    link.write_text("a real file")
    assert link_log_to_stdout(logs).is_symlink()


def test_paths_come_from_the_environment() -> None:
    assert Paths.from_env({}) == Paths()
    moved = Paths.from_env({"BSLS_RUN_DIR": "/x", "BSLS_KOPIA_BINARY": "/k"})
    assert (moved.config, moved.kopia) == (Path("/x/repository.config"), "/k")


@pytest.mark.parametrize("result", [*Outcome, *Reason])
def test_results_survive_the_termination_log(result: Outcome | Reason) -> None:
    made = EnsureResult(result, "a sentence", "abcd", "0.23.1", "3")
    assert parse_result(made.to_json()) == made
    assert made.ok is isinstance(result, Outcome)


def test_a_long_message_fits() -> None:
    text = EnsureResult(Reason.UNAVAILABLE, "\x00ü" * 5000).to_json()
    parsed = parse_result(text)
    assert parsed is not None
    assert len(text.encode()) < TERMINATION_MESSAGE_LIMIT


@pytest.mark.parametrize("text", ["", "panic: runtime error", "[]", '{"result": 1}', '"Connected"'])
def test_other_termination_messages_are_not_ours(text: str) -> None:
    assert parse_result(text) is None


def test_an_unknown_reason_is_a_failure() -> None:
    parsed = parse_result('{"result": "FromTheFuture", "message": "m"}')
    assert parsed is not None
    assert parsed.result is Reason.UNAVAILABLE


def acl(user: str, access: str, **target: str) -> dict[str, Any]:
    return {"id": "x", "user": user, "target": target, "access": access}


EVERYBODY_APPENDS = acl("*@*", "APPEND", type="content")
ADMIN = [acl("adm@x", "FULL", type=kind) for kind in ("acl", "user", "snapshot", "policy")]


@pytest.mark.parametrize(
    ("entries", "missing"),
    [
        ([], {"acl", "user", "snapshot", "policy", "content"}),
        (None, {"acl", "user", "snapshot", "policy", "content"}),
        ([EVERYBODY_APPENDS, *ADMIN], set()),
        (ADMIN, {"content"}),
        ([EVERYBODY_APPENDS, *ADMIN[1:], acl("adm@x", "READ", type="acl")], {"acl"}),
        ([EVERYBODY_APPENDS, *ADMIN[1:], acl("other@x", "FULL", type="acl")], {"acl"}),
        ([EVERYBODY_APPENDS, *ADMIN[:3], acl("adm@x", "FULL", type="policy", policyType="global")], {"policy"}),
        ([*ADMIN, acl("adm@x", "FULL", type="content")], set()),
        ([*ADMIN, acl("*@*", "NONE", type="content"), "odd", {"user": "adm@x"}], {"content"}),
    ],
)
def test_which_access_is_missing(entries: Any, missing: set[str]) -> None:
    assert missing_access(entries, "adm@x") == missing
