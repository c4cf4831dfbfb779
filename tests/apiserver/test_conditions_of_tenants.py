"""What can be wrong with the lists of users and of access control: named by line, told anew, without any hash."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from typing import Any

import pytest

from tests import objects
from tests.apiserver.cases import Case, Story, told_and_repaired
from tests.apiserver.conftest import Controller
from tests.apiserver.place import Place, poll
from tests.demo import site

pytestmark = pytest.mark.apiserver

Json = dict[str, Any]
WAITS = ("Unknown", "ServerNotReady")  # no pod runs here, so this is as far as a good list gets
GOOD_ENTRIES = "ops@admin type=snapshot READ\ncarol@vm2 append-only\n"
# One line of each sort: what the controller says of it, or nothing where it is good.
ENTRIES: list[tuple[bytes, str]] = [
    (b"ops@admin type=snapshot READ", ""),
    (b"# a comment, and an empty line", ""),
    (b"", ""),
    (b"carol@vm2 append-only", ""),
    (b"lonely@vm1", "a line has the form 'user target access'"),
    (b"\xff\xfe type=snapshot READ", "not UTF-8"),
    (b"Ops@admin type=snapshot READ", "the user must have the form user@host in lower case"),
    (b"carol@vm2 full", "carol@vm2 has two profiles"),
    (b"dave@vm3 write-only", "the second word is no profile"),
    (b"*@vm3 full", "a profile is for one user@host"),
    (b"ops@admin snapshot READ", "must be key=value pairs"),
    (b"ops@admin type=snapshot,type=policy READ", "'type' twice"),
    (b"ops@admin type=session READ", "needs type= one of"),
    (b"ops@admin type=content,path=/x READ", "takes no further key, not 'path'"),
    (b"ops@admin type=policy,policyType=team READ", "policyType must be one of"),
    (b"ops@admin type=snapshot WRITE", "access 'WRITE' must be READ, APPEND or FULL"),
    (b"*@* type=acl FULL", "this would let every tenant"),
    (b"ops@admin type=policy FULL", ""),
]


def _source(place: Place, kind: str = "secret", **selector: object) -> Json:
    return {"source": {kind: {"name": f"{place.name}-acl", "key": "entries", **selector}}}


def _entries(place: Place, text: str | bytes = GOOD_ENTRIES, key: str = "entries") -> Json:
    return objects.secret(place.namespace, f"{place.name}-acl", {key: text})


def _config_map(place: Place, name: str, key: str, text: str) -> Json:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": f"{place.name}-{name}", "namespace": place.namespace},
        "data": {key: text},
    }


def _entries_of(kind: str, *broken: tuple[str, str]) -> Story:
    """The source with these (key, text), or without the object at all; then with the good entries."""

    def made(place: Place, text: str, key: str) -> Json:
        return _config_map(place, "acl", key, text) if kind == "configMap" else _entries(place, text, key)

    def story(place: Place) -> Iterator[None]:
        place.build(*(made(place, text, key) for key, text in broken), accessControl=_source(place, kind))
        yield
        place.apply(made(place, GOOD_ENTRIES, "entries"))

    return story


def _entries_malformed(place: Place) -> Iterator[None]:
    place.build(_entries(place, b"\n".join(line for line, _ in ENTRIES)), accessControl=_source(place))
    yield
    place.apply(_entries(place))


def _entries_empty(place: Place) -> Iterator[None]:
    place.build(_entries(place, "# nobody yet\n\n"), accessControl=_source(place))
    yield
    place.apply(_entries(place, "# no entries\n"))


def _users_listed(*lines: str) -> Story:
    """These lines are the list; {hash} in them is a value that must not show."""

    def story(place: Place) -> Iterator[None]:
        hidden = secrets.token_hex(16)
        place.known.add(hidden)
        place.build(place.users("\n".join(lines).format(hash=hidden) + "\n"))
        yield
        place.apply(place.users())

    return story


def _users_missing(place: Place) -> Iterator[None]:
    place.build(without=("users",))
    yield
    place.apply(place.users())


def _users_key_missing(place: Place) -> Iterator[None]:
    place.build(objects.secret(place.namespace, f"{place.name}-users", {"people": "# no users\n"}))
    yield
    place.apply(place.users())


def _users_of_config_map_missing(place: Place) -> Iterator[None]:
    place.build(userManagement={"source": {"configMap": {"name": f"{place.name}-list", "key": "users"}}})
    yield
    place.apply(_config_map(place, "list", "users", "# no users\n"))


def _case(reason: str, fragment: str, story: Story, name: str = "") -> Case:
    condition = "AccessControlSynced" if reason.startswith("AccessControl") else "UsersSynced"
    return Case(reason, fragment, story, condition, WAITS, name)


CASES = [
    _case("UserListMalformed", "line 3: ", _users_listed("# the team", "", "bob@vm1:{hash}")),
    _case(
        "UserListMalformed",
        "line 1: user name bsls-admin@x is reserved for the controller; choose another name",
        _users_listed("bsls-admin@x:{hash}"),
        name="reserved",
    ),
    _case("UserListEmpty", "or the line '# no users' to remove them all", _users_listed("# the team")),
    _case("UserSourceNotFound", "create it with the key 'users'", _users_missing),
    _case("UserSourceNotFound", "ConfigMap ", _users_of_config_map_missing, name="configMap"),
    _case("UserSourceKeyNotFound", "has no usable key 'users'; add it", _users_key_missing),
    _case("AccessControlSourceNotFound", "create it with the key 'entries'", _entries_of("secret")),
    _case("AccessControlSourceNotFound", "ConfigMap ", _entries_of("configMap"), name="configMap"),
    _case(
        "AccessControlSourceKeyNotFound",
        "has no usable key 'entries'; add it",
        _entries_of("secret", ("acl", GOOD_ENTRIES)),
    ),
    _case(
        "AccessControlSourceKeyNotFound",
        "has no usable key 'entries'; add it",
        _entries_of("configMap", ("acl", GOOD_ENTRIES)),
        name="configMap",
    ),
    _case("AccessControlListMalformed", "line 5: a line has the form", _entries_malformed),
    _case("AccessControlListEmpty", "or the line '# no entries' to remove them all", _entries_empty),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_condition_names_it_and_its_repair_ends_it(case: Case, place: Place) -> None:
    steps = case.story(place)
    next(steps)
    told_and_repaired(place, case, lambda: next(steps, None))


def test_every_bad_entry_is_listed_and_the_good_ones_count(place: Place) -> None:
    next(_entries_malformed(place))
    told = place.wait_for("AccessControlSynced", status="False", reason="AccessControlListMalformed")["message"]
    expected = [(number, reason) for number, (_, reason) in enumerate(ENTRIES, start=1) if reason]
    found = place.read()["status"]["accessControl"]
    assert (found["desired"], found["applied"], found["rejected"]) == (3, 0, len(expected))
    assert [one["line"] for one in found["rejectedLines"]] == [number for number, _ in expected]
    for one, (_, reason) in zip(found["rejectedLines"], expected, strict=True):
        assert reason in one["reason"]
    assert told.endswith(f" and {len(expected) - 5} more. Correct them.")

    place.apply(_entries(place))
    place.wait_for("AccessControlSynced", status=WAITS[0], reason=WAITS[1])
    repaired = place.read()["status"]["accessControl"]
    assert (repaired["desired"], repaired["rejected"], repaired.get("rejectedLines")) == (2, 0, None)
    assert repaired["observedVersion"] != found["observedVersion"]


def test_an_emptied_list_asks_for_no_entries(place: Place) -> None:
    place.build(_entries(place, "# no entries\n"), accessControl=_source(place))
    place.wait_for("AccessControlSynced", status=WAITS[0], reason=WAITS[1])
    found = place.read()["status"]["accessControl"]
    assert (found["desired"], found["rejected"]) == (0, 0)


def test_an_optional_list_may_be_missing(place: Place) -> None:
    users = {"source": {"secret": {"name": f"{place.name}-users", "key": "users", "optional": True}}}
    place.build(without=("users",), userManagement=users, accessControl=_source(place, optional=True))
    place.wait_for("AccessControlSynced", status="True", reason="NoAccessControlList")
    place.wait_for("UsersSynced", status="True", reason="NoUserList")
    place.wait_for("Degraded", status="False", reason="AsExpected")
    assert not {"users", "accessControl"} & set(place.read()["status"])

    place.apply(place.users(), _entries(place))
    place.wait_for("AccessControlSynced", status=WAITS[0], reason=WAITS[1])
    place.wait_for("UsersSynced", status=WAITS[0], reason=WAITS[1])
    status = place.read()["status"]
    assert (status["users"]["desired"], status["accessControl"]["desired"]) == (1, 2)

    place.delete("secret", f"{place.name}-acl")
    place.wait_for("AccessControlSynced", status="True", reason="NoAccessControlList")
    assert "accessControl" not in place.read()["status"]
    place.wait_for("Degraded", status="False", reason="AsExpected")


def test_a_server_without_access_control_says_nothing_of_it(place: Place) -> None:
    place.build(_entries(place), accessControl=_source(place))
    place.wait_for("AccessControlSynced", status=WAITS[0], reason=WAITS[1])
    place.patch("bsls", {"spec": {"accessControl": None}})
    poll(place.read, lambda server: "accessControl" not in server["status"], "the figures going")
    assert site.condition(place.read(), "AccessControlSynced")["status"] == ""


def _told(place: Place, reason: str) -> list[Json]:
    """The Events with this reason, the oldest first."""
    uid = place.read()["metadata"]["uid"]
    select = f"--field-selector=involvedObject.uid={uid},reason={reason}"
    items = json.loads(place.kubectl("get", "events", "-n", place.namespace, select, "-o", "json"))["items"]
    return sorted(items, key=lambda item: int(item["metadata"]["resourceVersion"]))


def test_another_bad_line_is_told_anew(place: Place) -> None:
    hidden = secrets.token_hex(16)
    place.known.add(hidden)
    listed = f"# the team\nbob@vm1:{hidden}\n"
    place.build(place.users(listed))
    (first,) = poll(lambda: _told(place, "UserListMalformed"), bool, "the first Event")
    assert first["type"] == "Warning"
    assert "line 2: " in first["message"]

    place.apply(place.users(f"{listed}carol@vm2:\n"))
    _, second = poll(lambda: _told(place, "UserListMalformed"), lambda found: len(found) > 1, "the second Event")
    assert "line 2: " in second["message"]
    assert "line 3: the hash is missing" in second["message"]
    assert hidden not in json.dumps([first, second])

    place.apply(place.users())  # repaired: whatever else was to be told has been told before this is seen
    place.wait_for("UsersSynced", status=WAITS[0], reason=WAITS[1])
    assert len(_told(place, "UserListMalformed")) == 2


def test_a_list_of_garbage_is_counted_and_not_repeated(place: Place, controller: Controller) -> None:
    hidden = secrets.token_hex(8)
    place.known.add(hidden)
    good = objects.decoded(place.users()["data"]["users"])
    lines = [f"user{number}@vm1:{hidden}" for number in range(900_000 // 30)]
    lines[1], lines[7], lines[15] = f"No Name:{hidden}", hidden * 4, f"bsls-admin@x:{hidden}"
    text = "\n".join([*lines, good])
    assert 800_000 < len(text) < 1_000_000
    place.build(objects.secret(place.namespace, f"{place.name}-users", {"users": text}))
    told = place.wait_for("UsersSynced", status="False", reason="UserListMalformed")["message"]
    found = place.read()["status"]["users"]
    assert (found["desired"], found["rejected"]) == (1, len(lines))
    assert [one["line"] for one in found["rejectedLines"]] == list(range(1, 21))
    assert f" and {len(lines) - 5} more." in told
    (event,) = poll(lambda: _told(place, "UserListMalformed"), bool, "the Event")

    place.apply(place.users())
    place.wait_for("UsersSynced", status=WAITS[0], reason=WAITS[1])
    for text in (json.dumps(found), told, json.dumps(event), controller.log.read_text()):
        assert not [value for value in place.known if value in text]
