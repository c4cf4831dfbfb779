"""`bsls user hash`: a password from a pipe or, without echo, from a terminal; a line that Kopia takes."""

from __future__ import annotations

import os
import pty
import subprocess
import sys

import pytest

from backend.kopia.users import parse_user_list

COMMAND = [sys.executable, "-m", "backend.cli.main", "user", "hash"]


def _run(*arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run([*COMMAND, *arguments], input=stdin, capture_output=True, text=True, check=False, timeout=30)


def test_from_a_pipe():
    done = _run("alice@vm-1", stdin="geheim\n")
    users = parse_user_list(done.stdout.encode())
    assert users.rejected == ()
    assert users.users["alice@vm-1"].verifies("geheim")


@pytest.mark.parametrize(
    ("user", "stdin", "words"),
    [("Alice@vm-1", "x\n", "upper-case"), ("alice", "x\n", "user@host"), ("alice@vm-1", "", "empty")],
)
def test_bad_input_gets_one_sentence(user, stdin, words):
    done = _run(user, stdin=stdin)
    assert (done.returncode, done.stdout) == (2, "")
    assert words in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_terminal_shows_no_password():
    process, master = pty.fork()
    if process == 0:
        os.execv(COMMAND[0], [*COMMAND, "alice@vm-1"])
    shown = b""
    for prompt in (b"Password: ", b"Again: "):
        while not shown.endswith(prompt):
            shown += os.read(master, 1024)
        os.write(master, b"geheim\n")
    try:
        while chunk := os.read(master, 4096):
            shown += chunk
    except OSError:  # Linux says EIO when the other end is closed
        pass
    assert os.waitpid(process, 0)[1] == 0
    os.close(master)
    assert b"geheim" not in shown
    line = next(line for line in shown.splitlines() if line.startswith(b"alice@vm-1:"))
    assert parse_user_list(line).users["alice@vm-1"].verifies("geheim")
