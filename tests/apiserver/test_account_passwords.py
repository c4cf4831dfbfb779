"""The passwords of the controller's own accounts: made anew when the annotation asks for it, and only then."""

from __future__ import annotations

import base64
import time

import pytest

from tests.apiserver.conftest import PROBE_INTERVAL_S
from tests.apiserver.place import Place, poll

pytestmark = pytest.mark.apiserver

ANNOTATION = "oadp.openshift.io/rotate-credentials"
ACCOUNTS = ("admin-password", "control-password")
OF_ROTATION = {"credentials-rotation", *(f"{account}-previous" for account in ACCOUNTS)}


def _data(place: Place) -> dict[str, str]:
    secret = place.get("secret", f"{place.name}-kopia-repository")
    data = {key: base64.b64decode(value).decode() for key, value in secret["data"].items()}
    place.known.update(value for key, value in data.items() if key.startswith(ACCOUNTS))
    return data


def _generation(place: Place) -> int:
    """Of the Deployment: it grows with every change of what it asks for."""
    return int(place.get("deployment", f"{place.name}-kopia")["metadata"]["generation"])


def _template(place: Place) -> object:
    return place.get("deployment", f"{place.name}-kopia")["spec"]["template"]


def _annotate(place: Place, value: str | None) -> None:
    place.patch("bsls", {"metadata": {"annotations": {ANNOTATION: value}}})


def _nothing_changes(place: Place) -> None:
    """Over several passes, of which one is asked for."""
    data, generation = _data(place), _generation(place)
    place.patch("bsls", {"metadata": {"annotations": {"example.com/look": "again"}}})
    end = time.monotonic() + 3 * PROBE_INTERVAL_S
    while time.monotonic() < end:
        assert _data(place) == data
        assert _generation(place) == generation
        time.sleep(0.2)


def test_new_passwords_are_made_when_asked_for(settled: Place) -> None:
    before, template, generation = _data(settled), _template(settled), _generation(settled)
    assert not OF_ROTATION & set(before)

    _annotate(settled, "1")
    after = poll(lambda: _data(settled), lambda found: "credentials-rotation" in found, "the rotation")
    assert set(after) == set(before) | OF_ROTATION
    assert after["credentials-rotation"] == "1"
    for account in ACCOUNTS:
        assert after[f"{account}-previous"] == before[account]
        assert after[account] not in {before[one] for one in ACCOUNTS}
    assert after["admin-password"] != after["control-password"]
    assert {key: after[key] for key in set(before) - set(ACCOUNTS)} == {
        key: before[key] for key in set(before) - set(ACCOUNTS)
    }
    poll(lambda: _template(settled), lambda found: found != template, "the new pod template")
    assert _generation(settled) == generation + 1
    _nothing_changes(settled)

    _annotate(settled, None)
    _nothing_changes(settled)
    _annotate(settled, "1")
    _nothing_changes(settled)

    _annotate(settled, "2")
    again = poll(lambda: _data(settled), lambda found: found["credentials-rotation"] == "2", "the next rotation")
    for account in ACCOUNTS:
        assert again[f"{account}-previous"].splitlines() == [after[account], before[account]]
        assert again[account] != after[account]
