"""The samples are what the README says: edited in the marked places, they apply, and the controller takes them up."""

from __future__ import annotations

import shutil

import pytest

from tests.demo import site

pytestmark = pytest.mark.apiserver
NAMESPACE = "samples"


@pytest.mark.usefixtures("controller")
def test_the_edited_samples_apply_and_are_taken_up(api_cluster, tmp_path):
    kubectl = api_cluster.kubectl
    site.admit(kubectl, NAMESPACE)
    copy = tmp_path / "samples"
    shutil.copytree(site.MANIFESTS / "samples", copy)
    with pytest.raises(AssertionError, match="namespace"):
        kubectl("apply", "-n", NAMESPACE, "-k", str(copy))  # a place not edited is refused, and named
    for path in copy.iterdir():
        text = path.read_text().replace("REPLACE_ME", NAMESPACE)
        path.write_text(text.replace("https://s3.example.com", "http://127.0.0.1:9"))
    kubectl("apply", "-n", NAMESPACE, "-k", str(copy))
    server = site.wait_for(kubectl, NAMESPACE, "file-backup", "StorageReady", reason="StorageEndpointUnreachable")
    assert site.condition(server, "TLSReady")["status"] != "False"
    assert server["status"]["users"]["rejected"] == 0
