"""The first page stays light."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.console import weight
from tests.console.conftest import Open

pytestmark = [pytest.mark.apiserver, pytest.mark.timeout(180, func_only=True)]


def test_the_first_page_fits_its_budget(console: Open, ui: Path) -> None:
    files = weight.first_page(console("viewer"), ui)
    assert len(files) > 10, files
    told = "\n".join(f"{size:7} {name}" for name, size in sorted(files.items(), key=lambda one: -one[1]))
    assert sum(files.values()) < weight.BUDGET_KB * 1000, f"{sum(files.values())} bytes:\n{told}"
    print(f"{sum(files.values())} bytes:\n{told}")
