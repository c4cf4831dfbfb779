"""The alerts of `manifests/monitoring`, with waits and thresholds that a test can sit through, and how to see them."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from tests.servers.prometheus import Prometheus, Series

_RULES = Path(__file__).resolve().parents[2] / "manifests/monitoring/rules.yaml"
_SHORTER = {
    "BslsMaintenanceMissed": ("3 * 86400", "30"),
    "BslsEventsLate": ("> 10", "> 5"),
    "BslsEventStoreAway": ("> 300", "> 3"),
    "BslsEventsBacklog": ("> 10000", "> 0"),
}
"""Thresholds that would take minutes or thousands of events. All others are the manifest's own."""
_WINDOW = re.compile(r"\[\d+m\]")


def rules() -> str:
    """As they are, as a file of rules."""
    return yaml.safe_dump({"groups": _groups()})


def _groups() -> list[Series]:
    return list(yaml.safe_load(_RULES.read_text())["spec"]["groups"])


def shortened(window_s: int) -> str:
    """The rules without `for`, with windows of rates of so many seconds, and with the thresholds above."""
    groups = _groups()
    for rule in (rule for group in groups for rule in group["rules"]):
        rule.pop("for", None)
        rule["expr"] = _WINDOW.sub(f"[{window_s}s]", rule["expr"])
        if rule["alert"] in _SHORTER:
            long, short = _SHORTER[rule["alert"]]
            assert rule["expr"].count(long) == 1, rule["expr"]
            rule["expr"] = rule["expr"].replace(long, short)
    return yaml.safe_dump({"groups": groups})


def fires(prometheus: Prometheus, alert: str, seconds: float = 30, **labels: str) -> Series:
    """The alert, once it fires."""
    return prometheus.wait(_firing(alert, labels), seconds)[0]


def ends(prometheus: Prometheus, alert: str, seconds: float = 60, **labels: str) -> None:
    """Until it does not fire any more, although Prometheus sees one of our processes."""
    prometheus.wait(f'absent({_firing(alert, labels)}) and on() max(up{{job!="kopia-server"}}) == 1', seconds)


def _firing(alert: str, labels: dict[str, str]) -> str:
    all_of_them = {"alertname": alert, "alertstate": "firing"} | labels
    return "ALERTS{" + ",".join(f'{name}="{value}"' for name, value in all_of_them.items()) + "}"
