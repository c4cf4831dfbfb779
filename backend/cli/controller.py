"""`bsls controller`: settings from flags and the pod's environment, then run until SIGTERM."""

from __future__ import annotations

import argparse
import asyncio
import os
import re
import signal
import sys

from backend.cli import telemetry_options
from backend.cli.garbage import spare_collector
from backend.cli.telemetry_options import InvalidOption
from backend.controller.run import run_controller
from backend.controller.settings import Settings
from backend.events.url import parse
from backend.kube.client import KubeClient
from backend.telemetry.metric import Process
from backend.telemetry.settings import TelemetrySettings


def configure(parser: argparse.ArgumentParser) -> None:
    env = os.environ
    defaults = {name: field.default for name, field in Settings.model_fields.items()}
    parser.add_argument("--kubeconfig", help="default: the pod's service account, else $KUBECONFIG")
    parser.add_argument("--image", default=env.get("BSLS_IMAGE"), help="image of the Kopia pods [$BSLS_IMAGE]")
    parser.add_argument("--namespace", default=env.get("POD_NAMESPACE"), help="our own namespace [$POD_NAMESPACE]")
    parser.add_argument("--workers", type=int, default=defaults["workers"])
    parser.add_argument("--drain-timeout", type=float, default=defaults["drain_timeout_s"], metavar="SECONDS")
    parser.add_argument("--probe-interval", type=float, default=defaults["probe_interval_s"], metavar="SECONDS")
    parser.add_argument(
        "--redis-url",
        help="where events go: redis://, rediss://, redis+sentinel://, redis+cluster:// [$BSLS_REDIS_URL]; the "
        "password comes from $BSLS_REDIS_PASSWORD; without a URL no events are published",
    )
    parser.add_argument("--redis-username", default=env.get("BSLS_REDIS_USERNAME"), help="[$BSLS_REDIS_USERNAME]")
    parser.add_argument("--redis-ca-file", default=env.get("BSLS_REDIS_CA_FILE"), help="[$BSLS_REDIS_CA_FILE]")
    parser.add_argument(
        "--tenant-series", type=int, default=env.get("BSLS_TENANT_SERIES") or "0", metavar="NUMBER",
        help="tenants with a metric of their own, at most [$BSLS_TENANT_SERIES, or none]",
    )  # fmt: skip
    parser.add_argument(
        "--kopia-otlp-endpoint", metavar="URL", default=env.get("BSLS_KOPIA_OTLP_ENDPOINT", ""),
        help="where the Kopia servers send their own spans, by gRPC, as http://collector.tracing.svc:4317 "
        "[$BSLS_KOPIA_OTLP_ENDPOINT, or nowhere]; a change restarts them",
    )  # fmt: skip
    telemetry_options.configure(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    for name, variable in (("image", "BSLS_IMAGE"), ("namespace", "POD_NAMESPACE")):
        if not getattr(options, name):
            print(f"bsls controller: set --{name} or ${variable}.", file=sys.stderr)
            return 2
    settings = Settings(
        image=options.image,
        controller_namespace=options.namespace,
        workers=options.workers,
        drain_timeout_s=options.drain_timeout,
        probe_interval_s=options.probe_interval,
        redis_url=options.redis_url or os.environ.get("BSLS_REDIS_URL", ""),
        redis_username=options.redis_username,
        redis_ca_file=options.redis_ca_file,
        tenant_series=max(0, options.tenant_series),
        kopia_otlp_endpoint=options.kopia_otlp_endpoint,
    )
    try:
        if options.redis_url and parse(options.redis_url).password:
            raise ValueError("it holds a password, which everybody on this machine can read: use $BSLS_REDIS_PASSWORD")
        if settings.redis_url:
            parse(settings.redis_url)
    except ValueError as error:
        print(f"bsls controller: --redis-url: {error}", file=sys.stderr)
        return 2
    if options.kopia_otlp_endpoint and not re.fullmatch(r"https?://[^/@\s]+", options.kopia_otlp_endpoint):
        print("bsls controller: --kopia-otlp-endpoint: give http://host:port or https://host:port.", file=sys.stderr)
        return 2
    try:
        telemetry = telemetry_options.set_up(options)
        asyncio.run(_run(settings, options, telemetry))
    except InvalidOption as error:
        print(f"bsls controller: {error}.", file=sys.stderr)
        return 2
    return 0


async def _run(settings: Settings, options: argparse.Namespace, telemetry: TelemetrySettings) -> None:
    spare_collector()
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with (
        telemetry_options.serving(options, Process.CONTROLLER, telemetry) as health,
        await KubeClient.connect(options.kubeconfig) as client,
    ):
        await run_controller(client, settings, stop, health)
