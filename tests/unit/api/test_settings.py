"""Settings of the API that are refused, and a certificate that rotates."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from backend.api.settings import ApiSettings
from backend.api.tls import Certificate
from backend.cli.main import main
from backend.controller.certificates import mint_ca, mint_leaf

PAIR = {"certificate": Path("a"), "key": Path("b")}


@pytest.mark.parametrize("given", [{}, {"host": "localhost"}, {"host": "*", **PAIR}, {"host": "::1", "port": 0}])
def test_accepted(given: dict[str, Any]) -> None:
    assert ApiSettings(**given)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [({"host": "*"}, "need TLS"), ({"certificate": Path("a")}, "or neither"), ({"port": 70000}, "65535")],
)
def test_refused(given: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValidationError, match=sentence):
        ApiSettings(**given)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--redis-url=redis://x", "--host=0.0.0.0"], "bearer tokens need TLS"),
        (["--redis-url=redis://:secret@x"], "--redis-url holds a password"),
        (["--redis-url=ftp://x"], "has to begin with"),
    ],
)
def test_told_on_the_command_line(arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["api", *arguments]) == 2
    assert sentence in capsys.readouterr().err


def test_another_certificate_is_taken_over_and_a_broken_one_is_not(tmp_path: Path) -> None:
    files = tmp_path / "tls.crt", tmp_path / "tls.key"

    def write() -> None:
        now = datetime.now(UTC)
        pair = mint_leaf(mint_ca("api", now), ["bsls-api"], now)
        for file, content in zip(files, (pair.certificate, pair.key), strict=True):
            file.write_bytes(content)

    with pytest.raises(OSError, match=r"tls\.crt"):
        Certificate(*files)
    write()
    served = Certificate(*files)
    assert isinstance(served.context, ssl.SSLContext)
    assert not served.refresh()
    write()
    assert served.refresh()
    files[1].write_bytes(b"no key")
    assert not served.refresh()
    files[1].unlink()
    assert not served.refresh()
    write()
    assert served.refresh()
