"""The CustomResourceDefinition, as the YAML text that `bsls crd` prints and `manifests/crd` holds."""

from __future__ import annotations

from typing import Final

import yaml

from backend.crd import constants
from backend.crd.rules import JsonDict
from backend.crd.schema import object_schema
from backend.crd.v1alpha1 import BackupStorageLocationServer

_HEADER: Final = """\
# Generated from the models in backend/crd by `bsls crd`; do not edit. Run `make generate` after a change there.
"""

PRINTER_COLUMNS: Final = (
    ("Available", "string", '.status.conditions[?(@.type=="Available")].status', "Whether clients can back up."),
    ("Repository", "string", ".status.repositoryStatus", "The status of the Kopia repository."),
    ("URL", "string", ".status.serviceURL", "The address that clients connect to."),
    ("Users", "integer", ".status.users.applied", "Users that can log in."),
    ("Age", "date", ".metadata.creationTimestamp", None),
)


def crd() -> JsonDict:
    """The CustomResourceDefinition object."""
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": constants.CRD_NAME},
        "spec": {
            "group": constants.GROUP,
            "names": {
                "kind": constants.KIND,
                "listKind": constants.LIST_KIND,
                "plural": constants.PLURAL,
                "singular": constants.SINGULAR,
                "shortNames": [constants.SHORT_NAME],
                "categories": [constants.CATEGORY],
            },
            "scope": "Namespaced",
            "versions": [_version()],
        },
    }


def crd_yaml() -> str:
    """The CustomResourceDefinition as text, the same at every call."""
    return _HEADER + yaml.dump(crd(), Dumper=_Dumper, sort_keys=False, width=110, allow_unicode=True)


def _version() -> JsonDict:
    return {
        "name": constants.VERSION,
        "served": True,
        "storage": True,
        "subresources": {"status": {}},
        "additionalPrinterColumns": [_column(*column) for column in PRINTER_COLUMNS],
        "schema": {"openAPIV3Schema": object_schema(BackupStorageLocationServer)},
    }


def _column(name: str, kind: str, path: str, description: str | None) -> JsonDict:
    column: JsonDict = {"name": name, "type": kind, "jsonPath": path}
    if description is not None:
        column["description"] = description
    return column


class _Dumper(yaml.SafeDumper):
    """Lists indented below their key and no anchors, as people write manifests."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)

    def ignore_aliases(self, data: object) -> bool:
        return True
