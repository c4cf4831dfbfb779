"""`bsls log-level`: change what a running process of this machine or pod logs."""

from __future__ import annotations

import argparse
import os
import signal
import sys

from backend.telemetry.logs import InvalidLevels, level_file, parse_levels


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("levels", metavar="LEVELS", help="as --log-level: info,backend.kopia=debug")
    parser.add_argument("--pid", type=int, default=1, help="of the process [%(default)s, the one of a container]")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    try:
        parse_levels(options.levels)
        path = level_file(options.pid)
        path.unlink(missing_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(options.levels)
        os.kill(options.pid, signal.SIGHUP)
    except InvalidLevels as error:
        print(f"bsls log-level: {error}.", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"bsls log-level: process {options.pid}: {error.strerror}.", file=sys.stderr)
        return 1
    return 0
