"""Logs, metrics and traces of a process: its flags, and everything around its run."""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from backend.telemetry import logs
from backend.telemetry.endpoint import endpoint
from backend.telemetry.health import Health
from backend.telemetry.metric import Process
from backend.telemetry.settings import InvalidTelemetry, TelemetrySettings, from_environment
from backend.telemetry.setup import Telemetry


class InvalidOption(ValueError):
    """The text says what to correct."""


def configure(parser: argparse.ArgumentParser, port: int | None = None) -> None:
    """`port`: of the probes and metrics, unless another one is given."""
    parser.add_argument(
        "--log-level", metavar="LEVELS", default=os.environ.get("BSLS_LOG_LEVEL", "info"),
        help="debug, info, warning or error, and for single modules, as info,backend.kopia=debug [$BSLS_LOG_LEVEL]",
    )  # fmt: skip
    parser.add_argument(
        "--probe-port", type=int, default=port, metavar="PORT",
        help=f"of /healthz, /readyz and /metrics, by plain HTTP, on all addresses [{port or 'none'}]",
    )  # fmt: skip


def set_up(options: argparse.Namespace) -> TelemetrySettings:
    """Logs go where they belong from now on. Raises InvalidOption."""
    try:
        logs.set_up(options.log_level)
        return from_environment(os.environ)
    except logs.InvalidLevels as error:
        raise InvalidOption(f"--log-level: {error}") from None
    except InvalidTelemetry as error:
        raise InvalidOption(str(error)) from None


@asynccontextmanager
async def serving(options: argparse.Namespace, process: Process, settings: TelemetrySettings) -> AsyncIterator[Health]:
    """Around the run of a process, which says by the health it is given when it is ready. Raises InvalidOption."""
    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, logs.reload)
    telemetry, health = Telemetry(process, settings), Health()
    async with AsyncExitStack() as stack:
        stack.push_async_callback(telemetry.close)
        if options.probe_port is not None:
            try:
                await stack.enter_async_context(endpoint(options.probe_port, lambda: health.not_ready, telemetry))
            except OSError as error:
                raise InvalidOption(f"--probe-port {options.probe_port}: {error.strerror}") from None
        yield health
