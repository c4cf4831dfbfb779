"""The argument list of the main container; passwords come by environment, never by argument."""

from __future__ import annotations

from backend.repository.settings import Paths

SERVER_PORT = 51515
METRICS_PORT = 9090
CONTROL_USER = "server-control"
LOG_FILE = "kopia.log"
# The server's own refresh stops all sessions while it runs: up to half a minute with 1,000 tenants, and for as long as
# the storage is down. The controller refreshes where that is cheap; indexes are read anew every 15 minutes anyway.
NEVER = "87600h"
UNLIMITED_SEGMENT = 9_000_000_000_000  # the log "file" is the container's stdout: never start a second one

SERVER_ENVIRONMENT = {
    "KOPIA_CHECK_FOR_UPDATES": "false",
    "KOPIA_PERSIST_CREDENTIALS_ON_CONNECT": "false",
    "KOPIA_DISABLE_COLOR": "true",
}


def server_command(
    paths: Paths | None = None, *, port: int = SERVER_PORT, metrics_port: int = METRICS_PORT, host: str = ""
) -> list[str]:
    """`kopia server start …`; an empty host listens on every address, IPv4 and IPv6 alike."""
    where = paths or Paths()
    return [
        where.kopia,
        "server",
        "start",
        f"--config-file={where.config}",
        f"--address={host}:{port}",
        f"--tls-cert-file={where.tls / 'tls.crt'}",
        f"--tls-key-file={where.tls / 'tls.key'}",
        "--no-ui",
        f"--server-control-username={CONTROL_USER}",
        f"--metrics-listen-addr={host}:{metrics_port}",
        "--kopiaui-notifications",
        f"--refresh-interval={NEVER}",
        *_log_flags(where),
    ]


def _log_flags(paths: Paths) -> list[str]:
    """JSON lines with levels: Kopia's console has no level, so its log file is a link to stdout."""
    return [
        "--log-level=error",
        f"--log-file={paths.logs / LOG_FILE}",
        "--json-log-file",
        "--file-log-level=info",
        f"--max-log-file-segment-size={UNLIMITED_SEGMENT}",
        "--disable-content-log",
    ]
