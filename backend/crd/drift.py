"""What to do when somebody else changed what the controller wrote."""

from __future__ import annotations

from enum import StrEnum


class DriftPolicy(StrEnum):
    REPAIR = "Repair"
    REPORT = "Report"
