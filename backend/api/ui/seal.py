"""What a browser keeps for us and cannot read: sealed with a key that all replicas share."""

from __future__ import annotations

import hmac
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

NONCE = 12  # bytes; random: a key may seal 2**32 times
SHORTEST = 32  # characters of a secret


class InvalidSecret(ValueError):
    """The secret cannot be used; says why, not what it is."""


class Seal:
    """AES-256-GCM. The first of `secrets` seals, every one opens: so they can be replaced without a log-out."""

    def __init__(self, secrets: Sequence[bytes]) -> None:
        self._ciphers = [AESGCM(_derive(one, b"seal")) for one in secrets]
        self._signing = [_derive(one, b"sign") for one in secrets]

    def seal(self, content: bytes, purpose: bytes) -> str:
        """Only `open` with the same purpose gives the content back."""
        nonce = secrets.token_bytes(NONCE)
        return urlsafe_b64encode(nonce + self._ciphers[0].encrypt(nonce, content, purpose)).rstrip(b"=").decode()

    def open(self, text: str, purpose: bytes) -> bytes | None:
        """The content; None for whatever was not sealed with a key of ours, for this purpose."""
        try:
            raw = urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
        except ValueError:
            return None
        for cipher in self._ciphers:
            try:
                return cipher.decrypt(raw[:NONCE], raw[NONCE:], purpose)
            except (InvalidTag, ValueError):
                continue
        return None

    def sign(self, text: str) -> str:
        """A signature that is no secret to who has the text, and that nobody else can make."""
        return _signature(self._signing[0], text)

    def signed(self, text: str, signature: str) -> bool:
        given = signature.encode()
        return any(hmac.compare_digest(_signature(key, text).encode(), given) for key in self._signing)


def read_secrets(file: Path) -> list[bytes]:
    """One a line, the newest first. Raises `InvalidSecret`, OSError."""
    found = file.read_bytes().split()
    if not found:
        raise InvalidSecret(f"{file} is empty: write a random text into it, as `openssl rand -hex 32` makes it")
    if any(len(one) < SHORTEST for one in found):
        raise InvalidSecret(
            f"{file} holds a secret of less than {SHORTEST} characters: `openssl rand -hex 32` makes one"
        )
    return found


def new_secret() -> bytes:
    return secrets.token_bytes(32)


def _derive(secret: bytes, use: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=b"bsls session " + use).derive(secret)


def _signature(key: bytes, text: str) -> str:
    return urlsafe_b64encode(hmac.digest(key, text.encode(), sha256)).rstrip(b"=").decode()
