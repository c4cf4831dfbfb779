"""The dashboard, written once and generated twice: for Grafana, and for the OpenShift console, which knows the older
form only (rows, `graph`, `singlestat`). Pure.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from backend.telemetry.catalogue import ALL

Json = dict[str, Any]
_OF = '{bsls_namespace=~"$namespace", bsls_server=~"$server"'
_OURS = 'pod=~"bsls-(controller|api|dispatcher)-.*"'
_COLUMNS = 24  # of Grafana's grid


@dataclass(frozen=True)
class Panel:
    """`queries`: expressions, legends. `span`: of 12 columns. `single`: one figure without time; `red` from there."""

    title: str
    queries: tuple[tuple[str, str], ...]
    unit: str = "short"
    span: int = 6
    single: bool = False
    red: float | None = None
    text: str = ""


@dataclass(frozen=True)
class Row:
    title: str
    panels: tuple[Panel, ...]


def _series(name: str, *matchers: str, of_server: bool = True) -> str:
    """The series of a metric in the catalogue, of the servers that the variables choose."""
    start = _OF if of_server else "{"
    joined = ", ".join(([start] if of_server else []) + list(matchers))
    return ALL[name].prometheus + (f"{joined}}}" if of_server else f"{{{joined}}}" if joined else "")


def _rate(name: str, *matchers: str, of_server: bool = True) -> str:
    return f"rate({_series(name, *matchers, of_server=of_server)}[5m])"


def _quantile(name: str, quantile: float) -> str:
    return f"histogram_quantile({quantile}, sum by (le) (rate({ALL[name].prometheus}_bucket[5m])))"


def _latencies(title: str, name: str, *, span: int = 6, text: str = "") -> Panel:
    queries = tuple((_quantile(name, one), f"p{one * 100:g}") for one in (0.5, 0.99))
    return Panel(title, queries, "s", span, text=text)


_SERVER = "{{bsls_namespace}}/{{bsls_server}}"


def rows() -> Sequence[Row]:
    """From what is asked first to what is asked last."""
    return (
        Row("Servers", (
            Panel("Not available", ((f"count({_series('bsls.server.available')} == 0) or vector(0)", ""),),
                  span=3, single=True, red=1),
            Panel("Tenants overdue", ((f"sum({_series('bsls.tenants.overdue')}) or vector(0)", ""),),
                  span=3, single=True, red=1),
            Panel("Oldest newest backup", ((f"max({_series('bsls.snapshot.age')})", ""),), "s", 3, single=True,
                  text="Of all chosen servers, the one without a new snapshot for longest."),
            Panel("Sessions now", ((f"sum({_series('bsls.sessions')})", ""),), span=3, single=True),
            Panel("Available", ((_series("bsls.server.available"), _SERVER),)),
            Panel("Conditions that want something", (
                (_series("bsls.server.condition", 'bsls_condition_type="Degraded"', 'bsls_condition_status="True"'),
                 f"{_SERVER} {{{{bsls_condition_reason}}}}"),
            )),
            Panel("Certificate ends in", ((_series("bsls.certificate.remaining"), _SERVER),), "s"),
            Panel("Since the last maintenance", (
                (_series("bsls.maintenance.age"), f"{_SERVER} {{{{bsls_maintenance_mode}}}}"),
            ), "s"),
        )),
        Row("Backups", (
            Panel("New snapshots an hour", (
                (f"sum by (bsls_snapshot_state) (increase({_series('bsls.snapshots.created')}[1h]))",
                 "{{bsls_snapshot_state}}"),
                (f"sum(increase({_series('bsls.snapshots.failed')}[1h]))", "failed"),
            )),
            Panel("Bytes of new snapshots", (
                (f"sum by (bsls_namespace, bsls_server) ({_rate('bsls.snapshots.size')})", _SERVER),), "Bps"),
            Panel("Since the newest complete snapshot", ((_series("bsls.snapshot.age"), _SERVER),), "s"),
            Panel("Sessions", ((_series("bsls.sessions"), _SERVER),)),
            Panel("Tenants", (
                (f"sum({_series('bsls.tenants')})", "all"), (f"sum({_series('bsls.tenants.overdue')})", "overdue"))),
            Panel("Files that could not be read", (
                (f"sum by (bsls_namespace, bsls_server) (increase({_series('bsls.snapshots.errors')}[1h]))", _SERVER),
            )),
        )),
        Row("Users", (
            Panel("Lines of user lists that are not in effect", (
                (_series("bsls.users", 'bsls_entry_state=~"rejected|conflicting|drifted"'),
                 f"{_SERVER} {{{{bsls_entry_state}}}}"),
            )),
            _latencies("From a changed list to a login with it", "bsls.sync.latency"),
        )),
        Row("Events", (
            Panel("Lost", ((f"sum({_series('bsls.events.lost', of_server=False)})", ""),), span=3, single=True, red=1,
                  text="0 is what is wanted; each loss is an event, too."),
            Panel("Redis away for", ((f"max({_series('bsls.events.store.away', of_server=False)})", ""),), "s", 3,
                  single=True, red=60),
            Panel("Live streams", ((f"sum({_series('bsls.stream.clients', of_server=False)})", ""),), span=3,
                  single=True),
            Panel("Dead letters", ((f"sum({_series('bsls.push.dead_letters', of_server=False)}) or vector(0)", ""),),
                  span=3, single=True, red=1),
            Panel("Events", (
                (f"sum by (bsls_event_type) ({_rate('bsls.events.published', of_server=False)})",
                 "{{bsls_event_type}}"),), "eps"),
            _latencies("From the container to the stream", "bsls.events.publish.lag"),
            _latencies("From the stream to subscribers", "bsls.events.delivery.lag"),
            Panel("What consumer groups have not acknowledged", (
                (_series("bsls.events.group.backlog", of_server=False), "{{bsls_consumer_group}}"),)),
        )),
        Row("Processes", (
            _latencies("Passes over a server", "bsls.reconcile.duration", span=4),
            Panel("Servers that wait for a pass", (
                (_series("bsls.reconcile.queue.depth", of_server=False), "waiting"),), span=4),
            Panel("Answers of the API", (
                ("sum by (http_response_status_code) "
                 "(rate(http_server_request_duration_seconds_count[5m]))", "{{http_response_status_code}}"),
            ), "reqps", 4),
            _latencies("How long the API takes", "http.server.request.duration", span=4),
            Panel("Memory", ((_series("process.memory.usage", _OURS, of_server=False), "{{pod}}"),),
                  "bytes", 4),
            Panel("Processors", (
                (f"sum by (pod) ({_rate('process.cpu.time', _OURS, of_server=False)})", "{{pod}}"),
            ), span=4),
        )),
    )  # fmt: skip


def _variable(name: str, query: str) -> Json:
    return {"name": name, "label": name.capitalize(), "type": "query", "query": query, "datasource": "$datasource",
            "includeAll": True, "multi": True, "allValue": ".*", "refresh": 2, "sort": 1,
            "current": {"text": "All", "value": "$__all"}}  # fmt: skip


def _frame() -> Json:
    available = ALL["bsls.server.available"].prometheus
    return {
        "title": "File backup servers",
        "uid": "bsls",
        "tags": ["bsls"],
        "schemaVersion": 39,
        "time": {"from": "now-6h", "to": "now"},
        "refresh": "30s",
        "templating": {"list": [
            {"name": "datasource", "label": "Data source", "type": "datasource", "query": "prometheus"},
            _variable("namespace", f"label_values({available}, bsls_namespace)"),
            _variable("server", f'label_values({available}{{bsls_namespace=~"$namespace"}}, bsls_server)'),
        ]},
    }  # fmt: skip


def grafana() -> str:
    """For Grafana 9 and later."""
    panels: list[Json] = []
    top = 0
    for row in rows():
        panels.append({"type": "row", "title": row.title, "gridPos": {"x": 0, "y": top, "w": _COLUMNS, "h": 1}})
        top, left, height = top + 1, 0, 0
        for panel in row.panels:
            width = panel.span * 2
            if left + width > _COLUMNS:
                top, left, height = top + height, 0, 0
            high = 4 if panel.single else 8
            height = max(height, high)
            panels.append(_grafana_panel(panel) | {"gridPos": {"x": left, "y": top, "w": width, "h": high}})
            left += width
        top += height
    return _dump(_frame() | {"panels": [{"id": number} | panel for number, panel in enumerate(panels, 1)]})


def _grafana_panel(panel: Panel) -> Json:
    steps: list[Json] = [{"color": "green" if panel.red is not None else "text", "value": None}]
    if panel.red is not None:
        steps.append({"color": "red", "value": panel.red})
    fields = {"unit": panel.unit, "thresholds": {"mode": "absolute", "steps": steps}}
    return {
        "type": "stat" if panel.single else "timeseries",
        "title": panel.title,
        "description": panel.text,
        "datasource": {"type": "prometheus", "uid": "$datasource"},
        "fieldConfig": {"defaults": fields, "overrides": []},
        "targets": _targets(panel),
    }


def openshift() -> str:
    """For the console's Observe > Dashboards."""
    made = [
        {"title": row.title, "showTitle": True, "panels": [
            {"id": 100 * place + number, "type": "singlestat" if panel.single else "graph", "title": panel.title,
             "span": panel.span, "datasource": "$datasource", "targets": _targets(panel),
             **({"format": panel.unit, "valueName": "current"} if panel.single
                else {"yaxes": [{"format": panel.unit}, {"format": "short"}], "legend": {"show": True}})}
            for number, panel in enumerate(row.panels, 1)]}
        for place, row in enumerate(rows(), 1)
    ]  # fmt: skip
    return _dump(_frame() | {"schemaVersion": 14, "rows": made})


def _targets(panel: Panel) -> list[Json]:
    return [
        {"expr": expression, "legendFormat": legend, "refId": chr(ord("A") + number)}
        for number, (expression, legend) in enumerate(panel.queries)
    ]


def _dump(made: Json) -> str:
    return json.dumps(made, indent=1, ensure_ascii=False) + "\n"
