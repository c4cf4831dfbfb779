"""The signature against AWS's published example (GET object with a range, Signature Version 4 for S3)."""

from __future__ import annotations

from datetime import UTC, datetime

from backend.storage.sigv4 import SigningKey, sign

KEY = SigningKey("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "us-east-1")
NOW = datetime(2013, 5, 24, tzinfo=UTC)
HOST = {"host": "examplebucket.s3.amazonaws.com"}


def test_get_object_with_a_range():
    signed = sign(KEY, "GET", "/test.txt", {}, {**HOST, "range": "bytes=0-9"}, NOW)
    assert signed["authorization"].endswith("f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41")


def test_list_with_a_query():
    signed = sign(KEY, "GET", "/", {"max-keys": "2", "prefix": "J"}, HOST, NOW)
    assert signed["authorization"].endswith("34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7")


def test_a_session_token_is_signed_and_hidden():
    key = SigningKey("a", "s", "r", "token")
    assert "x-amz-security-token" in sign(key, "GET", "/", {}, HOST, NOW)["authorization"]
    assert "token" not in repr(key).replace("session_token", "")
