"""The commands of docs/api.md, as they stand there, against the real process: each answers its question."""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.apiserver.api_process import ALICE, BEGINNING, BOB, STATUS, Api

pytestmark = [pytest.mark.apiserver, pytest.mark.timeout(120)]
PAGE = (Path(__file__).resolve().parents[2] / "docs/api.md").read_text()
BLOCKS = re.findall(r"^```sh\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
SET_UP, *QUESTIONS = BLOCKS


@dataclass
class Shell:
    """Where the commands are run: a folder with a CA, an `oc` that knows the token, and the file they make of both."""

    folder: Path
    url: str

    def run(self, commands: str) -> str:
        given = commands.replace("backup/vms", "backup-a/vms").replace("namespace=backup", "namespace=backup-a")
        given = given.replace("since=12h", f"since={BEGINNING}")  # what is told here is not of this night
        given = given.replace("https://bsls-api.bsls-system.svc:8443", self.url)
        env = {"PATH": f"{self.folder}:{os.environ['PATH']}", "HOME": str(self.folder), "API": f"{self.url}/api/v1"}
        command = ["bash", "-euc", given]
        done = subprocess.run(
            command, env=env, cwd=self.folder, capture_output=True, text=True, check=False, timeout=60
        )
        assert done.returncode == 0, f"{given}\n{done.stdout}\n{done.stderr}"
        return done.stdout


@pytest.fixture
async def shell(api: Api, tmp_path: Path) -> Shell:
    await api.ready()
    oc = tmp_path / "oc"
    oc.write_text(f"#!/bin/sh\necho {api.tokens['everything']}\n")
    oc.chmod(0o700)
    (tmp_path / "ca.crt").touch()  # nothing to be trusted on loopback without TLS
    made = Shell(tmp_path, api.url)
    made.run(SET_UP)
    return made


EXPECTED = [  # in the order of the page
    ('"allServers": true', '"getServer": true', '"deleteServer": false'),
    ("backup-a/vms", "  Available True ServerReady: It serves."),
    (f"{ALICE} /home", f"{BOB} /srv"),
    (),  # there is no objective, so nobody is overdue
    (),  # and nothing failed
    ("a59 ", "1 files"),
    ("kopia repository connect server", "--override-username=alice", STATUS["serviceURL"]),
    ("data: {", ".snapshot.created.v1"),
    ("data: {",),
    ("  20",),
    ("a0\n", "b4\n"),
    ("304\n",),
]


def test_the_page_answers_as_many_questions_as_are_looked_at() -> None:
    assert len(QUESTIONS) == len(EXPECTED)
    assert len(re.findall(r"^## \d+\. ", PAGE, re.MULTILINE)) == 10


@pytest.mark.parametrize(("commands", "expected"), list(zip(QUESTIONS, EXPECTED, strict=True)))
async def test_a_question_is_answered(shell: Shell, commands: str, expected: tuple[str, ...]) -> None:
    told = shell.run(commands)
    assert [one for one in expected if one not in told] == [], told
    assert "urn:bsls:problem" not in told
