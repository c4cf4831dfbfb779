"""`bsls repository ensure`: the init container of a Kopia pod."""

from __future__ import annotations

import argparse
import os

from backend.repository import ensure


def configure(parser: argparse.ArgumentParser) -> None:
    jobs = parser.add_subparsers(dest="job", required=True, metavar="JOB")
    job = jobs.add_parser("ensure", help="connect to the repository, or create it where there is none yet")
    job.set_defaults(run=run)


def run(_options: argparse.Namespace) -> int:
    return ensure.main(os.environ)
