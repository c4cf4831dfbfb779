"""`bsls dispatcher`: deliver events to the subscriptions of a settings file until SIGTERM."""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import socket
import sys
from pathlib import Path

from backend.cli import redis_options, telemetry_options
from backend.dispatch.dispatcher import Dispatcher
from backend.dispatch.settings import InvalidSettings, Settings, load
from backend.events.connection import Client
from backend.telemetry.metric import Process
from backend.telemetry.settings import TelemetrySettings


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--config", required=True, metavar="FILE", help="YAML with targets and subscriptions")
    parser.add_argument("--check", action="store_true", help="only tell whether the file is right")
    telemetry_options.configure(parser, port=8080)
    redis_options.configure(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    try:
        settings = load(Path(options.config))
        if options.check:
            return 0
        client = redis_options.client(options)
        telemetry = telemetry_options.set_up(options)
        asyncio.run(_run(settings, client, options, telemetry))
    except (InvalidSettings, redis_options.InvalidOption, telemetry_options.InvalidOption) as error:
        print(f"bsls dispatcher: {error}", file=sys.stderr)
        return 2
    return 0


async def _run(settings: Settings, client: Client, options: argparse.Namespace, telemetry: TelemetrySettings) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    dispatcher = Dispatcher(settings, client, os.environ.get("POD_NAME") or socket.gethostname())
    try:
        async with telemetry_options.serving(options, Process.DISPATCHER, telemetry) as health:
            health.ask(lambda: dispatcher.not_ready)
            await dispatcher.run(stop)
    finally:
        await client.close()
