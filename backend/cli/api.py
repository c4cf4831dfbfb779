"""`bsls api`: the HTTP API, until SIGTERM; and its OpenAPI document."""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import ssl
import sys
from pathlib import Path

from pydantic import ValidationError

from backend.api.access import audit
from backend.api.app import description
from backend.api.http.files import FilesMissing
from backend.api.run import run_api
from backend.api.settings import ApiSettings
from backend.api.ui.seal import InvalidSecret
from backend.cli import redis_options, telemetry_options
from backend.cli.garbage import spare_collector
from backend.cli.redis_options import InvalidOption
from backend.events.connection import Client
from backend.kube.client import KubeClient
from backend.telemetry.metric import Process
from backend.telemetry.settings import TelemetrySettings

UI = Path("/usr/share/bsls/ui")  # in the image


def configure(parser: argparse.ArgumentParser) -> None:
    env = os.environ
    parser.add_argument("--kubeconfig", help="default: the pod's service account, else $KUBECONFIG")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on, * for all [%(default)s]")
    parser.add_argument("--port", type=int, default=8443, help="[%(default)s]")
    parser.add_argument("--certificate", type=Path, metavar="FILE", default=_path(env.get("BSLS_API_CERTIFICATE")),
                        help="PEM; read again when it changes [$BSLS_API_CERTIFICATE]")  # fmt: skip
    parser.add_argument("--key", type=Path, metavar="FILE", default=_path(env.get("BSLS_API_KEY")),
                        help="[$BSLS_API_KEY]")  # fmt: skip
    limits = ApiSettings()
    parser.add_argument("--rate", type=float, default=limits.rate, metavar="N",
                        help="requests a second of each user, at each replica [%(default)g]")  # fmt: skip
    parser.add_argument("--burst", type=int, default=limits.burst, metavar="N",
                        help="requests of a user at once [%(default)d]")  # fmt: skip
    parser.add_argument("--streams", type=int, default=limits.streams, metavar="N",
                        help="open streams of each user [%(default)d]")  # fmt: skip
    parser.add_argument("--ui", action="store_true", help="serve the console pages, to be opened by a browser, too")
    parser.add_argument("--ui-dir", type=Path, metavar="DIRECTORY", default=UI, help="of the built pages [%(default)s]")
    parser.add_argument("--session-key", type=Path, metavar="FILE", default=_path(env.get("BSLS_API_SESSION_KEY")),
                        help="a secret that seals the log-ins of pages, the same for all replicas "
                        "[$BSLS_API_SESSION_KEY, else a new one]")  # fmt: skip
    parser.add_argument("--trace-url", metavar="URL", default=env.get("BSLS_TRACE_URL") or None,
                        help="of a trace in the cluster's viewer, with {traceId} in it [$BSLS_TRACE_URL]")  # fmt: skip
    parser.add_argument("--openapi", action="store_true", help="print the OpenAPI document, and nothing else")
    telemetry_options.configure(parser)
    redis_options.configure(parser)
    parser.set_defaults(run=run)


def _path(text: str | None) -> Path | None:
    return Path(text) if text else None


def run(options: argparse.Namespace) -> int:
    if options.openapi:
        sys.stdout.write(description().decode())
        return 0
    try:
        settings = ApiSettings(host=options.host, port=options.port, certificate=options.certificate, key=options.key,
                               rate=options.rate, burst=options.burst, streams=options.streams,
                               ui=options.ui_dir if options.ui else None, session_key=options.session_key,
                               trace_url=options.trace_url)  # fmt: skip
        redis = redis_options.client(options)
        telemetry = telemetry_options.set_up(options)
    except ValidationError as error:
        first = error.errors()[0]
        name = "".join(f"--{one}: " for one in first["loc"])
        print(f"bsls api: {name}{first['msg'].removeprefix('Value error, ')}.", file=sys.stderr)
        return 2
    except (InvalidOption, telemetry_options.InvalidOption) as error:
        print(f"bsls api: {error}.", file=sys.stderr)
        return 2
    audit.set_up()
    try:
        asyncio.run(_run(options, redis, settings, telemetry))
    except telemetry_options.InvalidOption as error:
        print(f"bsls api: {error}.", file=sys.stderr)
        return 2
    except (FilesMissing, InvalidSecret, OSError, ssl.SSLError) as error:
        print(f"bsls api: {error}.", file=sys.stderr)
        return 1
    return 0


async def _run(options: argparse.Namespace, redis: Client, settings: ApiSettings, telemetry: TelemetrySettings) -> None:
    spare_collector()
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with (
        telemetry_options.serving(options, Process.API, telemetry) as health,
        await KubeClient.connect(options.kubeconfig) as kube,
    ):
        await run_api(kube, redis, settings, stop, health)
