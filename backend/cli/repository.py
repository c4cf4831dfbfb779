"""`bsls repository ensure`: the init container of a Kopia pod."""

from __future__ import annotations

import argparse
import asyncio
import os

from backend.repository.ensure import ensure
from backend.repository.settings import Paths


def configure(parser: argparse.ArgumentParser) -> None:
    jobs = parser.add_subparsers(dest="job", required=True, metavar="JOB")
    job = jobs.add_parser("ensure", help="connect to the repository, or create it where there is none yet")
    job.set_defaults(run=run)


def run(_options: argparse.Namespace) -> int:
    return asyncio.run(ensure(Paths.from_env(os.environ)))
