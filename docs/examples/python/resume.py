"""Without a consumer group: resume.py STREAM POSITION_FILE.

For a single reader that keeps its place itself. Prints each event, then writes its position to the file.
"""

import os
import sys
import time
from pathlib import Path

from bsls_events import connect, events_of
from redis import Redis
from redis.exceptions import ConnectionError, TimeoutError

BLOCK_MS = 10_000
COUNT = 100


def read(redis: Redis, stream: str, position: str) -> list:
    """Entries after the position. The entry at the position comes along: that it is there proves that none is missing.

    XREAD only waits: what it returns may have been preceded by entries that were trimmed meanwhile.
    """
    entries = redis.xrange(stream, min=position, count=COUNT)
    if entries and entries[0][0].decode() == position:
        entries = entries[1:]
    elif position != "0-0":
        print(f"entries after {position} may be missing: the stream was trimmed or lost", file=sys.stderr)
    if not entries:
        redis.xread({stream: position}, count=1, block=BLOCK_MS)
    return entries


def save(file: Path, position: str) -> None:
    """Whole or not at all, also when we are killed."""
    new = file.with_suffix(".new")
    new.write_text(position)
    os.replace(new, file)


def main() -> None:
    stream, file = sys.argv[1], Path(sys.argv[2])
    position = file.read_text() if file.exists() else "0-0"
    redis = connect()
    while True:
        try:
            entries = read(redis, stream, position)
        except (ConnectionError, TimeoutError) as error:
            print(f"Redis is away: {error}", file=sys.stderr)
            time.sleep(1)
            continue
        for entry_id, fields in entries:
            for event in events_of(fields):
                print("event", event.get_id(), event.get_type(), flush=True)
            position = entry_id.decode()
            save(file, position)


if __name__ == "__main__":
    main()
