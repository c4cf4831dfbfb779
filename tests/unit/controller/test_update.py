"""What a repair writes: ours as a whole, and everything that others keep beside it."""

from __future__ import annotations

from typing import Any

from backend.controller.apply import _update
from backend.controller.desired.meta import stamped
from backend.controller.names import FIELD_MANAGER

Json = dict[str, Any]


def _wanted(kind: str = "LoadBalancer", **annotations: str) -> Json:
    meta = {"name": "s", "namespace": "n", "labels": {"ours": "1"}, "ownerReferences": [{"uid": "u"}]}
    return stamped({"kind": "Service", "metadata": meta | {"annotations": annotations}, "spec": {"type": kind}})


def _live() -> Json:
    ours = {"f:metadata": {"f:annotations": {".": {}, "f:asked": {}}}}
    meta = {
        "name": "s",
        "resourceVersion": "7",
        "labels": {"ours": "0", "theirs": "1"},
        "annotations": {"asked": "once", "cloud": "lb"},
        "finalizers": ["cleanup"],
        "managedFields": [{"manager": FIELD_MANAGER, "fieldsV1": ours}, {"manager": "cloud"}],
    }
    return {"kind": "Service", "metadata": meta, "spec": {"type": "LoadBalancer", "loadBalancerClass": "c", "x": 1}}


def test_what_was_asked_for_once_goes_and_what_is_foreign_stays() -> None:
    meta = _update(_wanted(), _live())["metadata"]
    assert meta["annotations"].pop("oadp.openshift.io/applied-hash")
    assert meta["annotations"] == {"cloud": "lb"}
    assert meta["labels"] == {"ours": "1", "theirs": "1"}
    assert meta["finalizers"] == ["cleanup"]
    assert meta["resourceVersion"] == "7"
    assert "managedFields" not in meta


def test_the_class_of_a_load_balancer_stays_with_it() -> None:
    assert _update(_wanted(), _live())["spec"] == {"type": "LoadBalancer", "loadBalancerClass": "c"}
    assert _update(_wanted("ClusterIP"), _live())["spec"] == {"type": "ClusterIP"}


def test_the_stamp_changes_with_spec_and_annotations_only() -> None:
    def stamp(item: Json) -> str:
        return str(item["metadata"]["annotations"]["oadp.openshift.io/applied-hash"])

    assert stamp(_wanted(a="b")) == stamp(_wanted(a="b"))
    assert len({stamp(_wanted()), stamp(_wanted(a="b")), stamp(_wanted("ClusterIP"))}) == 3
