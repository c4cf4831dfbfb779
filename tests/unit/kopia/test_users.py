"""The user list: every kind of bad line has its number and a reason, and no reason repeats a hash."""

from __future__ import annotations

import base64
import json

import pytest

from backend.kopia.text_list import InvalidLine, Rejected
from backend.kopia.users import (
    PBKDF2,
    SCRYPT,
    PasswordHash,
    check_user_name,
    decode_hash,
    hash_from_manifest,
    hash_password,
    make_hash,
    parse_user_list,
)

SALT = bytes(range(32))


def encoded(body: object) -> bytes:
    return base64.b64encode(json.dumps(body).encode())


def hashed(version: int = 1, length: int = 64) -> bytes:
    return encoded({"passwordHashVersion": version, "passwordHash": base64.b64encode(bytes(length)).decode()})


GOOD = hashed()


def test_reads_users_comments_blank_lines_and_windows_ends() -> None:
    data = (
        b"\xef\xbb\xbf# tenants\r\n\r\nalice@vm-1:"
        + GOOD
        + b"\r\n  # more\n\t bob_2@vm.example-3 : "
        + hashed(2)
        + b"  \n"
    )
    parsed = parse_user_list(data)
    assert parsed.rejected == ()
    assert {name: item.version for name, item in parsed.users.items()} == {
        "alice@vm-1": SCRYPT,
        "bob_2@vm.example-3": PBKDF2,
    }


@pytest.mark.parametrize("data", [b"", b"\n\n", b"# nobody yet\n"])
def test_an_empty_list_is_a_list(data: bytes) -> None:
    assert parse_user_list(data).users == {}
    assert parse_user_list(data).rejected == ()


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"alice@vm-1", "the colon is missing"),
        (b":" + GOOD, "user name is missing"),
        (b"alice:" + GOOD, "exactly one @"),
        (b"alice@vm@x:" + GOOD, "exactly one @"),
        (b"@vm-1:" + GOOD, "both sides"),
        (b"Alice@vm-1:" + GOOD, "upper-case"),
        (b"al ice@vm-1:" + GOOD, "may hold only"),
        (b"alice@vm/1:" + GOOD, "may hold only"),
        ("älice@vm-1:".encode() + GOOD, "may hold only"),
        (b"al\x1b[31mice@vm-1:" + GOOD, "may hold only"),
        (b"a" * 300 + b"@vm:" + GOOD, "longer than 253"),
        (b"\xff\xfealice@vm-1:" + GOOD, "not UTF-8"),
        (b"alice@vm-1:", "hash is missing"),
        (b"alice@vm-1:$2y$05$abcdefghijklmnopqrstuv", "bcrypt"),
        (b"alice@vm-1:$6$salt$abcdef", "htpasswd"),
        (b"alice@vm-1:{SHA}abcdef", "htpasswd"),
        (b"alice@vm-1:not base64!", "hash-password"),
        (b"alice@vm-1:" + base64.b64encode(b"not json"), "hash-password"),
        (b"alice@vm-1:" + base64.b64encode(b"\xff\xfe"), "hash-password"),
        (b"alice@vm-1:" + encoded([1]), "no JSON object"),
        (b"alice@vm-1:" + hashed(3), "unknown version"),
        (b"alice@vm-1:" + encoded({"passwordHashVersion": True}), "unknown version"),
        (b"alice@vm-1:" + encoded({"passwordHashVersion": [1]}), "unknown version"),
        (b"alice@vm-1:" + encoded({"passwordHashVersion": 1}), "0 bytes long"),
        (b"alice@vm-1:" + encoded({"passwordHashVersion": 1, "passwordHash": 7}), "not base64"),
        (b"alice@vm-1:" + encoded({"passwordHashVersion": 1, "passwordHash": "***"}), "not base64"),
        (b"alice@vm-1:" + hashed(1, 63), "63 bytes long"),
        (b"alice@vm-1:" + hashed(1, 65), "65 bytes long"),
        (b"alice@vm-1:" + GOOD[:-8], "hash"),
    ],
)
def test_a_bad_line_spoils_only_itself_and_tells_no_hash(line: bytes, reason: str) -> None:
    parsed = parse_user_list(b"# list\n" + line + b"\nbob@vm-2:" + GOOD + b"\n")
    assert list(parsed.users) == ["bob@vm-2"]
    [rejected] = parsed.rejected
    text = rejected.reason
    assert rejected.line == 2
    assert reason in text
    secret = line.partition(b":")[2].decode(errors="replace")
    assert not secret or secret not in text


