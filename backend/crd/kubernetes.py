"""The Kubernetes types that our resource is made of, as frozen models."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema
from pydantic.alias_generators import to_camel

from backend.crd.rules import checked, data_key, object_name, rule

_QUANTITY_PATTERN = (
    r"^(\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))(([KMGTPE]i)|[numkMGTPE]|([eE](\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))))?$"
)
_TYPE_PATTERN = (
    r"^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])$"
)
_REASON_PATTERN = r"^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$"

_REQUESTS_WITHIN_LIMITS = (
    "!has(self.requests) || !has(self.limits) || self.requests.all(name, !(name in self.limits) || "
    "!isQuantity(string(self.requests[name])) || !isQuantity(string(self.limits[name])) || "
    "quantity(string(self.requests[name])).compareTo(quantity(string(self.limits[name]))) <= 0)"
)


class KubernetesModel(BaseModel):
    """Frozen, camelCase on the wire, snake_case in Python; a field of a newer version is passed over."""

    model_config = ConfigDict(frozen=True, extra="ignore", alias_generator=to_camel, populate_by_name=True)

    def to_kubernetes(self) -> dict[str, Any]:
        """The JSON object that the apiserver takes: absent fields stay absent."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)


# A resource quantity: the apiserver takes 2 and "500m"; here it is always a string.
Quantity = Annotated[
    str,
    BeforeValidator(lambda value: str(value) if type(value) is int else value),
    WithJsonSchema(
        {
            "anyOf": [{"type": "integer"}, {"type": "string"}],
            "x-kubernetes-int-or-string": True,
            "pattern": _QUANTITY_PATTERN,
            "maxLength": 32,
        }
    ),
]
Timestamp = Annotated[str, Field(json_schema_extra={"format": "date-time"})]
LabelValue = Annotated[str, Field(max_length=63)]


class KeySelector(KubernetesModel):
    name: str = Field(
        max_length=253,
        description="Name of the object, in the namespace of this server.",
        json_schema_extra=checked(object_name("an object in this namespace")),
    )
    key: str = Field(max_length=253, description="Key in the object's data.", json_schema_extra=checked(data_key()))
    optional: bool | None = Field(
        default=None,
        description="Specify whether the object or its key may be absent. While an optional list is "
        "absent, nothing is changed.",
    )


class SecretKeySelector(KeySelector):
    """SecretKeySelector selects a key of a Secret."""

    model_config = ConfigDict(json_schema_extra={"x-kubernetes-map-type": "atomic"})


class ConfigMapKeySelector(KeySelector):
    """ConfigMapKeySelector selects a key of a ConfigMap."""

    model_config = ConfigDict(json_schema_extra={"x-kubernetes-map-type": "atomic"})


class ResourceRequirements(KubernetesModel):
    """ResourceRequirements describes the compute resource requirements."""

    model_config = ConfigDict(
        json_schema_extra=checked(
            rule(_REQUESTS_WITHIN_LIMITS, "a request must not exceed its limit: lower the request or raise the limit")
        )
    )

    limits: dict[str, Quantity] = Field(
        default_factory=dict, max_length=16, description="Limits describes the maximum amount of resources allowed."
    )
    requests: dict[str, Quantity] = Field(
        default_factory=dict, max_length=16, description="Requests describes the minimum amount of resources required."
    )


class SelectorOperator(StrEnum):
    IN = "In"
    NOT_IN = "NotIn"
    EXISTS = "Exists"
    DOES_NOT_EXIST = "DoesNotExist"


class LabelSelectorRequirement(KubernetesModel):
    """A label selector requirement contains values, a key, and an operator that relates the key and values."""

    model_config = ConfigDict(
        json_schema_extra=checked(
            rule(
                "!(self.operator in ['In', 'NotIn']) || (has(self.values) && self.values.size() > 0)",
                "operators In and NotIn need 'values': list at least one",
            ),
            rule(
                "!(self.operator in ['Exists', 'DoesNotExist']) || !has(self.values) || self.values.size() == 0",
                "operators Exists and DoesNotExist take no 'values': remove them",
            ),
        )
    )

    key: str = Field(min_length=1, max_length=317, description="key is the label key that the selector applies to.")
    operator: SelectorOperator = Field(description="operator represents a key's relationship to a set of values.")
    values: tuple[LabelValue, ...] = Field(
        default_factory=tuple,
        max_length=64,
        description="values is an array of strings: not empty for In and NotIn, empty for Exists and DoesNotExist.",
        json_schema_extra={"x-kubernetes-list-type": "atomic"},
    )


class LabelSelector(KubernetesModel):
    """A label selector: matchLabels and matchExpressions are ANDed; an empty selector matches everything."""

    model_config = ConfigDict(json_schema_extra={"x-kubernetes-map-type": "atomic"})

    match_labels: dict[str, LabelValue] = Field(
        default_factory=dict, max_length=64, description="matchLabels is a map of {key,value} pairs; all must match."
    )
    match_expressions: tuple[LabelSelectorRequirement, ...] = Field(
        default_factory=tuple,
        max_length=32,
        description="matchExpressions is a list of label selector requirements; all must match.",
        json_schema_extra={"x-kubernetes-list-type": "atomic"},
    )


class ConditionStatus(StrEnum):
    TRUE = "True"
    FALSE = "False"
    UNKNOWN = "Unknown"


class Condition(KubernetesModel):
    """Condition contains details for one aspect of the current state of this server."""

    type: str = Field(max_length=316, pattern=_TYPE_PATTERN, description="type of condition in CamelCase.")
    status: ConditionStatus = Field(description="status of the condition, one of True, False, Unknown.")
    observed_generation: int | None = Field(
        default=None,
        ge=0,
        description="metadata.generation that the condition was set upon.",
        json_schema_extra={"format": "int64"},
    )
    last_transition_time: Timestamp = Field(description="The last time the status changed.")
    reason: str = Field(
        min_length=1,
        max_length=1024,
        pattern=_REASON_PATTERN,
        description="The reason for the last transition, in CamelCase.",
    )
    message: str = Field(max_length=32768, description="What is the case and, where something is wrong, what to do.")


class ObjectMeta(KubernetesModel):
    """The parts of an object's metadata that the controller reads."""

    name: str
    namespace: str = ""
    uid: str = ""
    generation: int = 0
    resource_version: str = ""
    creation_timestamp: str | None = None
    deletion_timestamp: str | None = None
    labels: dict[str, str] = Field(default_factory=dict)
    annotations: dict[str, str] = Field(default_factory=dict)
    finalizers: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """`namespace/name`, the key of the work queue."""
        return f"{self.namespace}/{self.name}"
