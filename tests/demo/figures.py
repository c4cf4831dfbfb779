"""What the controller counted of the demo, read as Prometheus does."""

from __future__ import annotations

from tests.demo.vm import Kubectl

_METRICS = "import urllib.request as u; print(u.urlopen('http://localhost:8080/metrics').read().decode())"
_SHOWN = ("bsls_server_available{", "bsls_snapshots_created_total{", "bsls_snapshots_size_bytes_total{",
          "bsls_sessions_started_total ", "bsls_certificate_remaining_seconds{",
          "bsls_events_lost_total{")  # fmt: skip


def figures(kubectl: Kubectl) -> str:
    """Some of them, as text; fails when one is missing, or no snapshot was counted."""
    controller = ("-n", "bsls-system", "deployment/bsls-controller")
    lines = kubectl("exec", *controller, "--", "python3", "-c", _METRICS).splitlines()
    found = [line for name in _SHOWN for line in lines if line.startswith(name)]
    missing = [name for name in _SHOWN if not any(line.startswith(name) for line in found)]
    if missing:
        raise AssertionError(f"the controller has no {', '.join(missing)}")
    created = [line for line in found if line.startswith(_SHOWN[1]) and 'state="complete"' in line]
    if not any(float(line.rsplit(" ", 1)[1]) >= 2 for line in created):
        raise AssertionError(f"two snapshots were made, but the metrics say {created}")
    return "\n".join(found)
