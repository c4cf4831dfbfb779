"""What is sealed is opened by who has the secret, for the same purpose, unchanged; and by nobody else."""

from __future__ import annotations

from pathlib import Path

import pytest

from backend.api.ui.seal import InvalidSecret, Seal, new_secret, read_secrets

OLD, NEW = b"o" * 32, b"n" * 32


def test_opened_by_the_same_secret_for_the_same_purpose() -> None:
    seal = Seal([OLD])
    text = seal.seal(b"content", b"purpose")
    assert "content" not in text
    assert text != seal.seal(b"content", b"purpose")
    assert Seal([OLD]).open(text, b"purpose") == b"content"
    assert seal.open(text, b"another") is None
    assert Seal([NEW]).open(text, b"purpose") is None


def test_a_secret_is_replaced_while_the_old_one_still_opens() -> None:
    text, signature = Seal([OLD]).seal(b"content", b""), Seal([OLD]).sign("text")
    both = Seal([NEW, OLD])
    assert both.open(text, b"") == b"content"
    assert both.signed("text", signature)
    assert Seal([NEW]).open(both.seal(b"content", b""), b"") == b"content"


@pytest.mark.parametrize("text", ["", "=", "ä", "AAAA", "A" * 40, "not base64!", "\n"])
def test_anything_else_is_not_opened(text: str) -> None:
    assert Seal([OLD]).open(text, b"") is None


def test_every_changed_bit_is_noticed() -> None:
    seal = Seal([OLD])
    text = seal.seal(b"c", b"")
    for at in range(len(text)):
        changed = text[:at] + ("A" if text[at] != "A" else "B") + text[at + 1 :]
        assert seal.open(changed, b"") in {None, b"c"}  # the last character has bits that mean nothing
    assert not seal.signed("text", "")
    assert not seal.signed("text", seal.sign("text!"))


def test_secrets_of_a_file(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text(f"{'a' * 32}\n{'b' * 40}\n")
    assert read_secrets(file) == [b"a" * 32, b"b" * 40]
    assert len(new_secret()) == 32
    for content, sentence in (("", "is empty"), ("short", "less than 32")):
        file.write_text(content)
        with pytest.raises(InvalidSecret, match=sentence):
            read_secrets(file)
