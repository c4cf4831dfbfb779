"""The settings file: what it means, and one clear sentence for each mistake."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from backend.dispatch.made import job_of
from backend.dispatch.settings import InvalidSettings, Settings, Subscription, load
from backend.dispatch.warrant import OwnersWarrant
from backend.events.push.made_models import Made, Owner, Record, UnknownRecord, record_of
from backend.events.push.policy import NotAllowed, Policy

SINK = "https://siem.example.com/hook"
TARGET = {"host": "siem.example.com"}


def subscription(**changed: Any) -> dict[str, Any]:
    return {"name": "siem", "sink": SINK} | changed


def read(tmp_path: Path, content: Any) -> Settings:
    path = tmp_path / "settings.yaml"
    path.write_text(content if isinstance(content, str) else yaml.safe_dump(content))
    return load(path)


def one(tmp_path: Path, target: dict[str, Any] | None = None, **changed: Any) -> Settings:
    return read(tmp_path, {"targets": [target or TARGET], "subscriptions": [subscription(**changed)]})


def test_defaults(tmp_path: Path) -> None:
    settings = one(tmp_path)
    (found,) = settings.subscriptions
    assert (found.mode, found.timeout.total_seconds(), found.max_in_flight) == ("structured", 10, 8)
    assert found.wants_server("backup/vms")
    assert found.filter()({"type": "x"})
    assert settings.target(found).host == "siem.example.com"
    assert read(tmp_path, "") == Settings()


def test_all_fields(tmp_path: Path) -> None:
    (found,) = one(
        tmp_path, mode="binary", start="earliest", servers=["backup/*", "*/vms"], filters=[{"sql": "hop = 1"}],
        bearerTokenFile="/secrets/token", headers=[{"name": "X-Key", "valueFile": "/secrets/key"}],
        caFile="/secrets/ca.crt", validate=True, origin="bsls.example.com", timeout="5s", maxInFlight=2, deadLetters=10,
        retry={"firstWait": "2s", "longestWait": "1m30s", "attempts": 5, "age": "2h"},
    ).subscriptions  # fmt: skip
    assert found.handshake
    assert found.retry.longest_wait.total_seconds() == 90
    assert [found.wants_server(name) for name in ("backup/a", "x/vms", "x/a", "")] == [True, True, False, False]


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"sink": "ftp://x/"}, "has to be a URL"),
        ({"sink": "https:///x"}, "has to be a URL"),
        ({"sink": "siem.example.com"}, "has to be a URL"),
        ({"sink": "https://127.1/"}, "has to be a URL"),
        ({"sink": "https://2130706433/"}, "has to be a URL"),
        ({"sink": "https://0x7f000001/"}, "has to be a URL"),
        ({"sink": "https://me:secret@siem.example.com/"}, "must not hold a user or password"),
        ({"sink": "https://me@siem.example.com/"}, "must not hold a user or password"),
        ({"sink": "https://siem.example.com/#x"}, "fragment"),
        ({"sink": "https://other.example.com/x"}, "no target permits https://other.example.com, the sink of siem"),
        ({"sink": "https://siem.example.com:8443/x"}, "no target permits"),
        ({"sink": "http://siem.example.com/x"}, "no target permits"),
        ({"name": "A b"}, "name: String should match"),
        ({"filters": [{"jq": "x"}]}, "the dialect 'jq' is not known"),
        ({"filters": [{"sql": "type ="}]}, "at character 7"),
        ({"timeout": "soon"}, "not a duration"),
        ({"timeout": "0s"}, "longer than 0s"),
        ({"timeout": 5}, "a text such as 10s"),
        ({"maxInFlight": 0}, "maxInFlight: Input should be greater"),
        ({"bearerToken": "abc"}, "bearerToken: Extra inputs"),
        ({"headers": [{"name": "X", "value": "abc"}]}, "valueFile: Field required"),
        ({"headers": [{"name": "Ce-Id", "valueFile": "/x"}]}, "written by the dispatcher itself"),
        ({"headers": [{"name": "X: y", "valueFile": "/x"}]}, "name: String should match"),
        ({"headers": [{"name": "Authorization", "valueFile": "/x"}], "bearerTokenFile": "/y"}, "given twice"),
        ({"retry": {"firstWait": "10s", "longestWait": "1s"}}, "shorter than"),
        ({"servers": ["vms"]}, "servers.0: String should match"),
    ],
)
def test_a_mistake_is_told(tmp_path: Path, changed: dict[str, Any], reason: str) -> None:
    with pytest.raises(InvalidSettings, match=reason) as told:
        one(tmp_path, **changed)
    assert "secret" not in str(told.value)


def test_credentials_need_https(tmp_path: Path) -> None:
    with pytest.raises(InvalidSettings, match="over https only"):
        one(tmp_path, {"host": "siem.example.com", "scheme": "http"}, sink="http://siem.example.com/x",
            bearerTokenFile="/x")  # fmt: skip


@pytest.mark.parametrize(
    ("content", "reason"),
    [("a: [", "is no YAML, see line"), ("- 1", "valid dictionary"), ("subscription: []", "Extra inputs")],
)
def test_a_bad_file_is_told(tmp_path: Path, content: str, reason: str) -> None:
    with pytest.raises(InvalidSettings, match=reason):
        read(tmp_path, content)


def test_a_missing_file_and_a_name_twice_are_told(tmp_path: Path) -> None:
    with pytest.raises(InvalidSettings, match="cannot be read: No such file"):
        load(tmp_path / "none")
    with pytest.raises(InvalidSettings, match="two subscriptions are called siem"):
        read(tmp_path, {"targets": [TARGET], "subscriptions": [subscription(), subscription()]})


@pytest.mark.parametrize(
    ("target", "sink", "fits"),
    [
        ({"host": "*.example.com"}, SINK, True),
        ({"host": "*.example.com"}, "https://example.com/", False),
        ({"host": "*.example.com"}, "https://evil.com/.example.com", False),
        ({"host": "siem.example.com"}, "https://SIEM.example.com./hook", True),
        ({"host": "siem.example.com", "port": 8443}, "https://siem.example.com:8443/", True),
        ({"host": "siem.example.com", "port": 8443}, SINK, False),
        ({"host": "127.0.0.1", "scheme": "http"}, "http://127.0.0.1/", True),
        ({"host": "*"}, "https://[2001:db8::1]/", True),
    ],
)
def test_targets(tmp_path: Path, target: dict[str, Any], sink: str, fits: bool) -> None:
    if fits:
        assert one(tmp_path, target, sink=sink)
    else:
        with pytest.raises(InvalidSettings, match="no target permits"):
            one(tmp_path, target, sink=sink)


def test_the_example_of_the_documentation_is_right(tmp_path: Path) -> None:
    text = (Path(__file__).resolve().parents[3] / "docs/push-subscriptions.md").read_text()
    (found,) = read(tmp_path, text.split("```yaml\n")[1].split("```")[0]).subscriptions
    defaults = Subscription(name="x", sink=SINK)
    for field in ("mode", "start", "handshake", "origin", "timeout", "max_in_flight", "retry", "dead_letters"):
        assert getattr(found, field) == getattr(defaults, field), field


def test_the_path_of_a_sink_is_not_told(tmp_path: Path) -> None:
    (found,) = one(tmp_path, sink="https://siem.example.com/services/secret?code=secret").subscriptions
    assert "secret" not in repr(found) + found.place


# --- what people may do through the API ------------------------------------------------------------------------------

API_TARGET = {
    "host": "*.apps.example.com", "networks": ["10.0.0.0/8"], "caFile": "/credentials/ca.crt",
    "credentials": [{"name": "siem", "bearerTokenFile": "/credentials/siem", "users": ["alice"], "groups": ["sre"]}],
}  # fmt: skip


def made(**changed: Any) -> Made:
    return Made.model_validate({"name": "mine", "sink": "https://x.apps.example.com/events"} | changed)


def test_what_is_published_tells_no_files_nor_addresses(tmp_path: Path) -> None:
    api = read(tmp_path, {"api": {"targets": [API_TARGET], "perOwner": 3, "ownerAge": "48h"}}).api
    text = api.public().model_dump_json(by_alias=True)
    assert Policy.model_validate_json(text) == api.public()
    assert "/credentials" not in text
    assert "10.0.0.0" not in text
    assert '"ownerAge":"48h"' in text


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        ({"credentials": [{"name": "a", "users": ["alice"]}]}, "need a bearerTokenFile, or headers"),
        ({"credentials": [{"name": "a", "bearerTokenFile": "/x"}]}, "need users or groups"),
        (API_TARGET | {"scheme": "http"}, "over https only"),
        (API_TARGET | {"credentials": API_TARGET["credentials"] * 2}, "the same name"),
        ({"credentials": [{"name": "A b", "bearerTokenFile": "/x", "users": ["a"]}]}, "name: String should match"),
    ],
)
def test_mistakes_in_targets_of_the_api(tmp_path: Path, target: dict[str, Any], reason: str) -> None:
    with pytest.raises(InvalidSettings, match=reason):
        read(tmp_path, {"api": {"targets": [{"host": "x.example.com"} | target]}})


@pytest.mark.parametrize(
    ("changed", "user", "groups", "field", "reason"),
    [
        ({}, "bob", (), "", ""),
        ({"credentials": "siem"}, "alice", (), "", ""),
        ({"credentials": "siem"}, "bob", ("sre",), "", ""),
        ({"credentials": "siem"}, "bob", ("dev",), "credentials", "open to bob"),
        ({"credentials": "siem", "sink": "https://siem.example.com/"}, "alice", (), "sink", "no target permits"),
        ({"sink": "http://x.apps.example.com/"}, "alice", (), "sink", "api.targets in the settings of the dispatcher"),
    ],
)
def test_who_may_push_where(
    tmp_path: Path, changed: dict[str, Any], user: str, groups: tuple[str, ...], field: str, reason: str
) -> None:
    """The targets of the settings' own subscriptions do not count."""
    settings = read(tmp_path, {"targets": [TARGET], "api": {"targets": [API_TARGET]}})
    record = Record(uid="api.1", rev=1, owner=Owner(user=user, groups=groups), created=0, changed=0, confirmed=0,
                    made=made(**changed))  # fmt: skip
    if not reason:
        found = job_of(record, settings.api, OwnersWarrant())
        assert (found.subscription.name, found.target.networks) == ("api.1", settings.api.targets[0].networks)
        assert found.subscription.ca_file == Path("/credentials/ca.crt")
        assert found.subscription.has_credentials == ("credentials" in changed)
        return
    with pytest.raises(NotAllowed, match=reason) as told:
        job_of(record, settings.api, OwnersWarrant())
    assert told.value.field == field
    with pytest.raises(NotAllowed, match=r"an administrator has to add one to api\.targets"):
        settings.api.model_copy(update={"targets": ()}).public().find(made(), "alice", ())


def test_a_record_is_read_as_it_was_written() -> None:
    owner = Owner(user="alice", uid="1", groups=("a",), extra={"scopes": ("full",)})
    one = made(timeout="20s", retry={"age": "1h30m"}, filters=[{"exact": {"id": "x"}}], paused=True)
    record = Record(uid="api.1", rev=12, owner=owner, created=1, changed=2, confirmed=3, made=one)
    assert record.text().startswith(b"12 {")
    assert record_of(record.text()) == record
    with pytest.raises(UnknownRecord):
        record_of(b'12 {"uid":"x"}')
