"""The committed CRD is the generated one, and it is a structural schema."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import BaseModel

from backend.crd import constants
from backend.crd.generate import crd, crd_yaml
from backend.crd.schema import structural_schema

COMMITTED = Path(__file__).parents[3] / "manifests" / "crd" / "backupstoragelocationservers.yaml"

SPEC_OF_THE_DESIGN = {
    "backupStorageLocation",
    "repositoryPasswordSecret",
    "userManagement",
    "prefix",
    "service",
    "tls",
    "podConfig",
}
ADDITIONS = {"accessControl", "networkPolicy", "objectives", "policy", "repository"}


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    schema: dict[str, Any] = crd()["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    return schema


def nodes(schema: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    yield path, schema
    for name, child in schema.get("properties", {}).items():
        yield from nodes(child, f"{path}.{name}")
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), dict):
            yield from nodes(schema[key], f"{path}[]")


def test_the_committed_file_is_the_generated_one() -> None:
    assert COMMITTED.read_text() == crd_yaml(), "run `make generate`"


def test_the_text_says_that_it_is_generated() -> None:
    assert crd_yaml().startswith("# Generated ")


def test_the_text_reads_back_as_the_object() -> None:
    assert yaml.safe_load(crd_yaml()) == crd()


def test_names() -> None:
    names = crd()["spec"]["names"]
    assert crd()["metadata"]["name"] == "backupstoragelocationservers.oadp.openshift.io"
    assert names["shortNames"] == ["bsls"]
    assert names["kind"] == constants.KIND


def test_every_field_of_the_design_is_there(schema: dict[str, Any]) -> None:
    spec = schema["properties"]["spec"]
    assert set(spec["properties"]) == SPEC_OF_THE_DESIGN | ADDITIONS
    assert spec["required"] == ["backupStorageLocation", "repositoryPasswordSecret", "userManagement"]
    assert {"conditions", "serviceURL", "repositoryStatus"} < set(schema["properties"]["status"]["properties"])


def test_no_key_that_a_structural_schema_refuses(schema: dict[str, Any]) -> None:
    refused = {"$ref", "$defs", "title", "const", "oneOf", "allOf", "examples", "prefixItems"}
    for path, node in nodes(schema):
        assert not refused & set(node), path
        assert "anyOf" not in node or node.get("x-kubernetes-int-or-string"), path
        assert "type" in node or node.get("x-kubernetes-int-or-string"), path


def test_every_field_is_described(schema: dict[str, Any]) -> None:
    unexplained = [
        path
        for path, node in nodes(schema)
        if not path.endswith("[]") and not path.startswith(".metadata") and not node.get("description")
    ]
    assert unexplained == []


def test_selectors_are_atomic_and_conditions_a_map(schema: dict[str, Any]) -> None:
    spec, status = schema["properties"]["spec"]["properties"], schema["properties"]["status"]["properties"]
    assert spec["repositoryPasswordSecret"]["x-kubernetes-map-type"] == "atomic"
    node_selector = spec["podConfig"]["properties"]["loadAffinity"]["properties"]["nodeSelector"]
    assert node_selector["x-kubernetes-map-type"] == "atomic"
    assert status["conditions"]["x-kubernetes-list-type"] == "map"
    assert status["conditions"]["x-kubernetes-list-map-keys"] == ["type"]


def test_quantities_are_numbers_or_strings(schema: dict[str, Any]) -> None:
    resources = schema["properties"]["spec"]["properties"]["podConfig"]["properties"]["podResources"]
    quantity = resources["properties"]["limits"]["additionalProperties"]
    assert quantity["x-kubernetes-int-or-string"] is True
    assert quantity["anyOf"] == [{"type": "integer"}, {"type": "string"}]


def test_rules_of_a_type_and_of_its_field_both_hold(schema: dict[str, Any]) -> None:
    spec = schema["properties"]["spec"]["properties"]
    assert [rule["rule"] for rule in spec["backupStorageLocation"]["x-kubernetes-validations"]] == ["self == oldSelf"]
    source = spec["userManagement"]["properties"]["source"]
    assert [rule["rule"] for rule in source["x-kubernetes-validations"]] == ["has(self.secret) != has(self.configMap)"]


def test_every_rule_has_a_message(schema: dict[str, Any]) -> None:
    for path, node in nodes(schema):
        for rule in node.get("x-kubernetes-validations", ()):
            assert len(rule["message"]) > 15, path
            assert "\n" not in rule["rule"], path


def test_a_union_has_no_structural_schema() -> None:
    class Either(BaseModel):
        value: int | str

    with pytest.raises(ValueError, match="union of 2 types"):
        structural_schema(Either)
