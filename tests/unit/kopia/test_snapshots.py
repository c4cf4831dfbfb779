"""Snapshots from real manifests, and the sums for a tenant."""

from __future__ import annotations

import dataclasses
import json
from datetime import UTC, datetime

from backend.kopia.session import Manifest, ManifestEntry
from backend.kopia.snapshots import Snapshot, parse_snapshot, seconds, summarize
from backend.kopia.unread import MAX_ERROR, MAX_PATH, MOST, Unread

LABELS = {"type": "snapshot", "username": "alice", "hostname": "vm-1", "path": "/data"}
BODY = json.loads("""{"source":{"host":"vm-1","userName":"alice","path":"/data"},"description":"nightly",
 "startTime":"2026-11-23T09:42:19.766969123Z","endTime":"2026-11-23T09:42:20.102336Z",
 "stats":{"totalSize":300,"excludedTotalSize":0,"fileCount":2,"cachedFiles":1,"nonCachedFiles":1,"dirCount":1,
          "excludedFileCount":0,"ignoredErrorCount":3,"errorCount":0},
 "rootEntry":{"name":"data","type":"d","obj":"k0123456789abcdef","summ":{"size":1048,"files":4,"symlinks":0,"dirs":2,
          "maxTime":"2026-11-23T09:42:18Z","numFailed":1}},"pins":["keep"]}""")


def read(body: object, **labels: str) -> Snapshot:
    entry = ManifestEntry("id-1", {**LABELS, **labels}, 0, 0)
    return parse_snapshot(Manifest(entry, body if isinstance(body, dict) else None))


def test_a_manifest_of_kopia_0_23_1() -> None:
    found = read(BODY)
    assert (found.tenant, found.path, found.description, found.pins) == ("alice@vm-1", "/data", "nightly", ("keep",))
    assert (found.size, found.files, found.directories, found.new_files) == (1048, 4, 2, 1)
    assert (found.errors, found.ignored_errors, found.incomplete) == (1, 3, "")
    assert found.complete
    assert round(found.end - found.start, 3) == 0.335


def test_the_root_object_is_kept_nowhere() -> None:
    assert "k0123456789abcdef" not in repr(read(BODY))


def test_an_incomplete_one() -> None:
    found = read({**BODY, "incomplete": "checkpoint"})
    assert (found.incomplete, found.complete) == ("checkpoint", False)


def test_garbage_is_a_snapshot_that_says_nothing() -> None:
    for body in (None, {}, {"stats": 7, "rootEntry": [], "startTime": 5, "endTime": "soon", "pins": "x"},
                 {"stats": {"totalSize": "many", "fileCount": -3}}):  # fmt: skip
        found = read(body)
        assert (found.size, found.files, found.end, found.complete, found.pins) == (0, 0, 0.0, False, ())


def unread(*listed: object) -> tuple[Unread, ...]:
    summary = {**BODY["rootEntry"]["summ"], "errors": list(listed)}
    return read({**BODY, "rootEntry": {"summ": summary}}).unread


def test_what_could_not_be_read() -> None:
    error = "unable to open file: unable to open local file: open /data/secret.txt: permission denied"
    found = unread({"path": "secret.txt", "error": error})
    assert found == (Unread("secret.txt", error),)
    assert "secret.txt" not in repr(dataclasses.replace(read(BODY), unread=found))


def test_what_could_not_be_read_is_the_clients_word() -> None:
    found = unread(*({"path": f"{number:02}", "error": ""} for number in range(12)))
    assert [one.path for one in found] == [f"{number:02}" for number in range(MOST)]
    assert unread("x", None, {"path": "a"}, {"path": 5, "error": "b"}, {"path": "p", "error": ["e"]}) == ()
    (one,) = unread({"path": "a\x1b[31m\nb\u202e\ud800", "error": "\x00"})
    assert one == Unread("a\ufffd[31m b\ufffd\ufffd", "\ufffd")
    for errors in (5, "x", {"path": "a", "error": "b"}):
        assert read({**BODY, "rootEntry": {"summ": {"errors": errors}}}).unread == ()


def test_a_long_path_keeps_its_ends() -> None:
    (one,) = unread({"path": "begin/" + "x" * 5000 + "/end", "error": "open " + "y" * 5000 + ": permission denied"})
    assert (len(one.path), one.path[:6], one.path[-4:]) == (MAX_PATH, "begin/", "/end")
    assert (len(one.error), one.error[-17:]) == (MAX_ERROR, "permission denied")


def test_a_word_of_the_client_is_one_that_can_be_told() -> None:
    found = read({**BODY, "incomplete": "check\ud800point\x07", "description": "\ud800" * 5000})
    assert (found.incomplete, len(found.description)) == ("check\ufffdpoint\ufffd", 1000)


def test_times() -> None:
    assert seconds("1970-01-01T00:00:01Z") == 1.0
    assert seconds("1970-01-01T01:00:01+01:00") == 1.0
    assert seconds("1970-01-01T00:00:01") == 1.0
    assert seconds("yesterday") == 0.0
    assert seconds(None) == 0.0


def test_a_summary() -> None:
    later = {"startTime": "2026-11-23T10:00:00Z", "endTime": "2026-11-23T10:01:00Z"}
    now = datetime(2026, 11, 24, tzinfo=UTC).timestamp()
    found = summarize([read(BODY), read({**BODY, **later, "incomplete": "canceled"}, path="/other")], now)
    assert (found.paths, found.snapshots, found.incomplete) == (2, 2, 1)
    assert found.last_complete == seconds(BODY["endTime"])
    assert found.last_seen == seconds(later["endTime"])
    assert (found.last_size, found.last_errors) == (1048, 1)


def test_a_clock_that_runs_ahead_counts_as_now() -> None:
    ahead = {**BODY, "endTime": "2099-01-01T00:00:00Z"}
    assert summarize([read(ahead)], 5.0).last_complete == 5.0
