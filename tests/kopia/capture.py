"""Captures what the log of a Kopia pod says: the real server of each version, with our flags, through one story.

`python -m tests.kopia.capture [VERSION …]` writes tests/unit/kopia/captures/kopia-VERSION.log; `--expected` writes only
the records beside each capture, as the parser reads them now. Compare before you commit. A version takes two minutes.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import socket
import tempfile
from dataclasses import asdict
from pathlib import Path

from backend.kopia.log_lines import parse_line
from tests.cluster import binaries
from tests.kopia.log_story import Recorder, Story
from tests.kopia.pods import ADMIN_PASSWORD, CONTROL_PASSWORD, REPOSITORY_PASSWORD
from tests.servers.s3_front import S3Front
from tests.servers.seaweed import Seaweed

CAPTURES = Path(__file__).parent.parent / "unit" / "kopia" / "captures"
VERSIONS = (*binaries.OLDER_KOPIAS, binaries.KOPIA_VERSION)


def capture(version: str) -> None:
    name = "kopia" if version == binaries.KOPIA_VERSION else f"kopia-{version}"
    home = Path(tempfile.mkdtemp(prefix="capture-"))
    try:
        with Seaweed() as seaweed, S3Front(seaweed.port) as front:
            story = Story(binaries.binary(name), seaweed, front, home)
            story.tell(cache=True)
            (CAPTURES / f"kopia-{version}.log").write_bytes(neutral(story.log, home, seaweed))
    finally:
        shutil.rmtree(home, ignore_errors=True)


def neutral(log: Recorder, home: Path, seaweed: Seaweed) -> bytes:
    """Without names of this machine; fails for what nobody may read."""
    text = b"".join(log.lines).replace(str(home).encode(), b"/srv").replace(home.name.encode(), b"one")
    text = re.sub(rb"(?<![\w@.-])%b(?![\w.-])" % socket.gethostname().encode(), b"machine", text)
    text = text.replace(seaweed.access_key.encode(), b"access-key")
    for secret in (seaweed.secret_key, ADMIN_PASSWORD, CONTROL_PASSWORD, REPOSITORY_PASSWORD):
        assert secret.encode() not in text
    return text


def expected(log: Path) -> str:
    """The records of a capture, one a line with the number of its log line; lines that say nothing are left out."""
    records = ((number, parse_line(line)) for number, line in enumerate(log.read_bytes().split(b"\n"), 1))
    lines = [json.dumps({"line": n, "record": type(r).__name__, **asdict(r)}) for n, r in records if r is not None]
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--expected", action="store_true", help="only the records")
    parser.add_argument("versions", nargs="*", default=VERSIONS)
    arguments = parser.parse_args()
    if not arguments.expected:
        for version in arguments.versions:
            capture(version)
    for log in sorted(CAPTURES.glob("*.log")):
        log.with_suffix(".jsonl").write_text(expected(log))


if __name__ == "__main__":
    main()
