"""A consumer group: consume.py STREAM GROUP CONSUMER DATABASE.

Writes each event of the stream to a table, once, however often consumers are killed. Start as many as you like with
the same STREAM and GROUP, each with a CONSUMER name of its own that it keeps after a restart.
"""

import os
import sqlite3
import sys
import time
from collections.abc import Mapping, Sequence

from bsls_events import connect, events_of
from redis import Redis
from redis.exceptions import ConnectionError, ResponseError, TimeoutError

CLAIM_AFTER_MS = int(os.environ.get("CLAIM_AFTER_MS", "60000"))  # longer than the work on COUNT entries ever takes
BLOCK_MS = min(10_000, CLAIM_AFTER_MS)  # then dead consumers are looked for
COUNT = 100
Entry = tuple[bytes, Mapping[bytes, bytes] | None]


class Consumer:
    def __init__(self, redis: Redis, stream: str, group: str, name: str, sink: sqlite3.Connection) -> None:
        self.redis, self.stream, self.group, self.name, self.sink = redis, stream, group, name, sink

    def run(self) -> None:
        while True:
            try:
                self.create_group()
                self.finish_own()
                while True:
                    self.claim()
                    self.process(self.read(">", block=BLOCK_MS))
            except (ConnectionError, TimeoutError) as error:
                print(f"Redis is away: {error}", file=sys.stderr)
                time.sleep(1)  # then from the start: an answer may have been lost, whose entries are ours
            except ResponseError as error:
                if not str(error).startswith(("NOGROUP", "UNBLOCKED")):
                    raise
                print("Redis lost its data; reading what there is", file=sys.stderr)

    def create_group(self) -> None:
        """From the oldest event on; with id="$" from now on."""
        try:
            self.redis.xgroup_create(self.stream, self.group, id="0", mkstream=True)
        except ResponseError as error:
            if not str(error).startswith("BUSYGROUP"):
                raise

    def finish_own(self) -> None:
        """What this consumer had read, but not acknowledged, when it ended."""
        while entries := self.read("0"):
            self.process(entries)

    def claim(self) -> None:
        """What other consumers read and did not acknowledge for a long time: they are dead."""
        following = b"0-0"
        while True:
            following, entries, *_ = self.redis.xautoclaim(
                self.stream, self.group, self.name, CLAIM_AFTER_MS, following, COUNT
            )
            self.process(entries)
            if following == b"0-0":
                return

    def read(self, position: str, block: int | None = None) -> Sequence[Entry]:
        found = self.redis.xreadgroup(self.group, self.name, {self.stream: position}, COUNT, block)
        return found[0][1] if found else []

    def process(self, entries: Sequence[Entry]) -> None:
        """Acknowledged after the work: who is killed in between does it twice, and the second time finds it done."""
        for entry_id, fields in entries:
            if fields:
                for event in events_of(fields):
                    self.store(event)
            else:
                print(f"{entry_id.decode()} was trimmed before it was processed", file=sys.stderr)
            self.redis.xack(self.stream, self.group, entry_id)

    def store(self, event) -> None:
        """`source` and `id` name an event for ever: a table with this key takes each event once."""
        row = (event.get_source(), event.get_id(), event.get_type(), event.get_subject(), str(event.get_data()))
        with self.sink:
            new = self.sink.execute("INSERT INTO events VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING", row).rowcount
        print("new" if new else "duplicate", event.get_id(), event.get_type(), flush=True)


def open_sink(path: str) -> sqlite3.Connection:
    sink = sqlite3.connect(path, timeout=60)
    with sink:
        sink.execute("CREATE TABLE IF NOT EXISTS events (source, id, type, subject, data, PRIMARY KEY (source, id))")
    return sink


def main() -> None:
    stream, group, name, database = sys.argv[1:]
    Consumer(connect(), stream, group, name, open_sink(database)).run()


if __name__ == "__main__":
    main()
