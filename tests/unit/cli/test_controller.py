"""Settings of `bsls controller` that are refused, each with a sentence."""

from __future__ import annotations

import pytest

from backend.cli.main import main

GIVEN = ["controller", "--image=bsls:dev", "--namespace=bsls-system"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["controller", "--namespace=bsls-system"], "set --image or $BSLS_IMAGE."),
        ([*GIVEN, "--redis-url=redis://:secret@redis:6379"], "it holds a password"),
        ([*GIVEN, "--redis-url=http://redis"], "--redis-url: "),
    ],
)
def test_refused(arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2
    told = capsys.readouterr().err
    assert sentence in told
    assert "secret@" not in told
