"""From a pydantic model's JSON schema to a Kubernetes structural schema."""

from __future__ import annotations

from typing import Any, Final

from pydantic import BaseModel

from backend.crd.rules import VALIDATIONS, JsonDict

# Keys of pydantic's schema that a structural schema does not know.
_DROPPED: Final = frozenset({"title", "$defs"})
# The order in which a reader looks for them.
_ORDER: Final = (
    "description",
    "type",
    "format",
    "default",
    "enum",
    "pattern",
    "minimum",
    "maximum",
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
    "maxProperties",
    "items",
    "additionalProperties",
    "required",
    "properties",
)


def structural_schema(model: type[BaseModel]) -> JsonDict:
    """The schema as `openAPIV3Schema`: references inlined, null branches and titles gone."""
    schema = model.model_json_schema(by_alias=True, mode="validation")
    definitions: JsonDict = schema.get("$defs", {})
    return _convert(schema, definitions)


def object_schema(model: type[BaseModel]) -> JsonDict:
    """The schema of a whole custom resource: the apiserver owns `metadata`."""
    schema = structural_schema(model)
    properties: JsonDict = schema["properties"]
    properties["apiVersion"] = {"description": _API_VERSION, "type": "string"}
    properties["kind"] = {"description": _KIND, "type": "string"}
    # The name is spelled out so that rules can point at it.
    properties["metadata"] = {"type": "object", "properties": {"name": {"type": "string"}}}
    schema["required"] = ["spec"]
    return schema


_API_VERSION: Final = "APIVersion defines the versioned schema of this representation of an object."
_KIND: Final = "Kind is a string value representing the REST resource this object represents."


def _convert(node: JsonDict, definitions: JsonDict) -> JsonDict:
    if "$ref" in node:
        return _convert(_inline(node, definitions), definitions)
    if "anyOf" in node and not node.get("x-kubernetes-int-or-string"):
        return _convert(_without_null(node), definitions)
    result: JsonDict = {}
    for key, value in node.items():
        if key in _DROPPED or (key == "default" and value is None):
            continue
        result[key] = _convert_value(key, value, definitions)
    return {key: result[key] for key in sorted(result, key=_position)}


def _convert_value(key: str, value: Any, definitions: JsonDict) -> Any:
    match key:
        case "properties":
            return {name: _convert(child, definitions) for name, child in value.items()}
        case "items" | "additionalProperties" if isinstance(value, dict):
            return _convert(value, definitions)
        case "description":
            return " ".join(value.split())
    return value


def _inline(node: JsonDict, definitions: JsonDict) -> JsonDict:
    """What the reference names, under what the field itself says; the rules of both hold."""
    target: JsonDict = definitions[node["$ref"].removeprefix("#/$defs/")]
    own = {key: value for key, value in node.items() if key != "$ref"}
    return _merge(target, own)


def _without_null(node: JsonDict) -> JsonDict:
    """`X | None` is an optional field: X."""
    branches = [branch for branch in node["anyOf"] if branch.get("type") != "null"]
    if len(branches) != 1:
        raise ValueError(f"a structural schema cannot express a union of {len(branches)} types: {node}")
    return _merge(branches[0], {key: value for key, value in node.items() if key != "anyOf"})


def _merge(below: JsonDict, above: JsonDict) -> JsonDict:
    rules = [*below.get(VALIDATIONS, ()), *above.get(VALIDATIONS, ())]
    return {**below, **above, **({VALIDATIONS: rules} if rules else {})}


def _position(key: str) -> tuple[int, str]:
    return (_ORDER.index(key) if key in _ORDER else len(_ORDER), key)
