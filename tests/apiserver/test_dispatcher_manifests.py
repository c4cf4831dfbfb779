"""The manifests of the dispatcher apply beside those of the controller, under the restricted pod security."""

from __future__ import annotations

import json

import pytest

from backend.dispatch.settings import Settings, load
from tests.cluster.node import Cluster
from tests.demo import site

pytestmark = pytest.mark.apiserver
FOLDER = site.MANIFESTS / "dispatcher"


def test_they_apply_without_a_warning(api_cluster: Cluster) -> None:
    kubectl = api_cluster.kubectl
    site.install(kubectl, wait=False)
    kubectl("apply", "--server-side", "--warnings-as-errors", "-k", str(FOLDER))
    found = json.loads(kubectl("get", "deployment", "-n", "bsls-system", "bsls-dispatcher", "-o", "json"))
    pod = found["spec"]["template"]["spec"]
    assert pod["automountServiceAccountToken"] is False
    (settings,) = [one["configMap"]["name"] for one in pod["volumes"] if "configMap" in one]
    held = json.loads(kubectl("get", "configmap", "-n", "bsls-system", settings, "-o", "json"))
    assert held["data"]["settings.yaml"] == (FOLDER / "settings.yaml").read_text()
    policy = json.loads(kubectl("get", "networkpolicy", "-n", "bsls-system", "bsls-dispatcher", "-o", "json"))
    assert policy["spec"]["podSelector"] == found["spec"]["selector"]


def test_the_settings_are_right_and_so_is_their_example(tmp_path) -> None:
    assert load(FOLDER / "settings.yaml") == Settings()
    lines = [line for line in (FOLDER / "settings.yaml").read_text().splitlines() if line.startswith("# ")]
    example = tmp_path / "settings.yaml"
    example.write_text("\n".join(line.removeprefix("# ") for line in lines[1:]))
    (subscription,) = load(example).subscriptions
    assert (subscription.name, subscription.place) == ("siem", "https://siem.example.com")
