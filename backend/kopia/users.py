"""The user list (`user@host:hash` a line) and Kopia's password hashes. Pure; hashes are never echoed."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from backend.kopia.text_list import InvalidLine, Rejected, Rejects, lines

USER_NAME = re.compile(r"[a-z0-9\-_.]+@[a-z0-9\-_.]+")
SALT_LENGTH = 32
KEY_LENGTH = 32
SCRYPT = 1  # scrypt, N=65536 r=8 p=1
PBKDF2 = 2  # PBKDF2-SHA256, 600,000 rounds
MAX_NAME_LENGTH = 253
ADMIN_NAME = "bsls-admin"
PROBE_NAME = "bsls-probe"
NOBODY_COMMENT = b"# no users"
_SCRYPT_MEMORY = 128 * 1024 * 1024


@dataclass(frozen=True)
class PasswordHash:
    """What Kopia keeps of a password: salt and derived key, and how it was derived."""

    version: int
    value: bytes = field(repr=False)

    def encoded(self) -> str:
        """The text in a user list: what `kopia server user hash-password` prints."""
        body = {"passwordHashVersion": self.version, "passwordHash": base64.b64encode(self.value).decode()}
        return base64.b64encode(json.dumps(body, separators=(",", ":")).encode()).decode()

    def manifest_body(self, user: str) -> dict[str, Any]:
        """The body of the user's manifest in the repository."""
        return {
            "username": user,
            "passwordHashVersion": self.version,
            "passwordHash": base64.b64encode(self.value).decode(),
        }

    def digest(self) -> str:
        """A short fingerprint, equal exactly when the hashes are equal."""
        return hashlib.sha256(bytes([self.version]) + self.value).hexdigest()[:32]

    def verifies(self, password: str) -> bool:
        """Whether this is the hash of the password."""
        salt, key = self.value[:SALT_LENGTH], self.value[SALT_LENGTH:]
        return hmac.compare_digest(_derive(password, salt, self.version), key)


@dataclass(frozen=True)
class UserList:
    """A parsed list: the users that can be applied, and the lines that cannot, the first of them with the reason."""

    users: Mapping[str, PasswordHash]
    rejected: tuple[Rejected, ...] = ()
    rejected_count: int = 0


def parse_user_list(data: bytes) -> UserList:
    """Read a whole list; blank lines and lines starting with # are skipped, a bad line spoils only itself."""
    users: dict[str, PasswordHash] = {}
    first_seen: dict[str, int] = {}
    rejected = Rejects()
    for number, line in lines(data):
        name = ""
        try:
            name, encoded = split_line(line)
            password_hash = decode_hash(encoded)
            if name in first_seen:
                raise InvalidLine(f"user {name} is already on line {first_seen[name]}; keep one of the two")
        except InvalidLine as error:
            rejected.add(number, error, name)
            continue
        first_seen[name] = number
        users[name] = password_hash
    return UserList(users, tuple(rejected.kept), rejected.count)


def split_line(line: bytes) -> tuple[str, str]:
    """The user's name, checked, and the text after the colon; or InvalidLine."""
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError:
        raise InvalidLine("the line is not UTF-8 text") from None
    name, colon, encoded = text.partition(":")
    if not colon:
        raise InvalidLine("a line has the form user@host:hash; the colon is missing")
    name = check_user_name(name.strip())
    if is_reserved(name):
        raise InvalidLine(f"user name {name} is reserved for the controller; choose another name before the @")
    return name, encoded.strip()


def is_reserved(name: str) -> bool:
    """Whether this is an account of a controller's own: its administrator, or the one it proves logins with."""
    return name.partition("@")[0] in (ADMIN_NAME, PROBE_NAME)


def check_user_name(name: str) -> str:
    """The name itself when Kopia would take it, else InvalidLine."""
    if len(name) <= MAX_NAME_LENGTH and USER_NAME.fullmatch(name):
        return name
    if not name:
        raise InvalidLine("the user name is missing before the colon")
    if len(name) > MAX_NAME_LENGTH:
        raise InvalidLine(f"the user name is longer than {MAX_NAME_LENGTH} characters")
    # the text is not repeated: on a line with its parts mixed up it may be the password or the hash
    if name.count("@") != 1:
        raise InvalidLine("the user name before the colon must have the form user@host with exactly one @")
    if name != name.lower():
        raise InvalidLine("the user name has upper-case letters; Kopia takes lower case only")
    raise InvalidLine("the user name may hold only a-z, 0-9, '-', '_' and '.' on both sides of the @")


def decode_hash(encoded: str) -> PasswordHash:
    """Decode the text after the colon; the reasons never repeat it."""
    hint = "make one with `bsls user hash`"
    if not encoded:
        raise InvalidLine(f"the hash is missing after the colon; {hint}")
    if encoded.startswith(("$", "{")):
        kind = "bcrypt" if encoded.startswith("$2") else "htpasswd"
        raise InvalidLine(f"this is a {kind} hash, which Kopia's repository users cannot use; {hint}")
    try:
        body = json.loads(base64.b64decode(encoded, validate=True))
    except (binascii.Error, ValueError):
        raise InvalidLine(
            f"the hash is not what `kopia server user hash-password` prints (base64 of JSON); {hint}"
        ) from None
    if not isinstance(body, dict):
        raise InvalidLine(f"the hash holds no JSON object; {hint}")
    return _hash_of(body)


def _hash_of(body: Mapping[str, Any]) -> PasswordHash:
    version = body.get("passwordHashVersion", 0)
    if version not in (0, SCRYPT, PBKDF2) or isinstance(version, bool):
        raise InvalidLine("the hash has an unknown version; Kopia knows 1 (scrypt) and 2 (PBKDF2)")
    try:
        value = base64.b64decode(body.get("passwordHash") or "", validate=True)
    except (binascii.Error, TypeError, ValueError):
        raise InvalidLine("the passwordHash inside the hash is not base64") from None
    if len(value) != SALT_LENGTH + KEY_LENGTH:
        raise InvalidLine(f"the hash is {len(value)} bytes long, {SALT_LENGTH + KEY_LENGTH} are needed; was it cut?")
    return PasswordHash(int(version) or SCRYPT, value)


def hash_from_manifest(body: Mapping[str, Any]) -> PasswordHash:
    """The hash in a user manifest of the repository."""
    return _hash_of(body)


def make_hash(password: str, salt: bytes | None = None, version: int = SCRYPT) -> PasswordHash:
    """Hash a password as Kopia does (0.2 s of CPU)."""
    used = os.urandom(SALT_LENGTH) if salt is None else salt
    if len(used) != SALT_LENGTH:
        raise ValueError(f"a salt has {SALT_LENGTH} bytes")
    return PasswordHash(version, used + _derive(password, used, version))


def hash_password(user: str, password: str, salt: bytes | None = None) -> str:
    """The line for a user list."""
    if not password:
        raise InvalidLine("the password is empty")
    return f"{check_user_name(user)}:{make_hash(password, salt).encoded()}"


def _derive(password: str, salt: bytes, version: int) -> bytes:
    if version == PBKDF2:
        return hashlib.pbkdf2_hmac("sha256", password.encode(), salt, 600_000, KEY_LENGTH)
    return hashlib.scrypt(password.encode(), salt=salt, n=65536, r=8, p=1, dklen=KEY_LENGTH, maxmem=_SCRYPT_MEMORY)