def test_a_duplicate_names_both_lines_and_the_first_counts() -> None:
    parsed = parse_user_list(b"alice@vm-1:" + hashed(1) + b"\n\nalice@vm-1:" + hashed(2))
    assert parsed.users["alice@vm-1"].version == 1
    assert parsed.rejected == (Rejected(3, "user alice@vm-1 is already on line 1; keep one of the two", "alice@vm-1"),)


def test_version_zero_and_none_mean_scrypt() -> None:
    assert decode_hash(hashed(0).decode()).version == SCRYPT
    no_version = encoded({"passwordHash": base64.b64encode(bytes(64)).decode()})
    assert decode_hash(no_version.decode()).version == SCRYPT


@pytest.mark.parametrize("version", [SCRYPT, PBKDF2])
def test_a_hash_verifies_its_password_only(version: int) -> None:
    made = make_hash("correct horse", SALT, version)
    assert made.value[:32] == SALT
    assert made.verifies("correct horse")
    assert not made.verifies("correct hors")
    assert decode_hash(made.encoded()) == made
    assert hash_from_manifest(made.manifest_body("alice@vm-1")) == made


def test_the_line_of_a_user() -> None:
    line = hash_password("alice@vm-1", "pw", SALT)
    assert line == hash_password("alice@vm-1", "pw", SALT)
    assert parse_user_list(line.encode()).users["alice@vm-1"].verifies("pw")
    assert hash_password("alice@vm-1", "pw") != line


@pytest.mark.parametrize(("user", "password"), [("alice", "pw"), ("Alice@vm", "pw"), ("alice@vm", "")])
def test_no_line_for_bad_input(user: str, password: str) -> None:
    with pytest.raises(InvalidLine):
        hash_password(user, password)


def test_a_salt_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        make_hash("pw", b"short")


def test_representations_hide_the_hash() -> None:
    assert "value" not in repr(PasswordHash(1, b"secret" * 11))


def test_digests_tell_hashes_apart_without_showing_them() -> None:
    one, other = PasswordHash(1, bytes(64)), PasswordHash(2, bytes(64))
    assert one.digest() != other.digest()
    assert len(one.digest()) == 32


@pytest.mark.parametrize("name", ["a@b", "0-9_.x@vm.example.com"])
def test_names_kopia_takes(name: str) -> None:
    assert check_user_name(name) == name


@pytest.mark.parametrize("name", ["bsls-admin@one.ns", "bsls-probe@x"])
def test_accounts_of_the_controller_cannot_be_listed(name: str) -> None:
    parsed = parse_user_list(name.encode() + b":" + GOOD)
    assert not parsed.users
    assert "reserved" in parsed.rejected[0].reason


@pytest.mark.parametrize("line", [b"S3cret-Pass@word:alice@vm", b"s3cret:alice@vm", GOOD + b":alice@vm", GOOD])
def test_a_line_with_its_parts_mixed_up_tells_no_secret(line: bytes) -> None:
    [rejected] = parse_user_list(line).rejected
    assert "cret" not in rejected.reason
    assert GOOD[:12].decode() not in rejected.reason


def test_a_line_whose_name_is_readable_says_whom_it_is_about() -> None:
    parsed = parse_user_list(b"alice@vm-1:$2y$05$abc\nbob@vm-2\nCAROL@vm:x")
    assert [one.name for one in parsed.rejected] == ["alice@vm-1", "", ""]


def test_ten_megabytes_of_garbage_are_refused_line_by_line() -> None:
    parsed = parse_user_list(b"alice@vm-1:" + GOOD + b"\n" + b"\x00\xff garbage : \xfe\n" * 700_000)
    assert list(parsed.users) == ["alice@vm-1"]
    assert (parsed.rejected_count, len(parsed.rejected)) == (700_000, 1000)
