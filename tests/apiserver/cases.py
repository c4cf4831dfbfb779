"""A thing that can be wrong with a server, and what the controller must say of it before and after its repair."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tests.apiserver.place import Place
from tests.demo import site

Story = Callable[[Place], Iterator[None]]
ANOTHER_KEY = "this-is-another-secret-key"


@dataclass(frozen=True)
class Case:
    """`story` breaks, yields, repairs. `recovered`: status and reason of the condition in the end."""

    reason: str
    fragment: str
    story: Story
    condition: str = "StorageReady"
    recovered: tuple[str, str] = ("True", "StorageAnswers")
    name: str = ""

    def __str__(self) -> str:
        return f"{self.reason}{'-' * bool(self.name)}{self.name}"


def told_and_repaired(place: Place, case: Case, repair: Callable[[], object], timeout: float = 20) -> None:
    place.known.add(ANOTHER_KEY)
    found = place.wait_for(case.condition, status="False", reason=case.reason)
    assert case.fragment in found["message"]
    assert found["message"][0].isupper()
    status = place.read()["status"]
    degraded = site.condition({"status": status}, "Degraded")
    assert (degraded["status"], degraded["reason"]) == ("True", case.reason)
    assert site.condition({"status": status}, "Available")["status"] == "False"
    text = json.dumps(status)
    assert not [value for value in place.known if value in text]

    repair()

    recovered = place.wait_for(case.condition, status=case.recovered[0], reason=case.recovered[1], timeout=timeout)
    assert recovered["observedGeneration"] == place.read()["metadata"]["generation"]
    place.wait_for("Degraded", status="False", reason="AsExpected")
