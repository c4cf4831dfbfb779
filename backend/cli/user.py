"""`bsls user hash USER@HOST`: read a password without echo, print a line for a user list."""

from __future__ import annotations

import argparse
import getpass
import sys

from backend.kopia.text_list import InvalidLine
from backend.kopia.users import check_user_name, hash_password


def configure(parser: argparse.ArgumentParser) -> None:
    jobs = parser.add_subparsers(dest="job", required=True, metavar="JOB")
    job = jobs.add_parser("hash", help="print USER@HOST:HASH; the password is asked for, or read from a pipe")
    job.add_argument("user", metavar="USER@HOST", help="lower case, as the client will name itself")
    job.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    try:
        check_user_name(options.user)
        print(hash_password(options.user, _password()))
    except InvalidLine as error:
        print(f"bsls: {error}", file=sys.stderr)
        return 2
    return 0


def _password() -> str:
    """Twice from a terminal, one line from a pipe; never from an argument, which `ps` would show."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    password = getpass.getpass("Password: ")
    if password != getpass.getpass("Again: "):
        raise InvalidLine("the two passwords differ; try again")
    return password
