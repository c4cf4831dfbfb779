"""`bsls plugin`: serves the built console plugin to OpenShift's console, until SIGTERM."""

from __future__ import annotations

import argparse
import asyncio
import signal
import ssl
import sys
from pathlib import Path

from backend.api.http.files import File, FilesMissing
from backend.api.plugin import read_plugin, run_plugin
from backend.api.tls import Certificate
from backend.telemetry import logs

DIRECTORY = Path("/usr/share/bsls/ui/plugin")  # in the image


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--directory", type=Path, default=DIRECTORY, help="of the built plugin [%(default)s]")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on, * for all [%(default)s]")
    parser.add_argument("--port", type=int, default=8443, help="[%(default)s]")
    parser.add_argument("--certificate", type=Path, metavar="FILE", required=True,
                        help="PEM; read again when it changes")  # fmt: skip
    parser.add_argument("--key", type=Path, metavar="FILE", required=True)
    parser.add_argument("--log-level", default="info", choices=["debug", "info", "warning", "error"])
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    logs.set_up(options.log_level)
    try:
        certificate = Certificate(options.certificate, options.key)
        asyncio.run(_run(read_plugin(options.directory), options, certificate))
    except (FilesMissing, OSError, ssl.SSLError) as error:
        print(f"bsls plugin: {error}.", file=sys.stderr)
        return 1
    return 0


async def _run(files: dict[str, File], options: argparse.Namespace, certificate: Certificate) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await run_plugin(files, None if options.host == "*" else options.host, options.port, certificate, stop)
