"""The link that makes Kopia's log file the container's stdout."""

from __future__ import annotations

from pathlib import Path

STDOUT = "/proc/self/fd/1"
FIRST_SEGMENT = "kopia.0.log"  # Kopia writes `--log-file=kopia.log` to kopia.0.log


def link_log_to_stdout(directory: Path) -> Path:
    """Make (or repair) the link; the target is resolved by the process that opens it, later."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    link = directory / FIRST_SEGMENT
    if link.is_symlink() and str(link.readlink()) == STDOUT:
        return link
    link.unlink(missing_ok=True)
    link.symlink_to(STDOUT)
    return link
