"""The alerts, by Prometheus' own tool; and that what they and the dashboards ask for exists."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from backend.telemetry.catalogue import ALL
from backend.telemetry.dashboard import grafana, openshift
from backend.telemetry.metric import Kind

ROOT = Path(__file__).resolve().parents[3]
RUNBOOKS = ROOT / "docs/runbooks"
GROUPS = yaml.safe_load((ROOT / "manifests/monitoring/rules.yaml").read_text())["spec"]["groups"]
RULES: list[dict[str, Any]] = [rule for group in GROUPS for rule in group["rules"]]
CASES = Path(__file__).with_name("alerts.yaml")
_NAME = re.compile(r"\b(?:bsls|http|process)_[a-z_]+\b")
_LABEL = re.compile(r"\b([a-z_]+)\s*(?:=~|!~|!=|=)\s*\"")


def promtool(*arguments: str, at: Path) -> str:
    command = ["promtool", *arguments]
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=at, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    """A folder with the rules as Prometheus reads them."""
    (tmp_path / "rules.yaml").write_text(yaml.safe_dump({"groups": GROUPS}))
    return tmp_path


def test_prometheus_takes_the_rules(rules: Path) -> None:
    assert f"{len(RULES)} rules found" in promtool("check", "rules", "--lint-fatal", "rules.yaml", at=rules)


def test_alerts_fire_when_they_shall(tmp_path: Path) -> None:
    """Without their texts: the tool would want each one repeated. That these can be rendered is checked above."""
    bare = [{"name": group["name"], "rules": [_bare(rule) for rule in group["rules"]]} for group in GROUPS]
    (tmp_path / "rules.yaml").write_text(yaml.safe_dump({"groups": bare}))
    shutil.copy(CASES, tmp_path)
    assert "SUCCESS" in promtool("test", "rules", CASES.name, at=tmp_path)


def _bare(rule: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in rule.items() if key != "annotations"}


def test_every_alert_is_brought_about_for_real() -> None:
    tests = "".join(path.read_text() for path in (ROOT / "tests").glob("*/test_alerts.py"))
    assert set(re.findall(r'fires[(,][^"]*"(Bsls\w+)"', tests)) == {rule["alert"] for rule in RULES}


def test_every_alert_has_a_case_that_fires() -> None:
    fired = {
        one["alertname"]
        for case in yaml.safe_load(CASES.read_text())["tests"]
        for one in case["alert_rule_test"]
        if one["exp_alerts"]
    }
    assert fired == {rule["alert"] for rule in RULES}


def test_every_alert_has_its_page_and_every_page_its_alert() -> None:
    assert {rule["annotations"]["runbook"] for rule in RULES} == {
        str(page.relative_to(ROOT)) for page in RUNBOOKS.glob("*.md")
    }
    assert all(f"# {rule['alert']}\n" in (ROOT / rule["annotations"]["runbook"]).read_text() for rule in RULES)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_what_an_alert_asks_for_is_a_metric_of_ours(rule: dict[str, Any]) -> None:
    labels = known_metrics(rule["expr"])
    assert set(_LABEL.findall(rule["expr"])) <= labels
    assert rule["labels"]["severity"] in {"critical", "warning"}


@pytest.mark.parametrize("made", [grafana, openshift], ids=["grafana", "openshift"])
def test_prometheus_takes_what_a_dashboard_asks_for(made: Callable[[], str], tmp_path: Path) -> None:
    expressions = sorted(set(_expressions(json.loads(made()))))
    assert len(expressions) > 30
    for expression in expressions:
        assert set(_LABEL.findall(expression)) - {"pod"} <= known_metrics(expression)
    rules = [{"record": f"of:panel:{number}", "expr": one} for number, one in enumerate(expressions)]
    (tmp_path / "panels.yaml").write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": rules}]}))
    promtool("check", "rules", "panels.yaml", at=tmp_path)


def test_a_figure_of_a_dashboard_is_as_wide_as_the_page() -> None:
    for panel in json.loads(grafana())["panels"]:
        assert panel["gridPos"]["x"] + panel["gridPos"]["w"] <= 24, panel["title"]


def _expressions(found: Any) -> Iterator[str]:
    if isinstance(found, dict):
        if "expr" in found:
            yield found["expr"]
        for value in found.values():
            yield from _expressions(value)
    elif isinstance(found, list):
        for value in found:
            yield from _expressions(value)


def known_metrics(expression: str) -> set[str]:
    """The labels of all metrics in it; fails for a name that is none."""
    series: dict[str, set[str]] = {}
    for metric in ALL.values():
        endings = ("_bucket", "_sum", "_count") if metric.kind is Kind.HISTOGRAM else ("",)
        for ending in endings:
            series[metric.prometheus + ending] = {one.label for one in metric.attributes} | {"le"}
    every = {label for labels in series.values() for label in labels}
    asked = set(_NAME.findall(expression)) - every
    assert asked, expression
    assert asked <= series.keys(), asked - series.keys()
    return {label for name in asked for label in series[name]}
